"""The commands that read the history, verify it and note its end."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from annals import HERE, Hand, sealed, write
from vestibule.auth import Auth
from vestibule.capabilities.audit.anchors import anchors_in
from vestibule.capabilities.audit.verifying import Verifier
from vestibule.doors.cli import main
from vestibule.errors import Unavailable
from vestibule.history import Circumstances, under
from vestibule.policy import OPERATOR
from vestibule.user import User

Run = Callable[..., Result]
HISTORY = "vestibule_history"


@pytest.fixture
def run(auth: Auth, tmp_path: Path) -> Run:
    """Give the test the command line, over its database."""
    given = {
        "VESTIBULE_DATABASE_URL": auth.settings.database_url,
        "VESTIBULE_SECRET_KEY": auth.settings.site.secret_key,
    }

    def ran(*words: str, **more: str) -> Result:
        return CliRunner().invoke(
            main,
            ["audit", *words, "--data", str(tmp_path)],
            env=given,
            **more,  # type: ignore[arg-type]
        )

    return ran


@pytest.fixture
def hand(auth: Auth) -> Hand:
    """Give the test somebody who has the database in hand."""
    return Hand(auth.db.engine)


def test_a_whole_history_is_called_whole(auth: Auth, run: Run) -> None:
    sealed(auth, 3)
    write(auth, 2)

    done = run("verify")
    assert (done.exit_code, done.stdout) == (
        0,
        "The history is whole: 3 rows, the last is 3. "
        "Waiting to be sealed: 2.\n",
    )


@pytest.mark.asvs("16.4.2")
def test_rows_from_before_signatures_are_counted(
    auth: Auth, hand: Hand, run: Run
) -> None:
    write(auth, 3)
    hand.do("UPDATE vestibule_events SET signature = NULL")
    sealed(auth, 1)

    first, last = run("verify").stdout.splitlines()
    assert first == "Rows from before signatures: 3."
    assert last.startswith("The history is whole: 4 rows")


@pytest.mark.asvs("16.4.2")
def test_each_thing_that_is_wrong_has_a_line_that_says_where(
    auth: Auth, hand: Hand, run: Run
) -> None:
    sealed(auth, 9)
    hand.do(
        f"UPDATE {HISTORY} SET act = 'x' WHERE position = 2",
        f"DELETE FROM {HISTORY} WHERE position IN (5, 6, 9)",
    )

    done = run("verify")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "Row 2 was altered, or the row before it.",
        "Missing: rows 5 to 6.",
        "Missing at the end: rows 9 to 9.",
    ]
    assert done.stderr == "The history was changed. Findings: 3.\n"
    assert run("verify", "--after", "6").stdout.splitlines() == [
        "Missing: rows 6 to 6.",
        "Missing at the end: rows 9 to 9.",
    ]


def test_the_end_that_was_noted_finds_what_only_it_can_find(
    auth: Auth, hand: Hand, run: Run, tmp_path: Path
) -> None:
    sealed(auth, 2)
    sealed(auth, 2)
    noted = run("head").stdout
    assert re.fullmatch(r"\S+Z 4:[0-9a-f]{64}\n", noted)
    log = tmp_path / "log.jsonl"
    line = json.dumps({"event": f"history sealed {noted.split()[1]}"})
    log.write_text(f"something else\n{line}\n")
    anchor = ("--anchor", noted.split()[1])
    assert run("verify", *anchor, "--against", str(log)).exit_code == 0

    hand.do(
        f"DELETE FROM {HISTORY} WHERE position > 2",
        "DELETE FROM vestibule_seals WHERE position > 2",
    )
    assert run("verify").exit_code == 0
    for given in (anchor, ("--against", str(log))):
        done = run("verify", *given)
        assert done.exit_code == 1
        assert "Row 4, which was noted, is missing." in done.stdout


HASH = "5d" * 32
OURS = json.dumps(
    {"logger": "vestibule.history", "event": f"history sealed 4:{HASH}"}
)
BARE = json.dumps({"event": f"history sealed 4:{HASH}"})


@pytest.mark.parametrize(
    "line",
    [
        f"history sealed 4:{HASH}",
        f"INFO:vestibule.history:history sealed 4:{HASH}",
        f"Nov 22 07:00:00 host vestibule[7]: history sealed 4:{HASH}",
        f'{{"event": "history sealed 4:{HASH}"}}',
        f"Nov 22 host vestibule[7]: {OURS}",
        json.dumps({"log": OURS}),
        f"2026-11-22T07:00:00Z 4:{HASH}",
    ],
)
def test_an_end_that_we_wrote_is_read_wherever_logs_put_it(line: str) -> None:
    assert [*anchors_in([f"{line}\n"])] == [(4, bytes.fromhex(HASH))]


@pytest.mark.parametrize(
    "line",
    [
        f"4:{HASH}",
        f"GET /4:{HASH}",
        f'192.0.2.1 "GET /" "history sealed 4:{HASH}"',
        f"history sealed 4:{HASH} or so",
        f"prehistory sealed 4:{HASH}",
        f'{{"agent": "history sealed 4:{HASH}"}}',
        f'{{"event": "request", "route": "history sealed 4:{HASH}"}}',
        f'{{"event": "no user history sealed 4:{HASH}"}}',
        f'{{"logger": "x", "event": "history sealed 4:{HASH}"}}',
        f"192.0.2.1 - GET /a{BARE}",
        json.dumps({"message": f"GET /a?{BARE}"}),
        f'{{"event": ["history sealed 4:{HASH}"]}}',
        f"sha256 4:{HASH}",
        "{" * 9999 + "}",
    ],
)
def test_what_only_looks_like_an_end_is_none(line: str) -> None:
    assert [*anchors_in([f"{line}\n"])] == []


def test_what_holds_no_end_is_refused(
    auth: Auth, run: Run, tmp_path: Path
) -> None:
    sealed(auth, 1)
    empty = tmp_path / "empty.log"
    empty.write_text(f"nothing\nGET /4:{HASH}\n")

    assert run("verify", "--against", str(empty)).exit_code == 2
    assert run("verify", "--anchor", "4:abc").exit_code == 2


def test_before_anything_happened_there_is_no_end(
    auth: Auth, run: Run
) -> None:
    done = run("head")
    assert (done.exit_code, done.stderr) == (1, "Nothing is sealed yet.\n")

    # What waits is sealed first, so that the end holds all there is.
    write(auth, 2)
    assert re.match(r"\S+Z 2:", run("head").stdout)


# -- reading ----------------------------------------------------------------


@pytest.fixture
def busy(auth: Auth, alice: User, bob: User) -> None:
    """Leave a few events of alice and bob."""
    with under(HERE):
        auth.history.record("login", alice.id, actor_id=alice.id)
        auth.history.record("login", bob.id, "rate.wait")
    auth.audit.seal()
    with under(Circumstances("api", "2001:db8::7")):
        auth.history.record("session.end", alice.id)


def shown(result: Result) -> list[str]:
    """Read which acts a list has."""
    assert result.exit_code == 0, result.output
    return [line.split()[2] for line in result.stdout.splitlines()]


@pytest.mark.usefixtures("busy")
def test_the_list_can_be_filtered(auth: Auth, run: Run, alice: User) -> None:
    day = 86400
    assert auth.clock.now() > day
    assert shown(run("list", "--most", "2")) == ["session.end", "login"]
    assert shown(run("list", "--act", "login")) == ["login"] * 2
    assert shown(run("list", "--act", "login", "--act", "session.end")) == [
        "session.end",
        "login",
        "login",
    ]
    assert shown(run("list", "--outcome", "refused")) == ["login"]
    hers = ["session.end", "login", "registration"]
    for name in ("alice", "alice@example.com", f"id:{alice.id}"):
        assert shown(run("list", "--who", name)) == hers
    near = run("list", "--address", "192.0.2.0/24")
    assert shown(near) == ["login"] * 2
    assert shown(run("list", "--address", "2001:db8::/32")) == ["session.end"]
    assert shown(run("list", "--until", "2001-01-01")) == []
    assert shown(run("list", "--since", "2999-01-01")) == []


def test_the_list_and_the_files_say_what_is_not_ours(
    auth: Auth, hand: Hand, run: Run
) -> None:
    write(auth, 2)
    hand.do("UPDATE vestibule_events SET outcome = 'x' WHERE act = 'act.1'")
    auth.audit.seal()

    forged, ours = run("list").stdout.splitlines()
    assert forged.endswith(" not written by this site")
    assert ours.endswith(HERE.address)
    given = run("export", "--to", "-", "--format", "jsonl").stdout.splitlines()
    told = {one["act"]: one["is_foreign"] for one in map(json.loads, given)}
    assert (told["act.0"], told["act.1"]) == (False, True)


@pytest.mark.usefixtures("busy")
def test_a_day_is_in_it_from_its_beginning_to_its_end(
    auth: Auth, run: Run
) -> None:
    from vestibule.ground.clock import written

    today = written(auth.clock.now())[:10]
    both = ("--since", today, "--until", today, "--act", "session.end")

    assert shown(run("list", *both)) == ["session.end"]


@pytest.mark.parametrize(
    "words",
    [
        ("--since", "yesterday"),
        ("--until", "2026-13-01"),
        ("--until", "9" * 99),
        ("--address", "nowhere"),
    ],
)
def test_what_is_no_day_and_no_network_is_refused(
    run: Run, words: tuple[str, ...]
) -> None:
    done = run("list", *words)
    assert done.exit_code == 2
    assert words[1] in done.stderr


def test_an_act_that_there_is_not_is_refused(run: Run) -> None:
    done = run("list", "--act", "login", "--act", "nonsens")
    assert done.exit_code == 2
    assert "nonsens" in done.stderr


def test_a_database_that_is_not_there_is_no_finding(
    auth: Auth, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(Verifier, "findings", fails)
    assert run("verify").exit_code == 4


def test_nobody_of_a_name_is_not_found(run: Run) -> None:
    assert run("list", "--who", "nobody").exit_code == 3


@pytest.mark.usefixtures("busy")
def test_who_is_gone_is_still_found_by_number(
    auth: Auth, run: Run, alice: User
) -> None:
    auth.deletion.delete(alice, by=OPERATOR)

    assert shown(run("list", "--who", f"id:{alice.id}"))[0] == "deletion"


@pytest.mark.usefixtures("busy")
def test_the_history_is_written_into_files(
    auth: Auth, run: Run, tmp_path: Path, alice: User
) -> None:
    table, lines = tmp_path / "h.csv", tmp_path / "h.jsonl"
    assert run("export", "--to", str(table), "--who", "alice").exit_code == 0
    assert run("export", "--to", str(lines), "--who", "alice").exit_code == 0

    with table.open(newline="", encoding="utf-8") as file:
        cells = [*csv.DictReader(file)]
    told = [json.loads(line) for line in lines.read_text().splitlines()]
    acts = ["session.end", "login", "registration"]
    assert [row["act"] for row in cells] == acts
    assert [row["act"] for row in told] == acts
    assert told[0]["position"] is None
    assert cells[0]["position"] == ""
    rows = run("list", "--who", "alice").stdout.splitlines()
    assert [line.split()[0] for line in rows] == [
        "-",
        *(cell["position"] for cell in cells[1:]),
    ]
    last = auth.audit.sealed()
    assert last is not None
    assert told[1] | {"id": "", "at": ""} == {
        "position": last.position - 1,
        "at": "",
        "id": "",
        "act": "login",
        "outcome": "done",
        "actor_id": alice.id,
        "actor": "alice",
        "subject_id": alice.id,
        "subject": "alice",
        "door": "page",
        "address": HERE.address,
        "agent": HERE.agent,
        "request_id": "r-1",
        "is_foreign": False,
    }
    assert cells[1]["is_foreign"] == "false"
    assert oct(lines.stat().st_mode)[-3:] == "600"
    assert run("export", "--to", str(lines)).exit_code == 2
    # That it was taken is told as well.
    assert (
        shown(run("list", "--act", "history.export")) == ["history.export"] * 2
    )


@pytest.mark.asvs("1.2.10")
@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_cell_of_a_table_is_a_formula(
    auth: Auth, run: Run, first: str
) -> None:
    with under(Circumstances("page", "", f"{first}cmd|' /C calc'!A0")):
        auth.history.record("login", None)
    done = run("export", "--to", "-", "--format", "csv")

    [row] = [
        one
        for one in csv.DictReader(done.stdout.splitlines(keepends=True))
        if one["act"] == "login"
    ]
    assert row["agent"].startswith(f"'{first}".rstrip("\r"))


@pytest.mark.asvs("1.2.10")
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", ":", " "])
def test_no_cell_is_a_formula_whatever_parts_the_cells(
    auth: Auth, run: Run, separator: str
) -> None:
    for agent in (
        "x;=1+1",
        "x; =1+1",
        'x";"=1+1',
        "x\t@SUM(1)",
        "x|-1",
        "x,+1",
        "x:=1",
        "x\r\n=1+1",
        'x""=1',
        "x;＝1",
        'x;""=1',
        "x; \"'=1",
    ):
        with under(Circumstances("page", "", agent)):
            auth.history.record("login", None)
    done = run("export", "--to", "-", "--format", "csv", "--act", "login")

    lines = done.stdout.splitlines(keepends=True)
    rows = [*csv.reader(lines, delimiter=separator)]
    assert len(rows) > 12
    cells = [cell.strip(' "') for row in rows for cell in row]
    assert [cell for cell in cells if cell[:1] in {*"=+-@＝"} - {""}] == []


def test_a_robot_keeps_its_name_but_for_the_mark(auth: Auth, run: Run) -> None:
    agent = "Mozilla/5.0 (X11; rv:1-2; +https://example.com/a?b=c)"
    with under(Circumstances("page", "", agent)):
        auth.history.record("login", None)

    done = run("export", "--to", "-", "--format", "csv")
    assert agent.replace("+", "'+") in done.stdout


def test_what_is_too_old_is_removed_by_a_command(auth: Auth, run: Run) -> None:
    sealed(auth, 1)

    done = run("prune")
    assert (done.exit_code, done.stdout) == (0, "Rows removed: 0.\n")
