"""A program at the API, with a cookie or with a token."""

import json
from typing import Any

from flask import Flask

from conftest import PASSWORD

HERE = "/api/v1"
JSON = "application/json"
PROBLEM = "application/problem+json"


class Program:
    """A client that speaks JSON, and has a cookie jar as browsers do."""

    def __init__(self, app: Flask, prefix: str = "") -> None:
        self.client = app.test_client()
        self.here = prefix + HERE
        self.token: str | None = None

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """Make a call, with the token if there is one.

        Returns:
            An answer of Werkzeug; as Any, since its JSON may be anything.
        """
        # As the document writes it; the first account is Alice's.
        path = path.replace("{username}", "alice").replace("{number}", "1")
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            # Other than Flask's own, this writes lone surrogates as well.
            more.update(data=json.dumps(body), content_type=JSON)
        return self.client.open(
            self.here + path, method=method, headers=sent, **more
        )

    def sign_in(self, name: str, password: str = PASSWORD) -> Any:
        """Sign in by a cookie."""
        typed = {"name": name, "password": password}
        return self.call("POST", "/sessions", typed)

    def bear(self, name: str, password: str = PASSWORD) -> Any:
        """Sign in by a token, which is sent from now on."""
        typed = {"name": name, "password": password, "bearer": True}
        answer = self.call("POST", "/sessions", typed)
        self.token = (answer.get_json() or {}).get("token", self.token)
        return answer

    def whoami(self) -> str | None:
        """Say the name of the account that is signed in here."""
        answer = self.call("GET", "/profile")
        if answer.status_code != 200:
            return None
        told: dict[str, str] = answer.get_json()
        return told["username"]


def told(answer: Any) -> tuple[int, str]:
    """Say status and code of a refusal, which must be a problem document."""
    assert answer.mimetype == PROBLEM, answer.text
    body = answer.get_json()
    assert {*body} - {"request_id", "proof_of_work"} == {
        "type",
        "title",
        "status",
        "code",
        "errors",
    }
    assert body["status"] == answer.status_code
    assert "Set-Cookie" not in answer.headers
    return answer.status_code, body["code"]


def spots(answer: Any) -> dict[str, str]:
    """Say which code stands at which field."""
    return {e["field"]: e["code"] for e in answer.get_json()["errors"]}
