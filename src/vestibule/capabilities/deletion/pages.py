"""The page to delete an account."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.deletion.forms import Farewell
from vestibule.doors.caller import actor, allowed, current_user, forget_user
from vestibule.doors.hall import auth, hall
from vestibule.doors.pages import form_page
from vestibule.doors.rooms import Room
from vestibule.doors.theme import keep_choices
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.errors import Conflict
from vestibule.policy import Act
from vestibule.user import User

pages = Blueprint("deletion", __name__, template_folder="templates")
ROOM = Room("deletion.delete", "Delete account", is_named=True, is_danger=True)


@pages.route("/users/<username>/delete", methods=["GET", "POST"])
@allowed(Act.DELETE)
def delete(username: str) -> Response:
    """Say what goes and ask whether to, and do it."""
    owner = auth().policy.account(Act.DELETE, actor(), username=username)
    return form_page(
        Farewell,
        "vestibule/deletion/delete.html",
        lambda form: _delete(owner, form.account),
        lambda _: _own_gone() if owner.id == current_user.id else _gone(owner),
        owner=owner,
    )


def _delete(owner: User, shown: str) -> None:
    """Delete the account, if it is the one that the page has shown.

    Attack: somebody who takes the name while an administrator reads.

    Raises:
        Conflict: the name is somebody else's by now.
    """
    if shown not in ("", str(owner.id)):
        raise Conflict
    auth().deletion.delete(owner, by=actor())


def _own_gone() -> Response:
    """Say goodbye to somebody who was signed in a moment ago."""
    response = redirect(url_for("vestibule.home"))
    keep_choices(response)
    hall().see_out(response)
    visit().begin_anew()
    visit().note("success", say("Your account was deleted"))
    forget_user()
    return response


def _gone(owner: User) -> Response:
    """Tell an administrator, and lead back to the list."""
    text = say("{name} was deleted", name=owner.username)
    visit().note("success", text)
    return redirect(url_for("vestibule.administration.users"))
