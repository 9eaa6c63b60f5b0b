"""``vestibule mail``: one real letter now, and all of them as files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailroom import HERE, Mailroom, Sink, free_port
from vestibule.doors.cli import main
from vestibule.doors.samples import KINDS
from vestibule.ground import letters

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``vestibule mail`` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: object) -> Result:
        """Run one command with some settings."""
        env = {f"VESTIBULE_{k.upper()}": str(v) for k, v in settings.items()}
        return CliRunner(catch_exceptions=False).invoke(
            main, ["mail", *arguments], env=env, prog_name="vestibule"
        )

    return run


def at(sink: Sink, **more: object) -> dict[str, object]:
    """Name a server in the settings."""
    return {
        "mail_server": HERE,
        "mail_port": sink.port,
        "mail_ca_file": "ca.pem",
        "mail_sender": "accounts@example.com",
        **more,
    }


def test_a_test_mail_arrives_at_once(
    command: Command, mailroom: Mailroom
) -> None:
    sink = mailroom.serve()

    result = command("test", "you@example.com", **at(sink, site_name="Acme"))

    assert result.exit_code == 0, result.output
    assert "took the mail to you@example.com" in result.output
    assert "SPF and DKIM records of example.com" in result.output
    [arrived] = sink.arrived
    assert arrived.recipients == ["you@example.com"]
    assert arrived.mail["Subject"] == "A test message from Acme"
    assert arrived.mail["Message-ID"]
    assert arrived.mail.is_multipart()


def test_what_is_wrong_is_said_in_words(
    command: Command, mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "SECONDS_TO_WAIT", 1)
    mine = {"mail_username": "box@example.com", "mail_password": "canary"}
    locked = mailroom.serve(require_starttls=True, must_sign_in=True)
    nobody = Sink(port=free_port())
    wanted = mailroom.serve(Sink({"RCPT": "550 no such person"}))
    spam = mailroom.serve(Sink({"DATA": "554 looks like spam"}))
    sender = mailroom.serve(Sink({"MAIL": "550 sender unknown"}))
    clear = mailroom.serve(plain=True)
    other = mailroom.serve(tls_context=mailroom.certified("mail.example.com"))
    told = {
        "refused the name or the password": at(locked, **mine),
        "Nothing listens there": at(nobody),
        "refused the recipient": at(wanted),
        "as spam": at(spam),
        "refused the sender": at(sender),
        "STARTTLS": at(clear),
        "certificate of the server does not fit": at(other),
        "no encrypted connection": at(clear, mail_use_ssl="true"),
        "Nobody knows the name": at(clear, mail_server="mail.invalid"),
        "no such file of certificates": at(clear, mail_ca_file="/no.pem"),
    }

    for words, settings in told.items():
        result = command("test", "you@example.com", **settings)
        assert result.exit_code == 1, words
        assert words in result.stderr
        assert "canary" not in result.output
        assert "Traceback" not in result.output


def test_without_a_server_or_an_address_nothing_is_tried(
    command: Command,
) -> None:
    result = command("test", "you@example.com")
    assert result.exit_code == 2
    assert "VESTIBULE_MAIL_SERVER is not set" in result.stderr

    for odd in ("nobody", "", "a@b.example\nBcc: x@y.example", "\udcff@x.io"):
        result = command("test", odd, mail_server=HERE)
        assert result.exit_code == 2
        assert "no email address" in result.stderr


@pytest.mark.parametrize("only", ["", "ru"])
def test_a_preview_writes_every_letter(
    command: Command, tmp_path: Path, only: str
) -> None:
    chosen = ["--language", only] if only else []

    result = command("preview", "--out", "mails/all", *chosen)

    assert result.exit_code == 0, result.output
    expected = {
        f"{kind}.{language}.{form}"
        for kind in KINDS
        for language in ([only] if only else ["en", "ru"])
        for form in ("txt", "html")
    }
    folder = tmp_path / "mails/all"
    assert {file.name for file in folder.iterdir()} == expected
    text = (folder / "reset.ru.txt").read_text("utf-8")
    assert text.startswith("Subject: Запрос на сброс пароля\n\nЗдравствуйте")
    assert '<html lang="ru">' in (folder / "reset.ru.html").read_text("utf-8")
    # Neither a database nor a key is needed for that.
    assert {path.name for path in tmp_path.iterdir()} == {"mails"}


def test_a_preview_needs_a_folder_it_can_write_to(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")

    assert command("preview", "--out", "taken").exit_code == 2
    assert command("preview").exit_code == 2
    assert command("preview", "--out", "x", "--language", "xx").exit_code == 2
    assert (tmp_path / "taken").read_text() == "mine"
