"""The walk of the auth-service contract against a real server."""

import subprocess
import sys
from pathlib import Path

import requests

from conftest import PASSWORD
from processes import (
    PATIENCE,
    ROOT,
    developing,
    environment,
    mailed_link,
    post,
)

NEW = "a fresh and quite long phrase"


def test_shipped_walk_passes_in_the_classroom(tmp_path: Path) -> None:
    with developing(tmp_path, "--preset", "classroom") as server:
        # Twice, because nothing of the first walk may be in its way.
        for _ in range(2):
            walk = subprocess.run(
                [sys.executable, ROOT / "classic" / "main.py", server.url],
                env=environment(tmp_path),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            assert (walk.returncode, walk.stdout) == (0, "OK\n"), walk.stderr


def test_walk_by_default_takes_the_token_from_the_mail(
    tmp_path: Path,
) -> None:
    email = "anna@example.com"
    with developing(tmp_path) as server:
        url = server.url

        def get(path: str, session_id: str = "") -> requests.Response:
            """Ask as a program with nothing but a session does."""
            cookies = {"session_id": session_id} if session_id else {}
            return requests.get(url + path, cookies=cookies, timeout=PATIENCE)

        made = post(server, "/users", email=email, password=PASSWORD)
        assert (made.status_code, made.json()) == (
            200,
            {"email": email, "message": "user created"},
        )
        again = post(server, "/users", email=email, password=PASSWORD)
        assert (again.status_code, again.json()) == (
            400,
            {"message": "email already registered"},
        )
        wrong = post(server, "/sessions", email=email, password=NEW)
        assert wrong.status_code == 401
        assert "Set-Cookie" not in wrong.headers
        assert get("/profile").status_code == 403

        opened = post(server, "/sessions", email=email, password=PASSWORD)
        assert opened.json() == {"email": email, "message": "logged in"}
        session_id = opened.cookies["session_id"]
        assert get("/profile", session_id).json() == {"email": email}

        left = requests.delete(
            f"{url}/sessions",
            cookies={"session_id": session_id},
            timeout=PATIENCE,
        )
        assert left.history[0].status_code == 302
        assert left.history[0].headers["Location"] == "/"
        assert left.json() == {"message": "Bienvenue"}
        assert get("/profile", session_id).status_code == 403

        # Known and unknown addresses get the same answer, without a token.
        known = post(server, "/reset_password", email=email)
        unknown = post(server, "/reset_password", email=f"no-{email}")
        assert known.status_code == unknown.status_code == 200
        assert known.text == unknown.text
        assert set(known.json()) == {"message"}
        token = mailed_link(server, "/password_reset/").rpartition("/")[2]

        def put(reset_token: str, address: str = email) -> requests.Response:
            """Set the new password with a token."""
            form = {
                "email": address,
                "reset_token": reset_token,
                "new_password": NEW,
            }
            return requests.put(
                f"{url}/reset_password", data=form, timeout=PATIENCE
            )

        assert put("wrong").status_code == 403
        assert put(token, f"no-{email}").status_code == 403
        done = put(token)
        assert (done.status_code, done.json()) == (
            200,
            {"email": email, "message": "Password updated"},
        )
        assert put(token).status_code == 403
        old = post(server, "/sessions", email=email, password=PASSWORD)
        assert old.status_code == 401
        new = post(server, "/sessions", email=email, password=NEW)
        assert new.json() == {"email": email, "message": "logged in"}
