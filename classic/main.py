#!/usr/bin/env python3
"""The end-to-end walk of the auth-service contract.

Run it against a server that was started with the preset ``classroom``:

    script/dev --preset classroom
    classic/main.py [http://localhost:5000]
"""

import sys
import uuid

import requests

URL = (
    sys.argv[1].rstrip("/") if len(sys.argv) > 1 else ("http://localhost:5000")
)
EMAIL = f"guillaume-{uuid.uuid4().hex[:8]}@holberton.io"
PASSWD = "b4l0u"
NEW_PASSWD = "t4rt1fl3tt3"


def register_user(email: str, password: str) -> None:
    """Register, and see that the address is taken afterwards."""
    form = {"email": email, "password": password}
    reply = requests.post(f"{URL}/users", data=form, timeout=10)
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"email": email, "message": "user created"}
    again = requests.post(f"{URL}/users", data=form, timeout=10)
    assert again.status_code == 400, again.text
    assert again.json() == {"message": "email already registered"}


def log_in_wrong_password(email: str, password: str) -> None:
    """See that a wrong password opens nothing and sets no cookie."""
    form = {"email": email, "password": password}
    reply = requests.post(f"{URL}/sessions", data=form, timeout=10)
    assert reply.status_code == 401, reply.text
    assert "Set-Cookie" not in reply.headers


def log_in(email: str, password: str) -> str:
    """Sign in and return the session's cookie."""
    form = {"email": email, "password": password}
    reply = requests.post(f"{URL}/sessions", data=form, timeout=10)
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"email": email, "message": "logged in"}
    return reply.cookies["session_id"]


def profile_unlogged() -> None:
    """See that nobody has no profile."""
    reply = requests.get(f"{URL}/profile", timeout=10)
    assert reply.status_code == 403, reply.text


def profile_logged(session_id: str) -> None:
    """See one's own address."""
    cookies = {"session_id": session_id}
    reply = requests.get(f"{URL}/profile", cookies=cookies, timeout=10)
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"email": EMAIL}


def log_out(session_id: str) -> None:
    """Sign out, and be led to the entrance."""
    cookies = {"session_id": session_id}
    reply = requests.delete(f"{URL}/sessions", cookies=cookies, timeout=10)
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"message": "Bienvenue"}
    assert reply.history[0].status_code == 302
    assert reply.history[0].headers["Location"] == "/"


def reset_password_token(email: str) -> str:
    """Ask for a reset token; nobody without an account gets one."""
    form = {"email": f"nobody-{email}"}
    unknown = requests.post(f"{URL}/reset_password", data=form, timeout=10)
    assert unknown.status_code == 403, unknown.text
    form = {"email": email}
    reply = requests.post(f"{URL}/reset_password", data=form, timeout=10)
    assert reply.status_code == 200, reply.text
    token = str(reply.json()["reset_token"])
    assert reply.json() == {"email": email, "reset_token": token}
    return token


def update_password(email: str, reset_token: str, new_password: str) -> None:
    """Set a new password by the token, once and not again."""
    form = {
        "email": email,
        "reset_token": reset_token,
        "new_password": new_password,
    }
    reply = requests.put(f"{URL}/reset_password", data=form, timeout=10)
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"email": email, "message": "Password updated"}
    again = requests.put(f"{URL}/reset_password", data=form, timeout=10)
    assert again.status_code == 403, again.text


if __name__ == "__main__":
    register_user(EMAIL, PASSWD)
    log_in_wrong_password(EMAIL, NEW_PASSWD)
    profile_unlogged()
    session = log_in(EMAIL, PASSWD)
    profile_logged(session)
    log_out(session)
    profile_unlogged()
    token = reset_password_token(EMAIL)
    update_password(EMAIL, token, NEW_PASSWD)
    log_in(EMAIL, NEW_PASSWD)
    print("OK")
