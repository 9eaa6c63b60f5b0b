"""Devices: the cookie of a browser in which people have signed in before.

It is sealed, so that the gate knows without a database that we gave it out;
whether a device is known for an account, the operation decides.
"""

from typing import TYPE_CHECKING

from flask import request

from vestibule.doors.hall import hall

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from vestibule.doors.hall import Hall

LIFE = 365 * 86400
# So many accounts at most are remembered in one browser.
MOST = 5
# What we seal is shorter; whatever is not costs no reading.
LONGEST = 800

Pairs = list[tuple[int, str]]


def carried(place: "Hall", cookies: str | None) -> Pairs:
    """Read the numbers of accounts and their tokens, the last used first.

    Args:
        place: whose cookie it is.
        cookies: the header of a request, if it has one.
    """
    if not cookies or place.device_cookie not in cookies:
        return []
    text = place.device_reader.read(cookies)
    if text is None or len(text) > LONGEST:
        return []
    sealed = place.device_seal.open(text, LIFE)
    return [(number, token) for number, token in sealed or ()]


def device_tokens(told: str = "") -> tuple[str, ...]:
    """List the tokens by which whoever asks may be known.

    Args:
        told: what a program has sent in place of the browser's cookie.
    """
    if told:
        return (told,)
    cookies = request.environ.get("HTTP_COOKIE")
    return tuple(token for _, token in carried(hall(), cookies))


def keep_device(response: "Response", own: int, device: str) -> None:
    """Let the browser keep by what it is known from now on.

    Args:
        response: the cookie goes along with it.
        own: the number of the account.
        device: the token.
    """
    place = hall()
    before = carried(place, request.environ.get("HTTP_COOKIE"))
    others = [pair for pair in before if pair[0] != own]
    kept = [(own, device), *others][:MOST]
    sealed = place.device_seal.close(kept)
    place.set_cookie(response, place.device_cookie, sealed, LIFE)
