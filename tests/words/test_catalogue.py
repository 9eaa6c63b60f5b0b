"""The Russian catalogue has every text, no other, and each is right."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "script" / "update-words"
CATALOGUE = ROOT / "src" / "vestibule" / "translations" / "ru.po"


def run_script(*arguments: str | Path) -> tuple[int, list[str]]:
    """Run the script; give its exit status and what it complains about."""
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give the test a catalogue it may spoil."""
    return Path(shutil.copy(CATALOGUE, tmp_path / "ru.po"))


def test_every_text_that_can_be_shown_is_translated() -> None:
    assert run_script("--check") == (0, [])


def test_each_way_to_spoil_a_catalogue_is_named(copy: Path) -> None:
    text = copy.read_text("utf-8")
    for good, bad in (
        ('msgid "Sign out"\n', 'msgid "Leave"\n'),
        ('msgid "Old password"\n', '#, fuzzy\nmsgid "Old password"\n'),
        ('msgstr "Кому: {address}"\n', 'msgstr "Кому: {adress}"\n'),
        ('msgstr "Забыли пароль?"\n', 'msgstr ""\n'),
    ):
        assert good in text
        text = text.replace(good, bad, 1)
    copy.write_text(text, "utf-8")

    status, complaints = run_script("--check", copy)

    assert status == 1
    assert sorted(complaints) == [
        "empty: 'Forgot Password?'",
        "fuzzy: 'Old password'",
        "missing: 'Sign out'",
        "placeholders differ: 'To {address}'",
        "stale: 'Leave'",
    ]
    assert copy.read_text("utf-8") == text


def test_an_update_adds_what_is_missing_and_removes_what_is_stale(
    copy: Path,
) -> None:
    before = copy.read_text("utf-8")
    entry = 'msgid "Sign out"\nmsgstr "Выйти"\n'
    assert entry in before
    stale = 'msgid "Leave"\nmsgstr "Уйти"\n'
    copy.write_text(before.replace(entry, stale), "utf-8")

    status, complaints = run_script(copy)

    assert status == 1
    assert complaints == ["empty: 'Sign out'"]
    assert copy.read_text("utf-8") == before.replace(
        entry, 'msgid "Sign out"\nmsgstr ""\n'
    )
