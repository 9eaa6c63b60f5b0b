"""The rest of the model: addresses, feedback, pictures, roles, farewells."""

from collections.abc import Callable

from model_factors import YOUNG, drop
from model_world import LINK, UNDO, Link, Person, Session, World, same


class WholeWorld(World):
    """The model with everything in it."""

    def _may(
        self, token: str, owner: Person | None, *, own_is_free: bool
    ) -> int:
        """Say how somebody may touch what is an owner's; 200 if so.

        Args:
            token: of who acts.
            owner: whose it is; None if there is no such thing.
            own_is_free: what is one's own takes no fresh proof.
        """
        session = self.session(token)
        if session is None:
            return 401
        is_own = session.person is owner
        if not is_own and not session.person.is_admin:
            return 403
        if not (is_own and own_is_free) and not self.is_fresh(session):
            return 401
        return 404 if owner is None else 200

    # -- addresses

    def confirm(self, link_token: str, token: str, password: str) -> int:
        """Confirm an address by a letter, as its owner or by a password."""
        person = self._waiting(link_token)
        if person is None:
            return 410
        link, session = person.confirmation, self.session(token)
        assert link
        is_own = session is not None and session.person is person
        if not is_own and person.password != password:
            return 401
        if not person.is_active:
            return 410
        if not same(link.address, person.email):
            if self.called(link.address):
                return 409
            self._moved(person, link.address)
            self.end(person, keep=session)
        person.confirmation = None
        person.is_confirmed = True
        return 200

    def _waiting(self, link_token: str) -> Person | None:
        """Find whose address a letter is to confirm."""
        for person in self.people:
            link = person.confirmation
            if link and link.token == link_token and self.now < link.ends:
                return person
        return None

    def _moved(self, person: Person, address: str) -> None:
        """Put another address in place of the one there was."""
        if person.is_confirmed:
            link = Link(person.email, self.now + UNDO)
            person.undos.append(self.send("undo", person.email, link))
        person.email = address
        self.forget_mail(person)

    def undo(self, link_token: str) -> int:
        """Take an address back by the letter that the old one got."""
        for person in self.people:
            for number, link in enumerate(person.undos):
                if link.token == link_token and self.now < link.ends:
                    return self._undo(person, number)
        return 410

    def _undo(self, person: Person, number: int) -> int:
        """Give an account back to the reader of its old address."""
        link = person.undos[number]
        holder = self.called(link.address)
        if holder is not None and holder is not person:
            if holder.is_confirmed or holder.is_admin:
                return 409
            self.remove(holder)
        person.undos = person.undos[:number]
        person.email, person.is_confirmed = link.address, True
        person.password = None
        person.stamp += 1
        drop(person, self.now - YOUNG)
        self.end(person)
        self.forget_mail(person)
        fresh = Link(person.email, self.now + LINK)
        person.reset = self.send("reset", person.email, fresh)
        return 200

    # -- feedback

    def writer(self, number: int) -> Person | None:
        """Find whose feedback a number is."""
        for person in self.people:
            if number in person.feedback:
                return person
        return None

    def add_feedback(self, token: str, name: str) -> int:
        """Say whether feedback may be written for somebody."""
        owner = self.called(name)
        may = self._may(token, owner, own_is_free=True)
        return 201 if may == 200 else may

    def added(self, name: str, number: int, words: tuple[str, str]) -> None:
        """Note feedback that was written."""
        owner = self.called(name)
        assert owner
        owner.feedback[number] = words

    def change_feedback(
        self, token: str, number: int, words: tuple[str, str]
    ) -> int:
        """Put other words in place."""
        writer = self.writer(number)
        may = self._may(token, writer, own_is_free=True)
        if may == 200 and writer:
            writer.feedback[number] = words
        return may

    def delete_feedback(self, token: str, number: int) -> int:
        """Delete feedback."""
        writer = self.writer(number)
        may = self._may(token, writer, own_is_free=True)
        if may == 200 and writer:
            del writer.feedback[number]
            return 204
        return may

    # -- pictures

    def choose_picture(self, token: str, *, is_good: bool) -> int:
        """Choose a picture, or a file that becomes none."""
        session = self.session(token)
        if session is None:
            return 401
        if not is_good:
            return 422
        session.person.has_picture = True
        return 200

    def remove_picture(self, token: str) -> int:
        """Take one's picture away."""
        session = self.session(token)
        if session is None:
            return 401
        session.person.has_picture = False
        return 204

    # -- sessions

    def end_others(self, token: str, *, is_not_me: bool) -> int:
        """End one's other sessions, and perhaps a change that waits."""
        session = self.session(token)
        if session is None:
            return 401
        if not self.is_fresh(session):
            return 401
        self.end(session.person, keep=session)
        if is_not_me:
            self.cancel_change(session.person)
        return 204 if is_not_me else 200

    def end_one(self, token: str, other: str) -> int:
        """End one of one's own sessions."""
        mine, found = self.session(token), self.session(other)
        if mine is None:
            return 401
        if found is None or found.person is not mine.person:
            return 403
        if not self.is_fresh(mine):
            return 401
        found.is_over = True
        return 204

    # -- accounts

    def delete(self, token: str, name: str) -> int:
        """Delete an account."""
        person = self.called(name)
        may = self._may(token, person, own_is_free=False)
        if may != 200 or person is None:
            return may
        if self.is_last_admin(person):
            return 409
        self.remove(person)
        return 204

    def administer(self, token: str, name: str, act: str) -> int:
        """Do what only administrators do, to somebody."""
        session, person = self.session(token), self.called(name)
        if session is None:
            return 401
        if not session.person.is_admin:
            return 403
        if not self.is_fresh(session):
            return 401
        if person is None:
            return 404
        loses = act in ("demote", "disable")
        if loses and self.is_last_admin(person):
            return 409
        ACTS[act](self, person)
        return 200

    def _anew(self, person: Person) -> None:
        """Have somebody begin anew: signed out, and no letter works."""
        self.end(person)
        self.forget_mail(person)

    def _promote(self, person: Person) -> None:
        """Make somebody an administrator."""
        person.is_admin = True
        self._anew(person)

    def _demote(self, person: Person) -> None:
        """Make somebody no administrator."""
        person.is_admin = False
        self._anew(person)

    def _disable(self, person: Person) -> None:
        """Close an account."""
        person.is_active = False
        self._anew(person)

    def _enable(self, person: Person) -> None:
        """Open an account again."""
        person.is_active = True
        self._anew(person)

    def _reset_factors(self, person: Person) -> None:
        """Take all second factors away, of somebody who has lost them."""
        drop(person)

    def _send_reset(self, person: Person) -> None:
        """Send somebody a letter to set a new password."""
        link = Link(person.email, self.now + LINK)
        person.reset = self.send("reset", person.email, link)


ACTS: dict[str, Callable[[WholeWorld, Person], None]] = {
    "promote": WholeWorld._promote,
    "demote": WholeWorld._demote,
    "disable": WholeWorld._disable,
    "enable": WholeWorld._enable,
    "sign-out": WholeWorld._anew,
    "reset": WholeWorld._send_reset,
    "reset-2fa": WholeWorld._reset_factors,
}
__all__ = ["ACTS", "Person", "Session", "WholeWorld"]
