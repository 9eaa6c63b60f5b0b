"""Commands that are started where neither the key nor the database is."""

from pathlib import Path

import pytest

from annals import sealed
from conftest import account, run_sql
from processes import SECRET_KEY, run
from vestibule.auth import Auth

KEY = "c41f8e02b97d6a53e0178fd2964bca35"
WRITING = (
    ["user", "list"],
    ["user", "promote", "alice"],
    ["worker"],
)
READING = (["verify"], ["list"], ["head"], ["prune"])


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_no_key_is_made_beside_a_database_that_is_used(
    auth: Auth, tmp_path: Path, words: list[str]
) -> None:
    account(auth, "alice")
    url = auth.settings.database_url

    done = run(*words, home=tmp_path, VESTIBULE_DATABASE_URL=url)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("There is no secret key here")
    assert ".env" in done.stderr
    assert list(tmp_path.glob("**/secret-key")) == []


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_the_history_is_not_read_without_its_key(
    auth: Auth, tmp_path: Path, words: list[str]
) -> None:
    url = auth.settings.database_url

    done = run("audit", *words, home=tmp_path, VESTIBULE_DATABASE_URL=url)

    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no secret key here" in done.stderr
    assert not (tmp_path / "vestibule-data").exists()


def test_a_new_data_folder_gets_a_key_of_its_own(tmp_path: Path) -> None:
    done = run("user", "list", home=tmp_path)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "vestibule-data/secret-key").exists()
    # It is the key of this database from now on.
    assert run("audit", "verify", home=tmp_path).returncode == 0


def test_a_saved_key_of_another_history_signs_nothing(
    auth: Auth, tmp_path: Path
) -> None:
    sealed(auth, 2)
    data = tmp_path / "vestibule-data"
    data.mkdir(mode=0o700)
    (data / "secret-key").write_text(KEY[::-1])
    (data / "secret-key").chmod(0o600)
    url = auth.settings.database_url

    for words in (["user", "list"], ["worker"], ["audit", "head"]):
        done = run(*words, home=tmp_path, VESTIBULE_DATABASE_URL=url)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is not the key that has sealed" in done.stderr


@pytest.mark.parametrize(
    "words",
    [*(["audit", *words] for words in READING), ["backup", "copies"]],
    ids=" ".join,
)
def test_no_database_is_made_where_there_is_none(
    tmp_path: Path, words: list[str]
) -> None:
    done = run(*words, home=tmp_path, VESTIBULE_SECRET_KEY=SECRET_KEY)

    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no database at" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_older_schema_is_left_as_it_is_by_whoever_only_reads(
    auth: Auth, tmp_path: Path
) -> None:
    url = auth.settings.database_url
    run_sql(url, "UPDATE vestibule_version SET version_num = '0012'")

    done = run(
        *("audit", "verify"),
        home=tmp_path,
        VESTIBULE_DATABASE_URL=url,
        VESTIBULE_SECRET_KEY=SECRET_KEY,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "is at revision 0012" in done.stderr
    assert "vestibule db upgrade" in done.stderr


def test_a_backup_of_nobody_asks_whether_that_is_meant(tmp_path: Path) -> None:
    run("user", "list", home=tmp_path)

    done = run("backup", "copies", home=tmp_path)

    assert done.returncode == 0
    assert "secret-key apart" in done.stdout
    assert "There are no accounts in" in done.stderr
