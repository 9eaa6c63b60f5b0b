"""A model of accounts: what every act does, in a few lines of Python each.

It knows nothing of tables, hashes or HTTP, and shares no code with what it
is compared with. An act answers with the status that the API would, and
``mail`` lists the links that must be in the letters sent meanwhile.
"""

from dataclasses import dataclass, field
from unicodedata import normalize

from model_factors import TRUST, WAIT, App, Waiting, drop, takes

HOUR, DAY = 3600, 86400
IDLE, ABSOLUTE, REMEMBERED = 12 * HOUR, 7 * DAY, 30 * DAY
FRESH, LINK, UNDO = 300, HOUR, 7 * DAY
TOUCH = 60
# What a letter's link is for, and to whom it goes.
Mail = tuple[str, str]


def same(one: str, other: str) -> bool:
    """Tell whether two spellings are one name."""
    return canonical(one) == canonical(other)


def shown(name: str) -> str:
    """Write a name as it is shown: in plain letters, capitals as typed."""
    return normalize("NFKC", name).strip()


def canonical(name: str) -> str:
    """Bring a name to the form in which names are compared."""
    return shown(name).casefold()


@dataclass
class Link:
    """What a letter brings: for which address, until when, its secret."""

    address: str
    ends: int
    token: str = ""


@dataclass(eq=False)
class Person:
    """An account."""

    name: str
    email: str
    password: str | None
    is_confirmed: bool = False
    is_admin: bool = False
    is_active: bool = True
    has_picture: bool = False
    feedback: dict[int, tuple[str, str]] = field(default_factory=dict)
    confirmation: Link | None = None
    reset: Link | None = None
    undos: list[Link] = field(default_factory=list)
    # Changes with the password; what is tied to it ends with that.
    stamp: int = 0
    app: App | None = None
    codes: list[str] = field(default_factory=list)
    codes_made: int = 0
    # By the number of the device: until when, and since which password.
    trusted: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(eq=False)
class Session:
    """Somebody signed in somewhere."""

    person: Person
    token: str
    proven: int
    seen: int
    idle: int
    dies: int
    is_over: bool = False

    def is_live(self, now: int) -> bool:
        """Tell whether it opens anything at a moment."""
        ends = min(self.seen + self.idle, self.dies)
        return not self.is_over and now < ends


@dataclass
class World:
    """All accounts and sessions, and what can be done."""

    now: int
    people: list[Person] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    mail: list[tuple[str, str, Link]] = field(default_factory=list)
    # By door and number of the device.
    waiting: dict[tuple[str, int], Waiting] = field(default_factory=dict)

    # -- looking

    def called(self, name: str) -> Person | None:
        """Find somebody by username or address in any spelling."""
        for person in self.people:
            if same(person.name, name) or same(person.email, name):
                return person
        return None

    def session(self, token: str) -> Session | None:
        """Find the live session of a token."""
        for one in self.sessions:
            if one.token == token and one.is_live(self.now):
                return one
        return None

    def live(self, person: Person) -> list[Session]:
        """List somebody's live sessions."""
        return [
            one
            for one in self.sessions
            if one.person is person and one.is_live(self.now)
        ]

    def is_last_admin(self, person: Person) -> bool:
        """Tell whether nobody else could look after the accounts."""
        return person.is_admin and not any(
            other.is_admin and other.is_active
            for other in self.people
            if other is not person
        )

    def pending(self, person: Person) -> str | None:
        """Say which new address of somebody waits."""
        link = person.confirmation
        if link is None or link.ends <= self.now:
            return None
        return None if same(link.address, person.email) else link.address

    # -- time

    def pass_time(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    def touch(self) -> None:
        """Note that every live session was used just now."""
        for one in self.sessions:
            if one.is_live(self.now) and one.seen <= self.now - TOUCH:
                one.seen = self.now

    # -- what several acts share

    def send(self, kind: str, to: str, link: Link) -> Link:
        """Expect a letter with a link."""
        self.mail.append((kind, to, link))
        return link

    def end(self, person: Person, keep: Session | None = None) -> None:
        """End somebody's sessions, perhaps but one."""
        for one in self.sessions:
            if one.person is person and one is not keep:
                one.is_over = True

    def forget_mail(self, person: Person) -> None:
        """Have no letter work any more, but those that undo."""
        person.confirmation = person.reset = None

    def cancel_change(self, person: Person) -> None:
        """Forget a new address that waits."""
        if self.pending(person) is not None:
            person.confirmation = None

    def remove(self, person: Person) -> None:
        """Remove an account with all that is its."""
        self.end(person)
        self.people.remove(person)

    def ask_confirmation(self, person: Person, address: str) -> None:
        """Expect a letter that asks to confirm an address."""
        link = Link(address, self.now + LINK)
        person.confirmation = self.send("verify", address, link)

    # -- signing up, in and out

    def sign_up(self, name: str, email: str, password: str) -> int:
        """Create an account."""
        if self.called(email) or (name and self.called(name)):
            return 409
        person = Person(shown(name), email, password)
        self.people.append(person)
        self.ask_confirmation(person, email)
        return 201

    def sign_in(
        self, name: str, password: str, device: int | None = None
    ) -> int:
        """Say what becomes of a sign-in; ``opened`` notes the session.

        Args:
            name: as typed.
            password: as typed.
            device: the number of the browser, which may be trusted.
        """
        person = self.called(name)
        if person is None or person.password != password:
            return 401
        if not person.is_active:
            return 403
        is_done = person.app is None or self.is_trusted(person, device)
        return 201 if is_done else 202

    def is_trusted(self, person: Person, device: int | None) -> bool:
        """Tell whether a browser stands for somebody's second factor."""
        if device is None:
            return False
        ends, stamp = person.trusted.get(device, (0, 0))
        return self.now < ends and stamp == person.stamp

    def opened(self, name: str, token: str, *, remember: bool) -> None:
        """Note the session that a sign-in by a password has opened."""
        person = self.called(name)
        assert person
        # One that was let in on trust has shown but one factor.
        self.enter(person, token, remember, is_fresh=person.app is None)

    def enter(
        self, person: Person, token: str, remember: bool, *, is_fresh: bool
    ) -> None:
        """Note a session."""
        idle = REMEMBERED if remember else IDLE
        dies = self.now + (REMEMBERED if remember else ABSOLUTE)
        proven = self.now if is_fresh else 0
        self.sessions.append(
            Session(person, token, proven, self.now, idle, dies)
        )

    def waits(
        self, name: str, where: tuple[str, int], *, remember: bool
    ) -> None:
        """Note a sign-in that waits for a second factor."""
        person = self.called(name)
        assert person
        ends = self.now + WAIT
        self.waiting[where] = Waiting(person, person.stamp, ends, remember)

    def second_step(
        self, where: tuple[str, int], code: str, *, trust: bool
    ) -> tuple[int, Waiting | None]:
        """Finish a sign-in that waits; say which, if that was right."""
        held = self.waiting.get(where)
        if held is None or held.ends <= self.now:
            return 410, None
        person = held.person
        is_same = person in self.people and held.stamp == person.stamp
        if not is_same or not person.is_active:
            return 410, None
        if person.app is None or not takes(person, code, self.now):
            return 401, None
        del self.waiting[where]
        if trust:
            person.trusted[where[1]] = self.now + TRUST, person.stamp
        return 201, held

    # -- second factors

    def may_change_factors(self, token: str) -> int:
        """Say whether somebody may change their own second factors."""
        session = self.session(token)
        return 200 if session and self.is_fresh(session) else 401

    def switch_on(self, token: str, key: str, codes: list[str]) -> None:
        """Note an app that was set up by the code of this moment."""
        session = self.session(token)
        assert session
        person, now = session.person, self.now
        person.app = App(key, now, now // 30)
        person.trusted.clear()
        if codes:
            person.codes, person.codes_made = codes, now

    def switch_off(self, token: str) -> int:
        """Turn an app off."""
        may = self.may_change_factors(token)
        session = self.session(token)
        if may != 200 or session is None:
            return may
        if session.person.app is None:
            return 404
        drop(session.person)
        return 204

    def sign_out(self, token: str) -> int:
        """End a session."""
        session = self.session(token)
        if session is None:
            return 401
        session.is_over = True
        return 204

    def prove(self, token: str, password: str, code: str = "") -> int:
        """Confirm who one is; ``renewed`` notes the new token."""
        session = self.session(token)
        if session is None or session.person.password != password:
            return 401
        person = session.person
        right = person.app is None or takes(person, code, self.now)
        return 200 if right else 401

    def renewed(self, token: str, fresh: str) -> None:
        """Note the token that a session goes on under."""
        session = self.session(token)
        assert session
        session.token, session.proven = fresh, self.now
        session.seen = self.now

    def is_fresh(self, session: Session) -> bool:
        """Tell whether a session's owner has shown lately who they are."""
        return self.now - session.proven <= FRESH

    # -- passwords

    def change_password(self, token: str, old: str, new: str) -> int:
        """Change one's own password."""
        session = self.session(token)
        if session is None or session.person.password != old:
            return 401
        if new == old:
            return 422
        person = session.person
        person.password, person.reset = new, None
        person.stamp += 1
        self.cancel_change(person)
        self.end(person, keep=session)
        return 204

    def ask_reset(self, name: str) -> int:
        """Ask for a letter to set a new password."""
        person = self.called(name)
        if person is not None:
            link = Link(person.email, self.now + LINK)
            person.reset = self.send("reset", person.email, link)
        return 202

    def reset(self, token: str, password: str) -> int:
        """Set a new password by a letter."""
        for person in self.people:
            link = person.reset
            if link and link.token == token and self.now < link.ends:
                break
        else:
            return 410
        person.password = password
        person.stamp += 1
        self.forget_mail(person)
        self.end(person)
        if not person.is_confirmed:
            person.undos = []
            drop(person)
        person.is_confirmed = True
        return 200

    # -- names and addresses

    def rename(self, token: str, name: str) -> int:
        """Change one's username."""
        session = self.session(token)
        if session is None:
            return 401
        if self.called(name) not in (None, session.person):
            return 409
        session.person.name = shown(name)
        return 200

    def move(self, token: str, address: str) -> int:
        """Ask for another address."""
        session = self.session(token)
        if session is None:
            return 401
        person = session.person
        if address == person.email:
            return 200
        if not self.is_fresh(session):
            return 401
        if same(address, person.email):
            self.cancel_change(person)
            person.email = address
            return 200
        if self.called(address):
            return 409
        self.ask_confirmation(person, address)
        return 200
