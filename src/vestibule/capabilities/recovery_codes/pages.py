"""The pages where people make recovery codes, and take them along."""

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.capabilities.recovery_codes.forms import Question, Shown
from vestibule.doors.caller import actor, allowed, current_user
from vestibule.doors.hall import auth, settings
from vestibule.doors.pages import form_page, own_form
from vestibule.doors.recovery_sheet import codes_page
from vestibule.doors.words import day, say
from vestibule.policy import Act

pages = Blueprint("recovery_codes", __name__, template_folder="templates")


@pages.route("/account/recovery-codes", methods=["GET", "POST"])
@allowed(Act.CHANGE_FACTORS)
def show() -> Response:
    """Say how many codes are left; make new ones, and show them once."""
    left = auth().recovery_codes.left(current_user)
    if left.created_at is None:
        # Before anything is read and pressed in vain.
        by = actor()
        auth().policy.require(by, Act.CHANGE_FACTORS, current_user.id)
    return form_page(
        Question,
        "vestibule/recovery_codes/left.html",
        lambda _: auth().recovery_codes.make(current_user, by=actor()),
        codes_page,
        left=left,
        has_factor=bool(auth().second_factors.ways(current_user)),
    )


@pages.post("/account/recovery-codes/download")
@allowed(Act.SEE_FACTORS)
def download() -> Response:
    """Hand the codes that a page has shown back as a file.

    They are kept nowhere, so the page itself brings them along.
    """
    codes = own_form(Shown).codes.split()
    auth().recovery_codes.check(current_user, codes, by=actor())
    response = Response(_sheet(codes), mimetype="text/plain")
    response.headers.set(
        "Content-Disposition", "attachment", filename="recovery-codes.txt"
    )
    return response


def _sheet(codes: list[str]) -> str:
    """Write the file: whose codes they are, of when, and how they work."""
    head = say(
        "Recovery codes for {site}, account {name}",
        site=settings().site.name,
        name=current_user.username,
    )
    made = say("Made on {day}", day=day(auth().clock.now()))
    how = say("Each code works once, in place of the second step.")
    return "\n".join([head, made, "", *codes, "", how, ""])
