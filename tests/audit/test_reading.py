"""The history reads the same, whatever of it is sealed meanwhile."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from annals import HERE, sealed, write
from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.audit.outcomes import Happened, Wanted
from vestibule.errors import NotAllowed
from vestibule.history import under
from vestibule.policy import OPERATOR, Actor
from vestibule.user import User


def acts(items: Iterable[Happened]) -> list[str]:
    """List what was done."""
    return [one.act for one in items]


def searched(auth: Auth, **wanted: object) -> list[str]:
    """Search, and list what was done."""
    query = Wanted(**wanted)  # type: ignore[arg-type]
    return acts(auth.audit.search(query, by=OPERATOR).items)


def test_what_has_just_happened_shows_at_once_and_only_once(
    auth: Auth,
) -> None:
    sealed(auth, 2, 7)
    write(auth, 1, 7)
    assert acts(auth.audit.of(7).items) == ["act.0", "act.1", "act.0"]

    auth.audit.seal()
    assert acts(auth.audit.of(7).items) == ["act.0", "act.1", "act.0"]


def test_pages_follow_each_other_while_it_is_sealed(auth: Auth) -> None:
    sealed(auth, 4, 7)
    write(auth, 5, 7)
    whole = [one.id for one in auth.audit.of(7, 20).items]
    first = auth.audit.of(7, 3)
    auth.audit.seal()
    write(auth, 1, 7)
    second = auth.audit.of(7, 3, first.more)
    third = auth.audit.of(7, 3, second.more)

    read = [*first.items, *second.items, *third.items]
    assert [one.id for one in read] == whole
    assert third.more is None


@pytest.mark.parametrize("is_sealed", [False, True])
def test_filters_find_what_they_say(
    auth: Auth, clock: TurnableClock, is_sealed: bool
) -> None:
    began = clock.now()
    auth.history.record("login", 7, "rate.wait")
    clock.turn(days=1)
    auth.history.record("login", 7, actor_id=7)
    auth.history.record("users.disable", 7, actor_id=8)
    clock.turn(days=1)
    auth.history.record("users.enable", 9, actor_id=8)
    auth.history.record("history.search", None, "forbidden", actor_id=7)
    if is_sealed:
        auth.audit.seal()

    assert searched(auth, acts=("login",)) == ["login", "login"]
    assert searched(auth, outcome="refused") == ["history.search", "login"]
    assert searched(auth, outcome="rate.wait") == ["login"]
    assert searched(auth, outcome="done", acts=("login",)) == ["login"]
    assert searched(auth, who=8) == ["users.enable", "users.disable"]
    assert searched(auth, who=7) == [
        "history.search",
        "users.disable",
        "login",
        "login",
    ]
    assert searched(auth, subject=9) == ["users.enable"]
    day = began + 86400
    assert searched(auth, since=day, until=day + 86400) == [
        "users.disable",
        "login",
    ]
    assert searched(auth, until=day) == ["login"]


def test_only_administrators_search(
    auth: Auth, alice: User, admin: User
) -> None:
    write(auth, 1, alice.id)
    with pytest.raises(NotAllowed):
        auth.audit.search(Wanted(), by=Actor(alice))
    assert auth.audit.search(Wanted(), by=Actor(admin)).items

    with pytest.raises(NotAllowed):
        auth.audit.take(Wanted(), by=Actor(alice))


def test_all_of_it_is_taken_part_by_part_and_that_is_noted(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.capabilities.audit.reading.AT_ONCE", 3)
    with under(replace(HERE, door="command")):
        sealed(auth, 5)
        write(auth, 3)
        taken = [*auth.audit.take(Wanted(), by=OPERATOR)]

    assert len(taken) == 9
    assert taken[0].act == "history.export"
    assert len({one.id for one in taken}) == 9
