"""Deeds: every route of the application, filled in so that it works.

Routes come from the application's own map, and who may do them from the
table of the policy. What a route needs to work stands here, one line for
each; a new route that acts fails the suite until it has its line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Flask

from conftest import PASSWORD
from paintings import painted
from vestibule.policy import Act

NEW_PASSWORD = "seven purple llamas"
FAR = 4_000_000_000_000_000_001
NOBODYS = "A" * 43


@dataclass(frozen=True)
class Line:
    """What one route is sent, and what it comes to when it works.

    Texts in braces are filled in with what belongs to the owner of the
    thing. ``changes`` names the tables that may change, of which at least
    one does; whoever looks changes none.
    """

    body: Mapping[str, object] = field(default_factory=dict)
    works: int | None = None
    changes: str = ""
    raw: bytes = b""
    kind: str = ""
    query: str = ""


WORDS = {"title": "Now", "content": "something else"}
OLD_AND_NEW = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
AGAIN = {"password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
TWICE = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
DAN = {"email": "dan@example.com"}
MY_WORDS = {"email": "{email}", "password": PASSWORD}
RENAMED = {"username": "{username}x", "email": "{email}"}
OTHER_EMAIL = {"username": "{username}", "email": "{username}@new.example"}
NO_CREDENTIAL = {"id": "x", "rawId": "x", "type": "", "response": {}}
NO_PASSKEY = {"credential": "nothing"}
NEW_ACCOUNT = "users identifiers mailed_tokens outbox"
SECURED = "users sessions mailed_tokens outbox known_devices"
# What was set up since the letter goes as well.
SECURED += " totp passkeys trusted_devices"
# Links that were mailed are void as well, and nobody goes on by a second
# factor that was shown.
VOIDED = "trusted_devices waiting_sign_ins"
ROLE = f"users sessions keeper mailed_tokens outbox {VOIDED}"
ANOTHER_ADDRESS = "users identifiers mailed_tokens outbox sessions"
ANOTHER_ADDRESS += " email_undos known_devices"
UNDONE = f"{ANOTHER_ADDRESS} totp passkeys trusted_devices"
FACTOR = "sessions trusted_devices mailed_tokens outbox"
BY_MAIL = "mailed_tokens sessions known_devices outbox"
SECOND = "waiting_sign_ins totp sessions known_devices mailed_tokens outbox"

# What is not here looks, with nothing to fill in, and answers 200; below
# the API the declaration of the call says with what it answers.
LINES = {
    "GET /.well-known/change-password": Line(works=302),
    "GET /admin": Line(works=302),
    "GET /logut": Line(works=302),
    "GET /secret": Line(works=302),
    # There is no inbox but in development.
    "GET /dev/letters": Line(works=404),
    "GET /dev/letters/<spoken>/<kind>/html": Line(works=404),
    "GET /dev/letters/<spoken>/<kind>/text": Line(works=404),
    "GET /dev/mail": Line(works=404),
    "GET /dev/components": Line(works=404),
    "GET /dev/components/wrong": Line(works=404),
    "GET /dev/mail/<letter>/html": Line(works=404),
    # Nobody signs in by mail unless the operator allows it.
    "GET /login/code": Line(works=404),
    "POST /login/code": Line({"email": "{email}"}, works=404),
    "GET /login/code/enter": Line(works=404),
    "POST /login/code/enter": Line({"code": "1234 5678"}, works=404),
    "GET /login/code/link": Line(works=404),
    "POST /login/code/link": Line(works=404),
    "GET /login/code/<token>": Line(works=404),
    "POST /login/code/<token>": Line(works=404),
    "POST /api/v1/sessions/mailed-code": Line({"name": "{email}"}, works=404),
    "POST /api/v1/sessions/mailed-code/code": Line(
        {"name": "{email}", "code": "1234 5678", "ticket": NOBODYS}, works=404
    ),
    "POST /api/v1/sessions/mailed-code/link": Line(
        {"token": NOBODYS}, works=404
    ),
    # A link leads on to a form whose address is the same for all.
    "GET /password_reset/<token>": Line(works=303),
    "POST /password_reset/<token>": Line(works=303),
    "GET /verify-email/<token>": Line(works=303),
    "POST /verify-email/<token>": Line(works=303),
    "GET /verify-email/undo/<token>": Line(works=303),
    "POST /verify-email/undo/<token>": Line(works=303),
    "GET /security/not-me/<token>": Line(works=303),
    # Nobody who asks has an app that is on, or codes to take along, and
    # recovery codes need another second factor first.
    "GET /account/2fa/remove": Line(works=303),
    "POST /account/2fa/remove": Line(works=303),
    "POST /account/recovery-codes": Line(works=409),
    "POST /account/recovery-codes/download": Line({"codes": "a"}, works=410),
    "DELETE /api/v1/totp": Line(works=404),
    "POST /api/v1/recovery-codes": Line(works=409),
    # A sign-in waits for the code of an app.
    "GET /login/verify": Line(query="way=totp"),
    "POST /login/verify": Line(
        {"code": "{second}"}, changes=SECOND, query="way=totp"
    ),
    "POST /login/verify/cancel": Line(works=303, changes="waiting_sign_ins"),
    "POST /api/v1/sessions/second-factor": Line(
        {"waiting": "{waiting}", "code": "{second}"}, changes=SECOND
    ),
    # -- the pages
    "POST /account/2fa": Line(works=303, changes="totp"),
    "POST /account/2fa/confirm": Line(
        {"code": "{first}"}, 200, f"totp recovery_codes {FACTOR}"
    ),
    "POST /account/security/trusted/<handle>/end": Line(
        works=303, changes="trusted_devices"
    ),
    "POST /admin/users/<number>/reset-2fa": Line(
        works=303, changes="totp passkeys trusted_devices outbox"
    ),
    "POST /account/not-me": Line(changes=f"sessions mailed_tokens {VOIDED}"),
    "POST /account/sessions/<handle>/end": Line(changes="sessions"),
    "POST /account/sessions/others": Line(changes="sessions"),
    "POST /security/not-me": Line(works=303, changes=SECURED),
    "POST /admin/history/export": Line({"written_as": "csv"}, works=200),
    "POST /admin/users/<number>/demote": Line(changes=ROLE),
    "POST /admin/users/<number>/disable": Line(changes=ROLE),
    "POST /admin/users/<number>/enable": Line(changes=ROLE),
    "POST /admin/users/<number>/promote": Line(changes=ROLE),
    "POST /admin/users/<number>/reset": Line(changes="mailed_tokens outbox"),
    "POST /admin/users/<number>/sign-out": Line(
        changes=f"sessions mailed_tokens {VOIDED}"
    ),
    "POST /confirm": Line({"password": PASSWORD}, changes="sessions"),
    "POST /feedback/<number>/delete": Line(changes="feedback"),
    "POST /feedback/<number>/update": Line(WORDS, changes="feedback"),
    "POST /login": Line(MY_WORDS, changes="sessions"),
    "POST /logout": Line(changes="sessions"),
    "POST /password/change": Line(
        {**OLD_AND_NEW, "new_password2": NEW_PASSWORD},
        changes="users sessions outbox mailed_tokens",
    ),
    "POST /password_reset": Line(
        {"email": "{email}"}, changes="mailed_tokens outbox"
    ),
    "POST /password_reset/new": Line(
        AGAIN, changes="users sessions mailed_tokens outbox known_devices"
    ),
    "POST /language": Line({"language": "ru"}, 303, "users"),
    "POST /preferences": Line({"theme": "dark"}, changes="users"),
    "POST /profile": Line(RENAMED, changes="users identifiers outbox"),
    "POST /profile/picture/delete": Line(changes="pictures"),
    "POST /register": Line(
        {**DAN, **TWICE, "username": "dan"}, changes=NEW_ACCOUNT
    ),
    "POST /users/<username>/delete": Line(
        changes="users identifiers feedback sessions pictures mailed_tokens "
        "keeper outbox host_fields totp passkeys passkey_handles "
        "trusted_devices"
    ),
    "POST /users/<username>/export": Line(works=200),
    "POST /users/<username>/feedback/add": Line(WORDS, changes="feedback"),
    # Nobody here has got a code.
    "POST /verify-email": Line({"code": "1234 5678"}, works=401),
    # Everybody's address here is confirmed, and nothing waits.
    "GET /verify-email/again": Line(works=302),
    "POST /verify-email/again": Line(works=302),
    "POST /verify-email/cancel": Line(works=302),
    "POST /verify-email/confirm": Line(
        {"password": PASSWORD}, changes=ANOTHER_ADDRESS
    ),
    # The letter is about a new address, whose reader takes over nothing.
    "POST /verify-email/new-password": Line(works=302),
    "POST /verify-email/undo": Line({}, 303, UNDONE),
    # -- passkeys; what is handed over here is none
    "POST /account/passkeys/new": Line(NO_PASSKEY, works=422),
    "POST /account/passkeys/quiet": Line(NO_PASSKEY, works=422),
    "POST /account/passkeys/options": Line(works=200),
    "POST /account/passkeys/not-now": Line(
        works=303, changes="passkey_handles"
    ),
    "POST /account/passkeys/<number>/name": Line(
        {"name": "My own"}, works=303, changes="passkeys"
    ),
    "POST /account/passkeys/<number>/remove": Line(
        works=303, changes="passkeys trusted_devices outbox"
    ),
    "POST /confirm/passkey": Line(NO_PASSKEY, works=401),
    "POST /confirm/passkey/options": Line(works=200),
    "POST /login/passkey": Line(NO_PASSKEY, works=401),
    "POST /login/passkey/options": Line(works=200),
    "POST /login/verify/passkey": Line(NO_PASSKEY, works=401),
    "POST /login/verify/passkey/options": Line(works=200),
    # -- the routes of the auth-service contract
    "POST /users": Line({**DAN, "password": PASSWORD}, 200, NEW_ACCOUNT),
    "POST /sessions": Line(MY_WORDS, 200, "sessions"),
    # The contract's own answer to who is signed out.
    "DELETE /sessions": Line(works=403),
    "POST /reset_password": Line(
        {"email": "{email}"}, 200, "mailed_tokens outbox"
    ),
    "PUT /reset_password": Line(
        {
            "email": "{reset_email}",
            "reset_token": "{reset}",
            "new_password": NEW_PASSWORD,
        },
        200,
        "users sessions mailed_tokens outbox",
    ),
    # -- the API
    "POST /api/v1/totp": Line(changes="totp"),
    "PUT /api/v1/totp": Line({"code": "{first}"}, changes=f"totp {FACTOR}"),
    "POST /api/v1/email-verification": Line(changes="mailed_tokens outbox"),
    "PUT /api/v1/email-verification": Line(
        {"token": "{verify}", "password": PASSWORD},
        changes=ANOTHER_ADDRESS,
    ),
    "PUT /api/v1/email-verification/code": Line(
        {"code": "{code}", "name": "carol", "password": PASSWORD},
        changes=ANOTHER_ADDRESS,
    ),
    "PUT /api/v1/email-verification/undo": Line(
        {"token": "{undo}"}, changes=UNDONE
    ),
    "PUT /api/v1/feedback/<number>": Line(WORDS, changes="feedback"),
    "DELETE /api/v1/feedback/<number>": Line(changes="feedback"),
    "PUT /api/v1/password": Line(
        OLD_AND_NEW, changes="users sessions outbox mailed_tokens"
    ),
    "POST /api/v1/password-reset": Line(
        {"email": "{email}"}, changes="mailed_tokens outbox"
    ),
    "PUT /api/v1/password-reset": Line(
        {"token": "{reset}", "new_password": NEW_PASSWORD},
        changes="users sessions mailed_tokens outbox known_devices",
    ),
    "POST /api/v1/passkeys": Line({"credential": NO_CREDENTIAL}, works=422),
    "POST /api/v1/passkey-options": Line(works=200),
    "PATCH /api/v1/passkeys/<number>": Line(
        {"name": "My own"}, changes="passkeys"
    ),
    "DELETE /api/v1/passkeys/<number>": Line(
        changes="passkeys trusted_devices outbox"
    ),
    "POST /api/v1/passkey-sessions": Line(
        {"credential": NO_CREDENTIAL}, works=401
    ),
    "POST /api/v1/passkey-sessions/options": Line(works=200),
    "POST /api/v1/sessions/second-factor/passkey": Line(
        {"waiting": "{waiting}", "credential": NO_CREDENTIAL}, works=401
    ),
    "POST /api/v1/sessions/second-factor/passkey/options": Line(
        {"waiting": "{waiting}"}, works=200
    ),
    "POST /api/v1/sessions/current/proof/passkey": Line(
        {"credential": NO_CREDENTIAL}, works=401
    ),
    "POST /api/v1/sessions/current/proof/passkey/options": Line(works=200),
    "PATCH /api/v1/preferences": Line({"theme": "dark"}, changes="users"),
    "PATCH /api/v1/profile": Line(
        {"username": "{username}x"}, changes="users identifiers outbox"
    ),
    "PUT /api/v1/profile/picture": Line(
        changes="pictures", raw=painted(size=(2, 2)), kind="image/png"
    ),
    "DELETE /api/v1/profile/picture": Line(changes="pictures"),
    "POST /api/v1/sessions": Line(
        {"name": "{email}", "password": PASSWORD}, changes="sessions"
    ),
    "DELETE /api/v1/sessions": Line(changes="sessions"),
    "DELETE /api/v1/sessions/<handle>": Line(changes="sessions"),
    "POST /api/v1/not-me": Line(changes=f"sessions mailed_tokens {VOIDED}"),
    "PUT /api/v1/not-me": Line({"token": "{not_me}"}, changes=SECURED),
    "DELETE /api/v1/sessions/current": Line(changes="sessions"),
    "POST /api/v1/sessions/current/proof": Line(
        {"password": PASSWORD}, changes="sessions"
    ),
    "POST /api/v1/users": Line(
        {**DAN, "password": PASSWORD}, changes=NEW_ACCOUNT
    ),
    "DELETE /api/v1/users/<username>": Line(
        changes="users identifiers feedback sessions pictures mailed_tokens "
        "keeper outbox host_fields totp passkeys passkey_handles "
        "trusted_devices"
    ),
    "POST /api/v1/users/<username>/feedback": Line(WORDS, changes="feedback"),
}

# The same routes where the operator has turned signing in by mail on.
BY_MAIL_LINES = {
    "GET /login/code": Line(),
    "POST /login/code": Line(
        {"email": "{email}"}, 303, "mailed_tokens outbox"
    ),
    "GET /login/code/enter": Line(),
    "POST /login/code/enter": Line({"code": "{mailed}"}, changes=BY_MAIL),
    "GET /login/code/link": Line(),
    "POST /login/code/link": Line(changes=BY_MAIL),
    "GET /login/code/<token>": Line(works=303),
    "POST /login/code/<token>": Line(works=303),
    "POST /api/v1/sessions/mailed-code": Line(
        {"name": "{email}"}, changes="mailed_tokens outbox"
    ),
    "POST /api/v1/sessions/mailed-code/code": Line(
        {"name": "carol", "code": "{mailed}", "ticket": "{ticket}"},
        changes=BY_MAIL,
    ),
    "POST /api/v1/sessions/mailed-code/link": Line(
        {"token": "{sign_in}"}, changes=BY_MAIL
    ),
}

# The parts of an address that name a thing: one that is there, and one
# that is not.
THINGS = {
    "/users/<username>": ("/users/{username}", "/users/nobody"),
    "/admin/users/<number>": ("/admin/users/{id}", f"/admin/users/{FAR}"),
    "/feedback/<number>": ("/feedback/{feedback}", f"/feedback/{FAR}"),
    "/passkeys/<number>": ("/passkeys/{passkey}", f"/passkeys/{FAR}"),
    "/pictures/<name>": ("/pictures/{picture}", f"/pictures/{NOBODYS}.png"),
    "/password_reset/<token>": ("/password_reset/{reset}", ""),
    "/login/code/<token>": ("/login/code/{sign_in}", ""),
    "/trusted/<handle>": ("/trusted/{trusted}", f"/trusted/{'0' * 64}"),
    "/verify-email/<token>": ("/verify-email/{verify}", ""),
    "/verify-email/undo/<token>": ("/verify-email/undo/{undo}", ""),
    "/security/not-me/<token>": ("/security/not-me/{not_me}", ""),
    "/sessions/<handle>": ("/sessions/{handle}", f"/sessions/{'0' * 32}"),
    "/dev/letters/<spoken>/<kind>": ("/dev/letters/en/reset", ""),
    "/dev/mail/<letter>": (f"/dev/mail/{UUID(int=7)}", ""),
}

# Acts that are no route of their own, but part of what a route does.
INSIDE = {
    "POST /profile": (Act.CHANGE_EMAIL, OTHER_EMAIL),
    "PATCH /api/v1/profile": (
        Act.CHANGE_EMAIL,
        {"email": "{username}@new.example"},
    ),
}

# What does nothing to anything: it answers wherever else nothing would.
NOWHERE = "vestibule.api.nowhere"


@dataclass(frozen=True)
class Deed:
    """One method of one route: its act, and how it is asked for."""

    method: str
    rule: str
    act: Act
    line: Line
    works: int
    is_api: bool
    is_page: bool

    def __str__(self) -> str:
        return f"{self.method} {self.rule} ({self.act.name})"

    @property
    def names_a_thing(self) -> bool:
        """Whether the address says which thing is meant."""
        return "<" in self.rule

    @property
    def is_own(self) -> bool:
        """Whether it is done to something of the asker's own."""
        return not self.names_a_thing and self.act.thing != "site"

    @property
    def is_guarded(self) -> bool:
        """Whether the table refuses it to some who are signed in."""
        return not self.act.is_public and not self.act.is_for_all

    @property
    def looks(self) -> bool:
        """Whether it only shows something."""
        return self.method == "GET"

    @property
    def changes(self) -> set[str]:
        """Name the tables that it may change."""
        return {f"vestibule_{name}" for name in self.line.changes.split()}

    def path(self, facts: Mapping[str, object], *, there: bool = True) -> str:
        """Fill in the address, with a thing that is there or is not.

        Raises:
            LookupError: nobody wrote down how.
        """
        path = self.rule
        for part, (present, absent) in THINGS.items():
            if there or absent:
                path = path.replace(part, present if there else absent)
        if "<" in path:
            raise LookupError(
                f"tests/deeds.py: THINGS does not say how {self} is filled in"
            )
        # Nobody gets that link but where it is turned on.
        return path.format(**{"sign_in": NOBODYS, **facts})


def written_rule(rule: Any) -> str:
    """Write a rule without its converters, one of a word as that word."""
    path = re.sub(r'<any\("([^"]+)"\):\w+>', r"\1", rule.rule)
    return re.sub(r"<\w+:", "<", path)


def deeds(app: Flask) -> list[Deed]:
    """List every method of every route, and what happens inside some.

    Raises:
        LookupError: nobody wrote down what one of them needs.
    """
    found = list(_deeds(app))
    missing = [d for d in found if not d.looks and _key(d) not in LINES]
    if missing:
        raise LookupError(
            "tests/deeds.py: LINES does not say what these need: "
            + ", ".join(map(str, missing))
        )
    return found


def _key(deed: Deed) -> str:
    """Write a deed as its line is called."""
    return f"{deed.method} {deed.rule}"


def _deeds(app: Flask) -> Iterator[Deed]:
    """List the deeds, those without a line as well."""
    login = app.extensions["vestibule"].auth.settings.login
    lines = LINES | (BY_MAIL_LINES if login.mailed_sign_in else {})
    for rule in sorted(app.url_map.iter_rules(), key=str):
        view: Any = app.view_functions[rule.endpoint]
        act = getattr(view, "vestibule_act", None)
        if act is None or rule.endpoint == NOWHERE:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            written = written_rule(rule)
            line = lines.get(f"{method} {written}", Line())
            call = getattr(view, "call", None)
            usual = 200 if method == "GET" else 302
            works = line.works or (usual if call is None else call.status)
            is_page = call is None and ".classic." not in rule.endpoint
            made = (works, call is not None, is_page)
            yield Deed(method, written, act, line, *made)
            inner = INSIDE.get(f"{method} {written}")
            if inner is not None:
                changes = "mailed_tokens outbox"
                line = Line(inner[1], line.works, changes)
                yield Deed(method, written, inner[0], line, *made)
