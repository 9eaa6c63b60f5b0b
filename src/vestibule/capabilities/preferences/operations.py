"""Choosing a language and a theme, which go along with the account."""

from sqlalchemy.exc import NoResultFound

from vestibule.capability import Capability, operation
from vestibule.errors import Fault, Malformed, NotProven
from vestibule.field import NO_CHOICE
from vestibule.ground.words import LANGUAGES
from vestibule.user import THEMES, User

# Says of a choice that it stays; None is a choice as well.
AS_IT_IS = "as it is"
_KNOWN = {"language": LANGUAGES, "theme": THEMES}


class Preferences(Capability):
    """How an account wants to be spoken to, and to see the pages.

    They lie in the record of the account, so that whoever reads that knows
    them, and the export and the deletion take them along.
    """

    name = "preferences"

    @operation
    def choose(
        self,
        user: User,
        *,
        language: str | None = AS_IT_IS,
        theme: str | None = AS_IT_IS,
    ) -> None:
        """Keep what somebody has chosen, and only if that is new.

        Args:
            user: whose account it is.
            language: a language there is, or None for what the browser
                asks for; stays as it is if left out.
            theme: ``light``, ``dark``, or None for that of the system;
                stays as it is if left out.

        Raises:
            Malformed: there is no such language or theme.
            NotProven: the account is gone.

        Source: WCAG 2.2 3.1.1.
        """
        chosen = {"language": language, "theme": theme}
        changes = {k: v for k, v in chosen.items() if v != AS_IT_IS}
        wrong = [
            Fault(NO_CHOICE, name)
            for name, value in changes.items()
            if value not in (None, *_KNOWN[name])
        ]
        if wrong:
            raise Malformed(*wrong)
        if all(getattr(user, k) == v for k, v in changes.items()):
            return
        try:
            self.db.update_user(user.id, **changes)
        except NoResultFound as error:
            # Deleted since this request was let in.
            raise NotProven from error
