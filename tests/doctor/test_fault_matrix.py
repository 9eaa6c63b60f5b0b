"""Every check finds its fault, and is silent where nothing is wrong."""

import re
import sys
from collections import Counter

import pytest

from clinic import Clinic
from faults import FAULTS, Fault
from vestibule.doctor import software
from vestibule.doctor.checks import CHECKS
from vestibule.doctor.examination import in_order
from vestibule.doctor.finding import Finding, State

pytest_plugins = ["clinic_fixtures"]

CLINICS = {
    "sqlite": "sqlite_clinic",
    "postgres": "postgres_clinic",
    "careless postgres": "careless_clinic",
}
WORDS = re.compile(r"\w[^.]*\w")


@pytest.mark.parametrize(
    "fault", [pytest.param(one, id=one.name) for one in FAULTS]
)
@pytest.mark.asvs("13.2.2", "13.2.3", "13.3.1", "13.3.2", "12.3.1", "11.4.2")
@pytest.mark.attack("A1", "A7", "A17", "A23", "A48", "A49")
def test_each_fault_is_found_and_told_with_a_fix(
    request: pytest.FixtureRequest, fault: Fault
) -> None:
    clinic: Clinic = request.getfixturevalue(CLINICS[fault.on])
    fault.breaks(clinic)

    found = clinic.look(fault.check)

    assert [one.state for one in found if one.state is fault.state], found
    for one in found:
        assert one.id == fault.check
        assert "failed itself" not in one.what
        assert WORDS.search(one.what), one
        assert WORDS.search(one.why), one
        assert one.fix.strip(), one
        assert "{" not in one.fix, one


def assert_silent(found: list[Finding]) -> None:
    """See that nothing is wrong."""
    states = {State.OK, State.SKIPPED}
    assert [one for one in found if one.state not in states] == []


def test_a_healthy_installation_is_told_nothing(
    sqlite_clinic: Clinic,
    postgres_clinic: Clinic,
    valkey_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The test is to pass when this Python is old.
    monkeypatch.setitem(software.ENDS, sys.version_info[:2], "9999-01-01")
    brand = tmp_path_factory.mktemp("brand")
    (brand / "brand.css").write_text(":root { --vestibule-radius: 4px }")
    env_file = brand / ".env"
    env_file.write_text("VESTIBULE_SITE_NAME=Club\n")
    env_file.chmod(0o600)
    key_file = brand / "key"
    key_file.write_text(sqlite_clinic.options.pop("secret_key"))
    key_file.chmod(0o600)
    sqlite_clinic.env_file = env_file
    sqlite_clinic.environment["VESTIBULE_SECRET_KEY_FILE"] = str(key_file)
    postgres_clinic.having(valkey_url=valkey_url, brand=brand)
    looked_at: set[str] = set()
    for clinic in (sqlite_clinic, postgres_clinic):
        clinic.with_mail()
        clinic.with_names()
        clinic.options.setdefault("secret_key", key_file.read_text())
        clinic.with_site()
        if clinic is sqlite_clinic:
            del clinic.options["secret_key"]
        found = clinic.examined()
        assert_silent(found)
        looked_at |= {one.id for one in found if one.state is State.OK}

    # A password for the database is none of either.
    assert set(CHECKS) - looked_at == {"secrets.database_password"}


def test_a_good_password_of_the_database_is_told_nothing(
    sqlite_clinic: Clinic,
) -> None:
    sqlite_clinic.having(
        database_url="postgresql://v:c41f8e02b97d6a53e0178@db.example.com/v"
        "?sslmode=verify-full"
    )

    for name in ("secrets.database_password", "database.encrypted"):
        (found,) = sqlite_clinic.look(name)
        assert found.state is State.OK


def test_every_check_and_each_of_its_states_has_a_fault() -> None:
    injected = {(one.check, one.state) for one in FAULTS}
    declared = {(one.id, state) for one in in_order() for state in one.states}

    assert {check for check, _ in injected} == set(CHECKS)
    assert injected <= declared
    # What is too large to be made for a test.
    assert declared - injected <= {
        ("database.whole", State.NOTICE),
        ("files.secrets", State.WARNING),
        ("files.secrets", State.NOTICE),
        ("files.database", State.WARNING),
        ("files.database", State.NOTICE),
        ("mail.waiting", State.WARNING),
        ("clock.site", State.WARNING),
    }


def test_every_fault_has_a_name_of_its_own() -> None:
    counted = Counter(one.name for one in FAULTS)

    assert [name for name, count in counted.items() if count > 1] == []
