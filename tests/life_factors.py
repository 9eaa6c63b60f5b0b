"""What people do with second factors in the life of accounts."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from life_cycle import PASSWORDS, both, devices, names
from life_stories import WholeLife
from model_doors import API, PAGE
from model_factors import App
from vestibule.policy import OPERATOR

STEP = 30
ways = st.sampled_from(["app", "app", "app", "paper", "spent", "wrong"])


class LifeInTwoSteps(WholeLife):
    """All that can be done, and what protects an account besides."""

    @rule(device=devices, door=both)
    def set_app_up(self, device: int, door: str) -> None:
        """Set an authenticator app up, by the code of this moment."""
        there, token = self.at(device)
        expected = self.world.may_change_factors(token)
        session = self.world.session(token)
        if expected == 200 and session:
            expected = 409 if session.person.app else 201
        said, key = there.begin_app()
        assert said == expected
        if said == 201:
            now = self.world.now
            code = App(key, now, 0).code(now // STEP)
            said, codes = there.confirm_app(door, code)
            assert said == 200
            self.world.switch_on(token, key, codes)
        self.agree(API, said, 200 if expected == 201 else expected)

    @rule(device=devices, door=both)
    def remove_app(self, device: int, door: str) -> None:
        """Turn an app off."""
        there, token = self.at(device)
        said = there.remove_app(door)
        self.agree(door, said, self.world.switch_off(token))

    @rule(device=devices)
    def make_codes(self, device: int) -> None:
        """Make recovery codes, which those who have an app can."""
        there, token = self.at(device)
        expected = self.world.may_change_factors(token)
        session = self.world.session(token)
        if expected == 200 and session:
            expected = 201 if session.person.app else 409
        said, codes = there.make_codes()
        if said == expected == 201 and session:
            session.person.codes = codes
            session.person.codes_made = self.world.now
        self.agree(API, said, expected)

    @rule(device=devices, door=both, how=ways, trust=st.booleans())
    def second_step(
        self, device: int, door: str, how: str, trust: bool
    ) -> None:
        """Show a second factor, right or not, where a sign-in may wait."""
        there, old = self.at(device)
        world, where = self.world, (door, device)
        trust = trust and door == PAGE
        held = world.waiting.get(where)
        code = self.shown(held.person, how) if held else ""
        if door == PAGE and world.session(old):
            # Who is signed in is not shown the form.
            assert there.second_step(door, code, trust=trust) == 410
            return
        expected, done = world.second_step(
            where, code or "000000", trust=trust
        )
        said = there.second_step(door, code or "000000", trust=trust)
        if done and said < 300:
            assert there.token != old
            world.enter(done.person, there.token, done.remember, is_fresh=True)
        if door == PAGE and said in (303, 410):
            world.waiting.pop(where, None)
        self.agree(PAGE, said, expected)

    # -- stories

    @rule(device=devices, door=both, name=names, trust=st.booleans())
    def come_in_by_two_steps(
        self, device: int, door: str, name: str, trust: bool
    ) -> None:
        """Protect an account, and sign in to it again and once more."""
        self.come_in(device=device, door=API, name=name)
        self.set_app_up(device=device, door=door)
        for _ in range(2):
            self.come_in(device=device, door=door, name=name)
            for how in ("spent", "app"):
                self.second_step(
                    device=device, door=door, how=how, trust=trust
                )
        # Who was let in on trust has not proven enough for that.
        self.make_codes(device=device)

    @rule(
        device=devices,
        name=names,
        how=st.sampled_from(["password", "letter", "operator", "late"]),
    )
    def lose_trust(self, device: int, name: str, how: str) -> None:
        """Trust a device, end that, and see whether it is asked again."""
        self.come_in_by_two_steps(
            device=device, door=PAGE, name=name, trust=True
        )
        person = self.world.called(name)
        if how == "password":
            for new in PASSWORDS[:2]:
                self.change_password(
                    device=device, door=API, is_right=True, old="x", new=new
                )
        elif how == "letter" and person:
            self.forget_password(
                door=API, email=person.email, new=PASSWORDS[2]
            )
        elif how == "operator" and person:
            auth = self.scene.auth
            user = auth.administration.find(person.name)
            auth.second_factors.reset(user, by=OPERATOR)
            self.world._reset_factors(person)
        else:
            self.time_passes(span=30 * 86400)
        self.come_in(device=device, door=PAGE, name=name)

    @rule(device=devices, door=both, name=names)
    def change_between_the_steps(
        self, device: int, door: str, name: str
    ) -> None:
        """Set another password while a sign-in waits, and go on with it."""
        self.come_in(device=device, door=API, name=name)
        self.set_app_up(device=device, door=API)
        self.come_in(device=device, door=door, name=name)
        person = self.world.called(name)
        if person:
            self.forget_password(
                door=API, email=person.email, new=PASSWORDS[1]
            )
        self.second_step(device=device, door=door, how="app", trust=False)
