"""What a sign-in by mail is refused with."""

from vestibule.errors import Expired, NotProven
from vestibule.reasons import CODE_INCORRECT, LINK_INVALID


class MailedCodeIncorrect(NotProven):
    """The code is wrong, used, replaced, too old, or for another browser.

    Which it is, is not said: somebody may type codes for an account that
    there is not.
    """

    reason = CODE_INCORRECT
    field = "code"


class MailedLinkInvalid(Expired):
    """The link is wrong, used, replaced by a newer one, or too old."""

    reason = LINK_INVALID
