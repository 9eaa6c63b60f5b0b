"""The life of accounts, lived at random in the model and at the doors.

After every act both must have answered alike, the letters must hold the
links that the model expects, and all that anybody can read must be what the
model says.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import delete
from sqlalchemy.exc import NoResultFound

from conftest import PASSWORD, Postbox, TurnableClock
from model_doors import API, CLASSIC, PAGE, Device
from model_duties import WholeWorld
from model_world import Link, Person, Session, canonical
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.records import Record

NAMES = ["ann", "ＡＮＮ", "bea", "BEA", "ada"]
ADDRESSES = [
    *("ann@example.com", "Ann@Example.COM", "bea@example.com"),
    *("BEA@EXAMPLE.COM", "new@example.com"),
]
PASSWORDS = [PASSWORD, "seven purple llamas", "twelve quiet otters"]
SPANS = [30, 90, 200, 400, 2000, 4000, 43_300, 100_000, 610_000]
WORDS = [("A door", "It is heavy"), ("Light", "It looks lovely")]
LINKS = {
    "password_reset": "reset",
    "verify-email/undo": "undo",
    "verify-email": "verify",
}
MAILED = re.compile(
    r"/(password_reset|verify-email/undo|verify-email)/([\w-]{43})"
)

names = st.sampled_from(NAMES)
addresses = st.sampled_from(ADDRESSES)
anybody = st.sampled_from([*NAMES, *ADDRESSES])
passwords = st.sampled_from(PASSWORDS)
devices = st.integers(0, 2)
# The newest is the one that is alive, if any is.
some = st.sampled_from([0, 0, 0, 1, 2, 5])
words = st.sampled_from(WORDS)
often = st.sampled_from([True, True, True, False])
both = st.sampled_from([PAGE, API])
all_three = st.sampled_from([PAGE, API, CLASSIC])


@dataclass
class Scene:
    """Where it is lived."""

    app: Flask
    auth: Auth
    clock: TurnableClock
    postbox: Postbox
    lives: int = 0

    def clear(self) -> None:
        """Have nobody there any more."""
        self.lives += 1
        # Shown with a failure only.
        print(f"life {self.lives}")
        self.auth.sessions.slides.settle()
        tables = reversed(Record.metadata.sorted_tables)
        with self.auth.db.engine.begin() as connection:
            for table in tables:
                if not table.name.endswith("events"):
                    connection.execute(delete(table))

    def forget_attempts(self) -> None:
        """Let nobody wait for what was tried too often."""
        with self.auth.db.engine.begin() as connection:
            connection.execute(delete(Attempts))


def pick(found: Sequence[str], number: int) -> str:
    """Take one of some, the newest first; nothing of nothing."""
    return found[-1 - number % len(found)] if found else "x" * 43


class LifeCycle(RuleBasedStateMachine):
    """Three devices, a few people, an administrator, and time."""

    scene: ClassVar[Scene]

    def __init__(self) -> None:
        super().__init__()
        scene = self.scene
        scene.clear()
        self.devices = [Device(scene.app) for _ in range(3)]
        self.world = WholeWorld(scene.clock.now())
        self.mailed: dict[str, list[str]] = {n: [] for n in LINKS.values()}
        self._move_in("ada", is_admin=True)
        self._move_in("ann", is_admin=False)
        scene.postbox.empty()
        for device, name in zip(self.devices, ("ada", "ann"), strict=False):
            device.sign_in(API, name, PASSWORD, remember=False)
            self.world.opened(name, device.token, remember=False)
        scene.postbox.empty()

    def _move_in(self, name: str, *, is_admin: bool) -> None:
        """Let somebody in who is there from the start."""
        auth, email = self.scene.auth, f"{name}@example.com"
        user = auth.registration.register(
            email, PASSWORD, name, by_operator=True
        )
        if is_admin:
            auth.administration.set_admin(user, is_admin=True, by=OPERATOR)
        person = Person(name, email, PASSWORD, True, is_admin)
        self.world.people.append(person)

    # -- comparing

    def agree(self, door: str, said: int, expected: int) -> None:
        """See that both answered alike, and that all is alike then."""
        told = (door, said, expected)
        assert (said < 300) == (expected < 300), told
        if door == API:
            assert said == expected, told
        self.read_letters()
        self.compare()
        self.scene.forget_attempts()

    def read_letters(self) -> None:
        """Take from the letters the links that the model expects."""
        found: list[tuple[str, str, str]] = []
        for letter in self.scene.postbox.empty():
            links = {(LINKS[k], t) for k, t in MAILED.findall(letter.text)}
            found += [(kind, letter.to, token) for kind, token in links]
        expected, self.world.mail = self.world.mail, []
        assert sorted((k, to) for k, to, _ in found) == sorted(
            (k, to) for k, to, _ in expected
        )
        for kind, to, token in found:
            self.mailed[kind].append(token)
            at = next(
                at for at, e in enumerate(expected) if e[:2] == (kind, to)
            )
            link: Link = expected.pop(at)[2]
            link.token = token

    def compare(self) -> None:
        """See that everything readable is what the model says."""
        world, auth = self.world, self.scene.auth
        self.compare_sessions()
        there = {user.username for user in auth.administration.page()}
        assert there == {person.name for person in world.people}
        assert any(p.is_admin and p.is_active for p in world.people)
        for person in world.people:
            self.compare_person(person)
        for name in (*NAMES, *ADDRESSES):
            assert self.is_there(name) == (world.called(name) is not None)

    def is_there(self, name: str) -> bool:
        """Tell whether a name leads to an account."""
        try:
            self.scene.auth.db.find_user_called(canonical(name))
        except NoResultFound:
            return False
        return True

    def compare_sessions(self) -> None:
        """See that every session, alive or dead, opens what it should."""
        for session in self.world.sessions[-15:]:
            told = self.devices[0].check(session.token)
            if not session.is_live(self.world.now):
                assert told is None, session
                continue
            person = session.person
            assert told, session
            assert told["username"] == person.name
            assert told["email"] == person.email
            assert told["is_admin"] == person.is_admin
            assert told["email_verified"] == person.is_confirmed
        self.world.touch()

    def compare_person(self, person: Person) -> None:
        """See that an account is shown as it is, to those who may see it."""
        auth = self.scene.auth
        user = auth.db.find_user_called(canonical(person.name))
        told = (user.username, user.email, user.is_admin, user.is_active)
        own = (person.name, person.email, person.is_admin, person.is_active)
        assert told == own
        assert (user.email_verified_at is not None) == person.is_confirmed
        self.compare_factors(person)
        waits = auth.email_verification.pending(user)
        assert waits == self.world.pending(person)
        assert (auth.pictures.of(user) is not None) == person.has_picture
        items = auth.feedback.of(user, by=OPERATOR, most=99).items
        wrote = {item.id: (item.title, item.content) for item in items}
        assert wrote == person.feedback
        live = self.world.live(person)
        assert len(auth.sessions.devices(user)) == len(live)
        for session in live[:1]:
            self.compare_views(session)

    def compare_factors(self, person: Person) -> None:
        """See that an account has the second factors that it should."""
        auth = self.scene.auth
        user = auth.db.find_user_called(canonical(person.name))
        ways = [way.name for way in auth.second_factors.ways(user)]
        codes = ["recovery_codes"] if person.codes else []
        assert ways == (["totp", *codes] if person.app else [])
        assert auth.recovery_codes.left(user).count == len(person.codes)
        trusted = [d for d in range(3) if self.world.is_trusted(person, d)]
        assert len(auth.second_factors.trusted(user)) == len(trusted)

    def shown(self, person: Person, how: str) -> str:
        """Say what somebody shows for a second factor; nothing of nothing."""
        app = person.app
        if app is None:
            return ""
        if how == "paper" and person.codes:
            return person.codes[-1]
        if how == "spent":
            return app.code(app.last)
        return app.next(self.world.now) if how == "app" else "000000"

    def compare_views(self, session: Session) -> None:
        """See what somebody is shown of themselves and of another."""
        viewer = Device(self.scene.app)
        viewer.token = session.token
        for person in (session.person, self.world.people[0]):
            may = person is session.person or session.person.is_admin
            answer = viewer.api("GET", f"/users/{person.name}")
            assert answer.status_code == (200 if may else 403)
            if may:
                told = answer.get_json()
                assert told["email"] == person.email
                assert told["pending_email"] == self.world.pending(person)
                assert (told["picture"] is not None) == person.has_picture
            answer = viewer.api("GET", f"/users/{person.name}/feedback")
            assert answer.status_code == (200 if may else 403)
            if may:
                numbers = {item["id"] for item in answer.get_json()["items"]}
                assert numbers == set(person.feedback)

    # -- living

    def at(self, device: int) -> tuple[Device, str]:
        """Go to a device; say which token it has."""
        there = self.devices[device]
        return there, there.token

    def own(self, token: str) -> tuple[str, str]:
        """Say what somebody's profile holds who is signed in."""
        session = self.world.session(token)
        if session is None:
            return "nobody", "nobody@example.com"
        return session.person.name, session.person.email

    def newest_number(self, number: int) -> int:
        """Choose some feedback that there is, or was."""
        found = [n for p in self.world.people for n in p.feedback]
        return sorted(found)[number % len(found)] if found else 1

    @rule(span=st.sampled_from(SPANS))
    def time_passes(self, span: int) -> None:
        """Let time pass, over one limit or another."""
        self.scene.clock.turn(seconds=span)
        self.world.pass_time(span)
        self.compare()

    @rule()
    def the_worker_sweeps(self) -> None:
        """Clear away what is over, which changes nothing."""
        now = self.scene.clock.now()
        self.scene.auth.sessions.slides.settle()
        for capability in self.scene.auth.capabilities:
            capability.sweep(now)
        self.scene.auth.mailed_tokens.sweep(now)
        self.compare()
