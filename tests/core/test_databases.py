"""A database that a test gave back comes to the next one as if new.

Roles are of the whole server and not of one database, so nothing compares
them: whoever makes one in a test drops it there.
"""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy.engine import URL

from databases import Databases

TRACES: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "rows": (
        "INSERT INTO vestibule_throttle SELECT * FROM vestibule_throttle",
        "SELECT setval(seqrelid::regclass, 1000) FROM pg_sequence",
    ),
    "trigger": (
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER spoil BEFORE INSERT ON vestibule_user"
        " FOR EACH ROW EXECUTE FUNCTION spoil()",
    ),
}
