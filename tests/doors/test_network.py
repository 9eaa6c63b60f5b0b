"""The network: who is let in, and where a request is said to come from."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD
from vestibule.auth import Auth
from vestibule.history import Event
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
classroom = pytest.mark.settings(preset="classroom")

TYPED = {"email": "alice@example.com", "password": PASSWORD}
FORWARDED = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Via",
)


def knock(
    client: FlaskClient,
    host: str = "localhost",
    peer: str = "127.0.0.1",
    **headers: str,
) -> TestResponse:
    """Sign in from some peer, under some name of this machine."""
    return client.post(
        "/sessions",
        data=TYPED,
        headers={"Host": host, **headers},
        environ_overrides={"REMOTE_ADDR": peer},
    )


@one_database
@classroom
def test_a_classroom_serves_its_own_machine(
    program: FlaskClient, alice: User
) -> None:
    for host in (
        "localhost",
        "LOCALHOST:5000",
        "127.0.0.1",
        "127.0.0.1:5000",
        "[::1]",
        "[::1]:5000",
        "0.0.0.0",
        "0.0.0.0:5000",
    ):
        assert knock(program, host).status_code == 200, host
    for peer in ("127.0.0.1", "127.1.2.3", "::1"):
        assert knock(program, peer=peer).status_code == 200, peer


@one_database
@classroom
def test_a_classroom_serves_nobody_else(
    program: FlaskClient, alice: User
) -> None:
    for peer in ("10.0.0.7", "192.0.2.1", "2001:db8::1", "0.0.0.0", "", "x"):
        assert knock(program, peer=peer).status_code == 403, peer
    # A page of another site whose name was bound to this machine.
    for host in (
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:5000",
        "localhost@evil.example",
        "::1",
        "[::1",
        "[::ffff:7f00:1]",
        "2130706433",
        "",
    ):
        assert knock(program, host).status_code == 403, host
    # Whoever comes through a proxy on this machine.
    for name in FORWARDED:
        refused = knock(program, **{name: "127.0.0.1"})
        assert refused.status_code == 403, name
        assert "own machine" in refused.text


@one_database
@classroom
def test_a_classroom_refuses_strangers_at_every_address(
    program: FlaskClient, alice: User
) -> None:
    stranger = {"REMOTE_ADDR": "192.0.2.1"}
    for method, path in (
        ("GET", "/"),
        ("GET", "/login"),
        ("GET", "/profile"),
        ("GET", "/nowhere"),
        ("GET", "/dev/mail"),
        ("GET", "/static/vestibule/vestibule.css"),
        ("POST", "/users"),
        ("DELETE", "/sessions"),
        ("PUT", "/reset_password"),
        ("OPTIONS", "/login"),
    ):
        for headers in ({}, HTML):
            response = program.open(
                path,
                method=method,
                headers=headers,
                environ_overrides=stranger,
            )
            assert response.status_code == 403, (method, path)


@one_database
def test_other_presets_serve_everybody(
    program: FlaskClient, alice: User
) -> None:
    assert knock(program, "id.example.com", "192.0.2.1").status_code == 200
    assert knock(program, Via="1.1 proxy").status_code == 200


def addresses(auth: Auth) -> list[str]:
    """List the addresses in the history, oldest first."""
    found = auth.db.read(
        select(Event.address).where(Event.act == "login").order_by(Event.id)
    )
    return [row[0] for row in found]


def address_noted(
    client: FlaskClient, auth: Auth, named: str, peer: str = "10.0.0.1"
) -> str:
    """Sign in with a forwarding header; say what the history notes."""
    assert knock(client, peer=peer, **{"X-Forwarded-For": named}).json
    return addresses(auth)[-1]


@pytest.mark.attack(33, 35, "A23")
@pytest.mark.asvs("4.1.3", "15.3.4")
@one_database
def test_nobody_is_believed_where_no_proxy_is_configured(
    program: FlaskClient, auth: Auth, alice: User
) -> None:
    for named in ("192.0.2.7", "127.0.0.1", "a", ""):
        assert address_noted(program, auth, named) == "10.0.0.1"


PROXIED = [
    # From the right to the left, up to the first that is no proxy.
    ("192.0.2.7", "192.0.2.7"),
    ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
    ("203.0.113.9, 192.0.2.7, 10.1.1.1", "192.0.2.7"),
    ("127.0.0.1,192.0.2.7", "192.0.2.7"),
    ("2001:db8::7", "2001:db8::7"),
    (" 192.0.2.7 , fd00::5 ", "192.0.2.7"),
    # Nobody who cannot be read is taken for the proxy; nor is anything to
    # the left of them believed.
    ("a", "unknown"),
    ("", "unknown"),
    (",", "unknown"),
    ("192.0.2.7, a", "unknown"),
    ("192.0.2.7,", "unknown"),
    ("192.0.2.7:1234", "unknown"),
    ("192.0.2.7, a, 10.1.1.1", "unknown"),
    ("unknown, _hidden", "unknown"),
    ("\xff, 192.0.2.7", "192.0.2.7"),
    (",192.0.2.7", "192.0.2.7"),
    ("10.2.2.2, 10.3.3.3", "10.2.2.2"),
]


@pytest.mark.asvs("4.1.3", "15.3.4")
@one_database
@pytest.mark.settings(trusted_proxies="10.0.0.0/8, fd00::/8")
def test_a_configured_proxy_is_believed_and_no_further(
    program: FlaskClient, auth: Auth, alice: User
) -> None:
    for named, noted in PROXIED:
        assert address_noted(program, auth, named) == noted, named
    for peer in ("192.0.2.66", "fe80::1", "11.0.0.1"):
        assert address_noted(program, auth, "203.0.113.9", peer) == peer
    assert knock(program, peer="::ffff:10.0.0.1").status_code == 200
    assert addresses(auth)[-1] == "10.0.0.1"


@pytest.mark.attack(33, 35, "A23")
@pytest.mark.asvs("15.3.4", "X34")
@pytest.mark.settings(attempts_per_address=3)
@pytest.mark.parametrize("named", ["changing", "broken"])
def test_an_invented_address_does_not_buy_another_guess(
    program: FlaskClient, alice: User, named: str
) -> None:
    statuses = []
    for number in range(5):
        header = {"changing": f"192.0.2.{number}", "broken": "a" * number}
        guess = program.post(
            "/sessions",
            data={"email": f"user{number}@example.com", "password": "guess"},
            headers={"X-Forwarded-For": header[named]},
        )
        statuses.append(guess.status_code)

    assert statuses == [401, 401, 401, 429, 429]


@one_database
@pytest.mark.settings(
    attempts_per_address=3, trusted_proxies="127.0.0.1", preset="default"
)
def test_behind_a_proxy_everybody_has_a_budget_of_their_own(
    program: FlaskClient, alice: User
) -> None:
    guess = {"email": "nobody@example.com", "password": "guess"}
    for _ in range(3):
        program.post(
            "/sessions", data=guess, headers={"X-Forwarded-For": "192.0.2.7"}
        )

    mallory, other = [
        knock(program, **{"X-Forwarded-For": address}).status_code
        for address in ("203.0.113.9, 192.0.2.7", "192.0.2.8")
    ]

    assert mallory == 429
    assert other == 200


@pytest.mark.attack(34, "A23")
@one_database
@pytest.mark.settings(
    attempts_per_address=3, trusted_proxies="127.0.0.1", preset="default"
)
def test_who_makes_an_address_unreadable_leaves_the_proxy_s_budget_alone(
    program: FlaskClient, alice: User
) -> None:
    guess = {"email": "nobody@example.com", "password": "guess"}
    # Granian hands over an empty text for what is not ASCII.
    statuses = [
        program.post(
            "/sessions", data=guess, headers={"X-Forwarded-For": named}
        ).status_code
        for named in ("", "\xff", ",", "a")
    ]

    assert statuses == [401, 401, 401, 429]
    assert knock(program).status_code == 200


@pytest.mark.attack(1, 4, "A1")
@one_database
def test_the_host_header_makes_no_address_of_an_answer(
    program: FlaskClient, auth: Auth, alice: User
) -> None:
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    for path in ("/", "/profile", "//login", "/login/", "/logut", "/nowhere"):
        response = program.get(path, headers={**HTML, **evil})

        assert "evil" not in response.text, path
        assert "evil" not in str(response.headers), path
    program.post("/reset_password", data={"email": alice.email}, headers=evil)
    letter = auth.outbox.latest(1)[0]
    assert "http://localhost:5000/password_reset/" in letter.text
    assert "evil" not in letter.text
