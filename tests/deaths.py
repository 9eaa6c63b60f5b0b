"""Deaths: what ends sessions, read from docs/sessions.toml, and done.

Each change of the table is done through each of its doors to somebody who
has all that can end, and it is looked at from everywhere what is left.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from click.testing import CliRunner
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import NoResultFound
from werkzeug.wrappers import Response

from conftest import HTML, PASSWORD, Browser, account, form_token
from importer import as_csv
from passkeyring import Ring
from phones import Phone
from processes import ROOT
from vestibule.auth import Auth
from vestibule.capabilities.second_factors.trust import TrustedDevices
from vestibule.capabilities.second_factors.waiting import WaitingSignIns
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.doors.cli import main
from vestibule.doors.second_steps import WAITING
from vestibule.errors import Expired
from vestibule.ground.randomness import fingerprint
from vestibule.history import Circumstances, under
from vestibule.outcomes import Arrival
from vestibule.policy import OPERATOR, Actor
from vestibule.user import User

FILE = ROOT / "docs/sessions.toml"
NEW = "another good password"
AGAIN = {"password": NEW, "confirm_password": NEW}
Ask = Callable[..., Any]


@dataclass(frozen=True)
class Change:
    """A row of the table."""

    name: str
    ends: frozenset[str]
    doors: dict[str, list[str]]

    def __str__(self) -> str:
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")

    def ways(self) -> Iterator[str]:
        """List the ways to do it, door by door."""
        for ways in self.doors.values():
            yield from ways


def table() -> list[Change]:
    """Read the table."""
    read = tomllib.loads(FILE.read_text("utf-8"))
    return [
        Change(row["name"], frozenset(row["ends"]), row["doors"])
        for row in read["change"]
    ]


def parts() -> set[str]:
    """Name what can end."""
    return set(tomllib.loads(FILE.read_text("utf-8"))["parts"])


@dataclass
class World:
    """Somebody with sessions and letters everywhere, and who acts on them.

    ``this`` is the session in which a change is made, ``other`` has the
    sessions of other kinds. ``fresh`` is the token in place of ``this``,
    where a change gives it a new one.
    """

    app: Flask
    auth: Auth
    name: str
    admin: str
    this: str = ""
    one: str = ""
    other: dict[str, str] = field(default_factory=dict)
    mailed: dict[str, str] = field(default_factory=dict)
    device: str = ""
    trust: str | None = ""
    waiting: str = ""
    ticket: str = ""
    fresh: str = ""

    def __post_init__(self) -> None:
        """Let them sign in everywhere, and have letters written."""
        auth = self.auth
        user = account(auth, self.name)
        self.number = user.id
        # One that nobody is asked for after a password.
        self.ring = Ring(auth)
        self.key = self.ring.added(user, quiet=True)
        opened = auth.sessions.open
        self.this, self.one = opened(user.id), opened(user.id)
        self.other = {
            "cookie": opened(user.id),
            "remembered": opened(user.id, remember=True),
            "bearer": opened(user.id),
        }
        self.mailed["resets"] = auth.password_reset.issue(user)
        # From where all requests here come, so that none is news.
        with under(Circumstances(address="127.0.0.1")):
            auth.not_me.tell_of_new_device(user)
        self.mailed["letters"] = self.newest("/security/not-me/")
        about_factor = auth.not_me.link_for_factor(user)
        assert about_factor
        self.mailed["undoing"] = about_factor[0]
        self.ticket = auth.mailed_sign_in.ask(self.name)
        self.mailed["mailed"] = self.newest("/login/code/")
        self.digits = self.newest_code()
        auth.email_verification.ask(user, self.wanted)
        self.mailed["pending"] = self.newest("/verify-email/")
        self.code = self.newest_code()
        remembered = auth.known_devices.remember(user.id, None)
        self.device = remembered.token
        stamp = self.stamps(user)[0]
        self.trust = TrustedDevices(auth.db).begin(user.id, stamp)
        arrival = Arrival(user, proofs=("password",))
        self.waiting, _ = WaitingSignIns(auth.db).begin(arrival, stamp)

    def stamps(self, user: User) -> list[bytes]:
        """Give what trust and sign-ins that wait are tied to."""
        hashes = self.auth.mailed_tokens.keyed_hashes
        return hashes("second_factor", str(user.id), user.hashed_password)

    @property
    def wanted(self) -> str:
        """The address that waits to be confirmed."""
        return f"{self.name}@new.example"

    @property
    def user(self) -> User:
        """The account as it is at this moment."""
        return self.auth.db.find_user_by(id=self.number)

    @property
    def email(self) -> str:
        """The account's first address."""
        return f"{self.name}@example.com"

    def newest(self, path: str) -> str:
        """Read the secret of the newest letter whose link begins so."""
        for letter in self.auth.outbox.latest(5):
            found = re.search(rf"{path}(\S+)", letter.text)
            if found:
                return found[1]
        raise AssertionError(path)

    def newest_code(self) -> str:
        """Read the code of the newest letter."""
        letter = self.auth.outbox.latest(1)[0].text
        found = re.search(r"^\d{4} \d{4}$", letter, re.M)
        assert found, letter
        return found[0]

    def browser(self, token: str = "") -> Browser:
        """Give the browser of somebody, or of nobody in particular."""
        made = Browser(self.app)
        if token:
            made.client.set_cookie("session_id", token)
        return made

    # -- doing --------------------------------------------------------------

    def do(self, way: str) -> None:
        """Do a change by one of its ways, and see that it worked."""
        WAYS[way](self)

    def send(self, path: str, token: str = "", **typed: str) -> Browser:
        """Fill in the form of a page and send it, signed in or not."""
        browser = self.browser(token or self.this)
        answer = browser.send(path, dict(typed))
        assert answer.status_code in (302, 303), answer.text
        return browser

    def as_stranger(self, path: str, opened: str = "", **typed: str) -> None:
        """Open a mailed link where nobody is signed in, and send its form."""
        browser = self.browser()
        if opened:
            assert browser.open(opened).status_code in (302, 303)
        answer = browser.send(path, dict(typed))
        assert answer.status_code in (302, 303), answer.text

    def call(
        self, method: str, path: str, by: str | None = None, **body: Any
    ) -> Browser:
        """Call the API with the cookie; without, if ``by`` is empty."""
        browser = self.browser(self.this if by is None else by)
        self._called(browser, method, f"/api/v1{path}", body)
        return browser

    def classic(
        self, method: str, path: str, by: str = "", **body: Any
    ) -> Browser:
        """Call a JSON route of the contract."""
        browser = self.browser(by)
        self._called(browser, method, path, body)
        return browser

    def _called(
        self, browser: Browser, method: str, path: str, body: dict[str, Any]
    ) -> None:
        """Send JSON, and see that it worked."""
        more: dict[str, Any] = {"json": body} if body else {}
        answer = browser.client.open(path, method=method, **more)
        assert answer.status_code < 400, (path, answer.text)

    def command(self, *words: str, typed: str = "") -> None:
        """Run a command, and see that it worked."""
        settings = self.auth.settings
        env = {
            "VESTIBULE_DATABASE_URL": settings.database_url,
            "VESTIBULE_SECRET_KEY": settings.site.secret_key,
            "VESTIBULE_DATA": str(settings.data_folder),
            "VESTIBULE_MAILED_SIGN_IN": "true",
            "VESTIBULE_HASH_MEMORY": "8",
            "VESTIBULE_HASH_PASSES": "1",
        }
        done = CliRunner(catch_exceptions=False).invoke(
            main, words, input=typed, env=env, prog_name="vestibule"
        )
        assert done.exit_code == 0, done.output

    def end_one(self) -> None:
        """Press the button of one device in the list."""
        browser = self.browser(self.this)
        token = form_token(browser.open("/account/sessions"))
        path = f"/account/sessions/{self.handle}/end"
        answer = browser.client.post(
            path, data={"csrf_token": token}, headers=HTML
        )
        assert answer.status_code == 302, answer.text

    @property
    def actor(self) -> Actor:
        """Who acts in this session, and since when for sure."""
        return self.auth.sessions.actor(self.this)

    @property
    def handle(self) -> str:
        """The handle of the one session that is named."""
        found = self.auth.sessions.devices(self.user, self.one)
        return found[0].handle

    def keep_fresh(self, browser: Browser) -> None:
        """Note the token that a browser has got in place of the old one."""
        cookie = browser.client.get_cookie("session_id")
        assert cookie
        self.fresh = cookie.value

    def administer(self, act: str) -> None:
        """Send the form of an administrator about the account."""
        self.send(f"/admin/users/{self.number}/{act}", self.admin)

    def moved(self) -> str:
        """Change the address; give the way back in the old mailbox."""
        self.auth.email_changes.make(self.user, f"{self.name}@moved.example")
        return self.newest("/verify-email/undo/")

    # -- looking ------------------------------------------------------------

    def sessions(self) -> dict[str, str]:
        """Name every session there was."""
        others = {f"other {kind}": t for kind, t in self.other.items()}
        return {"this": self.this, "one": self.one, **others}

    def left(self) -> set[str]:
        """Name what is left besides sessions."""
        auth = self.auth
        tokens = auth.mailed_tokens
        found = {
            "resets": tokens.look(self.mailed["resets"], "password_reset"),
            "letters": tokens.look(self.mailed["letters"], "not_me"),
            "pending": tokens.look(
                self.mailed["pending"], "email_verification"
            ),
            "undoing": self._undoes(),
            "devices": auth.known_devices.recognise(
                self.number, [self.device]
            ),
            "mailed": tokens.look(self.mailed["mailed"], "mailed_sign_in"),
            "factors": auth.passkeys._keys.one(self.key.id),
            "trust": self._trusted(),
            "waiting": self._waits(),
        }
        return {name for name, live in found.items() if live is not None}

    def _trusted(self) -> str | None:
        """Show the token of the trusted device, which gives another one."""
        try:
            stamps = self.stamps(self.user)
        except NoResultFound:
            return None
        trusted = TrustedDevices(self.auth.db)
        shown = [self.trust] if self.trust else []
        self.trust = trusted.turned(self.number, shown, stamps)
        return self.trust

    def _undoes(self) -> User | None:
        """Say whose factors the link about a new one removes, if it does."""
        try:
            return self.auth.not_me.look(self.mailed["undoing"])
        except Expired:
            return None

    def _waits(self) -> User | None:
        """Say whose sign-in waits, if one does."""
        try:
            return self.auth.second_factors._found(self.waiting)[0]
        except Expired:
            return None

    def set_up(self) -> Phone:
        """Begin to set an app up; trust ends once it is confirmed."""
        begun = self.auth.totp.begin(self.user, by=OPERATOR)
        return Phone(begun.key, self.auth.clock)

    def answered(self, browser: Browser, path: str, options: str) -> str:
        """Have the device answer what the script of a page asks it."""
        secret = form_token(browser.open(path))
        told = browser.client.post(options, data={"csrf_token": secret})
        assert told.status_code == 200, told.text
        asked = told.get_json()["public_key"]
        device = self.ring.device
        made = device.create(asked) if "rp" in asked else device.get(asked)
        return json.dumps(made)

    def hand(self, path: str, options: str) -> Browser:
        """Hand a passkey over to the form of a page."""
        browser = self.browser(self.this)
        credential = self.answered(browser, path, options)
        answer = browser.send(path, credential=credential)
        assert answer.status_code in (302, 303), answer.text
        return browser

    def hand_over(self, path: str, options: str) -> Browser:
        """Hand a passkey over to the API."""
        browser = self.browser(self.this)
        told = browser.client.post(f"/api/v1{options}")
        asked = told.get_json()["public_key"]
        device = self.ring.device
        made = device.create(asked) if "rp" in asked else device.get(asked)
        self._called(browser, "POST", f"/api/v1{path}", {"credential": made})
        return browser

    def unconfirmed(self) -> "World":
        """Have nobody confirm the address yet."""
        self.auth.db.update_user(self.number, email_verified_at=None)
        return self

    def trusting_anew(self) -> None:
        """Trust a device once more, after what has ended trust."""
        stamp = self.stamps(self.user)[0]
        trusted = TrustedDevices(self.auth.db)
        self.trust = trusted.begin(self.number, stamp)

    def proven_anew(self) -> None:
        """Have the session at hand fresh again, which a new factor ended."""
        self.auth.db.write(
            update(SessionRecord)
            .where(SessionRecord.fingerprint == fingerprint(self.this))
            .values(proven_at=self.auth.clock.now())
        )

    def distrust(self) -> None:
        """Press the button of the one device that is trusted."""
        browser = self.browser(self.this)
        token = form_token(browser.open("/account/security"))
        (device,) = self.auth.second_factors.trusted(self.user)
        path = f"/account/security/trusted/{device.handle}/end"
        answer = browser.client.post(
            path, data={"csrf_token": token}, headers=HTML
        )
        assert answer.status_code == 303, answer.text


def _app_on(w: World) -> World:
    """Have an app on by the session at hand, and trust a device then."""
    phone = w.set_up()
    by = w.auth.sessions.actor(w.this)
    w.auth.totp.confirm(w.user, phone.code(-1), by=by)
    w.trusting_anew()
    return w


def _waiting(w: World, *, by_passkey: bool = False) -> Browser:
    """Open the browser where a sign-in waits for what the account has."""
    if by_passkey:
        _another(w)
    browser, sealed = w.browser(), Response()
    with w.app.test_request_context():
        WAITING.give(sealed, w.waiting)
    name, _, value = sealed.headers["Set-Cookie"].partition("=")
    browser.client.set_cookie(name, value.partition(";")[0])
    return browser


def _verify(w: World) -> None:
    """Enter the code of an app where a sign-in waits."""
    phone = w.set_up()
    w.auth.totp.confirm(w.user, phone.code(-1), by=OPERATOR)
    w.trusting_anew()
    answer = _waiting(w).send("/login/verify?way=totp", code=phone.code())
    assert answer.status_code == 302, answer.text


def _verify_by_passkey(w: World) -> None:
    """Show a passkey where a sign-in waits."""
    browser, path = _waiting(w, by_passkey=True), "/login/verify/passkey"
    credential = w.answered(browser, path, f"{path}/options")
    answer = browser.send(path, credential=credential)
    assert answer.status_code == 302, answer.text


def _cancel(w: World) -> None:
    """Press the button that gives a sign-in up."""
    browser = _waiting(w, by_passkey=True)
    secret = form_token(browser.open("/login/verify/passkey"))
    answer = browser.client.post(
        "/login/verify/cancel", data={"csrf_token": secret}, headers=HTML
    )
    assert answer.status_code == 303, answer.text


def _finish(w: World, *, by_api: bool) -> None:
    """Show the code of an app, without a browser."""
    phone = w.set_up()
    w.auth.totp.confirm(w.user, phone.code(-1), by=OPERATOR)
    w.trusting_anew()
    path, code = "/sessions/second-factor", phone.code()
    if by_api:
        w.call("POST", path, "", waiting=w.waiting, code=code)
        return
    # From where all requests here come, so that none is news.
    with under(Circumstances(address="127.0.0.1")):
        w.auth.second_factors.finish(w.waiting, code)


def _finish_by_passkey(w: World, *, by_api: bool) -> None:
    """Show a passkey, without a browser."""
    _another(w)
    asked = w.auth.passkeys.second_options(w.waiting)
    shown = w.ring.device.get(asked)
    path = "/sessions/second-factor/passkey"
    if by_api:
        w.call("POST", path, "", waiting=w.waiting, credential=shown)
        return
    with under(Circumstances(address="127.0.0.1")):
        w.auth.passkeys.finish(w.waiting, json.dumps(shown))


def _switch_on(w: World) -> None:
    """Switch an app on at its page, which shows recovery codes then."""
    phone = w.set_up()
    browser = w.browser(w.this)
    answer = browser.send("/account/2fa/confirm", code=phone.code())
    assert answer.status_code == 200, answer.text


def _another(w: World) -> int:
    """Have one more passkey, and trust a device after that."""
    added = w.ring.added(w.user)
    w.proven_anew()
    w.trusting_anew()
    return added.id


def _add_quietly(w: World) -> None:
    """Add what the browser has made beside a password."""
    browser = w.browser(w.this)
    page = browser.open("/account/passkeys/new")
    secret = {"csrf_token": form_token(page)}
    told = browser.client.post(
        "/account/passkeys/options", data={**secret, "quiet": "true"}
    )
    made = w.ring.device.create(told.get_json()["public_key"])
    handed = {**secret, "credential": json.dumps(made)}
    answer = browser.client.post("/account/passkeys/quiet", data=handed)
    assert answer.status_code == 204, answer.text


def _confirm_by_passkey(w: World) -> None:
    """Show a passkey in a session, for a fresh proof."""
    asked = w.auth.passkeys.confirm_options(w.user, w.this)
    shown = json.dumps(w.ring.device.get(asked))
    w.fresh = w.auth.passkeys.confirm(w.user, shown, w.this).token


def _enter_mailed_code(w: World) -> None:
    """Ask for a letter in a browser, and enter its code there."""
    browser = w.unconfirmed().browser()
    browser.send("/login/code", email=w.email)
    answer = browser.send("/login/code/enter", code=w.newest_code())
    assert answer.status_code in (302, 303), answer.text


def places(app: Flask, host: Flask) -> dict[str, Callable[[str], bool]]:
    """List where a session may be shown, and what tells it is alive."""
    client, shop = (
        app.test_client(use_cookies=False),
        host.test_client(use_cookies=False),
    )
    current = "/api/v1/sessions/current"

    def cookie(token: str) -> dict[str, str]:
        """Come with the cookie."""
        return {"Cookie": f"session_id={token}"}

    def bearer(token: str) -> dict[str, str]:
        """Come with the token as a bearer's."""
        return {"Authorization": f"Bearer {token}"}

    def is_in(at: Any, path: str, headers: dict[str, str]) -> bool:
        """Tell whether somebody is let in, and else refused."""
        status = at.get(path, headers=headers).status_code
        assert status in (200, 401), (path, status)
        return bool(status == 200)

    def on_a_page(token: str) -> bool:
        """Look where a page leads whoever is signed in."""
        answer = client.get("/secret", headers={**HTML, **cookie(token)})
        assert answer.status_code == 302
        return "/login" not in answer.location

    return {
        "page": on_a_page,
        "API, cookie": lambda t: is_in(client, current, cookie(t)),
        "API, bearer": lambda t: is_in(client, current, bearer(t)),
        "check, cookie": lambda t: is_in(client, "/check", cookie(t)),
        "check, bearer": lambda t: is_in(client, "/check", bearer(t)),
        "host, cookie": lambda t: is_in(shop, "/orders", cookie(t)),
        "host, bearer": lambda t: is_in(shop, "/orders", bearer(t)),
    }


def _confirm(w: World) -> None:
    """Confirm the new address at the page behind the link."""
    browser = w.browser(w.this)
    opened = browser.open(f"/verify-email/{w.mailed['pending']}")
    assert opened.status_code in (302, 303), opened.text
    answer = browser.send("/verify-email/confirm")
    assert answer.status_code in (302, 303), answer.text


def _import(w: World) -> None:
    """Bring another account over, beside those that there are."""
    header = ("email", "password_hash", "username")
    row = (f"x{w.name}@example.com", "!", f"x{w.name}")
    words = ("user", "import", "-", "--format", "csv")
    w.command(*words, typed=as_csv(header, row))


OLD = {"old_password": PASSWORD, "new_password": NEW}
WAYS: dict[str, Callable[[World], object]] = {
    "POST /login/verify": _verify,
    "POST /login/verify/passkey": _verify_by_passkey,
    "POST /api/v1/sessions/second-factor": lambda w: _finish(w, by_api=True),
    "POST /api/v1/sessions/second-factor/passkey": lambda w: (
        _finish_by_passkey(w, by_api=True)
    ),
    "auth.second_factors.finish": lambda w: _finish(w, by_api=False),
    "auth.passkeys.finish": lambda w: _finish_by_passkey(w, by_api=False),
    "POST /login/verify/cancel": _cancel,
    "auth.second_factors.cancel": lambda w: w.auth.second_factors.cancel(
        w.waiting
    ),
    "POST /account/2fa/confirm": _switch_on,
    "PUT /api/v1/totp": lambda w: w.call(
        "PUT", "/totp", code=w.set_up().code()
    ),
    "auth.totp.confirm": lambda w: w.auth.totp.confirm(
        w.user, w.set_up().code(), by=OPERATOR
    ),
    "POST /account/2fa/remove": lambda w: _app_on(w).send(
        "/account/2fa/remove"
    ),
    "DELETE /api/v1/totp": lambda w: _app_on(w).call("DELETE", "/totp"),
    "auth.totp.remove": lambda w: _app_on(w).auth.totp.remove(
        w.user, by=OPERATOR
    ),
    "POST /account/passkeys/new": lambda w: w.hand(
        "/account/passkeys/new", "/account/passkeys/options"
    ),
    "POST /account/passkeys/quiet": _add_quietly,
    "POST /api/v1/passkeys": lambda w: w.hand_over(
        "/passkeys", "/passkey-options"
    ),
    "auth.passkeys.add": lambda w: w.ring.added(w.user),
    "POST /account/passkeys/<number>/remove": lambda w: w.send(
        f"/account/passkeys/{_another(w)}/remove"
    ),
    "DELETE /api/v1/passkeys/<number>": lambda w: w.call(
        "DELETE", f"/passkeys/{_another(w)}"
    ),
    "auth.passkeys.remove": lambda w: w.auth.passkeys.remove(
        _another(w), by=w.ring.fresh(w.user)
    ),
    "POST /confirm/passkey": lambda w: w.keep_fresh(
        w.hand("/confirm/passkey", "/confirm/passkey/options")
    ),
    "POST /api/v1/sessions/current/proof/passkey": lambda w: w.keep_fresh(
        w.hand_over(
            "/sessions/current/proof/passkey",
            "/sessions/current/proof/passkey/options",
        )
    ),
    "auth.passkeys.confirm": _confirm_by_passkey,
    "auth.recent_proof.confirm_by": lambda w: setattr(
        w,
        "fresh",
        w.auth.recent_proof.confirm_by(w.user, w.this, lambda: None).token,
    ),
    "POST /login/code/enter": _enter_mailed_code,
    "POST /login/code/link": lambda w: w.unconfirmed().as_stranger(
        "/login/code/link", f"/login/code/{w.mailed['mailed']}"
    ),
    "POST /api/v1/sessions/mailed-code/code": lambda w: w.unconfirmed().call(
        *("POST", "/sessions/mailed-code/code", ""),
        name=w.name,
        code=w.digits,
        ticket=w.ticket,
    ),
    "POST /api/v1/sessions/mailed-code/link": lambda w: w.unconfirmed().call(
        *("POST", "/sessions/mailed-code/link", ""), token=w.mailed["mailed"]
    ),
    "auth.mailed_sign_in.by_code": lambda w: (
        w.unconfirmed().auth.mailed_sign_in.by_code(
            w.name, w.digits, [w.ticket]
        )
    ),
    "auth.mailed_sign_in.by_link": lambda w: (
        w.unconfirmed().auth.mailed_sign_in.by_link(w.mailed["mailed"])
    ),
    "POST /admin/users/<number>/reset-2fa": lambda w: w.administer(
        "reset-2fa"
    ),
    "user reset-2fa": lambda w: w.command("user", "reset-2fa", w.name),
    "auth.second_factors.reset": lambda w: w.auth.second_factors.reset(
        w.user, by=OPERATOR
    ),
    "POST /account/security/trusted/<handle>/end": World.distrust,
    "auth.second_factors.distrust": lambda w: w.auth.second_factors.distrust(
        w.auth.second_factors.trusted(w.user)[0].handle, by=Actor(w.user)
    ),
    "POST /logout": lambda w: w.send("/logout"),
    "DELETE /api/v1/sessions/current": lambda w: w.call(
        "DELETE", "/sessions/current"
    ),
    "DELETE /sessions": lambda w: w.classic("DELETE", "/sessions", w.this),
    "auth.login.out": lambda w: w.auth.login.out(w.this),
    "auth.sessions.end": lambda w: w.auth.sessions.end(w.this),
    "POST /api/v1/sessions": lambda w: w.keep_fresh(
        w.call("POST", "/sessions", name=w.name, password=PASSWORD)
    ),
    "POST /sessions": lambda w: w.keep_fresh(
        w.classic(
            "POST", "/sessions", w.this, email=w.email, password=PASSWORD
        )
    ),
    "POST /confirm": lambda w: w.keep_fresh(
        w.send("/confirm", password=PASSWORD)
    ),
    "POST /api/v1/sessions/current/proof": lambda w: w.keep_fresh(
        w.call("POST", "/sessions/current/proof", password=PASSWORD)
    ),
    "auth.recent_proof.confirm": lambda w: setattr(
        w,
        "fresh",
        w.auth.recent_proof.confirm(w.user, PASSWORD, w.this).token,
    ),
    "POST /account/sessions/<handle>/end": World.end_one,
    "DELETE /api/v1/sessions/<handle>": lambda w: w.call(
        "DELETE", f"/sessions/{w.handle}"
    ),
    "auth.sessions.end_device": lambda w: w.auth.sessions.end_device(
        w.handle, by=w.actor
    ),
    "POST /account/sessions/others": lambda w: w.send(
        "/account/sessions/others"
    ),
    "DELETE /api/v1/sessions": lambda w: w.call("DELETE", "/sessions"),
    "auth.sessions.end_others": lambda w: w.auth.sessions.end_others(
        w.user, w.this, by=w.actor
    ),
    "auth.sessions.end_all": lambda w: w.auth.sessions.end_all(
        w.number, keep=w.this
    ),
    "POST /account/not-me": lambda w: w.send("/account/not-me"),
    "POST /api/v1/not-me": lambda w: w.call("POST", "/not-me"),
    "auth.not_me.shut_out": lambda w: w.auth.not_me.shut_out(
        w.user, keep=w.this, by=w.actor
    ),
    "POST /security/not-me": lambda w: w.as_stranger(
        "/security/not-me", f"/security/not-me/{w.mailed['letters']}"
    ),
    "PUT /api/v1/not-me": lambda w: w.call(
        "PUT", "/not-me", "", token=w.mailed["letters"]
    ),
    "auth.not_me.secure": lambda w: w.auth.not_me.secure(w.mailed["letters"]),
    "POST /password/change": lambda w: w.send(
        "/password/change", **OLD, new_password2=NEW
    ),
    "PUT /api/v1/password": lambda w: w.call("PUT", "/password", **OLD),
    "auth.passwords.change": lambda w: w.auth.passwords.change(
        w.user, PASSWORD, NEW, keep=w.this
    ),
    "POST /password_reset/new": lambda w: w.as_stranger(
        "/password_reset/new", f"/password_reset/{w.mailed['resets']}", **AGAIN
    ),
    "PUT /api/v1/password-reset": lambda w: w.call(
        "PUT",
        "/password-reset",
        "",
        token=w.mailed["resets"],
        new_password=NEW,
    ),
    "PUT /reset_password": lambda w: w.classic(
        "PUT",
        "/reset_password",
        email=w.email,
        reset_token=w.mailed["resets"],
        new_password=NEW,
    ),
    "auth.update_password": lambda w: w.auth.update_password(
        w.mailed["resets"], NEW
    ),
    "auth.password_reset.finish": lambda w: w.auth.password_reset.finish(
        w.mailed["resets"], NEW
    ),
    "user set-password": lambda w: w.command(
        *("user", "set-password", w.name, "--password-stdin"), typed=f"{NEW}\n"
    ),
    "auth.administration.set_password": lambda w: (
        w.auth.administration.set_password(w.user, NEW)
    ),
    "POST /password_reset": lambda w: w.as_stranger(
        "/password_reset", email=w.email
    ),
    "POST /admin/users/<number>/reset": lambda w: w.administer("reset"),
    "POST /api/v1/password-reset": lambda w: w.call(
        "POST", "/password-reset", "", email=w.email
    ),
    "POST /reset_password": lambda w: w.classic(
        "POST", "/reset_password", email=w.email
    ),
    "auth.administration.send_reset": lambda w: (
        w.auth.administration.send_reset(w.user, by=OPERATOR)
    ),
    "user send-reset": lambda w: w.command("user", "send-reset", w.name),
    "auth.get_reset_password_token": lambda w: w.auth.get_reset_password_token(
        w.email
    ),
    "auth.password_reset.ask": lambda w: w.auth.password_reset.ask(w.email),
    "POST /profile": lambda w: w.send(
        "/profile", username=w.name, email=f"{w.name}@newer.example"
    ),
    "PATCH /api/v1/profile": lambda w: w.call(
        "PATCH", "/profile", email=f"{w.name}@newer.example"
    ),
    "auth.email_changes.start": lambda w: w.auth.email_changes.start(
        w.user, f"{w.name}@newer.example"
    ),
    "auth.profile.update": lambda w: w.auth.profile.update(
        w.user, w.name, f"{w.name}@newer.example", by=OPERATOR
    ),
    "POST /verify-email/confirm": _confirm,
    "auth.email_verification.confirm": lambda w: (
        w.auth.email_verification.confirm(
            w.mailed["pending"], by=Actor(w.user), keep=w.this
        )
    ),
    "POST /verify-email": lambda w: w.send("/verify-email", code=w.code),
    "PUT /api/v1/email-verification": lambda w: w.call(
        "PUT", "/email-verification", token=w.mailed["pending"]
    ),
    "PUT /api/v1/email-verification/code": lambda w: w.call(
        "PUT", "/email-verification/code", code=w.code
    ),
    "auth.email_verification.confirm_by_code": lambda w: (
        w.auth.email_verification.confirm_by_code(
            w.code, by=Actor(w.user), keep=w.this
        )
    ),
    "POST /verify-email/undo": lambda w: w.as_stranger(
        "/verify-email/undo", f"/verify-email/undo/{w.moved()}"
    ),
    "PUT /api/v1/email-verification/undo": lambda w: w.call(
        "PUT", "/email-verification/undo", "", token=w.moved()
    ),
    "auth.email_changes.undo": lambda w: w.auth.email_changes.undo(w.moved()),
    "POST /admin/users/<number>/disable": lambda w: w.administer("disable"),
    "user disable": lambda w: w.command("user", "disable", w.name),
    "POST /admin/users/<number>/enable": lambda w: w.administer("enable"),
    "user enable": lambda w: w.command("user", "enable", w.name),
    "POST /admin/users/<number>/promote": lambda w: w.administer("promote"),
    "user promote": lambda w: w.command("user", "promote", w.name),
    "POST /admin/users/<number>/demote": lambda w: w.administer("demote"),
    "user demote": lambda w: w.command("user", "demote", w.name),
    "POST /admin/users/<number>/sign-out": lambda w: w.administer("sign-out"),
    "user sign-out": lambda w: w.command("user", "sign-out", w.name),
    "auth.administration.set_active(is_active=True)": lambda w: (
        w.auth.administration.set_active(w.user, is_active=True, by=OPERATOR)
    ),
    "auth.administration.set_active(is_active=False)": lambda w: (
        w.auth.administration.set_active(w.user, is_active=False, by=OPERATOR)
    ),
    "auth.administration.set_admin(is_admin=True)": lambda w: (
        w.auth.administration.set_admin(w.user, is_admin=True, by=OPERATOR)
    ),
    "auth.administration.set_admin(is_admin=False)": lambda w: (
        w.auth.administration.set_admin(w.user, is_admin=False, by=OPERATOR)
    ),
    "auth.administration.end_sessions": lambda w: (
        w.auth.administration.end_sessions(w.user, by=OPERATOR)
    ),
    "auth.destroy_session": lambda w: w.auth.destroy_session(w.number),
    "POST /users/<username>/delete": lambda w: w.send(
        f"/users/{w.name}/delete"
    ),
    "DELETE /api/v1/users/<username>": lambda w: w.call(
        "DELETE", f"/users/{w.name}"
    ),
    "user delete": lambda w: w.command(
        "user", "delete", w.name, "--confirm", w.name
    ),
    "auth.deletion.delete": lambda w: w.auth.deletion.delete(
        w.user, by=OPERATOR
    ),
    "user import": _import,
}
