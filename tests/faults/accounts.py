"""Faults of what is told of people: administrators and the history."""

from clinic import Clinic
from faults.database import in_sqlite
from faults.mail import letters_wait
from faults.matrix import fault
from vestibule.doctor.finding import ERROR, NOTICE, WARNING


@fault("administrators.there", ERROR)
def nobody_in_charge(clinic: Clinic) -> None:
    """There is no administrator, in a site for others."""
    without_keeper(clinic, "is_admin = 0")


@fault("administrators.there", WARNING)
def nobody_here(clinic: Clinic) -> None:
    """There is no administrator."""
    nobody_in_charge(clinic)
    clinic.deploy = False


@fault("administrators.disabled", WARNING)
def disabled_admin(clinic: Clinic) -> None:
    """An administrator is disabled."""
    without_keeper(clinic, "is_active = 0")


@fault("administrators.confirmed", WARNING)
def unconfirmed_admin(clinic: Clinic) -> None:
    """An administrator has an address that nobody has confirmed."""
    in_sqlite(clinic, "UPDATE vestibule_users SET email_verified_at = NULL")


def without_keeper(clinic: Clinic, change: str) -> None:
    """Change the administrator, who is otherwise kept from that."""
    in_sqlite(clinic, "DELETE FROM vestibule_keeper")
    in_sqlite(clinic, f"UPDATE vestibule_users SET {change}")


@fault("history.whole", ERROR)
def edited_history(clinic: Clinic) -> None:
    """A row of the history was changed."""
    in_sqlite(clinic, "UPDATE vestibule_history SET act = 'nothing'")


@fault("history.whole", ERROR)
def shortened_history(clinic: Clinic) -> None:
    """The last row of the history was removed."""
    in_sqlite(
        clinic,
        "DELETE FROM vestibule_history WHERE position = "
        "(SELECT max(position) FROM vestibule_history)",
    )


@fault("history.sealed", WARNING)
def no_worker(clinic: Clinic) -> None:
    """No worker has sealed anything for an hour."""
    letters_wait(clinic)


@fault("administrators.second_factor", WARNING)
def unprotected_admin(clinic: Clinic) -> None:
    """An administrator has no second factor."""
    clinic.having(second_factor="optional")
    in_sqlite(clinic, "DELETE FROM vestibule_totp")


@fault("administrators.second_factor", WARNING)
def half_protected_admin(clinic: Clinic) -> None:
    """An administrator has set an app up, and never shown a code of it."""
    clinic.having(second_factor="optional")
    in_sqlite(clinic, "UPDATE vestibule_totp SET confirmed_at = NULL")


@fault("administrators.second_factor", NOTICE)
def hindered_admin(clinic: Clinic) -> None:
    """An administrator has no second factor, and needs one to act."""
    in_sqlite(clinic, "DELETE FROM vestibule_totp")


@fault("administrators.second_factor_required", NOTICE)
def factor_left_to_them(clinic: Clinic) -> None:
    """Administrators may act without a second factor, in a site for others."""
    clinic.having(second_factor="optional")
