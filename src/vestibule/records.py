"""The base of every table, and the rules all tables keep.

Every table begins with ``vestibule_``, so that Vestibule can share a
database with the application it is mounted in. Moments are whole seconds
since 1970 UTC in 64 bits.
"""

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase

PREFIX = "vestibule_"

# SQLite numbers rows by itself only in a column called exactly INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")


class Record(DeclarativeBase):
    """The base of all records."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: BigInteger()}  # noqa: RUF012
