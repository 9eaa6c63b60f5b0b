"""Stories: acts that follow each other, as chance alone seldom has them."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from life_cycle import (
    PASSWORDS,
    addresses,
    all_three,
    anybody,
    both,
    devices,
    names,
    passwords,
)
from life_rules import Acts
from model_doors import API
from model_duties import ACTS


class WholeLife(Acts):
    """All that can be done, one by one and in stories."""

    @rule(device=devices, door=both, name=anybody)
    def come_in(self, device: int, door: str, name: str) -> None:
        """Sign in with the right password, after signing out."""
        self.sign_out(device=device, door=door)
        self.sign_in(
            device=device,
            door=door,
            name=name,
            is_right=True,
            password=PASSWORDS[0],
            remember=False,
        )

    @rule(door=all_three, email=addresses, new=passwords)
    def forget_password(self, door: str, email: str, new: str) -> None:
        """Ask for a letter, and set a password by it, once and again."""
        self.ask_reset(door=door, email=email, name=email, by_name=False)
        for _ in range(2):
            self.finish_reset(door=door, number=0, email=email, new=new)

    @rule(device=devices, door=both, name=names, address=addresses)
    def move_house(
        self, device: int, door: str, name: str, address: str
    ) -> None:
        """Ask for another address, and confirm it; signed in twice."""
        for place in (device, (device + 1) % 3):
            self.come_in(device=place, door=API, name=name)
        self.move(device=device, door=door, address=address)
        self.confirm_address(
            device=device, door=door, number=0, is_right=True, password=""
        )

    @rule(
        door=both,
        name=names,
        address=addresses,
        how=st.sampled_from(["late", "by a password", "not me"]),
    )
    def think_again(
        self, door: str, name: str, address: str, how: str
    ) -> None:
        """Ask for letters, make them worthless, and try them all the same."""
        self.come_in(device=2, door=API, name=name)
        _, email = self.own(self.devices[2].token)
        self.move(device=2, door=door, address=address)
        self.ask_reset(door=API, email=email, name=email, by_name=False)
        if how == "late":
            self.time_passes(span=4000)
        elif how == "not me":
            self.end_others(device=2, door=door, is_not_me=True)
        else:
            for new in PASSWORDS[1:]:
                self.change_password(
                    device=2, door=door, is_right=True, old="x", new=new
                )
        self.confirm_address(
            device=-1, door=door, number=0, is_right=True, password=""
        )
        self.finish_reset(door=door, number=0, email=email, new=PASSWORDS[0])

    @rule(door=all_three, name=names, act=st.sampled_from([*ACTS]))
    def rule_the_house(self, door: str, name: str, act: str) -> None:
        """Do to somebody what only administrators do, who then come in."""
        right = {"is_right": True, "password": PASSWORDS[0]}
        for device, who, by in ((0, "ada", API), (1, name, door)):
            self.sign_out(device=device, door=API)
            self.sign_in(
                device=device, door=by, name=who, remember=False, **right
            )
            if device == 0:
                self.administer(device=device, name=name, act=act)

    @rule(device=devices, name=names)
    def stay_for_long(self, device: int, name: str) -> None:
        """Come again within every half day, until even that ends it."""
        self.come_in(device=device, door=API, name=name)
        for _ in range(16):
            self.time_passes(span=40_000)
