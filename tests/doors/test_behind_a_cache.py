"""A real cache in front never shows anybody what is somebody else's."""

import getpass
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from flask import Flask

from conftest import HTML, PASSWORD
from deeds import deeds
from processes import PATIENCE, environment, free_port, serving, started
from proxies import found

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
# It keeps whatever it is not forbidden to keep; and at /deceived/ it even
# keeps all that looks like a file, as careless caches do.
CONFIGURATION = """{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    proxy_cache_path kept keys_zone=kept:1m;
    proxy_cache kept;
    proxy_cache_valid any 10m;
    proxy_cache_methods GET HEAD;
    proxy_set_header Host $http_host;
    add_header X-Kept $upstream_cache_status always;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{behind}; }}
        location ~ [.](css|js|svg|ico|txt|json)$ {{
            proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
            proxy_pass http://127.0.0.1:{behind};
        }}
    }}
}}
"""
PRETENDED = [
    *("{}/x.css", "{}.css", "{};x.css", "{}%2fx.css", "{}%3bx.css", "{}/.js"),
    *("{}%23x.css", "{}%3fx.css", "{}%00.css", "{}%0a.css", "{}/..%2fx.css"),
    *("/static/..%2f{}", "/static/vestibule/..%2f..%2f{}.css", "{}\\x.css"),
]


@dataclass
class Cached:
    """Vestibule behind a cache, and its people."""

    url: str

    def somebody(self, name: str = "") -> requests.Session:
        """Bring a browser, with somebody signed in perhaps."""
        session = requests.Session()
        session.headers.update(HTML)
        session.trust_env = False
        if name:
            typed = {"email": f"{name}@example.com", "password": PASSWORD}
            for path in ("/users", "/sessions"):
                made = session.post(f"{self.url}{path}", typed)
                assert made.status_code == 200, made.text
        return session

    def seen(
        self, who: requests.Session, path: str, **headers: str
    ) -> tuple[bool, str, int]:
        """Look at a page: whether it was kept, what it says, its status."""
        found = who.get(
            f"{self.url}{path}",
            headers=headers,
            timeout=PATIENCE,
            allow_redirects=False,
        )
        kept = found.headers.get("X-Kept") == "HIT"
        told = f"{found.headers}{found.text}"
        return kept, told, found.status_code


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cached]:
    """Run Vestibule with a cache of nginx in front."""
    home, place = (tmp_path_factory.mktemp(n) for n in ("home", "nginx"))
    port = free_port()
    with serving(home) as server:
        is_root = os.geteuid() == 0
        (place / "nginx.conf").write_text(
            CONFIGURATION.format(
                user=f"user {getpass.getuser()};" if is_root else "",
                port=port,
                behind=server.port,
            )
        )
        command = [found("nginx"), "-p", f"{place}/", "-e", "stderr"]
        command += ["-c", "nginx.conf"]
        with started(command, port, place, environment(place)):
            yield Cached(f"http://localhost:{port}")


@pytest.fixture
def pages(app: Flask) -> list[str]:
    """List the addresses of everything that can be looked at."""
    rules = [deed.rule for deed in deeds(app) if deed.looks]
    paths = [rule.replace("<username>", "alice") for rule in rules]
    return sorted({path for path in paths if "<" not in path})


@one_database
@pytest.mark.attack(66, 67, "A30")
@pytest.mark.asvs("14.2.2")
def test_a_cache_shows_nobody_what_is_somebody_elses(
    cached: Cached, pages: list[str]
) -> None:
    assert len(pages) > 25
    people = {n: cached.somebody(n) for n in ("alice", "bob", "")}
    hits = []
    # Each twice, so that what could be kept would be; and alice first.
    for path in pages:
        for name, who in people.items():
            for accept in (HTML["Accept"], "application/json") * 2:
                kept, told, status = cached.seen(who, path, Accept=accept)
                assert status < 500, (path, told)
                if name != "alice":
                    assert "alice@example.com" not in told, (name, path)
                if name:
                    assert "bob@example.com" not in told or name == "bob"
                hits += [path] * kept
    assert set(hits) <= {
        *("/api/openapi.json", "/manifest.webmanifest", "/robots.txt"),
        *("/favicon.ico", "/apple-touch-icon.png"),
        "/.well-known/passkey-endpoints",
    }


@one_database
@pytest.mark.attack(66, 67, "A30")
@pytest.mark.asvs("14.2.5")
def test_a_page_that_pretends_to_be_a_file_tells_nothing(
    cached: Cached, pages: list[str]
) -> None:
    carol, mallory = cached.somebody("carol"), cached.somebody()
    hers = [path.replace("alice", "carol") for path in pages]
    shown = [path for path in hers if cached.seen(carol, path)[2] == 200]
    assert len(shown) > 15
    for path in shown:
        for trick in PRETENDED:
            disguised = trick.format(path)
            for who in (carol, mallory):
                _, told, status = cached.seen(who, disguised)
                assert "carol@example.com" not in told, (disguised, told)
                assert status != 200 or "</form>" not in told, disguised
                assert "session_id" not in told, disguised
                # What told her nothing is told to nobody from the cache.
                if status != 200:
                    break


@pytest.mark.asvs("3.5.7")
@pytest.mark.attack(66, "A30")
def test_files_for_everybody_are_kept(cached: Cached) -> None:
    alice, bob = cached.somebody("anna"), cached.somebody("boris")
    for path in ("/static/vestibule/vestibule.css", "/robots.txt"):
        for who, is_kept in ((alice, False), (bob, True)):
            assert cached.seen(who, f"{path}?fresh")[::2] == (is_kept, 200)
