"""What people do in the life of accounts, each by a door chosen at random."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from life_cycle import (
    LifeCycle,
    addresses,
    all_three,
    anybody,
    both,
    devices,
    names,
    often,
    passwords,
    pick,
    some,
    words,
)
from model_doors import API, CLASSIC, PAGE, Device
from model_duties import ACTS
from vestibule.policy import OPERATOR


class Acts(LifeCycle):
    """All that can be done."""

    @rule(door=all_three, name=names, email=addresses, password=passwords)
    def sign_up(self, door: str, name: str, email: str, password: str) -> None:
        """Create an account; a program may leave its name to us."""
        stranger = Device(self.scene.app)
        said = stranger.sign_up(door, name, email, password)
        wanted = "" if door == CLASSIC else name
        expected = self.world.sign_up(wanted, email, password)
        if expected == 201 and not wanted:
            found = self.scene.auth.administration.find(email)
            assert self.world.called(found.username) is None
            self.world.people[-1].name = found.username
        self.agree(door, said, expected)

    @rule(
        device=devices,
        door=all_three,
        name=anybody,
        is_right=often,
        password=passwords,
        remember=st.booleans(),
    )
    def sign_in(
        self,
        *,
        device: int,
        door: str,
        name: str,
        is_right: bool,
        password: str,
        remember: bool,
    ) -> None:
        """Sign in, mostly with the right password."""
        there, old = self.at(device)
        person = self.world.called(name)
        if is_right and person and person.password:
            password = person.password
        session = self.world.session(old)
        if session and door == PAGE:
            # Who is signed in is not shown the form.
            door = API
        remember = remember and door != CLASSIC
        browser = device if door == PAGE else None
        expected = self.world.sign_in(name, password, browser)
        if expected == 202 and door == CLASSIC:
            # The contract's route refuses what it cannot ask for.
            expected = 401
        said = there.sign_in(door, name, password, remember=remember)
        if door == PAGE and expected in (201, 202):
            self.world.waiting.pop((PAGE, device), None)
        if expected == 202 and said < 300:
            assert there.token == old
            self.world.waits(name, (door, device), remember=remember)
        if expected == 201 and said < 300:
            if door == CLASSIC and session:
                session.is_over = True
            assert there.token != old
            self.world.opened(name, there.token, remember=remember)
        self.agree(door, said, expected)

    @rule(device=devices, door=all_three)
    def sign_out(self, device: int, door: str) -> None:
        """Sign out; the page does so for anybody."""
        there, token = self.at(device)
        expected = self.world.sign_out(token)
        said = there.sign_out(door)
        if door == PAGE:
            self.world.waiting.pop((PAGE, device), None)
        self.agree(door, said, 200 if door == PAGE else expected)

    @rule(device=devices, door=both, is_right=often, password=passwords)
    def prove(
        self, device: int, door: str, is_right: bool, password: str
    ) -> None:
        """Confirm who one is."""
        there, token = self.at(device)
        session = self.world.session(token)
        code = ""
        if session and is_right:
            password = session.person.password or password
            code = self.shown(session.person, "app")
        expected = self.world.prove(token, password, code)
        said = there.prove(door, password, code)
        if expected == 200 and said < 300:
            assert there.token != token
            self.world.renewed(token, there.token)
            assert there.check(token) is None
        self.agree(door, said, expected)

    @rule(
        device=devices, door=both, is_right=often, old=passwords, new=passwords
    )
    def change_password(
        self, device: int, door: str, is_right: bool, old: str, new: str
    ) -> None:
        """Change the password."""
        there, token = self.at(device)
        session = self.world.session(token)
        if session and is_right:
            old = session.person.password or old
        said = there.change_password(door, old, new)
        self.agree(door, said, self.world.change_password(token, old, new))

    @rule(door=all_three, email=addresses, name=names, by_name=st.booleans())
    def ask_reset(
        self, door: str, email: str, name: str, by_name: bool
    ) -> None:
        """Ask for a letter; the page takes a username as well."""
        wanted = name if by_name and door == PAGE else email
        said = Device(self.scene.app).ask_reset(door, wanted)
        self.agree(door, said, self.world.ask_reset(wanted))

    @rule(door=all_three, number=some, email=addresses, new=passwords)
    def finish_reset(
        self, door: str, number: int, email: str, new: str
    ) -> None:
        """Set a password by a letter, of late or of long ago."""
        token = pick(self.mailed["reset"], number)
        for person in self.world.people:
            if person.reset and person.reset.token == token:
                email = person.email
        said = Device(self.scene.app).reset(door, token, email, new)
        self.agree(door, said, self.world.reset(token, new))

    @rule(device=devices, door=both, name=names)
    def rename(self, device: int, door: str, name: str) -> None:
        """Take another username, or another spelling."""
        there, token = self.at(device)
        own = self.own(token)
        said = there.save(door, own, username=name)
        expected = self.world.rename(token, name)
        self.agree(door, said, expected)

    @rule(device=devices, door=both, address=addresses)
    def move(self, device: int, door: str, address: str) -> None:
        """Ask for another address."""
        there, token = self.at(device)
        said = there.save(door, self.own(token), email=address)
        self.agree(door, said, self.world.move(token, address))

    @rule(
        device=st.integers(-1, 2),
        door=both,
        number=some,
        is_right=often,
        password=passwords,
    )
    def confirm_address(
        self,
        device: int,
        door: str,
        number: int,
        is_right: bool,
        password: str,
    ) -> None:
        """Confirm an address, signed in or with the password."""
        there = Device(self.scene.app)
        if device >= 0:
            there, _ = self.at(device)
        link = pick(self.mailed["verify"], number)
        person = self.world._waiting(link)
        if is_right and person:
            password = person.password or password
        session = self.world.session(there.token)
        if session and session.person is person:
            password = ""
        said = there.confirm(door, link, password)
        expected = self.world.confirm(link, there.token, password)
        self.agree(door, said, expected)

    @precondition(lambda self: self.mailed["undo"])
    @rule(door=both, number=some)
    def undo_move(self, door: str, number: int) -> None:
        """Take an address back by a letter."""
        link = pick(self.mailed["undo"], number)
        said = Device(self.scene.app).undo(door, link)
        self.agree(door, said, self.world.undo(link))

    @rule(device=devices, door=both, name=names, what=words)
    def write_feedback(
        self, device: int, door: str, name: str, what: tuple[str, str]
    ) -> None:
        """Write feedback, for oneself or somebody else."""
        there, token = self.at(device)
        person = self.world.called(name)
        # An address of a page names somebody in their own spelling.
        name = person.name if person else name
        expected = self.world.add_feedback(token, name)
        said = there.add_feedback(door, name, what)
        if expected == 201 and said < 300:
            found = self.scene.auth.feedback.search(by=OPERATOR)
            self.world.added(name, found.items[0].id, what)
        self.agree(door, said, expected)

    @rule(device=devices, door=both, number=some, what=words)
    def change_feedback(
        self, device: int, door: str, number: int, what: tuple[str, str]
    ) -> None:
        """Change feedback, one's own or another's."""
        there, token = self.at(device)
        item = self.newest_number(number)
        said = there.change_feedback(door, item, what)
        self.agree(door, said, self.world.change_feedback(token, item, what))

    @rule(device=devices, door=both, number=some)
    def delete_feedback(self, device: int, door: str, number: int) -> None:
        """Delete feedback, one's own or another's."""
        there, token = self.at(device)
        item = self.newest_number(number)
        said = there.delete_feedback(door, item)
        self.agree(door, said, self.world.delete_feedback(token, item))

    @rule(device=devices, door=both, is_good=often)
    def choose_picture(self, device: int, door: str, is_good: bool) -> None:
        """Choose a picture, or what is none."""
        there, token = self.at(device)
        own = self.own(token)
        said = there.choose_picture(door, own, is_good=is_good)
        expected = self.world.choose_picture(token, is_good=is_good)
        self.agree(door, said, expected)

    @rule(device=devices)
    def remove_picture(self, device: int) -> None:
        """Take one's picture away."""
        there, token = self.at(device)
        said = there.remove_picture()
        self.agree(API, said, self.world.remove_picture(token))

    @rule(device=devices, door=both, is_not_me=st.booleans())
    def end_others(self, device: int, door: str, is_not_me: bool) -> None:
        """Sign out everywhere else."""
        there, token = self.at(device)
        said = there.end_others(door, is_not_me=is_not_me)
        expected = self.world.end_others(token, is_not_me=is_not_me)
        self.agree(door, said, expected)

    @rule(device=devices, number=some)
    def end_one(self, device: int, number: int) -> None:
        """Sign out in one place, one's own or another's."""
        there, token = self.at(device)
        # One that time has ended lies about until it is swept.
        known = [
            s.token
            for s in self.world.sessions
            if s.is_over or s.is_live(self.world.now)
        ]
        other = pick(known, number)
        said = there.end_one(other)
        self.agree(API, said, self.world.end_one(token, other))

    @rule(device=devices, door=both, name=names)
    def delete_account(self, device: int, door: str, name: str) -> None:
        """Delete an account, one's own or another's."""
        there, token = self.at(device)
        person = self.world.called(name)
        name = person.name if person else name
        said = there.delete(door, name)
        self.agree(door, said, self.world.delete(token, name))

    @rule(device=devices, name=names, act=st.sampled_from([*ACTS]))
    def administer(self, device: int, name: str, act: str) -> None:
        """Do to somebody what only administrators do."""
        there, token = self.at(device)
        person, number = self.world.called(name), 4_000_000_000
        if person:
            auth = self.scene.auth
            number = auth.administration.find(person.name).id
        said = there.administer(number, act)
        self.agree(PAGE, said, self.world.administer(token, name, act))
