"""Settings come from five sources in a fixed order, or say what is wrong."""

import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from vestibule.ground.knobs import SettingsError
from vestibule.sections import SECTIONS, all_knobs
from vestibule.settings import Settings

KEY = "0123456789abcdef0123456789abcdef"
CANARY = "canary-secret-that-must-not-be-seen"


def trouble(environment: dict[str, str] | None = None, **options: Any) -> str:
    """Load settings that cannot be used, and read what is said of them."""
    with pytest.raises(SettingsError) as refused:
        Settings.load(environment or {}, **options)
    return str(refused.value)


def env_file(folder: Path, text: str) -> Path:
    """Write a ``.env`` file."""
    path = folder / ".env"
    path.write_text(text, "utf-8")
    return path


# -- where values come from -------------------------------------------------


def test_each_source_is_overruled_by_the_next(tmp_path: Path) -> None:
    file = env_file(
        tmp_path,
        "VESTIBULE_SESSION_ABSOLUTE=2h\n"
        "VESTIBULE_SESSION_REMEMBER=2h\n"
        'VESTIBULE_SITE_NAME="From the file"\n',
    )
    found = Settings.load(
        {
            "VESTIBULE_SESSION_REMEMBER": "3h",
            "VESTIBULE_SITE_NAME": "From the environment",
        },
        file,
        preset="nist",
        site_name="From the option",
    )

    assert found.site.port == 5000
    assert found.sessions.idle == 3600
    assert found.sessions.absolute == 2 * 3600
    assert found.sessions.remember == 3 * 3600
    assert found.site.name == "From the option"
    assert "PORT" not in found.origins
    assert found.origins["SESSION_IDLE"] == "preset nist"
    assert found.origins["SESSION_ABSOLUTE"] == ".env"
    assert found.origins["SESSION_REMEMBER"] == "environment"
    assert found.origins["SITE_NAME"] == found.origins["PRESET"] == "option"


@pytest.mark.parametrize("source", [".env", "environment", "option"])
def test_a_preset_may_be_chosen_in_every_source(
    tmp_path: Path, source: str
) -> None:
    file = None
    environment: dict[str, str] = {}
    options: dict[str, Any] = {}
    if source == ".env":
        file = env_file(tmp_path, "VESTIBULE_PRESET=nist")
    elif source == "environment":
        environment = {"VESTIBULE_PRESET": "nist"}
    else:
        options = {"preset": "nist"}

    assert Settings.load(environment, file, **options).site.preset == "nist"


def test_a_missing_file_and_options_not_given_say_nothing(
    tmp_path: Path,
) -> None:
    found = Settings.load({}, tmp_path / "none", port=None, data=None)

    assert found.site == Settings().site
    assert found.origins == {}


def test_the_process_s_own_environment_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VESTIBULE_SITE_NAME", "Reception")

    assert Settings.load().site.name == "Reception"
    assert Settings.load({}).site.name == "Vestibule"


# -- keys that are not there ------------------------------------------------


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("VESTIBULE_BASEURL", "VESTIBULE_BASE_URL"),
        ("VESTIBULE_DATABSE_URL", "VESTIBULE_DATABASE_URL"),
        ("VESTIBULE_MAIL_SEVER", "VESTIBULE_MAIL_SERVER"),
        ("VESTIBULE_BASE_URL_FILE", "VESTIBULE_BASE_URL"),
    ],
)
def test_an_unknown_key_is_an_error_that_names_the_nearest(
    tmp_path: Path, key: str, nearest: str
) -> None:
    expected = f"{key} is not a setting. Did you mean {nearest}?"

    assert trouble({key: "x"}) == expected
    option = {key.removeprefix("VESTIBULE_").lower(): "x"}
    assert trouble({}, **option) == expected
    with pytest.raises(SettingsError, match=key):
        Settings.load({}, env_file(tmp_path, f"{key}=x"))


def test_other_people_s_variables_are_left_alone() -> None:
    others = {"PATH": "/bin", "vestibule_port": "x", "XVESTIBULE_PORT": "x"}

    assert Settings.load(others) == Settings()


# -- values -----------------------------------------------------------------


@pytest.mark.parametrize("text", ["true", "1", "YES", " On "])
def test_what_means_yes(text: str) -> None:
    found = Settings.load({"VESTIBULE_NAME_FIELDS": text})
    assert found.pages.name_fields is True


@pytest.mark.parametrize("text", ["false", "0", "NO", " Off "])
def test_what_means_no(text: str) -> None:
    found = Settings.load({"VESTIBULE_MAIL_USE_TLS": text})
    assert found.mail.use_tls is False


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("12H", 43200), ("7d", 604800)],
)
def test_durations_are_seconds_or_have_a_unit(text: str, seconds: int) -> None:
    found = Settings.load({"VESTIBULE_SESSION_IDLE": text})
    assert found.sessions.idle == seconds


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("NAME_FIELDS", "maybe", "'maybe' is neither true nor false"),
        ("NAME_FIELDS", "", "'' is neither true nor false"),
        ("PORT", "5000.0", "'5000.0' is not a whole number"),
        ("PORT", "", "'' is not a whole number"),
        ("PORT", "٥٠٠٠", "'٥٠٠٠' is not a whole number"),
        ("PORT", "9" * 5000, "is not a whole number"),
        ("PORT", "0", "0 is outside 1 to 65535"),
        ("PORT", "65536", "65536 is outside 1 to 65535"),
        ("PASSWORD_MIN_LENGTH", "65", "65 is outside 1 to 64 code points"),
        ("SESSION_IDLE", "59", "59 is outside 60 to any number seconds"),
        ("SESSION_IDLE", "1w", "'1w' is not a duration like 90, 15m"),
        ("SESSION_IDLE", "-60", "is not a duration"),
        ("SESSION_IDLE", "1.5h", "is not a duration"),
        ("LINK_LIFE", "25h", "90000 is outside 60 to 86400 seconds"),
        ("NOT_ALLOWED_STATUS", "404", "404 is not one of 403, 401."),
        ("PRESET", "nits", "not one of default, nist, classroom. Did you me"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "has host bits set"),
        ("TRUSTED_PROXIES", "proxy", "does not appear to be an IPv4 or"),
        ("AFTER_LOGIN", "https://evil.example", "a path like /profile"),
        ("AFTER_LOGIN", "//evil.example", "a path like /profile"),
        ("AFTER_LOGIN", "/\\evil.example", "a path like /profile"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_reason(
    key: str, text: str, why: str
) -> None:
    said = trouble({f"VESTIBULE_{key}": text})

    assert said.startswith(f"VESTIBULE_{key}: ")
    assert why in said


def test_networks_are_a_list_with_commas() -> None:
    found = Settings.load(
        {"VESTIBULE_TRUSTED_PROXIES": " 10.0.0.0/8, ::1 ,192.0.2.1,"}
    )

    assert found.site.trusted_proxies == (
        ip_network("10.0.0.0/8"),
        ip_network("::1/128"),
        ip_network("192.0.2.1/32"),
    )


@pytest.mark.parametrize(
    "url",
    [
        "id.example.com",
        "ftp://id.example.com",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://[::1",
        "https://id.example.com:99999",
        "https://id.example.com:port",
        "https://id.example.com/?next=x",
        "https://id.example.com/?",
        "https://id.example.com/#x",
        "https://me@id.example.com",
        "https://:password@id.example.com",
        "https://id.example.com\\@evil.example",
        "https://id example.com",
    ],
)
def test_a_base_url_that_is_no_plain_web_address_is_refused(url: str) -> None:
    said = trouble({"VESTIBULE_BASE_URL": url})

    assert said == "VESTIBULE_BASE_URL: write it like https://id.example.com"


@pytest.mark.parametrize("key", ["BASE_URL", "SITE_NAME", "DATA"])
def test_a_setting_is_one_line_that_can_be_typed(key: str) -> None:
    for text in ("https://x\nBcc: y", "a\tb", "a\x00b", "\ud800", "a\u202e"):
        said = trouble({f"VESTIBULE_{key}": text})

        assert said == (
            f"VESTIBULE_{key}: {text!r} holds characters that cannot be typed"
        )


@pytest.mark.parametrize(
    ("url", "start", "is_https"),
    [
        ("https://id.example.com", "https://id.example.com", True),
        ("https://id.example.com/", "https://id.example.com", True),
        ("http://localhost:8080/auth/", "http://localhost:8080/auth", False),
        ("https://[::1]:8443", "https://[::1]:8443", True),
        ("", "http://localhost:5055", False),
    ],
)
def test_links_begin_with_the_base_url(
    url: str, start: str, is_https: bool
) -> None:
    found = Settings.load({"VESTIBULE_BASE_URL": url}, port=5055)

    assert found.base_url == start
    assert found.is_https is is_https


def test_mails_are_signed_by_the_site_or_its_host() -> None:
    url = {"VESTIBULE_BASE_URL": "https://id.example.com:8443"}

    assert Settings().signature == "localhost"
    assert Settings.load(url).signature == "id.example.com"
    assert Settings.load(url, site_name="Rosewood").signature == "Rosewood"


def test_the_database_is_a_file_in_the_data_folder_unless_named(
    tmp_path: Path,
) -> None:
    here = Settings.load({}, data=tmp_path)
    named = Settings.load({}, database_url="postgresql://db/accounts")

    assert here.database_url == f"sqlite:///{tmp_path}/vestibule.db"
    assert named.database_url == "postgresql://db/accounts"


def test_every_knob_is_listed_once_with_its_value() -> None:
    listed = Settings.load({}, port=81, trusted_proxies="::1").values()

    keys = [what.key for what, _ in listed]
    assert sorted(keys) == sorted(all_knobs())
    assert len(keys) == sum(len(fields(part)) for part in SECTIONS.values())
    values = {what.key: value for what, value in listed}
    assert values["PORT"] == 81
    assert values["TRUSTED_PROXIES"] == "::1/128"


# -- mail under the names of the texts --------------------------------------


def test_the_names_of_the_texts_are_read_for_the_mail_account() -> None:
    found = Settings.load(
        {"USER_EMAIL_ADDRESS": "a@example.com", "USER_EMAIL_PASSWORD": "pw"}
    )

    assert (found.mail.username, found.mail.password) == (
        "a@example.com",
        "pw",
    )


@pytest.mark.parametrize(
    "first", ["USER_EMAIL_ADDRESS", "VESTIBULE_MAIL_USERNAME"]
)
def test_our_own_name_counts_more_than_the_text_s(first: str) -> None:
    texts = {
        "USER_EMAIL_ADDRESS": "theirs@example.com",
        "VESTIBULE_MAIL_USERNAME": "ours@example.com",
    }
    ordered = {first: texts[first], **texts}

    assert Settings.load(ordered).mail.username == "ours@example.com"


# -- secrets ----------------------------------------------------------------


@pytest.mark.attack(73, 123)
@pytest.mark.asvs("11.2.3", "13.3.1")
@pytest.mark.parametrize(
    "key", ["short", "0123456789abcdef", "a" * 64, "changeme" * 8]
)
def test_a_weak_key_is_refused_with_the_command_that_makes_a_good_one(
    key: str,
) -> None:
    said = trouble({"VESTIBULE_SECRET_KEY": key})

    assert "too weak" in said
    assert "vestibule secret new" in said
    assert key not in said


@pytest.mark.asvs("13.3.1")
def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "password").write_text(f" {CANARY} \n")
    (tmp_path / "url").write_text("postgresql://db/accounts\n")
    found = Settings.load(
        {
            "VESTIBULE_SECRET_KEY_FILE": str(tmp_path / "key"),
            "VESTIBULE_MAIL_PASSWORD_FILE": str(tmp_path / "password"),
            "VESTIBULE_DATABASE_URL_FILE": str(tmp_path / "url"),
        }
    )

    assert found.site.secret_key == KEY
    assert found.mail.password == CANARY
    assert found.site.database_url == "postgresql://db/accounts"
    assert found.origins["MAIL_PASSWORD"] == "environment"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_s_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)

    said = trouble({"VESTIBULE_SECRET_KEY_FILE": str(path)})

    assert said.startswith(f"VESTIBULE_SECRET_KEY_FILE: cannot read {path}")


@pytest.mark.attack(138)
def test_what_is_printed_of_settings_holds_no_secret() -> None:
    found = Settings.load(
        {
            "VESTIBULE_SECRET_KEY": KEY,
            "VESTIBULE_MAIL_PASSWORD": CANARY,
            "VESTIBULE_DATABASE_URL": f"postgresql://u:{CANARY}@db/x",
        }
    )

    for text in (repr(found), str(found), repr(found.site), repr(found.mail)):
        assert KEY not in text
        assert CANARY not in text


@pytest.mark.attack(138)
def test_no_error_holds_a_secret(tmp_path: Path) -> None:
    secrets = {
        "VESTIBULE_SECRET_KEY": CANARY[:20],
        "VESTIBULE_MAIL_PASSWORD": CANARY,
        "VESTIBULE_DATABASE_URL": f"postgresql://u:{CANARY}@db/x",
    }

    for wrong in (
        {},
        {"VESTIBULE_PORT": "x"},
        {"VESTIBULE_MAIL_PASWORD": CANARY},
    ):
        said = trouble({**secrets, **wrong})
        assert CANARY[:20] not in said
    file = env_file(tmp_path, f"VESTIBULE_MAIL_PASWORD={CANARY}")
    with pytest.raises(SettingsError) as refused:
        Settings.load({}, file)
    assert CANARY not in str(refused.value)


# -- the key that is made at the first start --------------------------------


def mode(path: Path) -> int:
    """Read who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.asvs("13.3.1", "13.3.2")
def test_a_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Settings.load({}, data=folder).with_saved_secret()
    second = Settings.load({}, data=folder).with_saved_secret()

    assert first.site.secret_key == second.site.secret_key
    assert len(bytes.fromhex(first.site.secret_key)) == 32
    assert first.origins["SECRET_KEY"] == "data folder"
    assert mode(folder) == 0o700
    assert [path.name for path in folder.iterdir()] == ["secret-key"]
    assert mode(folder / "secret-key") == 0o600


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    keys = {
        Settings.load({}, data=tmp_path / name)
        .with_saved_secret()
        .site.secret_key
        for name in ("one", "two")
    }

    assert len(keys) == 2


def test_a_key_that_is_given_is_used_and_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    given = Settings.load({}, data=folder, secret_key=KEY)

    assert given.with_saved_secret() is given
    assert not folder.exists()


@pytest.mark.attack(73, 123)
@pytest.mark.asvs("13.3.1")
@pytest.mark.parametrize("content", ["", "\n", "short", "a" * 64])
def test_a_saved_key_that_protects_nothing_is_refused(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "secret-key").write_text(content)

    with pytest.raises(SettingsError):
        Settings.load({}, data=tmp_path).with_saved_secret()


def test_threads_that_start_together_end_with_one_key(tmp_path: Path) -> None:
    for round_ in range(10):
        start = threading.Barrier(8)
        folder = tmp_path / str(round_)

        def key(
            _: int, start: threading.Barrier = start, folder: Path = folder
        ) -> str:
            start.wait()
            found = Settings.load({}, data=folder).with_saved_secret()
            return found.site.secret_key

        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(key, range(8)))) == 1
        assert [path.name for path in folder.iterdir()] == ["secret-key"]


def test_processes_that_start_together_end_with_one_key(
    tmp_path: Path,
) -> None:
    code = (
        "import sys; from vestibule.settings import Settings; "
        "print('ready', flush=True); sys.stdin.read(); "
        f"found = Settings.load({{}}, data={str(tmp_path / 'data')!r}); "
        "print(found.with_saved_secret().site.secret_key)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.close()
        process.stdin = None
    keys = [process.communicate()[0] for process in started]

    assert len(set(keys)) == 1
    assert len(keys[0].strip()) == 64


# -- presets: the table of the contract -------------------------------------


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        (
            "default",
            {
                "PASSWORD_MIN_LENGTH": 8,
                "PASSWORD_BLOCKLIST": True,
                "VERIFIED_EMAIL_REQUIRED": False,
                "EMAIL_CHANGE_IMMEDIATE": False,
                "REVEAL_ACCOUNTS": False,
                "RESET_TOKEN_IN_ANSWER": False,
                "NOT_ALLOWED_STATUS": 403,
                "ATTEMPTS_PER_ACCOUNT": 10,
                "ATTEMPTS_WINDOW": 900,
                "LOOPBACK_ONLY": False,
                "SESSION_IDLE": 12 * 3600,
                "SESSION_ABSOLUTE": 7 * 86400,
                "SESSION_REMEMBER": 30 * 86400,
            },
        ),
        (
            "nist",
            {
                "PASSWORD_MIN_LENGTH": 15,
                "PASSWORD_BLOCKLIST": True,
                "VERIFIED_EMAIL_REQUIRED": True,
                "EMAIL_CHANGE_IMMEDIATE": False,
                "REVEAL_ACCOUNTS": False,
                "RESET_TOKEN_IN_ANSWER": False,
                "NOT_ALLOWED_STATUS": 403,
                "ATTEMPTS_PER_ACCOUNT": 10,
                "ATTEMPTS_WINDOW": 900,
                "LOOPBACK_ONLY": False,
                "SESSION_IDLE": 3600,
                "SESSION_ABSOLUTE": 86400,
            },
        ),
        (
            "classroom",
            {
                "PASSWORD_MIN_LENGTH": 1,
                "PASSWORD_BLOCKLIST": False,
                "VERIFIED_EMAIL_REQUIRED": False,
                "EMAIL_CHANGE_IMMEDIATE": True,
                "REVEAL_ACCOUNTS": True,
                "RESET_TOKEN_IN_ANSWER": True,
                "NOT_ALLOWED_STATUS": 401,
                "ATTEMPTS_PER_ACCOUNT": 1000,
                "LOOPBACK_ONLY": True,
            },
        ),
    ],
)
def test_a_preset_is_its_column_of_the_contract_s_table(
    preset: str, expected: dict[str, object]
) -> None:
    found = Settings.load({}, preset=preset)
    values = {what.key: value for what, value in found.values()}

    assert {key: values[key] for key in expected} == expected


def test_no_preset_keeps_anybody_signed_in_longer_than_the_default() -> None:
    nist = Settings.load({}, preset="nist").sessions

    assert max(nist.remember, nist.absolute, nist.idle) <= 86400


@pytest.mark.parametrize("preset", ["default", "nist", "classroom"])
def test_one_setting_of_a_preset_can_be_taken_back(preset: str) -> None:
    found = Settings.load(
        {
            "VESTIBULE_PRESET": preset,
            "VESTIBULE_LOOPBACK_ONLY": "false",
            "VESTIBULE_PASSWORD_MIN_LENGTH": "12",
        }
    )

    assert found.site.loopback_only is False
    assert found.passwords.minimum_length == 12


def test_a_secret_is_set_in_one_place_only(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("f" * 8 + "0123456789abcdef0123456789abcdef")
    said = trouble(
        {
            "VESTIBULE_SECRET_KEY_FILE": str(tmp_path / "key"),
            "VESTIBULE_SECRET_KEY": "",
        }
    )

    assert said == (
        "Set VESTIBULE_SECRET_KEY or VESTIBULE_SECRET_KEY_FILE, not both"
    )
