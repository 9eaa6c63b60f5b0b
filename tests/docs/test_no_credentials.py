"""No sample holds a key, a password or a token that works somewhere."""

import dataclasses
import re

import pytest

from processes import ROOT
from stagecraft import counts
from vestibule.auth import Auth
from vestibule.ground.keys import is_weak
from vestibule.sections import SECTIONS

SAMPLES = [
    path
    for folder in ("docs", "examples", "classic", "script", ".ci", ".")
    for path in sorted((ROOT / folder).glob("*" if folder == "." else "**/*"))
    if path.is_file() and "__pycache__" not in path.parts
    and path.suffix not in {".png", ".svg", ".lock", ".db", ".ico"}
]  # fmt: skip
SETTING = re.compile(
    r"(?<!\w)([A-Z0-9_]*(?:SECRETS?|SECRET_KEYS?|PASSWORD|PASSWD|TOKEN))"
    r"""["']?\]? ?[=:] ?["']?([^\s"'#`|)]+)"""
)
IN_ADDRESS = re.compile(r"\w+://[\w.+-]*:([^\s@/:]+)@[\w.\[]")
# The contract's walk makes an account of its own, and opens none.
WALK = {"classic/main.py": ["b4l0u", "t4rt1fl3tt3"]}
# What stands for something that is to be put in.
PLACEHOLDER = re.compile(
    r"^(\$|%s|<|…|\.\.\.|/run/|/etc/|secret$|password$|name$|os\.|"
    r"secrets\.|true$|false$|[A-Z_]+$)|password"
)


def found(text: str) -> list[str]:
    """List what a text gives as a secret, and is no placeholder."""
    given = [value for _, value in SETTING.findall(text)]
    given += IN_ADDRESS.findall(text)
    return [one for one in given if not PLACEHOLDER.search(one)]


@pytest.mark.asvs("13.2.3", "13.3.1")
def test_no_sample_and_no_document_gives_a_secret() -> None:
    assert len(SAMPLES) > 60
    there = {
        str(path.relative_to(ROOT)): secrets
        for path in SAMPLES
        if (secrets := found(path.read_text("utf-8", "replace")))
    }

    # A number of characters that nobody would start with.
    strong = {
        place: [one for one in secrets if not is_weak(one) or len(one) < 32]
        for place, secrets in there.items()
    }
    assert strong == WALK


@pytest.mark.asvs("13.2.3", "13.3.1")
def test_a_new_installation_has_no_account_and_no_secret_of_ours(
    auth: Auth,
) -> None:
    assert not counts(auth)["vestibule_users"]
    secrets = {
        what.key: field.default
        for section in SECTIONS.values()
        for field in dataclasses.fields(section)
        if (what := field.metadata["knob"]).secret
    }
    assert {"SECRET_KEY", "METRICS_TOKEN", "MAIL_PASSWORD"} <= {*secrets}
    assert not any(secrets.values())


@pytest.mark.asvs("13.2.3")
@pytest.mark.parametrize(
    "text",
    [
        "VESTIBULE_SECRET_KEY=3d6f45a5fc12445dbac2f59c3b6c7cb1",
        'app.config["VESTIBULE_SECRET_KEY"] = "changeme"',
        "VESTIBULE_DATABASE_URL=postgresql://vestibule:vestibule@db/x",
        "VESTIBULE_MAIL_PASSWORD: hunter2",
        "POSTGRES_PASSWORD=vestibule",
        "export PGPASSWORD=vestibule",
        'SECRET_KEY = "dev"',
        "API_TOKEN: 0123456789",
    ],
)
def test_what_would_be_a_secret_is_found(text: str) -> None:
    assert found(text)
