"""What whoever comes in with a weak password is told."""

from vestibule.outcomes import Advice


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


COMMON = Advice(
    "password.common",
    _(
        "Your password is on a list of common passwords, which strangers try "
        "first. Change it on the page “Change password”"
    ),
)
