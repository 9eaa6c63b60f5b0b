"""/metrics: what is counted, who may read it, and what is never in it."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import parser as prometheus_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from conftest import PASSWORD, Browser, Postbox
from costs import Cost, counted
from processes import ROOT
from vestibule.auth import Auth
from vestibule.doors.hall import Hall
from vestibule.doors.request_ids import Entry
from vestibule.engine import DatabaseSilent
from vestibule.ground.knobs import SettingsError
from vestibule.ground.letters import Letter, Undelivered
from vestibule.ground.tally import count
from vestibule.settings import Settings
from vestibule.user import User

# They have no types.
plain: Any = prometheus_parser
openmetrics: Any = openmetrics_parser

TOKEN = "metrics-0123456789abcdefghijklmnop"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PAGE = ROOT / "docs/operators/metrics.md"

with_token = pytest.mark.settings(metrics_token=TOKEN)
on_one = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def samples(program: FlaskClient) -> dict[str, float]:
    """Read all numbers, by name and labels as they are written."""
    answer = program.get("/metrics", headers=BEARER)
    assert answer.status_code == 200, answer.text
    found: dict[str, float] = {}
    for family in plain.text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = (
                sample.value
            )
    return found


@pytest.mark.asvs("13.4.5")
@on_one
def test_without_a_token_there_is_no_such_address(
    program: FlaskClient,
) -> None:
    missing = program.get("/nothing-of-ours")
    answer = program.get("/metrics", headers=BEARER)

    assert (answer.status_code, answer.json) == (404, missing.json)


@pytest.mark.asvs("13.4.5")
@with_token
@on_one
@pytest.mark.parametrize(
    "claim",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f", {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN}, Bearer x",
        "Bearer ключ",
    ],
)
def test_only_the_token_opens_it(program: FlaskClient, claim: str) -> None:
    given = claim.encode().decode("latin-1")
    answer = program.get("/metrics", headers={"Authorization": given})
    assert (answer.status_code, answer.json) == (401, {"status": 401})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert program.get(f"/metrics?token={TOKEN}").status_code == 401


@with_token
@on_one
def test_it_is_read_and_never_kept(program: FlaskClient) -> None:
    answer = program.get("/metrics", headers=BEARER)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type.startswith("text/plain")
    assert "Set-Cookie" not in answer.headers
    assert program.post("/metrics", headers=BEARER).status_code == 405
    assert program.head("/metrics", headers=BEARER).data == b""


@with_token
@on_one
def test_who_asks_for_openmetrics_gets_it(program: FlaskClient) -> None:
    wish = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = program.get("/metrics", headers=BEARER | wish)

    assert answer.content_type.startswith("application/openmetrics-text")
    families = openmetrics.text_string_to_metric_families(answer.text)
    assert "vestibule_sign_ins" in {family.name for family in families}


@with_token
def test_a_day_at_the_door_is_counted(
    program: FlaskClient, browser: Browser, postbox: Postbox, alice: User
) -> None:
    before = samples(program)
    browser.sign_in("alice", "wrong")
    browser.sign_in("nobody", "wrong")
    browser.sign_in("alice")
    program.post(
        "/users", json={"email": "b@example.com", "password": PASSWORD}
    )
    program.post(
        "/sessions", json={"email": "b@example.com", "password": "no"}
    )
    waiting = samples(program)
    postbox.empty()
    after = samples(program)

    def grown(name: str) -> float:
        """Say by how much a number grew."""
        return after.get(name, 0) - before.get(name, 0)

    sign_ins = "vestibule_sign_ins_total{method=password,result=%s}"
    assert grown(sign_ins % "success") == 1
    assert grown(sign_ins % "failure") == 3
    assert grown(sign_ins % "throttled") == 0
    assert grown("vestibule_sign_ups_total") == 1
    assert grown("vestibule_sessions") == 1
    assert waiting["vestibule_outbox_waiting"] >= 1
    assert after["vestibule_outbox_waiting"] == 0
    assert grown("vestibule_mails_total{kind=link,result=sent}") >= 1
    assert after["vestibule_hashes_running"] == 0
    assert after["vestibule_hashes_waiting"] == 0
    assert after["vestibule_database_up"] == 1
    assert grown("vestibule_history_unsealed") >= 4


@with_token
@on_one
@pytest.mark.settings(attempts_per_account=3)
def test_who_is_told_to_wait_is_counted(
    program: FlaskClient, browser: Browser, alice: User
) -> None:
    for _ in range(5):
        browser.sign_in("alice", "wrong")

    throttled = "vestibule_sign_ins_total{method=password,result=throttled}"
    assert samples(program)[throttled] == 2


@with_token
@on_one
def test_mails_that_do_not_leave_are_counted(
    program: FlaskClient, auth: Auth, alice: User
) -> None:
    class Refusing:
        """A post that takes nothing, for good or for now."""

        def send(self, letter: Letter) -> None:
            """Refuse it."""
            for_good = "Confirm" in letter.subject
            raise Undelivered("no", for_good=for_good)

    auth.password_reset.ask("alice@example.com")
    auth.outbox.deliver(Refusing())
    found = samples(program)

    assert found["vestibule_mails_total{kind=link,result=tried}"] == 1
    assert found["vestibule_outbox_waiting"] == 1


@pytest.mark.asvs("16.5.2")
@with_token
def test_a_database_that_is_gone_is_told_and_breaks_nothing(
    program: FlaskClient, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = samples(program)["vestibule_database_errors_total"]

    def silent(*_: Any, **__: Any) -> Any:
        """Be silent, as a database that cannot be reached."""
        raise DatabaseSilent

    monkeypatch.setattr(auth.db, "read", silent)
    samples(program)
    found = samples(program)

    assert found["vestibule_database_up"] == 0
    assert found["vestibule_database_errors_total"] == before + 1
    assert "vestibule_sessions" not in found


@with_token
@on_one
def test_requests_are_timed_by_route_and_class_of_status(
    app: Flask, program: FlaskClient
) -> None:
    own = app.extensions["vestibule"]
    assert isinstance(own, Hall)
    assert own.metrics is not None
    for entry, seconds in (
        (Entry("200", "/users/<username>"), 0.01),
        (Entry("404", "/users/<username>"), 0.2),
        (Entry("429", "/login"), 0.01),
        (Entry("503", "", is_turned_away=True), 0.01),
        (Entry(), 0.01),
    ):
        own.metrics.measure(entry, seconds)
    found = samples(program)

    name = "vestibule_http_request_duration_seconds"
    known = "{route=/users/<username>,status=%s}"
    assert found[name + "_count" + known % "2xx"] == 1
    assert found[name + "_sum" + known % "4xx"] == 0.2
    assert found[name + "_count{route=none,status=5xx}"] == 2
    assert found["vestibule_gate_refusals_total"] == 1
    assert found["vestibule_throttle_refusals_total"] == 1


@with_token
@on_one
def test_every_number_is_explained_and_no_other(
    program: FlaskClient, auth: Auth
) -> None:
    count("mails", kind="link", result="sent")
    text = program.get("/metrics", headers=BEARER).text
    told = re.findall(r"^# TYPE (\S+(?<!_created)) ", text, re.M)
    listed = re.findall(r"^\| `(vestibule_\w+)", PAGE.read_text("utf-8"), re.M)

    assert sorted(told) == sorted(listed)


@with_token
def test_reading_them_costs_three_queries(
    program: FlaskClient, auth: Auth
) -> None:
    with counted(auth, Cost("GET /metrics", "the token")) as cost:
        samples(program)

    assert (cost.reads, cost.writes, cost.commits, cost.hashes) == (3, 0, 0, 0)


@pytest.mark.asvs("13.3.1")
def test_a_token_that_could_be_guessed_is_refused(tmp_path: Any) -> None:
    for weak in ("short", "x" * 40):
        with pytest.raises(SettingsError, match="METRICS_TOKEN") as error:
            Settings.load({}, metrics_token=weak)
        assert weak not in str(error.value)
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    found = Settings.load({"VESTIBULE_METRICS_TOKEN_FILE": str(file)})
    assert found.watch.metrics_token == TOKEN
