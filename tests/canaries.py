"""Canaries: a whole life at a real server, each secret in it marked.

Whoever lives it notes everything that must stay secret: what is typed, what
is mailed, and what the server hands out in cookies and forms.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from aiosmtpd.smtp import AuthResult, LoginPassword, Session

from conftest import HTML
from mailroom import Sink
from paintings import painted
from processes import PATIENCE, Server, eventually

ADDRESS = "203.0.113.77"
# What settings hold; nobody may see them anywhere.
KEPT = {
    "the secret key": "kanariQ7wXp2vR9sLm4tZc8bNf3jKd6h",
    "the metrics' token": "kanariH3zTq8yB5nWc1rVk7mJx4gPs9d",
    "the mail server's password": "kanari-smtp-word",
    "the database's password": "kanari-db-word",
    "Valkey's password": "kanari-valkey-word",
}
MAIL_NAME = "kanaribox@kanaripost.example"
# What people type; it belongs on no page of errors either.
TYPED = {
    "the first password": "kanari first password",
    "a wrong password": "kanari wrong password",
    "the second password": "kanari second password",
    "the third password": "kanari third password",
}
# What says who somebody is, or was written by them; no log holds it.
ABOUT = {
    "the username": "kanarivogel",
    "the address's name": "kanaripost",
    "the address's domain": "kanarihaus",
    "the new address's name": "kanarineu",
    "a misplaced password": "kanari misplaced password",
    "feedback": "kanari words of feedback",
    "the agent": "kanaribrowser",
    "the network address": ADDRESS,
    "where to go on to": "kanariziel",
    "a path": "kanaripfad",
    "a file's name": "kanaribild",
    "a cookie of others": "kanarikeks",
    "a proof of work": "kanaribeweis",
    "a header": "kanarikopf",
}
EMAIL = "kanaripost@kanarihaus.example"
NEW_EMAIL = "kanarineu@kanarihaus.example"
NAME = ABOUT["the username"]


class CanarySink(Sink):
    """A mail server that knows the canary's password."""

    def check(
        self, _: Any, session: Session, __: Any, ___: Any, given: Any
    ) -> AuthResult:
        """Let in whoever knows it."""
        del session
        word = KEPT["the mail server's password"].encode()
        right = LoginPassword(MAIL_NAME.encode(), word)
        return AuthResult(success=given == right, handled=False)


@dataclass
class Life:
    """Somebody who does everything there is, and notes what is secret."""

    server: Server
    sink: Sink
    # What was handed out: name and text.
    tokens: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    session: requests.Session = field(default_factory=requests.Session)
    seen: int = 0

    def __post_init__(self) -> None:
        self.session.headers.update(
            {
                **HTML,
                "User-Agent": f"Mozilla {ABOUT['the agent']}",
                "X-Forwarded-For": ADDRESS,
                "Vestibule-Proof": ABOUT["a proof of work"],
                "X-Odd": ABOUT["a header"],
                "Referer": f"{self.server.url}/{ABOUT['a path']}",
            }
        )
        self.session.cookies.set("other", ABOUT["a cookie of others"])

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask, and note the cookies and refusals that come back."""
        answer = self.session.request(
            method,
            self.server.url + path,
            timeout=PATIENCE,
            allow_redirects=False,
            **more,
        )
        for name, value in answer.cookies.items():
            if len(value) > 20:
                self.tokens[f"cookie {name} of {method} {path}"] = value
        if answer.status_code >= 400:
            self.refusals.append(answer.text)
        return answer

    def send(self, path: str, **typed: Any) -> requests.Response:
        """Fill in the form of a page and send it."""
        page = self.ask("GET", path)
        if page.status_code == 303:
            # A mailed link leads on to a form at an address of its own.
            path = page.headers["Location"].removeprefix(self.server.url)
            page = self.ask("GET", path)
        hidden = dict(
            re.findall(r'name="(csrf_token|link)" value="([^"]+)"', page.text)
        )
        assert "csrf_token" in hidden, (path, page.status_code)
        for name, value in hidden.items():
            self.tokens[f"{name} of {path}"] = value
        files = {k: v for k, v in typed.items() if isinstance(v, tuple)}
        data = {k: v for k, v in typed.items() if k not in files}
        return self.ask(
            "POST", path, data={**hidden, **data}, files=files or None
        )

    def call(
        self, method: str, path: str, token: str = "", **body: Any
    ) -> requests.Response:
        """Call the API, as a bearer if there is a token."""
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with requests.Session() as fresh:
            answer = fresh.request(
                method,
                f"{self.server.url}/api/v1/{path}",
                headers={**self.session.headers, **headers},
                json=body or None,
                timeout=PATIENCE,
            )
        if answer.status_code >= 400:
            self.refusals.append(answer.text)
        return answer

    def mailed(self, path: str) -> str:
        """Wait for the next mail with such a link; note link and code."""

        def look() -> str:
            """Read what has arrived since the last time."""
            for number, arrived in enumerate(self.sink.arrived):
                text = _text(arrived.mail)
                found = re.search(rf"{self.server.url}({path}\S+)", text)
                if number >= self.seen and found:
                    self.seen = number + 1
                    self._note(found[1], text)
                    return found[1]
            return ""

        return eventually(look, f"a mail with {path}")

    def _note(self, link: str, text: str) -> None:
        """Note the secrets of a mail."""
        self.tokens[f"link {link}"] = link.rpartition("/")[2]
        for code in re.findall(r"\b(\d{4}) (\d{4})\b", text):
            self.tokens[f"code {code}"] = "".join(code)
            self.tokens[f"spaced code {code}"] = " ".join(code)

    def mails(self) -> Iterator[str]:
        """List the texts of all mails."""
        for arrived in self.sink.arrived:
            yield _text(arrived.mail) + str(arrived.mail.items())


def _text(mail: Any) -> str:
    """Read both forms of a mail."""
    return "".join(
        str(part.get_content())
        for part in mail.walk()
        if part.get_content_maintype() == "text"
    )


def live(life: Life) -> None:
    """Do what people do, well and badly, from the first visit on."""
    first, second, third = (
        TYPED[f"the {name} password"] for name in ("first", "second", "third")
    )
    life.ask("GET", f"/login?next=/{ABOUT['where to go on to']}")
    signed_up = life.send(
        "/register",
        username=NAME,
        email=EMAIL,
        password1=first,
        password2=first,
    )
    assert signed_up.status_code == 302, said(signed_up)
    confirmed = life.send(life.mailed("/verify-email/"))
    assert confirmed.status_code < 400, said(confirmed)
    wrong = TYPED["a wrong password"]
    assert life.send("/login", email=EMAIL, password=wrong).status_code == 401
    # Whoever types the password where the name belongs.
    life.send("/login", email=ABOUT["a misplaced password"], password=NAME)
    assert life.send("/login", email=NAME, password=first).status_code == 302
    changed = life.send(
        "/password/change",
        old_password=first,
        new_password=second,
        new_password2=second,
    )
    assert changed.status_code == 302, said(changed)
    _show_oneself(life)
    assert life.send("/logout").status_code == 302
    life.send("/password_reset", email=NEW_EMAIL)
    reset = life.send(
        life.mailed("/password_reset/"), password=third, confirm_password=third
    )
    assert reset.status_code == 302, said(reset)
    life.session.cookies.clear()
    assert life.send("/login", email=NAME, password=third).status_code == 302
    _be_a_program(life, third)
    _break_rules(life)


def _show_oneself(life: Life) -> None:
    """Change the address, the picture and what is written."""
    called = ABOUT["a file's name"] + ".png"
    picture = (called, painted(size=(2, 2)), "image/png")
    moved = life.send(
        "/profile", username=NAME, email=NEW_EMAIL, picture=picture
    )
    assert moved.status_code == 302, said(moved)
    assert life.send(life.mailed("/verify-email/")).status_code < 400
    broken = (called, b"GIF89a no picture", "image/png")
    refused = life.send(
        "/profile", username=NAME, email=NEW_EMAIL, picture=broken
    )
    assert refused.status_code == 302, said(refused)
    words = ABOUT["feedback"]
    told = life.send(f"/users/{NAME}/feedback/add", title=words, content=words)
    assert told.status_code == 302, said(told)
    assert life.ask("GET", f"/users/{NAME}").status_code == 200
    assert life.ask("GET", "/account/sessions").status_code == 200


def _be_a_program(life: Life, password: str) -> None:
    """Use the API and the routes of the contract."""
    made = life.call(
        "POST", "sessions", name=NAME, password=password, bearer=True
    )
    assert made.status_code == 201, said(made)
    for name in ("token", "device"):
        life.tokens[f"the bearer's {name}"] = made.json()[name]
    token = made.json()["token"]
    assert life.call("GET", "profile", token).status_code == 200
    assert life.call("GET", "profile", token + "x").status_code == 401
    life.call(
        "POST", "sessions", name=NAME, password=TYPED["a wrong password"]
    )
    life.call("PUT", "password-reset", token=token, new_password=password)
    life.call("PUT", "email-verification", token="kanaripfad" * 4)
    plain = requests.post(
        f"{life.server.url}/sessions",
        {"email": NEW_EMAIL, "password": password},
        timeout=PATIENCE,
    )
    assert plain.status_code == 200, said(plain)
    life.tokens["the contract's cookie"] = plain.cookies["session_id"]
    for how, path, body in (
        ("POST", "/sessions", {"email": EMAIL, "password": password}),
        ("POST", "/reset_password", {"email": EMAIL}),
        ("PUT", "/reset_password", {"email": EMAIL, "reset_token": token}),
        ("POST", "/users", {"email": NEW_EMAIL, "password": password}),
    ):
        life.ask(how, path, data=body, headers={"Accept": "*/*"})


def _break_rules(life: Life) -> None:
    """Send what is refused, in ways that often end in a log."""
    token = next(iter(life.tokens.values()))
    bad = ABOUT["a path"]
    for path in (
        f"/password_reset/{token}",
        f"/{bad}",
        f"/{bad}/%0d%0a%7B%22event%22:1%7D",
        f"/users/{bad}",
        f"/verify-email/{token}",
        f"/login?next=//{bad}&password={TYPED['the third password']}",
        f"/check?token={token}",
        f"/admin/users?search={NEW_EMAIL}",
        f"/api/v1/{bad}?token={token}",
        f"/%ff{bad}",
    ):
        life.ask("GET", path)
    life.ask("POST", "/login", data={"csrf_token": token, "email": NAME})
    life.ask("POST", "/login", headers={"Origin": f"https://{bad}.example"})
    life.ask(
        "POST",
        "/sessions",
        data=f'{{"email": "{bad}',
        headers={"Content-Type": "application/json", "Accept": "*/*"},
    )
    life.ask("BREW", f"/{bad}")
    life.ask("GET", "/", headers={"Authorization": f"Basic {token}"})
    life.ask("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
    life.ask("GET", "/", headers={"Host": f"{bad}.example"})


def said(answer: requests.Response) -> str:
    """Say in short what an answer says."""
    text = re.sub(r"<[^>]*>|\s+", " ", answer.text)
    return f"{answer.status_code} {text[:600]}"
