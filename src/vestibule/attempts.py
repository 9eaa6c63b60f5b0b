"""Attempts: how often something was tried, and the statements that count.

They are made once, as to make a statement costs more than to run it.
"""

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Engine,
    Executable,
    String,
    bindparam,
    case,
    delete,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.engine import insert_new
from vestibule.records import PREFIX, Record

# After the budget is spent, each further attempt waits longer: seconds.
WAITS = (60, 120, 240, 480, 900)


class Attempts(Record):
    """A count of attempts at one thing.

    At ``closed_until`` the next attempt is evaluated; at ``forgotten_at``
    the count begins anew.
    """

    __tablename__ = PREFIX + "attempts"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    count: Mapped[int]
    closed_until: Mapped[int]
    forgotten_at: Mapped[int] = mapped_column(index=True)


def _asked(name: str) -> BindParameter[int]:
    """Name a number that a statement is given."""
    return bindparam(name, type_=BigInteger)


IS_SHUT = select(Attempts.key).where(
    Attempts.closed_until > _asked("now"),
    Attempts.key.in_([bindparam("one"), bindparam("other")]),
)
CLEAR = delete(Attempts).where(Attempts.key == bindparam("this"))
GIVE_BACK = (
    update(Attempts)
    .where(Attempts.key == bindparam("this"), Attempts.count > 0)
    .values(
        count=Attempts.count - 1,
        closed_until=case(
            (Attempts.count <= _asked("limit"), 0),
            else_=Attempts.closed_until,
        ),
    )
)


def counting(engine: Engine) -> Executable:
    """Make the statement that counts, and decides whether it may."""
    now = _asked("now")
    over = Attempts.forgotten_at <= now
    count = case((over, 1), else_=Attempts.count + 1)
    closed_until = now + _wait_after(count)
    row = insert_new(engine, Attempts).on_conflict_do_update(
        index_elements=[Attempts.key],
        set_={
            "count": count,
            "closed_until": closed_until,
            "forgotten_at": closed_until + _asked("window"),
        },
        where=Attempts.closed_until <= now,
    )
    return row.returning(Attempts.count)


def _wait_after(count: ColumnElement[int]) -> ColumnElement[int]:
    """Express in SQL how long to wait after the given count."""
    above: ColumnElement[int] = count - _asked("limit")
    steps = [
        (above == _fixed(number), _fixed(seconds))
        for number, seconds in enumerate(WAITS)
    ]
    longer = (above >= _fixed(len(WAITS)), _fixed(WAITS[-1]))
    return case(*steps, longer, else_=_fixed(0))


def _fixed(number: int) -> ColumnElement[int]:
    """Write a number into the statement itself."""
    return literal_column(str(number), BigInteger)
