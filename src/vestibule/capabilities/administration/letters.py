"""What people are told when somebody closes their account or opens it."""

from vestibule.ground.letters import Letter
from vestibule.settings import Settings
from vestibule.user import User


def sign_in_closed(user: User, settings: Settings) -> Letter:
    """Write that nobody can sign in to an account any more."""
    site = settings.site.name
    return Letter(
        user.email,
        f"Support closed sign-in to your {site} account",
        f"Hello {user.username},\n\n"
        f"the people who run {site} disabled your account just now. Nobody "
        "can sign in to it, and all devices were signed out. Nothing of it "
        "is lost.\n\n"
        "If you think that this is a mistake, ask the people who run the "
        "site.\n\n"
        f"Regards, @{settings.signature} team!\n",
    )


def sign_in_opened(user: User, settings: Settings) -> Letter:
    """Write that an account is open again."""
    site = settings.site.name
    return Letter(
        user.email,
        f"Support opened sign-in to your {site} account",
        f"Hello {user.username},\n\n"
        f"the people who run {site} enabled your account again. You can "
        "sign in as before:\n\n"
        f"{settings.site_root}/login\n\n"
        f"Regards, @{settings.signature} team!\n",
    )
