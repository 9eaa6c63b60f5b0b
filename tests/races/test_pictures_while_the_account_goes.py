"""A picture that comes while its account goes leaves no file behind."""

import time
from pathlib import Path

import pytest

from conftest import account
from paintings import painted
from racing import FEWER, ROUNDS, Track, move, traces
from stagecraft import counts
from vestibule.auth import Auth
from vestibule.capabilities.pictures.operations import Picture, Prepared
from vestibule.user import User


def files(auth: Auth) -> set[str]:
    """List what lies in the folder of pictures."""
    folder = Path(auth.settings.data_folder) / "pictures"
    return {file.name for file in folder.iterdir()}


def swept(auth: Auth) -> None:
    """Clear away, an hour later, what is nobody's."""
    while auth.pictures.sweep(int(time.time()) + 3700):
        pass


def shown(auth: Auth, user: User) -> str:
    """Name the picture of an account that has one, and read its file."""
    picture = auth.pictures.of(user)
    assert picture is not None
    assert auth.pictures.open(picture.name)
    return picture.name


def replaced(auth: Auth, user: User) -> None:
    """Give an account a picture, without a race."""
    content = painted()
    name = f"{auth.randomness.token()}.png"
    drawn = Picture(name, "image/png", 60, 40, len(content), 0)
    auth.pictures.replace(user, Prepared(drawn, content))


@pytest.mark.parametrize("is_drawn", [False, True], ids=["stored", "drawn"])
def test_no_file_and_no_row_is_left_of_a_picture(
    auth: Auth, track: Track, alice: User, *, is_drawn: bool
) -> None:
    left = traces(auth)
    # Drawing takes a tenth of a second.
    rounds = ROUNDS // 2 if is_drawn else ROUNDS
    replaced(auth, alice)
    kept = shown(auth, alice)
    with track.race(auth) as race:
        for turn in range(rounds):
            user = account(auth, f"user{turn}")
            comes = move("replace_picture", who=user.id)
            if is_drawn:
                comes = move("update_profile", who=user.id, picture=True)
            if turn % 2:
                # Then there is one to be replaced.
                replaced(auth, user)

            came, gone = race.round(comes, move("delete", who=user.id))

            assert gone.code == "done"
            assert came.code in ("done", "auth.required")
            assert left(user.id) == {}
    swept(auth)
    assert files(auth) == {kept} == {shown(auth, alice)}
    assert counts(auth)["vestibule_pictures"] == 1


def test_of_two_new_pictures_the_one_that_is_shown_has_its_file(
    auth: Auth, track: Track, alice: User
) -> None:
    with track.race(auth) as race:
        for _ in range(FEWER):
            comes = move("replace_picture", who=alice.id)

            done = race.round(comes, comes)

            assert [finish.code for finish in done] == ["done", "done"]
            assert files(auth) == {shown(auth, alice)}
