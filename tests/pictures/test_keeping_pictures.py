"""Keeping pictures: one for each account, whole, and gone when it goes."""

import os
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conftest import Browser, TurnableClock
from paintings import BLUE, RED, is_like, opened, painted
from stagecraft import at_once, counts, next_page, rows
from vestibule.auth import Auth
from vestibule.capabilities.pictures.operations import Picture, Prepared
from vestibule.errors import (
    Malformed,
    Missing,
    NotProven,
    TooMany,
    Unavailable,
)
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.uploads import Upload
from vestibule.user import User
from vestibule.worker import sweep

PATIENCE = 61


def folder(settings: Settings) -> Path:
    """Say where pictures are."""
    return settings.data_folder / "pictures"


def files(settings: Settings) -> list[str]:
    """List all files in the folder, finished or not."""
    return sorted(path.name for path in folder(settings).glob("*"))


def prepared(auth: Auth, colour: Any = RED) -> Prepared:
    """Prepare a picture of one colour."""
    return auth.pictures.prepare(painted(colour=colour))


class Crash(BaseException):
    """The plug is pulled: nothing that would tidy up runs any more."""


@pytest.mark.attack(111, 114, "A40")
@pytest.mark.asvs("5.3.1", "5.3.2", "14.2.4", "X16")
def test_files_are_private_and_named_by_chance(
    auth: Auth, settings: Settings, alice: User
) -> None:
    picture = auth.pictures.replace(alice, prepared(auth))

    file = folder(settings) / picture.name
    assert folder(settings).stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(picture.name) == 47
    assert prepared(auth).picture.name != prepared(auth).picture.name
    found, content = auth.pictures.open(picture.name)
    assert found == picture == auth.pictures.of(alice)
    assert (picture.width, picture.height) == opened(content).size == (60, 40)
    assert picture.size == len(content) == file.stat().st_size
    assert picture.created_at == auth.clock.now()


@pytest.mark.asvs("1.4.3", "5.2.4")
@pytest.mark.attack("A40")
def test_replacing_and_removing_leave_nothing_behind(
    auth: Auth, settings: Settings, alice: User, bob: User
) -> None:
    bobs = auth.pictures.replace(bob, prepared(auth))
    first = auth.pictures.replace(alice, prepared(auth, RED))
    second = auth.pictures.replace(alice, prepared(auth, BLUE))

    assert files(settings) == sorted([bobs.name, second.name])
    content = auth.pictures.open(second.name)[1]
    assert is_like(opened(content).getpixel((5, 5)), BLUE)
    with pytest.raises(Missing):
        auth.pictures.open(first.name)

    assert auth.pictures.remove(alice)
    assert not auth.pictures.remove(alice)
    assert auth.pictures.of(alice) is None
    assert files(settings) == [bobs.name]
    assert counts(auth)["vestibule_pictures"] == 1


def test_what_happens_to_a_picture_is_in_the_history(
    auth: Auth, alice: User
) -> None:
    auth.pictures.replace(alice, prepared(auth))
    auth.pictures.remove(alice)
    auth.pictures.remove(alice)

    acts = [event["act"] for event in rows(auth)["vestibule_events"]]
    assert acts[-2:] == ["picture.change", "picture.remove"]


def test_the_picture_goes_with_the_account(
    auth: Auth, settings: Settings, alice: User, bob: User
) -> None:
    auth.pictures.replace(alice, prepared(auth))
    bobs = auth.pictures.replace(bob, prepared(auth))

    auth.deletion.delete(alice, by=OPERATOR)

    assert files(settings) == [bobs.name]
    assert counts(auth)["vestibule_pictures"] == 1
    with pytest.raises(NotProven):
        auth.pictures.replace(alice, prepared(auth))
    with pytest.raises(NotProven):
        auth.pictures.remove(alice)
    assert files(settings) == [bobs.name]


@pytest.mark.asvs("2.3.3")
def test_a_deletion_that_fails_keeps_the_picture(
    auth: Auth,
    settings: Settings,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = auth.pictures.replace(alice, prepared(auth))

    def fail(_: User) -> NoReturn:
        """Fail after everything else was forgotten."""
        raise OSError("plug")

    monkeypatch.setattr(auth.mailed_tokens, "forget_all", fail)
    with pytest.raises(OSError, match="plug"):
        auth.deletion.delete(alice, by=OPERATOR)

    assert auth.pictures.of(alice) == picture
    assert files(settings) == [picture.name]


def test_a_full_disk_is_told_and_changes_nothing(
    auth: Auth,
    settings: Settings,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = auth.pictures.replace(alice, prepared(auth))
    fresh = prepared(auth)

    def full(_: int) -> NoReturn:
        """Fail as a disk does that is full."""
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Unavailable):
            auth.pictures.replace(alice, fresh)

    assert auth.pictures.of(alice) == old
    assert files(settings) == [old.name]
    assert counts(auth)["vestibule_pictures"] == 1


def test_a_folder_that_cannot_be_made_is_told_and_changes_nothing(
    auth: Auth, settings: Settings, alice: User
) -> None:
    folder(settings).write_text("in the way")

    with pytest.raises(Unavailable):
        auth.profile.update(
            alice,
            "alice2",
            alice.email,
            picture=Upload("me.png", painted()),
            by=OPERATOR,
        )

    assert auth.db.find_user_by(id=alice.id).username == "alice"
    assert auth.pictures.of(alice) is None


def test_a_profile_that_cannot_be_changed_keeps_its_picture(
    auth: Auth, settings: Settings, alice: User, bob: User
) -> None:
    old = auth.pictures.replace(alice, prepared(auth))

    with pytest.raises(Exception, match="already in use"):
        auth.profile.update(
            alice,
            "bob",
            alice.email,
            picture=Upload("me.png", painted()),
            by=OPERATOR,
        )

    assert auth.pictures.of(alice) == old
    assert files(settings) == [old.name]
    assert counts(auth)["vestibule_pictures"] == 1


def test_what_a_crash_leaves_is_swept_after_an_hour(
    auth: Auth, settings: Settings, clock: TurnableClock, alice: User
) -> None:
    mine = auth.pictures.replace(alice, prepared(auth))
    unfinished = auth.pictures.stored(prepared(auth))
    unfinished.__enter__()
    assert len(files(settings)) == 2

    clock.turn(minutes=59)
    assert sweep(auth) == 0
    assert len(files(settings)) == 2

    clock.turn(minutes=2)
    assert sweep(auth) == 1
    assert files(settings) == [mine.name]
    assert sweep(auth) == 0
    assert counts(auth)["vestibule_pictures"] == 1


def test_what_a_crash_leaves_half_written_is_swept_as_well(
    auth: Auth,
    settings: Settings,
    clock: TurnableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*_: object, **__: object) -> NoReturn:
        """Pull the plug before the file has its name."""
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        patch.setattr(Path, "unlink", crash)
        with pytest.raises(Crash), auth.pictures.stored(prepared(auth)):
            pass
    [draft] = files(settings)
    assert draft.startswith(".")

    clock.turn(minutes=PATIENCE)
    assert sweep(auth) == 1
    assert files(settings) == []


def test_a_file_that_cannot_be_removed_now_is_removed_later(
    auth: Auth,
    settings: Settings,
    clock: TurnableClock,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auth.pictures.replace(alice, prepared(auth))

    def stuck(*_: object, **__: object) -> NoReturn:
        """Fail as a disk does that became read-only."""
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stuck)
        assert auth.pictures.remove(alice)
        clock.turn(minutes=PATIENCE)
        assert sweep(auth) == 0
    assert auth.pictures.of(alice) is None
    assert len(files(settings)) == counts(auth)["vestibule_pictures"] == 1

    assert sweep(auth) == 1
    assert files(settings) == []
    assert counts(auth)["vestibule_pictures"] == 0


def test_sweeping_touches_no_file_it_does_not_know(
    auth: Auth, settings: Settings, clock: TurnableClock
) -> None:
    folder(settings).mkdir()
    (folder(settings) / "README").write_text("of another application")
    other = folder(settings) / f"{'A' * 43}.png"
    other.write_bytes(painted())
    os.utime(other, (0, 0))
    clock.turn(days=30)

    assert sweep(auth) == 0

    assert files(settings) == [other.name, "README"]


def test_of_two_new_pictures_at_once_one_is_left(
    auth: Auth, settings: Settings, alice: User
) -> None:
    for _ in range(3):
        fresh = [prepared(auth) for _ in range(4)]
        results = at_once(
            [partial(auth.pictures.replace, alice, one) for one in fresh]
        )

        assert [r for r in results if isinstance(r, BaseException)] == []
        mine = auth.pictures.of(alice)
        assert mine in [one.picture for one in fresh]
        assert files(settings) == [mine.name]
        assert counts(auth)["vestibule_pictures"] == 1


def test_replacing_and_removing_at_once_leave_all_or_nothing(
    auth: Auth, settings: Settings, alice: User
) -> None:
    for _ in range(3):
        auth.pictures.replace(alice, prepared(auth))
        acts: list[Callable[[], object]] = [
            partial(auth.pictures.remove, alice),
            partial(auth.pictures.replace, alice, prepared(auth)),
            partial(auth.pictures.remove, alice),
        ]
        results = at_once(acts)

        assert [r for r in results if isinstance(r, BaseException)] == []
        mine = auth.pictures.of(alice)
        assert files(settings) == ([] if mine is None else [mine.name])
        assert counts(auth)["vestibule_pictures"] == len(files(settings))


def test_replacing_while_the_account_goes_leaves_nothing(
    auth: Auth, settings: Settings, clock: TurnableClock
) -> None:
    for turn in range(6):
        user = auth.registration.register(
            f"u{turn}@example.com", "correct horse battery", f"user{turn}"
        )
        auth.pictures.replace(user, prepared(auth))
        acts: list[Callable[[], object]] = [
            partial(auth.pictures.replace, user, prepared(auth)),
            partial(auth.deletion.delete, user, by=OPERATOR),
        ]
        replaced, deleted = at_once(acts)
        assert isinstance(replaced, Picture | NotProven)
        assert deleted is None
        assert auth.pictures.of(user) is None

    clock.turn(minutes=PATIENCE)
    sweep(auth)
    assert files(settings) == []
    assert counts(auth)["vestibule_pictures"] == 0


def test_no_transaction_is_open_while_a_picture_is_drawn_or_stored(
    auth: Auth, alice: User
) -> None:
    fresh = prepared(auth)

    with auth.db.unit():
        auth.db.update_user(alice.id)
        with pytest.raises(RuntimeError, match="transaction"):
            auth.pictures.prepare(painted())
        with pytest.raises(RuntimeError, match="transaction"):
            auth.pictures.replace(alice, fresh)


@pytest.mark.asvs("2.4.1")
def test_who_sends_file_after_file_that_is_no_picture_is_told_to_wait(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    broken = b"\x89PNG\r\n\x1a\n and nothing more"
    for _ in range(10):
        with pytest.raises(Malformed):
            auth.pictures.prepare(broken, user=alice)

    with pytest.raises(TooMany):
        auth.pictures.prepare(painted(), user=alice)
    # Neither others nor the owner, when the time is over.
    auth.pictures.prepare(painted(), user=bob)
    clock.turn(hours=2)
    for _ in range(12):
        auth.pictures.prepare(painted(), user=alice)


def test_both_doors_count_the_files_of_an_account_together(
    auth: Auth, alice: User, browser: Browser
) -> None:
    browser.sign_in("alice")
    broken = b"<svg"
    for _ in range(10):
        refused = browser.client.put(
            "/api/v1/profile/picture", data=broken, content_type="image/png"
        )
        assert refused.status_code == 422

    by_api = browser.client.put(
        "/api/v1/profile/picture", data=painted(), content_type="image/png"
    )
    by_page = browser.send(
        "/profile",
        {"username": "alice", "email": "alice@example.com"},
        picture=(BytesIO(painted()), "me.png"),
    )

    assert by_api.status_code == 429
    assert int(by_api.headers["Retry-After"]) > 0
    assert "Too many tries" in next_page(browser, by_page).text
    assert auth.pictures.of(alice) is None


def test_a_picture_whose_commit_is_known_too_late_is_kept(
    auth: Auth, alice: User
) -> None:
    drawn = prepared(auth)

    def lose_the_answer() -> None:
        """Fail after the commit, as when a connection breaks just then."""
        with auth.pictures.stored(drawn):
            with auth.db.unit():
                auth.pictures.lead_to(alice, drawn.picture)
            raise Unavailable

    with pytest.raises(Unavailable):
        lose_the_answer()

    assert auth.pictures.open(drawn.picture.name)[1] == drawn.content


def test_a_forked_process_has_lanes_of_its_own(auth: Auth) -> None:
    processor = auth.pictures.processor
    while processor._lanes.acquire(blocking=False):
        pass
    auth.db.close()
    auth.after_fork()
    assert auth.pictures.prepare(painted()).content
