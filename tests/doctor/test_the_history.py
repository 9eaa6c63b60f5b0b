"""What the doctor says of the history, also after the key was changed."""

from clinic import KEY, Clinic
from faults.database import in_sqlite
from vestibule.doctor.finding import State
from vestibule.policy import OPERATOR

pytest_plugins = ["clinic_fixtures"]


def test_a_history_of_the_key_before_is_whole(sqlite_clinic: Clinic) -> None:
    sqlite_clinic.having(secret_key=KEY[::-1], old_secret_keys=KEY)
    # Something by the new key, which waits to be sealed.
    administration = sqlite_clinic.auth().administration
    administration.send_reset(administration.find("admin"), by=OPERATOR)

    (found,) = sqlite_clinic.look("history.whole")

    assert found.state is State.OK, found


def test_a_row_that_is_no_event_is_found_and_stops_no_check(
    sqlite_clinic: Clinic,
) -> None:
    administration = sqlite_clinic.auth().administration
    administration.send_reset(administration.find("admin"), by=OPERATOR)
    in_sqlite(sqlite_clinic, "UPDATE vestibule_events SET at = 'never'")

    (found,) = sqlite_clinic.look("history.whole")

    assert found.state is State.ERROR
    assert "event_foreign" in found.what


def test_a_row_that_is_no_text_is_found_and_stops_no_check(
    sqlite_clinic: Clinic,
) -> None:
    in_sqlite(
        sqlite_clinic,
        "UPDATE vestibule_history SET act = CAST(x'ff' AS TEXT)",
    )

    (found,) = sqlite_clinic.look("history.whole")

    assert found.state is State.ERROR
    assert "edited" in found.what


def test_without_a_key_it_is_left_out_and_no_key_is_made(
    sqlite_clinic: Clinic,
) -> None:
    data = sqlite_clinic.folder / "elsewhere"
    sqlite_clinic.auth().audit.seal()
    sqlite_clinic.having(
        secret_key=None,
        data=data,
        base_url="https://id.example.com",
        database_url=sqlite_clinic.settings().database_url,
    )

    (found,) = sqlite_clinic.look("history.whole")
    assert found.state is State.SKIPPED
    sqlite_clinic.look("secrets.old_keys")
    sqlite_clinic.look("site.answers")
    assert not (data / "secret-key").exists()
