"""The page that shows recovery codes, once, whoever has made them.

Codes are kept nowhere in clear, so they stand in the answer to the form
that has made them, and reloading it shows none.
"""

from collections.abc import Sequence

from flask import redirect, url_for
from werkzeug.wrappers import Response

from vestibule.doors.caller import actor, current_user
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_for, page
from vestibule.doors.visit import visit
from vestibule.doors.words import day
from vestibule.shape import Shape


class _Taking(Shape):
    """The form around the button that takes the codes along."""


def codes_page(codes: Sequence[str], told: str = "") -> Response:
    """Show codes that were made a moment ago.

    Args:
        codes: which are shown here and never again.
        told: what was done before.
    """
    response = page(
        "vestibule/recovery_codes/codes.html",
        form=form_for(_Taking, {}),
        codes=codes,
        told=told,
        made_on=day(auth().clock.now()),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def first_codes(told: str) -> Response:
    """Go on from the first second factor to the first recovery codes.

    Args:
        told: what was done, for the page that is shown next.
    """
    codes = auth().recovery_codes.make_first(current_user, by=actor())
    if codes:
        return codes_page(codes, told)
    visit().note("success", told)
    return redirect(url_for("vestibule.second_factors.show"), 303)
