"""The doors that the model is compared through: pages, API, classic routes.

Each act says with which status the API would answer; what a page shows in
its own way is brought to that as far as it can be told.
"""

import re
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from conftest import HTML, Browser, field_errors, form_token, notices
from paintings import painted, send_parts
from phones import shown_codes
from vestibule.capabilities.sessions.devices import handle
from vestibule.ground.randomness import fingerprint

PAGE, API, CLASSIC = "page", "API", "classic"
V1 = "/api/v1"
GOOD, BAD = painted(size=(3, 2)), b"no picture at all"


class Device:
    """A place where somebody is signed in, or not: a browser and programs.

    The session is the same by all doors: the browser has its token in the
    cookie, and programs send it as bearers.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.browser = Browser(app)
        self.program = app.test_client(use_cookies=False)
        self.token = ""
        # The sign-in of a program that waits for its second step.
        self.waiting = "x" * 43
        self.errors: dict[str, str] = {}

    def api(
        self, method: str, path: str, body: Any = None, **more: Any
    ) -> TestResponse:
        """Call the API as whoever is signed in here."""
        headers = {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return seen(
            self.program.open(
                V1 + path, method=method, json=body, headers=headers, **more
            )
        )

    def fill(
        self, path: str, typed: dict[str, Any] | None = None, **more: Any
    ) -> int:
        """Fill in the form of a page; say the status that this came to."""
        self._carry()
        page = seen(self.browser.follow(path))
        if page.status_code != 200:
            return self._led(page, 410)
        if 'name="csrf_token"' not in page.text:
            # There is nothing that could be done.
            return 200
        sent = seen(self._sent(page, {**(typed or {}), **more}))
        # What the page says is wrong, for whoever looks for a difference.
        self.errors = field_errors(sent)
        self._take()
        return self._led(sent, 200)

    def _sent(self, page: TestResponse, typed: dict[str, Any]) -> TestResponse:
        """Send the form of a page that is open."""
        hidden = re.findall(
            r'name="(link|account)" value="([^"]+)"', page.text
        )
        data = {**dict(hidden), **typed, "csrf_token": form_token(page)}
        where = page.request.full_path.rstrip("?")
        return self.browser.client.post(where, data=data, headers=HTML)

    @staticmethod
    def _led(answer: TestResponse, elsewhere: int) -> int:
        """Say what it means where an answer leads."""
        if answer.status_code not in (302, 303):
            return answer.status_code
        asks = ("/confirm", "/login?next=")
        return 401 if answer.location.startswith(asks) else elsewhere

    def _carry(self) -> None:
        """Put the token into the browser's cookie, dead or not."""
        if self.token:
            self.browser.client.set_cookie("session_id", self.token)

    def _take(self) -> None:
        """Take the token out of the browser's cookie, if it has one."""
        cookie = self.browser.client.get_cookie("session_id")
        if cookie and cookie.value:
            self.token = cookie.value

    def sign_up(self, door: str, name: str, email: str, password: str) -> int:
        """Create an account."""
        typed = {"email": email, "password": password}
        if door == PAGE:
            twice = {"password1": password, "password2": password}
            return self.fill("/register", twice, username=name, email=email)
        if door == CLASSIC:
            return seen(self.program.post("/users", json=typed)).status_code
        named = {**typed, "username": name}
        return self.api("POST", "/users", named).status_code

    def sign_in(
        self, door: str, name: str, password: str, *, remember: bool
    ) -> int:
        """Sign in; the token is kept if it works."""
        typed: dict[str, Any] = {"password": password}
        if door == PAGE:
            if remember:
                typed["remember"] = "on"
            return self.fill("/login", typed, email=name)
        if door == CLASSIC:
            self._carry()
            typed["email"] = name
            client = self.browser.client
            answer = seen(client.post("/sessions", json=typed))
            self._take()
            return answer.status_code
        more = {"name": name, "bearer": True, "remember": remember}
        answer = self.api("POST", "/sessions", {**typed, **more})
        if answer.status_code == 201:
            self.token = answer.get_json()["token"]
        if answer.status_code == 202:
            self.waiting = answer.get_json()["waiting"]
        return answer.status_code

    def second_step(self, door: str, code: str, *, trust: bool) -> int:
        """Show a second factor; the token is kept if it works."""
        if door == PAGE:
            more = {"trust": "true"} if trust else {}
            return self.fill("/login/verify", more, code=code)
        shown = {"waiting": self.waiting, "code": code, "bearer": True}
        answer = self.api("POST", "/sessions/second-factor", shown)
        if answer.status_code == 201:
            self.token = answer.get_json()["token"]
        return answer.status_code

    def begin_app(self) -> tuple[int, str]:
        """Begin to set an app up; give its key, if there is one."""
        answer = self.api("POST", "/totp")
        told = answer.get_json() or {}
        return answer.status_code, told.get("secret", "")

    def confirm_app(self, door: str, code: str) -> tuple[int, list[str]]:
        """Switch an app on; give the codes that a page shows then."""
        if door == API:
            answer = self.api("PUT", "/totp", {"code": code})
            return answer.status_code, []
        self._carry()
        page = seen(self.browser.follow("/account/2fa/confirm"))
        sent = seen(self._sent(page, {"code": code}))
        return sent.status_code, shown_codes(sent)

    def remove_app(self, door: str) -> int:
        """Turn an app off."""
        if door == PAGE:
            self._carry()
            page = seen(self.browser.open("/account/2fa/remove"))
            if page.status_code != 200:
                return self._led(page, 404)
            return self._led(seen(self._sent(page, {})), 200)
        return self.api("DELETE", "/totp").status_code

    def make_codes(self) -> tuple[int, list[str]]:
        """Make new recovery codes."""
        answer = self.api("POST", "/recovery-codes")
        told = answer.get_json() or {}
        return answer.status_code, told.get("codes", [])

    def sign_out(self, door: str) -> int:
        """Sign out."""
        if door == PAGE:
            return self.fill("/logout")
        if door == CLASSIC:
            self._carry()
            answer = seen(self.browser.client.delete("/sessions"))
            return 200 if answer.status_code == 302 else answer.status_code
        return self.api("DELETE", "/sessions/current").status_code

    def prove(self, door: str, password: str, code: str = "") -> int:
        """Confirm who one is; the session goes on under another token."""
        typed = {"password": password, **({"code": code} if code else {})}
        if door == PAGE:
            return self.fill("/confirm", typed)
        answer = self.api("POST", "/sessions/current/proof", typed)
        if answer.status_code == 200:
            self.token = answer.get_json()["token"]
        return answer.status_code

    def change_password(self, door: str, old: str, new: str) -> int:
        """Change the password."""
        typed = {"old_password": old, "new_password": new}
        if door == PAGE:
            return self.fill("/password/change", typed, new_password2=new)
        return self.api("PUT", "/password", typed).status_code

    def ask_reset(self, door: str, name: str) -> int:
        """Ask for a letter."""
        typed = {"email": name}
        if door == PAGE:
            return self.fill("/password_reset", typed)
        if door == CLASSIC:
            answer = self.program.post("/reset_password", json=typed)
            return seen(answer).status_code
        return self.api("POST", "/password-reset", typed).status_code

    def reset(self, door: str, token: str, email: str, password: str) -> int:
        """Set a new password by a letter."""
        if door == PAGE:
            twice = {"password": password, "confirm_password": password}
            return self.fill(f"/password_reset/{token}", twice)
        if door == CLASSIC:
            typed = {"email": email, "new_password": password}
            typed["reset_token"] = token
            answer = self.program.put("/reset_password", json=typed)
            return seen(answer).status_code
        typed = {"token": token, "new_password": password}
        return self.api("PUT", "/password-reset", typed).status_code

    def save(self, door: str, own: tuple[str, str], **changed: str) -> int:
        """Save the profile with something changed."""
        if door == API:
            return self.api("PATCH", "/profile", changed).status_code
        username, email = own
        typed = {"username": username, "email": email, **changed}
        status = self.fill("/profile", typed)
        if status != 200:
            return status
        page = self.browser.open("/profile")
        is_done = "Profile updated successfully" in notices(page)
        return 200 if is_done else 409

    def confirm(self, door: str, token: str, password: str) -> int:
        """Confirm an address by a letter."""
        typed = {"password": password} if password else {}
        if door == PAGE:
            return self.fill(f"/verify-email/{token}", typed)
        typed["token"] = token
        return self.api("PUT", "/email-verification", typed).status_code

    def undo(self, door: str, token: str) -> int:
        """Take an address back."""
        if door == PAGE:
            return self.fill(f"/verify-email/undo/{token}")
        typed = {"token": token}
        return self.api("PUT", "/email-verification/undo", typed).status_code

    def add_feedback(
        self, door: str, name: str, words: tuple[str, str]
    ) -> int:
        """Write feedback for somebody."""
        typed = {"title": words[0], "content": words[1]}
        if door == PAGE:
            return self.fill(f"/users/{name}/feedback/add", typed)
        path = f"/users/{name}/feedback"
        return self.api("POST", path, typed).status_code

    def change_feedback(
        self, door: str, number: int, words: tuple[str, str]
    ) -> int:
        """Put other words in place."""
        typed = {"title": words[0], "content": words[1]}
        if door == PAGE:
            return self.fill(f"/feedback/{number}/update", typed)
        return self.api("PUT", f"/feedback/{number}", typed).status_code

    def delete_feedback(self, door: str, number: int) -> int:
        """Delete feedback."""
        if door == PAGE:
            return self.fill(f"/feedback/{number}/delete")
        return self.api("DELETE", f"/feedback/{number}").status_code

    def choose_picture(
        self, door: str, own: tuple[str, str], *, is_good: bool
    ) -> int:
        """Choose a picture, or what is none."""
        content = GOOD if is_good else BAD
        if door == API:
            path, kind = "/profile/picture", "image/png"
            answer = self.api("PUT", path, data=content, content_type=kind)
            return answer.status_code
        self._carry()
        page = seen(self.browser.open("/profile"))
        if page.status_code != 200:
            return self._led(page, 410)
        fields = {"username": own[0], "email": own[1]}
        fields["csrf_token"] = form_token(page)
        file = FileStorage(BytesIO(content), "me.png")
        seen(send_parts(self.browser, "/profile", {**fields, "picture": file}))
        told = notices(self.browser.open("/profile"))
        return 200 if "Profile updated successfully" in told else 422

    def remove_picture(self) -> int:
        """Take the picture away."""
        return self.api("DELETE", "/profile/picture").status_code

    def end_others(self, door: str, *, is_not_me: bool) -> int:
        """Sign out everywhere else."""
        if door == PAGE:
            pages = {
                True: "/account/not-me",
                False: "/account/sessions/others",
            }
            return self.fill(pages[is_not_me])
        if is_not_me:
            return self.api("POST", "/not-me").status_code
        return self.api("DELETE", "/sessions").status_code

    def end_one(self, other: str) -> int:
        """Sign out in one place, named as its owner sees it."""
        path = f"/sessions/{handle(fingerprint(other))}"
        return self.api("DELETE", path).status_code

    def delete(self, door: str, name: str) -> int:
        """Delete an account."""
        if door == PAGE:
            return self.fill(f"/users/{name}/delete")
        return self.api("DELETE", f"/users/{name}").status_code

    def administer(self, number: int, act: str) -> int:
        """Do what only administrators do, which only pages offer."""
        return self.fill(f"/admin/users/{number}/{act}")

    def check(self, token: str) -> dict[str, Any] | None:
        """Ask as another server whose session a token is."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = seen(self.program.get("/check", headers=headers))
        if answer.status_code == 401:
            return None
        told: dict[str, Any] = answer.get_json()
        return told


def seen(answer: TestResponse) -> TestResponse:
    """See that an answer is none of a bug."""
    assert answer.status_code < 500, (answer.request.path, answer.text)
    return answer
