"""The command ``vestibule doctor``, and what ``serve`` makes of it."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clinic import KEY, SHORT, Clinic, NameServer
from faults.database import in_postgres
from faults.files import open_secret_file
from hosts import hosting
from mailroom import HERE, Mailroom, free_port
from processes import environment, run, serving
from vestibule.doctor import examination
from vestibule.doctor.checks import CHECKS, When
from vestibule.doctor.examination import findings
from vestibule.doctor.finding import Finding, State
from vestibule.doctor.patience import Patience
from vestibule.doctor.secrets import NEW_KEY
from vestibule.doors.doctor import _show
from vestibule.settings import Settings

pytest_plugins = ["clinic_fixtures"]

CANARIES = {
    "secret_key": "canary-key-7b1d90c2e54f8a63-canary",
    "old_secret_keys": "canary-old-key-3f8e12ab90c4d576-ca",
    "mail_password": "canary-of-the-mail",
    "valkey_url": "valkey://:canary-of-valkey@127.0.0.1:1/0",
}
IN_ADDRESS = "canary%2Fof the database"


def as_variables(clinic: Clinic) -> dict[str, str]:
    """Write the settings of a clinic as variables of a process."""
    return {
        f"VESTIBULE_{key.upper()}": str(value)
        for key, value in clinic.options.items()
        if value is not None
    }


@contextmanager
def names() -> Iterator[NameServer]:
    """Run a name server."""
    server = NameServer()
    try:
        yield server
    finally:
        server.close()


def healthy_variables(clinic: Clinic) -> dict[str, str]:
    """Give a healthy installation to a process, with real hashes."""
    clinic.with_mail()
    return {
        **as_variables(clinic),
        "VESTIBULE_HASH_MEMORY": "19456",
        "VESTIBULE_HASH_PASSES": "2",
    }


def test_a_healthy_site_ends_with_0_and_a_summary(
    sqlite_clinic: Clinic, tmp_path: Path
) -> None:
    variables = healthy_variables(sqlite_clinic)
    with names() as server:
        dns = f"{HERE}:{server.place[1]}"
        done = run("doctor", "--dns", dns, home=tmp_path, **variables)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "0 errors, 0 warnings" in done.stdout
    # Tests may lie in memory.
    near = done.stdout.count("NOTICE database.file_system")
    assert done.stdout.count("Fix:") == near
    assert server.asked[0] == "example.com"


@pytest.mark.parametrize(
    ("level", "status"), [("error", 0), ("warning", 1), ("notice", 1)]
)
def test_a_warning_ends_with_1_where_that_is_asked_for(
    sqlite_clinic: Clinic, tmp_path: Path, level: str, status: int
) -> None:
    sqlite_clinic.having(reveal_accounts="true")
    variables = healthy_variables(sqlite_clinic)
    with names() as server:
        dns = f"{HERE}:{server.place[1]}"
        done = run(
            *("doctor", "--dns", dns, "--fail-level", level),
            home=tmp_path,
            **variables,
        )

    assert done.returncode == status, done.stdout
    assert "WARNING weakened.reveal_accounts" in done.stdout
    assert "VESTIBULE_REVEAL_ACCOUNTS=false" in done.stdout


@pytest.mark.parametrize(
    "more",
    [
        {"VESTIBULE_SITENAME": "Club"},
        {"VESTIBULE_PORT": "http"},
        {"VESTIBULE_SECRET_KEY": "short"},
    ],
)
def test_settings_that_cannot_be_read_are_a_finding_as_well(
    tmp_path: Path, more: dict[str, str]
) -> None:
    done = run("doctor", "--json", home=tmp_path, **more)

    assert (done.returncode, done.stderr) == (5, "")
    (found,) = json.loads(done.stdout)["findings"]
    assert found["id"] == "configuration.readable"
    assert next(iter(more)) in found["what"]


def test_a_misspelt_setting_is_to_be_renamed(tmp_path: Path) -> None:
    more = {"VESTIBULE_SITENAME": "Club"}
    done = run("doctor", "--json", home=tmp_path, **more)

    (found,) = json.loads(done.stdout)["findings"]
    assert found["fix"] == "rename VESTIBULE_SITENAME to VESTIBULE_SITE_NAME"


def test_an_address_of_no_database_hides_nothing_else(tmp_path: Path) -> None:
    more = {"VESTIBULE_DATABASE_URL": "mysql://localhost/x"}
    done = run("doctor", "--json", home=tmp_path, **more)
    found = json.loads(done.stdout)["findings"]

    assert found[0]["state"] == "error"
    assert "VESTIBULE_DATABASE_URL" in found[0]["what"]
    assert "failed itself" not in done.stdout
    assert len(found) > 40


def test_programs_get_every_check_in_a_stable_shape(
    sqlite_clinic: Clinic, tmp_path: Path
) -> None:
    done = run(
        *("doctor", "--json", "--deploy", "--dns", f"{HERE}:{free_port()}"),
        home=tmp_path,
        **as_variables(sqlite_clinic),
    )
    told = json.loads(done.stdout)

    assert done.returncode == 5
    assert set(told) == {
        *("vestibule", "deploy", "state", "counts", "findings")
    }
    assert (told["deploy"], told["state"]) == (True, "error")
    assert {one["id"] for one in told["findings"]} == set(CHECKS)
    assert sum(told["counts"].values()) == len(told["findings"])
    for one in told["findings"]:
        assert set(one) == {"id", "group", "state", "what", "why", "fix"}


def test_a_wrong_option_is_no_finding(tmp_path: Path) -> None:
    for words in (["--fail-level", "bad"], ["--dns", "here:there"]):
        assert run("doctor", *words, home=tmp_path).returncode == 2


@pytest.mark.asvs("13.3.1", "14.2.4", "16.2.5")
def test_no_secret_is_ever_shown(sqlite_clinic: Clinic) -> None:
    files = sqlite_clinic.folder / "files"
    files.mkdir()
    mailroom = Mailroom(files)
    # Each of the servers that it is shown to hears and repeats it.
    refusing = mailroom.serve(must_sign_in=True)
    sqlite_clinic.stack.callback(mailroom.close)
    postgres = (
        f"postgresql://canary-user:{IN_ADDRESS}@{HERE}:{free_port()}/canary"
    )
    for database in (None, postgres, f"{postgres}?sslmode=disable&host=%2Fno"):
        sqlite_clinic.having(
            **CANARIES,
            mail_server=HERE,
            mail_port=refusing.port,
            mail_username="canary",
        )
        if database:
            sqlite_clinic.having(database_url=database)
        secrets = [
            *CANARIES.values(),
            "canary-of-valkey",
            IN_ADDRESS,
            "canary/of the database",
            KEY,
        ]
        found = sqlite_clinic.in_the_world(
            name_server=(HERE, free_port()),
            addresses=lambda *_: [],
            patience=Patience(names=SHORT.names),
        ).examined()
        told = json.dumps([vars(one) for one in found], ensure_ascii=False)

        assert [one for one in secrets if one in told] == []
        assert {one.id for one in found if one.state is State.ERROR} >= {
            "mail.accepts",
            "site.answers",
        }


def test_a_text_from_elsewhere_is_scrubbed(sqlite_clinic: Clinic) -> None:
    sqlite_clinic.having(mail_server=HERE, mail_password="word-of-mail")

    def repeating(*_: Any) -> Any:
        """Fail, and repeat a secret that was heard."""
        raise OSError(f"no such host: word-of-mail {KEY}")

    (found,) = sqlite_clinic.in_the_world(addresses=repeating).look(
        "site.name"
    )

    assert found.what.endswith("no such host: ******** ********")


def test_a_check_that_fails_is_told_and_stops_no_other(
    sqlite_clinic: Clinic,
) -> None:
    def broken(_: Path) -> Any:
        """Fail in a way that nobody thought of."""
        raise ZeroDivisionError(KEY)

    sqlite_clinic.in_the_world(
        disk=broken, name_server=(HERE, free_port()), addresses=lambda *_: []
    )
    found = {one.id: one for one in sqlite_clinic.examined()}

    assert set(found) == set(CHECKS)
    assert found["disk.space"].state is State.WARNING
    assert "failed itself: ZeroDivisionError at test_the_command.py:" in (
        found["disk.space"].what
    )
    assert KEY not in str(found)
    assert found["disk.writable"].state is State.OK


def snapshot(folder: Path) -> dict[str, Any]:
    """Write down every file below a folder, and what is in a database."""
    seen: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        mode = path.stat().st_mode
        if path.is_file() and path.suffix == ".db":
            with closing(sqlite3.connect(path)) as opened:
                seen[name] = (mode, list(opened.iterdump()))
        else:
            seen[name] = (mode, path.read_bytes() if path.is_file() else "")
    return seen


@pytest.mark.parametrize("is_new", [False, True])
def test_nothing_is_changed(sqlite_clinic: Clinic, is_new: bool) -> None:
    home = sqlite_clinic.folder
    if is_new:
        home = home / "new"
        home.mkdir()
        sqlite_clinic.having(
            data=home / "data", database_url=None, secret_key=None
        )
    sqlite_clinic.in_the_world(
        name_server=(HERE, free_port()), addresses=lambda *_: []
    )
    before = snapshot(home)

    sqlite_clinic.examined()

    assert snapshot(home) == before


class Hole:
    """A server that takes every connection and never says a word."""

    def __init__(self) -> None:
        self.listening = socket.create_server((HERE, 0), backlog=128)
        self.port = int(self.listening.getsockname()[1])
        self.held: list[socket.socket] = []
        threading.Thread(target=self.hold, daemon=True).start()

    def hold(self) -> None:
        """Take connections until the end."""
        while True:
            try:
                self.held.append(self.listening.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        """Let all go."""
        self.listening.close()
        for one in self.held:
            one.close()


def test_what_never_answers_is_given_up(sqlite_clinic: Clinic) -> None:
    hole = Hole()
    sqlite_clinic.stack.callback(hole.close)
    names = sqlite_clinic.with_names()
    names.is_silent = True
    sqlite_clinic.places |= {80: hole.port, 443: hole.port}
    sqlite_clinic.having(
        database_url=f"postgresql://v@{HERE}:{hole.port}/v",
        mail_server=HERE,
        mail_port=hole.port,
        valkey_url=f"valkey://{HERE}:{hole.port}/0",
    ).in_the_world(dial=sqlite_clinic.dialled, patience=SHORT)

    # Without an end to each wait this would never come back.
    found = {one.id: one.state for one in sqlite_clinic.examined()}

    assert set(found) == set(CHECKS)
    for name in ("database.reach", "mail.accepts", "site.answers"):
        assert found[name] is State.ERROR
    assert found["valkey.reach"] is State.WARNING
    assert found["mail.spf"] is State.NOTICE
    assert found["administrators.there"] is State.SKIPPED


def test_whoever_waited_long_enough_asks_nobody_else(
    sqlite_clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    installation = sqlite_clinic.installation()
    installation.began -= 3600
    monkeypatch.setattr(
        "vestibule.ground.letters.SmtpPost.greet", lambda *_: asked.append("")
    )
    installation.settings = Settings.load({}, mail_server=HERE)
    found = {one.id: one for one in examination.examine(installation)}

    assert "too much time" in found["mail.accepts"].what
    assert found["disk.space"].state is not State.SKIPPED
    assert asked == []


@pytest.mark.attack("A48", "A49")
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"VESTIBULE_SECRET_KEY": "changeme-" * 4}, "secrets.key"),
        ({"VESTIBULE_TRUSTED_PROXIES": "0.0.0.0/0"}, "site.trusted_proxies"),
        (
            {"VESTIBULE_DEVELOPMENT": "true", "VESTIBULE_HOST": "0.0.0.0"},
            "configuration.development",
        ),
    ],
)
def test_an_error_keeps_the_server_from_starting(
    tmp_path: Path, more: dict[str, str], told: str
) -> None:
    done = run(
        *("serve", "--port", str(free_port())),
        home=tmp_path,
        **{
            "VESTIBULE_SECRET_KEY": KEY,
            "VESTIBULE_BASE_URL": "https://id.example.com",
            **more,
        },
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert f"ERROR {told}\n" in done.stderr
    assert "Why:" in done.stderr
    assert not (tmp_path / "vestibule-data/vestibule.db").exists()


@pytest.mark.attack("A48")
@pytest.mark.asvs("13.3.2")
def test_a_key_that_everybody_can_read_keeps_it_from_starting(
    sqlite_clinic: Clinic, tmp_path: Path
) -> None:
    open_secret_file(sqlite_clinic)
    variables = {**as_variables(sqlite_clinic), **sqlite_clinic.environment}

    done = run("serve", "--port", str(free_port()), home=tmp_path, **variables)

    assert done.returncode == 2
    assert "ERROR files.secrets\n" in done.stderr
    assert KEY not in done.stderr


def test_a_warning_is_told_to_the_log_once(tmp_path: Path) -> None:
    more = {"VESTIBULE_REVEAL_ACCOUNTS": "true"}
    with serving(tmp_path, "--workers", "2", **more) as server:
        told = server.said()

    assert told.count("VESTIBULE_REVEAL_ACCOUNTS is true") == 1
    assert '"level": "warning"' in told
    assert "Anybody can find out which addresses" in told


def test_a_host_has_the_same_doctor(
    sqlite_clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    with hosting(sqlite_clinic.settings()) as host:
        told = host.test_cli_runner().invoke(
            args=["vestibule", "doctor", "--json"]
        )
    found = {
        one["id"]: one["state"] for one in json.loads(told.output)["findings"]
    }

    assert found["secrets.key"] == "ok"
    assert found["administrators.there"] == "ok"
    assert found["mail.server"] == "warning"


def test_the_start_asks_no_network_but_the_database(
    sqlite_clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        """Let nobody out."""
        raise AssertionError("it goes out")

    sqlite_clinic.having(
        mail_server="smtp.example.com", valkey_url=CANARIES["valkey_url"]
    )
    monkeypatch.setattr(socket.socket, "connect", refuse)
    found = sqlite_clinic.examined(When.START)

    assert [one for one in found if "failed itself" in one.what] == []
    assert {one.id for one in found} == {
        one.id for one in CHECKS.values() if one.when is When.START
    }


def disk_of(sizes: dict[Path, tuple[int, int]]) -> Any:
    """Make disks of free and all MiB; of any other folder nobody asks."""

    def look(path: Path) -> Any:
        """Tell how a disk is."""
        free, total = sizes[path]
        return SimpleNamespace(
            f_bavail=free * 256, f_blocks=total * 256, f_frsize=4096
        )

    return look


@pytest.mark.attack("A48")
@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (60, 64, None),
        (40, 100_000, State.WARNING),
        (1, 100_000, State.WARNING),
        (0, 100_000, State.ERROR),
        (0, 0, None),
    ],
)
def test_only_a_database_without_any_room_keeps_the_server_from_starting(
    sqlite_clinic: Clinic, free: int, total: int, state: State | None
) -> None:
    data = sqlite_clinic.settings().data_folder
    (data / "pictures").mkdir(exist_ok=True)
    # Folders that others fill, or that hang, are not even looked at.
    looks = disk_of({data: (free, total), data / "pictures": (0, 64)})
    sqlite_clinic.in_the_world(disk=looks)

    found = {
        one.what.partition(" has ")[0]: one.state
        for one in sqlite_clinic.examined(When.START)
        if one.id == "disk.space"
    }

    assert found.pop(f"{data / 'pictures'}") is State.WARNING
    assert found == ({f"{data}": state} if state else {})


@pytest.mark.parametrize("before", ["", "VESTIBULE_SITE_NAME=Club"])
def test_the_key_that_was_made_by_itself_is_carried_over(
    sqlite_clinic: Clinic, before: str
) -> None:
    data = sqlite_clinic.folder / "a folder's data"
    sqlite_clinic.having(data=data, secret_key=None)
    made = sqlite_clinic.settings().with_saved_secret()
    file = sqlite_clinic.folder / ".env"
    file.write_text(before)
    installation = sqlite_clinic.installation()
    installation.settings = made

    (found,) = findings(CHECKS["secrets.kept_apart"], installation)
    subprocess.run(
        ["sh", "-c", found.fix], cwd=sqlite_clinic.folder, check=True
    )

    assert found.state is State.NOTICE
    assert not (data / "secret-key").exists()
    lines = file.read_text().split()
    assert [line for line in lines if line] == [
        *before.split(),
        f"VESTIBULE_SECRET_KEY={made.site.secret_key}",
    ]


def test_a_new_key_is_written_to_where_it_stays(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**environment(tmp_path), "PATH": path}
    subprocess.run(["sh", "-c", NEW_KEY], cwd=tmp_path, env=env, check=True)

    file = tmp_path / ".env"
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(
        "VESTIBULE_SECRET_KEY=[0-9a-f]{64}", file.read_text().strip()
    )


def test_what_is_off_for_us_alone_is_undone_for_us(
    postgres_clinic: Clinic,
) -> None:
    in_postgres(
        postgres_clinic, "ALTER DATABASE {name} SET synchronous_commit = off"
    )

    (found,) = postgres_clinic.look("database.durability")

    assert "ALTER SYSTEM SET synchronous_commit = on;" in found.fix
    assert "RESET ALL" not in found.fix
    (role,) = re.findall(
        "ALTER ROLE (.+) RESET synchronous_commit;", found.fix
    )
    in_postgres(postgres_clinic, f"ALTER ROLE {role} RESET synchronous_commit")
    assert re.search("ALTER DATABASE .+ RESET synchronous_commit;", found.fix)


def test_one_of_a_kind_is_told_as_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = [Finding("mail.spf", State.ERROR, "It is wrong.", "Why.", "fix")]
    _show(found, verbose=False)

    assert "\n1 error, 0 warnings," in capsys.readouterr().out
