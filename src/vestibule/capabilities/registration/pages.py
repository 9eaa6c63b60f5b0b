"""The page where people create an account."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.registration.forms import NamedSignUp, SignUp
from vestibule.doors.caller import allowed, signed_out_only
from vestibule.doors.hall import auth, settings
from vestibule.doors.mailed_links import welcome
from vestibule.doors.pages import form_page
from vestibule.doors.visit import visit
from vestibule.doors.words import say, say_as, wish
from vestibule.policy import Act
from vestibule.user import EmailTaken

pages = Blueprint("registration", __name__, template_folder="templates")


@pages.route("/register", methods=["GET", "POST"])
@allowed(Act.REGISTER)
@signed_out_only
def register() -> Response:
    """Show the form and create the account."""
    return form_page(
        NamedSignUp if settings().pages.name_fields else SignUp,
        "vestibule/registration/register.html",
        lambda form: auth().registration.sign_up(
            form.email, form.password1, form.username, form.full_name, wish()
        ),
        lambda outcome: _registered(outcome.email, outcome.ticket),
        sorry=say_as("registration", "Invalid credentials. Try again"),
        taken=say(EmailTaken.reason.text),
    )


def _registered(email: str, ticket: str) -> Response:
    """Go to the sign-in page, with the address already filled in."""
    welcome(email, ticket)
    text = say("Your account is ready. Sign in")
    if settings().sends_mail:
        text = say(
            "Your account is ready. We have sent a message with a link and "
            "a code to {email}, to confirm the address. You can sign in now",
            email=email,
        )
    if settings().email.verified_required:
        text = say(
            "We have sent a message to {email}. Open the link in it, or "
            "enter its code here; then sign in",
            email=email,
        )
    visit().note("success", text)
    visit().keep("SignIn", {"email": email})
    return redirect(url_for("vestibule.login.sign_in"))
