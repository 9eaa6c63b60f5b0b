"""The pages of the second step, and of what protects an account."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.second_factors.forms import Question, SecondStep
from vestibule.capability import SecurityRow, Way
from vestibule.doors.caller import (
    actor,
    allowed,
    current_user,
    signed_out_only,
)
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_for, form_page, page
from vestibule.doors.refusals import said
from vestibule.doors.rooms import Room
from vestibule.doors.second_steps import WAITING, waiting_token
from vestibule.doors.shapes import row_number
from vestibule.doors.visit import visit
from vestibule.doors.words import ago, device_name, say
from vestibule.errors import Expired
from vestibule.policy import Act
from vestibule.user import User

pages = Blueprint("second_factors", __name__, template_folder="templates")
ROOM = Room("second_factors.show", "Security")


@pages.route("/login/verify", methods=["GET", "POST"])
@allowed(Act.VERIFY)
@signed_out_only
def verify() -> Response:
    """Ask for the second factor of a sign-in that waits."""
    try:
        user, ways = auth().second_factors.waits_for(waiting_token())
        way = _chosen(ways)
        if way.page:
            return redirect(_step(way))
        return form_page(
            SecondStep,
            "vestibule/second_factors/verify.html",
            lambda form: auth().second_factors.finish(
                waiting_token(),
                form.code,
                device=device_tokens(),
                trust=form.trust,
            ),
            way=way,
            others=[(_step(one), one) for one in ways if one != way],
            name=user.username,
        )
    except Expired as refusal:
        return _over(refusal)


def _chosen(ways: list[Way]) -> Way:
    """Find the way that was asked for, or else the best."""
    wanted = request.args.get("way")
    return next((way for way in ways if way.name == wanted), ways[0])


def _step(way: Way) -> str:
    """Give the address of a way, which leads on to the same place."""
    endpoint = way.page or "second_factors.verify"
    name = None if way.page else way.name
    on = request.args.get("next")
    return url_for(f"vestibule.{endpoint}", way=name, next=on)


def _over(refusal: Expired) -> Response:
    """Say that it took too long, where one can begin again."""
    visit().note("info", said(refusal.faults[0]))
    return _to_login()


def _to_login() -> Response:
    """Lead to the sign-in page, and forget the sign-in that waited."""
    on = request.args.get("next")
    response = redirect(url_for("vestibule.login.sign_in", next=on), 303)
    WAITING.drop(response)
    return response


@pages.post("/login/verify/cancel")
@allowed(Act.VERIFY)
def cancel() -> Response:
    """Give up a sign-in that waits."""
    return form_page(
        Question,
        "vestibule/second_factors/cancel.html",
        lambda _: auth().second_factors.cancel(waiting_token()),
        lambda _: _to_login(),
    )


@pages.get("/account/security")
@allowed(Act.SEE_FACTORS)
def show() -> Response:
    """Show what protects an account, and the next best step."""
    return page(
        "vestibule/second_factors/security.html",
        form=form_for(Question, {}),
        **_protection(),
    )


def _protection() -> dict[str, Any]:
    """Gather what the page shows."""
    own = auth().second_factors
    rows, has_factor = own.rows(current_user), bool(own.ways(current_user))
    return {
        "rows": rows,
        "next": next_step(rows, has_factor=has_factor),
        "has_factor": has_factor,
        "is_missing": own.is_missing(current_user),
        "trusted": own.trusted(current_user),
        "device_name": device_name,
        "ago": ago,
    }


def next_step(
    rows: Sequence[SecurityRow], *, has_factor: bool
) -> SecurityRow | None:
    """Choose what would do most for an account: what is urgent, or first."""
    wanted = [row for row in rows if row.is_urgent]
    if not wanted and not has_factor:
        wanted = [row for row in rows if not row.is_on]
    return wanted[0] if wanted else None


@pages.post("/account/security/trusted/<handle>/end")
@allowed(Act.DISTRUST)
def distrust(handle: str) -> Response:
    """Trust one device no more."""
    return form_page(
        Question,
        "vestibule/second_factors/security.html",
        lambda _: auth().second_factors.distrust(handle, by=actor()),
        lambda _: _distrusted(),
        **_protection(),
    )


def _distrusted() -> Response:
    """Say so, and show what is left."""
    visit().note("success", say("The device is not trusted any more"))
    return redirect(url_for("vestibule.second_factors.show"), 303)


@pages.route("/admin/users/<number>/reset-2fa", methods=["GET", "POST"])
@allowed(Act.RESET_FACTORS)
def reset(number: str) -> Response:
    """Ask whether to remove somebody's second factors, and do it."""
    owner = auth().policy.account(
        Act.RESET_FACTORS, actor(), id=row_number(number)
    )
    return form_page(
        Question,
        "vestibule/second_factors/reset.html",
        lambda _: auth().second_factors.reset(owner, by=actor()),
        lambda _: _removed(owner),
        owner=owner,
    )


def _removed(owner: User) -> Response:
    """Say that it is done, and lead back to the account."""
    name = owner.username
    visit().note(
        "success", say("The second step of {name} is gone", name=name)
    )
    to = url_for("vestibule.administration.user", number=owner.id)
    return redirect(to, 303)
