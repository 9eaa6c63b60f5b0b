"""Reasons that several forms have in common.

One thing that is wrong has one code and one text, whichever form it is
found on; what only one form can find stands in that form's own module.
"""

from collections.abc import Iterable, Iterator

from vestibule.errors import Fault, Malformed, Reason
from vestibule.ground import names, pictures

EMAIL_MISSING = Reason("email.required", "Enter your email address")
USERNAME_MISSING = Reason("username.required", "Enter a username")
PASSWORD_MISSING = Reason("password.required", "Enter your password")
PASSWORD_INCORRECT = Reason(
    "password.incorrect", "The password is not correct"
)
CODE_MISSING = Reason("code.required", "Enter the code from the message")
CODE_FORMAT = Reason("code.format", "The code has 8 digits")
CODE_INCORRECT = Reason(
    "code.incorrect",
    "The code is not correct, or does not work any more. "
    "Enter it again or ask for a new one",
)
LINK_INVALID = Reason(
    "link.invalid", "This link does not work any more. Ask for a new one"
)
SECOND_CODE_MISSING = Reason("second_code.required", "Enter the code")
SECOND_FACTOR_INCORRECT = Reason(
    "second_factor.incorrect",
    "The code is not correct. Check your authenticator app, and that "
    "the time on your phone is set automatically",
)
# Nobody may set up what could keep the owner of the address out.
EMAIL_UNCONFIRMED = Reason(
    "second_factor.email_unconfirmed", "Confirm your email address first"
)
NEW_PASSWORD_MISSING = Reason("new_password.required", "Enter a password")
PASSWORDS_DIFFER = Reason(
    "password2.mismatch", "Enter the same password in both fields"
)

# No reason, but said at every field for a new password.
NEW_HINT = "At least {least}. Three or four random words work well"

USERNAME_FAULTS = {
    "short": Reason(
        "username.too_short",
        f"Username must be between {names.SHORTEST_USERNAME} and "
        f"{names.LONGEST_USERNAME} characters",
    ),
    "long": Reason(
        "username.too_long",
        f"Username must be between {names.SHORTEST_USERNAME} and "
        f"{names.LONGEST_USERNAME} characters",
    ),
    "characters": Reason(
        "username.chars",
        "Username can contain letters, numbers, dots, dashes and "
        "underscores, and starts with a letter or number",
    ),
    "mixed": Reason(
        "username.mixed", "Use letters of one alphabet in a username"
    ),
    "reserved": Reason(
        "username.reserved", "This username is reserved. Choose another one"
    ),
}
EMAIL_FAULTS = {
    "long": Reason(
        "email.too_long",
        f"Email address must be {names.LONGEST_EMAIL} characters or fewer",
    ),
    "format": Reason(
        "email.format",
        "Enter an email address in the correct format, like name@example.com",
    ),
}
PICTURE_FAULTS = {
    "large": Reason(
        "picture.too_large",
        f"The picture must be {pictures.LARGEST_FILE >> 20} MB or smaller",
    ),
    "kind": Reason("picture.kind", "The picture must be a JPG, PNG or SVG"),
    "pixels": Reason(
        "picture.pixels",
        f"The picture must be at most {pictures.LONGEST_SIDE} pixels wide "
        "and high",
    ),
    "blank": Reason(
        "picture.blank",
        "Nothing can be seen on this picture. Choose another one, or save "
        "it as PNG first",
    ),
    "unreadable": Reason(
        "picture.unreadable",
        "This picture cannot be read. Choose another one, or save it as "
        "PNG first",
    ),
    "again": Reason(
        "picture.again", "The picture was not saved either. Choose it again"
    ),
}


def email_faults(text: str) -> Iterator[Fault]:
    """Say what is wrong with the form of an address."""
    try:
        names.email_address(text)
    except names.BadName as bad:
        reason = EMAIL_FAULTS.get(bad.fault, EMAIL_FAULTS["format"])
        yield Fault(reason, "email")


def username_faults(text: str, *, reserved: bool = False) -> Iterator[Fault]:
    """Say what is wrong with the form of a username."""
    try:
        name = names.username(text)
        if name.canonical in names.RESERVED and not reserved:
            raise names.BadName("reserved")
    except names.BadName as bad:
        yield Fault(USERNAME_FAULTS[bad.fault], "username")


def picture_faults(name: str, size: int) -> Iterator[Fault]:
    """Say what is wrong with a picture before anybody looks into it.

    Args:
        name: the file's name; only how it ends counts. None if empty.
        size: its bytes.
    """
    if name and not name.lower().endswith(pictures.ENDINGS):
        yield picture_fault("kind")
    elif size > pictures.LARGEST_FILE:
        yield picture_fault("large")


def picture_fault(word: str) -> Fault:
    """Say by its word what is wrong with a picture."""
    reason = PICTURE_FAULTS.get(word, PICTURE_FAULTS["unreadable"])
    return Fault(reason, "picture")


def refuse(faults: Iterable[Fault]) -> None:
    """Refuse what has any fault.

    Raises:
        Malformed: with all of them.
    """
    found = tuple(faults)
    if found:
        raise Malformed(*found)
