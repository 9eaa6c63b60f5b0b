"""What an error of the database would write into a log."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from vestibule.auth import Auth
from vestibule.user import User


@pytest.mark.asvs("16.2.5")
@pytest.mark.attack(31, 138)
def test_an_error_of_the_database_does_not_show_the_values(
    auth: Auth, alice: User
) -> None:
    too_long = "$argon2id$" + "x" * 300

    with pytest.raises(DBAPIError) as error:
        auth.db.write(update(User).values(email=too_long))

    assert "vestibule_users" in str(error.value)
    assert "argon2id" not in str(error.value)
