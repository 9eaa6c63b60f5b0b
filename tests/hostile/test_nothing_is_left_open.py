"""What requests take they give back: files, connections, threads."""

import threading
from pathlib import Path

import pytest
from flask import Flask

from conftest import Browser
from paintings import painted
from vestibule.auth import Auth
from vestibule.user import User

OPEN = Path("/proc/self/fd")
pytestmark = [
    pytest.mark.skipif(
        not OPEN.exists(), reason="only Linux lists what a process has open"
    ),
    # Here the connections to the database are files as well.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.mark.asvs("1.4.3")
@pytest.mark.settings(attempts_per_address=1_000_000)
def test_requests_of_all_kinds_leave_nothing_open(
    app: Flask, auth: Auth, alice: User, tmp_path: Path
) -> None:
    def round_of_requests() -> None:
        """Sign in, send pictures good and bad, get lost, sign out."""
        browser = Browser(app)
        browser.sign_in("alice")
        for content in (painted(), b"\x89PNG\r\n\x1a\n and nothing more"):
            browser.client.put(
                "/api/v1/profile/picture",
                data=content,
                content_type="image/png",
            )
        page = browser.open("/profile").text
        path = page.partition('src="/pictures/')[2].partition('"')[0]
        assert browser.open(f"/pictures/{path}").status_code == 200
        for path in ("/nowhere", "/static/vestibule/vestibule.css", "/check"):
            browser.open(path)
        browser.client.post("/login", data=b"x" * 200_000)
        browser.send("/logout")

    def held() -> tuple[int, int]:
        """Count open files, and threads."""
        return len([*OPEN.iterdir()]), threading.active_count()

    # What is opened once and kept, like the pool of connections.
    for _ in range(2):
        round_of_requests()
    before = held()
    for _ in range(5):
        round_of_requests()
    files, threads = held()

    assert files <= before[0] + 2
    assert threads <= before[1] + 1
