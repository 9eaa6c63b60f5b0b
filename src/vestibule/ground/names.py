"""What people call themselves, brought into one form for comparison.

Every name passes through here before it is compared or stored, on every
door, so that two spellings of one name can never become two accounts
(attack: a look-alike address that matches, or mails, somebody else).
"""

import unicodedata
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

LONGEST_EMAIL = 254
LONGEST_USERNAME = 20
SHORTEST_USERNAME = 3

# Names that would let a person speak for the site, or that routes need.
RESERVED = frozenset(
    [
        "about",
        "abuse",
        "account",
        "accounts",
        "admin",
        "administrator",
        "anonymous",
        "api",
        "auth",
        "billing",
        "contact",
        "everyone",
        "feedback",
        "guest",
        "help",
        "hostmaster",
        "info",
        "login",
        "logout",
        "mail",
        "me",
        "moderator",
        "nobody",
        "none",
        "noreply",
        "null",
        "official",
        "owner",
        "postmaster",
        "profile",
        "register",
        "root",
        "security",
        "self",
        "settings",
        "staff",
        "static",
        "superuser",
        "support",
        "sysadmin",
        "system",
        "undefined",
        "user",
        "users",
        "vestibule",
        "webmaster",
        "www",
    ]
)


# What NFKC makes an @ of.
AT_SIGNS = frozenset("@＠﹫")

# Separators, and the letters of Korean that are shown as nothing.
UNSEEN = "\u2028\u2029\u115f\u1160"


class Name(NamedTuple):
    """A name as it is shown, and the form that is compared."""

    shown: str
    canonical: str


class FullName(NamedTuple):
    """A first and a last name; either may be missing."""

    first: str | None = None
    last: str | None = None


NO_NAME = FullName()


class BadName(ValueError):
    """A name that cannot be one; ``fault`` says in one word why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def is_writable(text: str) -> bool:
    """Tell whether a text holds only characters that people can write.

    Control characters, lone surrogates, unassigned code points, private
    use and the replacement character (a byte that was not UTF-8) are out.
    """
    return not any(
        unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn")
        or char == "\ufffd"
        for char in text
    )


def _plain(text: str) -> str:
    """Trim a name and bring it to NFKC, refusing what cannot be seen."""
    plain = unicodedata.normalize("NFKC", text).strip()
    for char in plain:
        if unicodedata.category(char)[0] == "C" or char in UNSEEN:
            raise BadName("characters")
    return plain


def email_address(text: str) -> Name:
    """Read an e-mail address: NFKC first, checked after, one string used.

    The local part is ASCII (no SMTPUTF8), a domain may be international
    and is compared in its ASCII form. Groups, lists, comments and literal
    addresses are refused.

    Raises:
        BadName: ``long`` above 254 characters, ``characters`` for invisible
            ones, ``format`` for anything else that is no address.

    Source: RFC 5321 4.5.3.1, RFC 5890.
    """
    if not isinstance(text, str):
        raise BadName("format")
    if len(text) > 4 * LONGEST_EMAIL:
        raise BadName("long")
    plain = _plain(text)
    if len(plain) > LONGEST_EMAIL:
        raise BadName("long")
    try:
        checked = validate_email(
            plain,
            check_deliverability=False,
            allow_smtputf8=False,
            globally_deliverable=False,
            strict=True,
        )
    except EmailNotValidError as refusal:
        raise BadName("format") from refusal
    domain = (checked.ascii_domain or "").casefold()
    top = domain.rpartition(".")[2]
    if top == domain or top.isdigit():
        # A domain that ends in a number is an address of the network.
        raise BadName("format")
    local = plain.rpartition("@")[0]
    return Name(plain, f"{local.casefold()}@{domain}")


def username(text: str) -> Name:
    """Read a username: letters of one script, digits, dot, dash, underscore.

    Raises:
        BadName: ``short``, ``long``, ``characters``, or ``mixed`` when
            letters of two scripts stand together (look-alike names).

    Source: Unicode TR 39 section 5.1, single-script names.
    """
    if not isinstance(text, str):
        raise BadName("characters")
    if len(text) > 4 * LONGEST_USERNAME:
        raise BadName("long")
    plain = _plain(text)
    if len(plain) > LONGEST_USERNAME:
        raise BadName("long")
    if not plain or not plain[0].isalnum():
        raise BadName("characters" if plain else "short")
    letters = [char for char in plain if char.isalpha()]
    others = [char for char in plain if not char.isalpha()]
    if any(char not in "0123456789.-_" for char in others):
        raise BadName("characters")
    if len({unicodedata.name(c, "?").split()[0] for c in letters}) > 1:
        raise BadName("mixed")
    if len(plain) < SHORTEST_USERNAME:
        raise BadName("short")
    return Name(plain, _folded(plain))


def like_username(text: str, digits: str) -> list[str]:
    """List usernames that look like another one, the likeliest first.

    Args:
        text: the other one, in any spelling.
        digits: six random ones, so that not everybody is told the same.
    """
    base = _folded(text.strip()).strip(".-_")[: LONGEST_USERNAME - 4]
    near = [
        f"{base}{digits[:2]}",
        f"{base}_{digits[2:4]}",
        f"{base}{digits[3:6]}",
        f"{base}.{digits[1:3]}",
        f"{base}{digits[2:6]}",
        f"{base}-{digits[:3]}",
    ]
    return [name for name in dict.fromkeys(near) if _is_username(name)]


def _is_username(text: str) -> bool:
    """Tell whether a text can be somebody's username as it is written."""
    try:
        name = username(text)
    except BadName:
        return False
    return name.canonical == text and text not in RESERVED


def canonical(text: str) -> str | None:
    """Bring whatever somebody typed to sign in into its compared form.

    Returns:
        The canonical e-mail address or username, or None when the text can
        be neither, so that no account can have it.
    """
    read = email_address if set(text) & AT_SIGNS else username
    try:
        return read(text).canonical
    except BadName:
        return None


def beginning(text: str) -> str | None:
    """Bring the beginning of a name into the form that is compared.

    A domain with letters of its own is found only when it is whole.

    Returns:
        The beginning, or None where no name can begin so.
    """
    if len(text) > 4 * LONGEST_EMAIL:
        return None
    try:
        plain = _plain(text)
    except BadName:
        return None
    whole = canonical(plain)
    return _folded(plain) if whole is None else whole


def _folded(plain: str) -> str:
    """Make upper and lower case of a name one."""
    folded = unicodedata.normalize("NFKC", plain.casefold())
    # The Turkish capital folds into an i and a dot that stands alone.
    return folded.replace("i\u0307", "i")


def derived_username(email: str) -> str:
    """Make a username out of an address, without looking at who has it."""
    local = email.rpartition("@")[0].casefold()
    kept = "".join(c for c in local if c.isalnum() or c in ".-_")
    kept = kept.lstrip(".-_")[: LONGEST_USERNAME - 5]
    return kept if len(kept) >= SHORTEST_USERNAME else f"user{kept}"


def same_mailbox(one: str, other: str) -> bool:
    """Tell whether two addresses are one, in whatever spelling.

    Raises:
        BadName: one of them can be none.
    """
    if one == other:
        return True
    return email_address(one).canonical == email_address(other).canonical


def masked(address: str) -> str:
    """Write an address so that its owner knows it, and no neighbour does."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}"
