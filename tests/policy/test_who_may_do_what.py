"""Every route is asked by everybody, and the table alone says how it ends.

Routes come from the application's own map, so that a new one is asked from
its first day.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from itertools import product

import pytest
from flask import Flask

from askers import CAST, Asker
from conftest import TurnableClock
from deeds import Deed, deeds
from hostility import Answer
from policy_stage import Events, Stage, staged
from verdicts import face, is_as_told, verdict
from vestibule.auth import Auth
from vestibule.policy import Act, Who

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
pytestmark = pytest.mark.settings(
    attempts_per_account=1_000_000,
    attempts_per_address=1_000_000,
    mailed_sign_in="true",
)
# Handles are looked up among one's own.
BY_HANDLE = {Act.END_DEVICE, Act.DISTRUST}


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


@pytest.mark.attack(89, "A31")
@pytest.mark.asvs("8.2.1", "8.2.2", "8.3.1", "X22")
@pytest.mark.parametrize("name", CAST)
def test_the_table_alone_says_who_may_do_what(stage: Stage, name: str) -> None:
    asker = stage.askers[name]
    wrong = [
        found
        for deed in deeds(stage.app)
        if not deed.act.is_public
        for by_bearer in ways_in(deed)
        for found in Trial(stage, asker, deed, by_bearer).complaints()
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.asvs("X22")
def test_what_is_for_everybody_is_refused_to_nobody(stage: Stage) -> None:
    public = [deed for deed in deeds(stage.app) if deed.act.is_public]
    for asker, deed in product(stage.askers.values(), public):
        answer = stage.ask(asker, deed)

        # Who is signed in is led away from the forms for strangers.
        away = set() if asker.who is Who.ANONYMOUS else {302}
        assert answer.status in {deed.works, *away}, (
            asker.name,
            str(deed),
            answer,
        )
        # To sign in slides, or replaces, what is kept of the device.
        kept = {"vestibule_sessions", "vestibule_known_devices"}
        changed = stage.changed()
        assert changed <= deed.changes | kept, (asker.name, str(deed))
        # Strangers have no session to end, and no choice that is kept.
        is_empty = deed.act in (Act.SIGN_OUT, Act.SPEAK)
        if asker.who is Who.ANONYMOUS and not is_empty:
            assert bool(changed) == bool(deed.changes), str(deed)
        stage.put_back()


@one_database
@pytest.mark.settings(preset="classroom")
@pytest.mark.parametrize("name", ["anonymous", "other"])
def test_in_the_classroom_not_allowed_is_401(stage: Stage, name: str) -> None:
    asker = stage.askers[name]
    refused = 0
    for deed in deeds(stage.app):
        told = verdict(deed.act, asker.standing(deed))
        if told == "done":
            continue
        path = deed.path(stage.facts["alice"])
        answer = stage.ask(asker, deed, path)
        assert is_as_told(deed, told, path, answer, refused=401), (
            str(deed),
            answer,
        )
        refused += 1
    assert refused >= 20


@one_database
@pytest.mark.settings(anonymous_status=401)
def test_strangers_can_be_told_401_instead_of_being_sent_to_sign_in(
    stage: Stage,
) -> None:
    asker = stage.askers["anonymous"]
    looks = [
        deed
        for deed in deeds(stage.app)
        if deed.is_page and deed.looks and not deed.act.is_public
    ]
    assert len(looks) >= 10
    for deed in looks:
        answer = stage.ask(asker, deed)
        assert answer.status == 401, (str(deed), answer)
        assert "text/html" in answer.get("content-type")


def ways_in(deed: Deed) -> list[bool]:
    """List how a session comes along: by cookie, and to the API by bearer."""
    return [False, True] if deed.is_api else [False]


class Trial:
    """One deed by one asker, to a thing that is there and to one not."""

    def __init__(
        self, stage: Stage, asker: Asker, deed: Deed, by_bearer: bool
    ) -> None:
        self.stage, self.asker, self.deed = stage, asker, deed
        self.by_bearer = by_bearer
        self.who = asker.standing(deed)
        self.facts = stage.about(asker, deed)

    def complaints(self) -> Iterator[str]:
        """Ask, and say what is not as the table has it."""
        path = self.deed.path(self.facts)
        told = verdict(self.deed.act, self.who)
        found = yield from self._asked(path, told, is_there=True)
        nowhere = self.deed.path(self.facts, there=False)
        if nowhere == path:
            return
        told_of_none = verdict(self.deed.act, self.who, is_there=False)
        none = yield from self._asked(nowhere, told_of_none, is_there=False)
        if told not in ("anonymous", "forbidden"):
            return
        if face(found, path) != face(none, nowhere):
            yield f"{self.told(told)}: tells what is there from what is not"

    def told(self, verdict_: str) -> str:
        """Say who asked for what, and how it should have ended."""
        way = " by bearer" if self.by_bearer else ""
        return f"{self.asker.name}{way}, {self.deed}, {verdict_}"

    def _asked(
        self, path: str, told: str, *, is_there: bool
    ) -> Generator[str, None, Answer]:
        """Ask at one address and look at the answer and its traces."""
        answer = self.stage.ask(
            self.asker, self.deed, path, by_bearer=self.by_bearer
        )
        if not is_as_told(self.deed, told, path, answer):
            yield f"{self.told(told)}: {answer.status} {answer.text[:200]}"
        changed = self.stage.changed()
        may = self.deed.changes if told == "done" else set()
        if not changed <= may or bool(changed) != bool(may):
            yield f"{self.told(told)}: changed {changed or 'nothing'}"
        events = self.stage.events()
        denied = Counter({e: n for e, n in events.items() if "forbidden" in e})
        if denied != self._noted(told, is_there=is_there):
            yield f"{self.told(told)}: noted {events}"
        self.stage.put_back()
        return answer

    def _noted(self, told: str, *, is_there: bool) -> Events:
        """Say what the history must hold of a refusal."""
        user = self.asker.user
        if told != "forbidden" or user is None:
            return Counter()
        act = self.deed.act
        # Who may do it to nothing at all is refused before anything is
        # looked up.
        is_at_door = not act.allowed & (self.who | Who.OWNER)
        has_owner = is_there and self.deed.names_a_thing and not is_at_door
        # Handles are looked up among one's own, so whose it is nobody knows.
        has_owner = has_owner and act not in BY_HANDLE
        subject = self.asker.owner.id if has_owner else None
        return Counter({(act.code, "forbidden", user.id, subject): 1})
