"""Every library that is released is locked, listed and known by its hash."""

import json
import re
import subprocess
import tomllib
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from processes import ROOT

LOCKED = (ROOT / "requirements.txt").read_text("utf-8")
LINE = re.compile(
    r"^(?P<name>[a-z][\w.-]*)==(?P<version>[\w.]+)(?P<marker> ; .+?)? \\\n"
    r"(?P<hashes>(?: {4}--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
    r"(?: {4}# .*\n)+",
    re.M,
)


@pytest.fixture(scope="module")
def sbom() -> Any:
    """Have the list of materials written."""
    done = subprocess.run(
        [ROOT / "script/sbom"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.asvs("15.2.4")
def test_each_library_is_locked_by_version_and_hash_and_none_by_place() -> (
    None
):
    rest = LINE.sub("", LOCKED)

    assert rest.strip() == ""
    assert len(LINE.findall(LOCKED)) > 20


@pytest.mark.asvs("15.2.4")
def test_all_libraries_come_from_one_index() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))

    places = {json.dumps(package["source"]) for package in lock["package"]}
    assert places == {
        json.dumps({"registry": "https://pypi.org/simple"}),
        json.dumps({"editable": "."}),
    }
    for package in lock["package"]:
        files = [*package.get("wheels", []), package.get("sdist", {})]
        assert all("hash" in file for file in files if file), package["name"]


@pytest.mark.asvs("15.1.2")
def test_the_list_of_materials_is_valid_cyclonedx(sbom: Any) -> None:
    version = SchemaVersion.from_version(sbom["specVersion"])

    assert JsonStrictValidator(version).validate_str(json.dumps(sbom)) is None
    assert sbom["metadata"]["component"]["name"] == "vestibule"


@pytest.mark.asvs("15.1.2")
def test_the_list_of_materials_has_every_released_library(sbom: Any) -> None:
    listed = {
        one["purl"]: {
            hash_["content"]
            for place in one["externalReferences"]
            for hash_ in place["hashes"]
        }
        for one in sbom["components"]
    }
    locked = {
        f"pkg:pypi/{one['name']}@{one['version']}": {
            *re.findall(r"sha256:(\w+)", one["hashes"])
        }
        for one in LINE.finditer(LOCKED)
    }

    assert listed == locked
    tools = {"pytest", "mutmut", "cyclonedx-bom", "pip-audit"}
    assert not tools & {one["name"] for one in sbom["components"]}
