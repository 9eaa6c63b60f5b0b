"""Every page in every state worth looking at, and the ways to get there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from playwright.sync_api import Page

from conftest import PASSWORD
from house import House

# Who looks: nobody in particular, or one of the people of the house.
VISITOR, ANNA, BORIS, CLARA, ELENA, IRINA, OLGA = (
    "",
    "anna",
    "boris",
    "clara",
    "elena",
    "irina",
    "olga",
)


@dataclass(frozen=True)
class State:
    """A page as somebody sees it, after they typed something or nothing.

    ``typed`` is sent by the form of the page. ``is_wrong`` says that the
    page tells what is wrong with it.
    """

    name: str
    path: str
    who: str = VISITOR
    typed: Mapping[str, str] | None = None
    status: int = 200
    is_wrong: bool = False


def wrong(
    name: str, path: str, who: str = VISITOR, status: int = 422, **typed: str
) -> State:
    """Make a state in which a form is shown again, with what is wrong."""
    return State(name, path, who, typed, status, True)


SIGN_IN, REGISTER, FORGET = "/login", "/register", "/password_reset"
NEW_PASSWORD, CONFIRM = "/password_reset/{reset}", "/confirm?next=/profile"
CHANGE, PROFILE, OWN = "/password/change", "/profile", "/users/{who}"
SECURITY, VERIFY = "/account/security", "/login/verify"
PASSKEYS, BY_MAIL = "/account/passkeys", "/login/code"
APP, CODES = "/account/2fa", "/account/recovery-codes"
DEVICES, NOT_ME = "/account/sessions", "/security/not-me/{not_me}"
USERS, DESK = "/admin/users", "/admin/feedback"
ACTIVITY, HISTORY = "/account/activity", "/admin/history"

ENTRANCE = (
    State("home", "/"),
    # Before any link is opened.
    State("no link opened", "/password_reset/new", status=410),
    State("sign in", SIGN_IN),
    wrong("sign in, wrong", SIGN_IN, status=401, email="anna", password="?"),
    wrong("sign in, empty", SIGN_IN),
    wrong(
        "sign in, throttled", SIGN_IN, status=429, email="tess", password="?"
    ),
    State(
        "sign in, after asking for a link",
        FORGET,
        typed={"email": "elena@example.com"},
    ),
    State(
        "second step",
        SIGN_IN,
        typed={"email": "irina", "password": PASSWORD},
    ),
    State("second step, another way", f"{VERIFY}?way=recovery_codes"),
    wrong("second step, wrong", VERIFY, status=401, code="1"),
    State(
        "second step, by a passkey",
        SIGN_IN,
        typed={"email": "pavel", "password": PASSWORD},
    ),
    State("sign in by a passkey", "/login/passkey"),
    State("sign in by mail", BY_MAIL),
    wrong("sign in by mail, wrong", BY_MAIL, email="anna at home"),
    State("sign in by mail, asked", BY_MAIL, typed={"email": "elena"}),
    State("sign in by mail, link", BY_MAIL + "/{mailed}"),
    State("register", REGISTER),
    wrong(
        "register, wrong",
        REGISTER,
        username="x y",
        email="nobody",
        password1="short",
        password2="shorter",
    ),
    State(
        "sign in, after registering",
        REGISTER,
        typed={
            "username": "new-{language}",
            "email": "new-{language}@example.com",
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    ),
    State("forgot", FORGET),
    wrong("forgot, wrong", FORGET, email="anna at home"),
    State("new password", NEW_PASSWORD),
    wrong(
        "new password, wrong",
        NEW_PASSWORD,
        password="boris",
        confirm_password="other",
    ),
    State("link of no use any more", "/password_reset/expired"),
    State("not me, by mail", NOT_ME),
    State("not me, looked at again", "/security/not-me"),
    State("confirm address", "/verify-email/{verify}"),
    wrong(
        "confirm address, wrong",
        "/verify-email/{verify}",
        status=401,
        password="a guess",
    ),
    State("undo a change of address", "/verify-email/undo/{undo}"),
)
TROUBLES = (
    State("not found", "/nowhere", status=404),
    *(
        State(f"trouble {status}", f"/trouble/{status}", status=status)
        for status in (401, 403, 405, 410, 413, 429)
    ),
    State("trouble 403, signed in", "/trouble/403", ANNA, status=403),
    State("trouble 500", "/trouble/500", status=500),
    State("trouble 503", "/trouble/503", status=503),
)
ACCOUNT = (
    State("home, signed in", "/", ANNA),
    State("profile", PROFILE, ANNA),
    State("profile, bare", PROFILE, BORIS),
    State("profile, new address", PROFILE, CLARA),
    State("profile, saved", PROFILE, ELENA, {"username": "elena"}),
    wrong(
        "profile, wrong", PROFILE, ANNA, 200, username="x y", email="nobody"
    ),
    State("enter the code", "/verify-email", CLARA),
    wrong(
        "enter the code, wrong",
        "/verify-email",
        CLARA,
        status=401,
        code="1234 5678",
    ),
    State("send the message again", "/verify-email/again", CLARA),
    State("own page", OWN, ANNA),
    State("own page, empty", OWN, ELENA),
    State("own page, nothing older", OWN + "?before=1", ANNA),
    State("add feedback", OWN + "/feedback/add", ANNA),
    wrong("add feedback, wrong", OWN + "/feedback/add", ANNA, title="x" * 101),
    State("edit feedback", "/feedback/{feedback}/update", ANNA),
    State("delete feedback", "/feedback/{feedback}/delete", ANNA),
    State("change password", CHANGE, ANNA),
    wrong("change password, wrong", CHANGE, ANNA, old_password="a guess"),
    State("password changed", "/password/change/done", ANNA),
    State("devices", DEVICES, ANNA),
    State("security", SECURITY, ANNA),
    State("security, an app is on", SECURITY, IRINA),
    State("security, an address to be confirmed", SECURITY, CLARA),
    State("passkeys", PASSKEYS, ANNA),
    State("passkeys, none", PASSKEYS, BORIS),
    State("add a passkey", PASSKEYS + "/new", ANNA),
    State("rename a passkey", PASSKEYS + "/{passkey}/name", ANNA),
    State(
        "rename a passkey, wrong",
        PASSKEYS + "/{passkey}/name",
        ANNA,
        {"name": ""},
        422,
        is_wrong=True,
    ),
    State("remove a passkey", PASSKEYS + "/{passkey}/remove", ANNA),
    State("confirm by a passkey", "/confirm/passkey?next=/profile", ANNA),
    State("authenticator app, none", APP, ELENA),
    State("authenticator app", APP, IRINA),
    State("set up an app", f"{APP}/confirm", CLARA),
    wrong("set up an app, wrong", f"{APP}/confirm", CLARA, 401, code="1"),
    State("turn an app off", f"{APP}/remove", IRINA),
    State("recovery codes, none", CODES, ANNA),
    State("recovery codes, few", CODES, IRINA),
    State("recovery codes, shown", CODES, IRINA, {}),
    State("activity", ACTIVITY, ANNA),
    State("activity, nothing older", f"{ACTIVITY}?before=1-{'0' * 32}", ANNA),
    State("sign out everywhere else", DEVICES + "/others", ANNA),
    State("not me", "/account/not-me", ANNA),
    State("preferences", "/preferences", ANNA),
    State("export", OWN + "/export", ANNA),
    State("delete account", OWN + "/delete", ANNA),
    State("confirm that it is you", CONFIRM, BORIS),
    wrong("confirm, wrong", CONFIRM, BORIS, 401, password="a guess"),
    State("sign out", "/logout", ANNA),
)
ADMINISTRATION = (
    State("users", USERS, OLGA),
    State("users, filtered", USERS + "?search=guest1&state=active", OLGA),
    State("users, no match", USERS + "?search=nobody", OLGA),
    State("users, nothing older", USERS + "?before=1", OLGA),
    State(
        "users, wrong",
        USERS + "?state=asleep",
        OLGA,
        status=422,
        is_wrong=True,
    ),
    *(
        State(f"user {name}", USERS + f"/{{{name}}}", OLGA)
        for name in ("anna", "boris", "clara", "dmitri", "olga")
    ),
    *(
        State(f"question {name}", USERS + f"/{{{who}}}/{name}", OLGA)
        for name, who in (
            ("disable", "anna"),
            ("enable", "dmitri"),
            ("promote", "anna"),
            ("demote", "olga"),
            ("reset", "dmitri"),
            ("reset-2fa", "anna"),
            ("sign-out", "olga"),
        )
    ),
    State("feedback desk", DESK, OLGA),
    State("feedback desk, no match", DESK + "?search=nothing", OLGA),
    State("history", HISTORY, OLGA),
    State("history, no match", HISTORY + "?until=2001-01-01", OLGA),
    State("history, nothing older", f"{HISTORY}?before=1-{'0' * 32}", OLGA),
    State(
        "history, wrong",
        HISTORY + "?since=yesterday",
        OLGA,
        status=422,
        is_wrong=True,
    ),
    State("history, to take along", HISTORY + "/export", OLGA),
    State("page of another", "/users/anna", OLGA),
    State("feedback of another", "/feedback/{feedback}/update", OLGA),
    State("delete feedback of another", "/feedback/{feedback}/delete", OLGA),
    State("delete another", "/users/anna/delete", OLGA),
)
WORKSHOP = (
    State("inbox", "/dev/mail"),
    State("samples of mails", "/dev/letters"),
    State("components", "/dev/components", ANNA),
    State("components, wrong", "/dev/components/wrong", ANNA, is_wrong=True),
    State("API", "/api/docs"),
)
WINGS = {
    "entrance": ENTRANCE,
    "troubles": TROUBLES,
    "account": ACCOUNT,
    "administration": ADMINISTRATION,
    "workshop": WORKSHOP,
}
# What answers browsers, but not with a page of ours.
NO_PAGES = {
    "static",
    "logut",
    "devmail.as_html",
    "devmail.sample_as_html",
    "devmail.sample_as_text",
    "apidocs.openapi",
    "manifest.show",
    "feedback.secret",
    "pictures.show",
    "administration.home",
    "brand.file",
    "wellknown.change_password",
    "wellknown.passkeys",
    "wellknown.related",
    "wellknown.robots",
    "wellknown.security",
    "wellknown.icon",
}

# The pages to which a link or a form leads, by what it opens.
BEHIND = {
    "login.sign_in": "second_factors.verify",
    "second_factors.verify": "passkeys.verify",
    "password_reset.open_link": "password_reset.finish",
    "email_verification.open_link": "email_verification.confirm",
    "email_changes.open_link": "email_changes.undo",
    "not_me.open_link": "not_me.secure",
    "mailed_sign_in.open_link": "mailed_sign_in.finish",
    "mailed_sign_in.ask": "mailed_sign_in.enter_code",
}

# Fills in the form of the page and sends it, as fast as a machine can.
SEND = """typed => {
  const form = document.querySelector('main form:has(.acts)');
  const button = [...form.querySelectorAll('button[type=submit]')].pop();
  for (const [name, text] of Object.entries(typed))
    form.elements[name].value = text;
  button.click();
}"""


def address(house: House, state: State) -> str:
    """Say where a page is."""
    return state.path.format(who=state.who, **house.names)


def go_to(house: House, page: Page, state: State, language: str) -> int:
    """Bring a page into a state, and say with what it was answered."""
    if state.path == CONFIRM:
        house.age(state.who)
    answer = page.goto(house.url + address(house, state))
    if state.typed is not None:
        typed = {
            name: text.format(language=language)
            for name, text in state.typed.items()
        }
        with page.expect_navigation(wait_until="load") as coming:
            page.evaluate(SEND, typed)
        answer = coming.value
    assert answer
    return answer.status


def unseen(house: House) -> Iterator[str]:
    """List the pages that are in no state."""
    paths = house.app.url_map.bind("localhost")
    seen = {
        paths.match(address(house, state).partition("?")[0])[0]
        for states in WINGS.values()
        for state in states
        if state.status == 200
    }
    for opening, page in BEHIND.items():
        if f"vestibule.{opening}" in seen:
            seen.add(f"vestibule.{page}")
    for rule in house.app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.partition(".")
        is_ours = blueprint == "vestibule" and name not in NO_PAGES
        is_page = "GET" in (rule.methods or ()) and is_ours
        is_api = rule.rule.startswith("/api/v1")
        if is_page and not is_api and rule.endpoint not in seen:
            yield rule.endpoint
