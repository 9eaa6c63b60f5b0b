"""Budgets: under which names attempts are counted, and how many there are.

Names are made of what was done and of whom it concerns, never of what was
typed.
"""

import hashlib
from ipaddress import IPv6Address, ip_address, ip_network

# So many straight failures close an account to devices that are not known,
# and so many seconds of quiet open it again. NIST SP 800-63B-4, 3.2.2.
STRAIGHT = 100
QUIET = 86400
# Besides passwords, what has such a hard stop: codes from letters.
HARD = frozenset({"email_verification.code"})
# Letters to one address before it waits for each, and until a day is quiet.
LETTERS, LETTERS_A_DAY = 5, 20
# Letters with a link that lets their reader in are counted by themselves.
# Attack: spending them by letters that open nothing, or never leave.
LETTER, RESET_LETTER = "letter", "letter:reset"
SIGN_IN_LETTER = "letter:sign_in"
# So are those about a new username, which somebody signed in can have sent
# as often as they like.
NAME_LETTER = "renamed"
_STRAIGHT = ":straight:"
# Stands in the names of counts of network addresses.
FROM = ":from:"
_NOTED = "noted:"
# Names of nobody whose straight failures are kept beyond a sweep.
MOST_NAMES = 100_000
NOBODYS = f"{_STRAIGHT}name:"


def account_key(act: str, user_id: int | None, canonical: str | None) -> str:
    """Name the count of one account, the same by any of its names."""
    if user_id is not None:
        return f"{act}:user:{user_id}"
    typed = (canonical or "").encode("utf-8", "replace")
    digest = hashlib.sha256(typed).hexdigest()
    return f"{act}:name:{digest[:40]}"


def device_key(act: str, token: str) -> str:
    """Name the count of one known device of one account."""
    digest = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
    return f"{act}:device:{digest[:40]}"


def straight_key(key: str) -> str:
    """Name the count of straight failures beside another count."""
    act, _, rest = key.partition(":")
    return f"{act}{_STRAIGHT}{rest}"


def letter_limits(
    act: str, canonical: str, per_account: int
) -> dict[str, int]:
    """Name the counts of letters to an address, and how many there may be.

    Of those that let their reader in there is no end after a day: the
    newest one works for longer than the next has to wait.
    """
    key = account_key(act, None, canonical)
    few = max(LETTERS, per_account // 2)
    if act == RESET_LETTER:
        return {key: few}
    return {key: few, straight_key(key): max(LETTERS_A_DAY, few)}


def is_straight(key: str) -> bool:
    """Tell whether a name is that of a count of straight failures."""
    return _STRAIGHT in key and not key.startswith(_NOTED)


def is_address(key: str) -> bool:
    """Tell whether a name is that of a count of a network address."""
    return FROM in key


def note_key(key: str) -> str:
    """Name the count of refusals of one key that the history has noted."""
    return f"{_NOTED}{key}"


def address_key(act: str, address: str) -> str:
    """Name the count of one network address; an IPv6 /64 is one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return f"{act}:from:unknown"
    if isinstance(ip, IPv6Address):
        # A server on both protocols sees ::ffff:192.0.2.1; without this
        # all of IPv4 would be one network.
        ip = ip.ipv4_mapped or ip
    if isinstance(ip, IPv6Address):
        return f"{act}:from:{ip_network((ip, 64), strict=False)}"
    return f"{act}:from:{ip}"
