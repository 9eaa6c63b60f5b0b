"""Second steps: the cookies of a sign-in that waits for another factor.

One holds the token of that sign-in, which opens nothing but the pages where
it goes on; the other holds what lets a trusted device leave them out. No
password is kept between the steps.
"""

from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.doors.mailed_links import SealedCookie

LIFE = 600
TRUST = 30 * 86400
# So many accounts at most are remembered in one browser.
MOST = 5
WAITING = SealedCookie("waiting", LIFE)
TRUSTED = SealedCookie("trusted", TRUST)


def waiting_token() -> str:
    """Read the token of the sign-in that waits; empty if none does."""
    held = WAITING.held()
    return held if isinstance(held, str) else ""


def trusted_tokens() -> tuple[str, ...]:
    """List the tokens that stand for second factors in this browser."""
    return tuple(token for _, token in _pairs())


def _pairs() -> list[tuple[int, str]]:
    """Read the numbers of accounts and their tokens, the last used first."""
    held: Any = TRUSTED.held()
    return [(number, token) for number, token in held or ()]


def to_second_step(token: str) -> Response:
    """Lead a browser to the second step of a sign-in."""
    wanted = request.args.get("next")
    response = redirect(
        url_for("vestibule.second_factors.verify", next=wanted)
    )
    WAITING.give(response, token)
    return response


def keep_trust(response: Response, own: int, token: str) -> None:
    """Let a browser keep what stands for a second factor, if it may.

    Args:
        response: the cookie goes along with it.
        own: the number of the account.
        token: of the device; empty if it is not trusted.
    """
    WAITING.drop(response)
    if token:
        others = [pair for pair in _pairs() if pair[0] != own]
        TRUSTED.give(response, [(own, token), *others][:MOST])
