"""The pages to change one's password."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.passwords.forms import PasswordChange
from vestibule.doors.caller import allowed, current_user, session_token
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_page, page
from vestibule.doors.rooms import Room
from vestibule.policy import Act

pages = Blueprint("passwords", __name__, template_folder="templates")
ROOM = Room("passwords.change", "Password")


@pages.route("/password/change", methods=["GET", "POST"])
@allowed(Act.CHANGE_PASSWORD)
def change() -> Response:
    """Show the form and change the password."""
    return form_page(
        PasswordChange,
        "vestibule/passwords/change.html",
        lambda form: auth().passwords.change(
            current_user,
            form.old_password,
            form.new_password,
            keep=session_token(),
            device=device_tokens(),
        ),
        lambda _: redirect(url_for("vestibule.passwords.done")),
    )


@pages.get("/password/change/done")
@allowed(Act.CHANGE_PASSWORD)
def done() -> Response:
    """Say that the password is changed."""
    return page("vestibule/passwords/done.html")
