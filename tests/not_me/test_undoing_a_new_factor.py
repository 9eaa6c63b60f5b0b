"""The letter about a new way in undoes it by its link."""

import pytest
from sqlalchemy import select

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from passkeyring import Ring
from phones import Phone, with_app
from stagecraft import at_once
from vestibule.auth import Auth
from vestibule.capabilities.not_me.operations import NotMeLinkInvalid
from vestibule.history import Event
from vestibule.mailed_tokens import MailedToken
from vestibule.policy import OPERATOR
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]
NEW = "another long password"
WEEK = 7 * 86400
ACT = "second_factor.reset"


def link_of(postbox: Postbox) -> str:
    """Read the token off the newest letter that has such a link."""
    return postbox.link("/security/not-me/").rsplit("/", 1)[1]


@pytest.mark.asvs("6.3.7", "7.4.3")
def test_an_owner_whose_password_was_found_gets_rid_of_a_thief_s_app(
    auth: Auth, alice: User, browser: Browser, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    postbox.empty()
    with_app(auth, alice)
    token = link_of(postbox)

    auth.password_reset.finish(auth.not_me.secure(token).token, NEW)

    assert auth.second_factors.ways(alice) == []
    assert browser.open("/profile").status_code == 302
    assert browser.sign_in("alice", NEW).location == "/profile"
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.secure(token)


def test_the_link_of_a_new_device_works_beside_it(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.login.with_password("alice", PASSWORD)
    postbox.empty()
    auth.login.with_password("alice", PASSWORD)
    of_device = link_of(postbox)
    with_app(auth, alice)

    of_factor = link_of(postbox)

    assert of_factor != of_device
    assert auth.not_me.look(of_device).id == alice.id
    assert auth.not_me.look(of_factor).id == alice.id
    # Either ends the other.
    auth.not_me.secure(of_device)
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.look(of_factor)


def test_the_link_works_for_as_long_as_it_undoes_anything(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    with_app(auth, alice)
    token = link_of(postbox)
    clock.turn(days=7)
    clock.turn(seconds=-1)
    assert auth.not_me.look(token)
    clock.turn(seconds=1)
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.look(token)


def test_an_address_that_nobody_confirmed_is_led_to_a_new_password(
    auth: Auth, postbox: Postbox
) -> None:
    eve = auth.registration.register("eve@example.com", PASSWORD)
    postbox.empty()

    with_app(auth, eve)

    (letter,) = [one for one in postbox.empty() if "New way" in one.subject]
    assert "/security/not-me" not in letter.text
    assert "/password_reset" in letter.text


def works(auth: Auth, token: str) -> bool:
    """Tell whether the link of a letter leads to its page still."""
    try:
        auth.not_me.look(token)
    except NotMeLinkInvalid:
        return False
    return True


@pytest.mark.attack(101)
@pytest.mark.asvs("6.3.7", "7.4.3")
def test_an_owner_who_resets_first_gets_rid_of_a_thief_s_passkey_still(
    auth: Auth, alice: User, ring: Ring, postbox: Postbox
) -> None:
    thief = Authenticator(auth.settings.base_url)
    ring.added(alice, thief)
    link = link_of(postbox)
    auth.password_reset.finish(auth.password_reset.issue(alice), NEW)
    # The reset alone does not help: the passkey opens the account by itself.
    assert ring.sign_in(thief).token

    auth.password_reset.finish(auth.not_me.secure(link).token, NEW + "!")

    assert ring.code_of(ring.sign_in, thief) == "passkey.unknown"
    assert auth.login.with_password(alice.username, NEW + "!").token
    assert auth.second_factors.ways(alice) == []


@pytest.mark.attack(101)
@pytest.mark.asvs("7.4.3")
def test_nothing_but_its_own_use_and_the_end_of_the_account_ends_the_link(
    auth: Auth, alice: User, admin: User, postbox: Postbox
) -> None:
    assert admin.is_admin
    with_app(auth, alice)
    link, other = link_of(postbox), auth.not_me.link_for_factor(alice)
    assert other
    office = auth.administration

    office.set_password(alice, NEW)
    assert works(auth, link), "a password that the operator has set"
    auth.passwords.change(auth.db.find_user_by(id=alice.id), NEW, PASSWORD)
    assert works(auth, link), "another password"
    for is_active in (False, True):
        office.set_active(alice, is_active=is_active, by=OPERATOR)
        assert works(auth, link), "a disabled account, and an enabled one"
    for is_admin in (True, False):
        office.set_admin(alice, is_admin=is_admin, by=OPERATOR)
        assert works(auth, link), "another role"
    office.end_sessions(alice, by=OPERATOR)
    office.send_reset(alice, by=OPERATOR)
    auth.sessions.end_all(alice.id)
    auth.not_me.shut_out(alice, None, by=OPERATOR)
    assert works(auth, link), "all that signs people out"

    auth.not_me.secure(link)
    assert not works(auth, link)
    assert not works(auth, other[0])


def test_a_link_works_for_the_address_it_was_mailed_to_alone(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    with_app(auth, alice)
    link = link_of(postbox)

    auth.email_changes.make(alice, "mallory@example.com")
    undo = postbox.link("/verify-email/undo/").rsplit("/", 1)[1]
    assert not works(auth, link)

    # Whoever takes the account back needs none of them any more.
    auth.email_changes.undo(undo)
    assert not works(auth, link)
    assert auth.second_factors.ways(alice) == []


@pytest.mark.asvs("15.4.2")
def test_an_address_that_changes_at_this_moment_voids_the_link(
    auth: Auth, alice: User, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_app(auth, alice)
    link, hold = link_of(postbox), auth.db.hold

    def held(user_id: int) -> bool:
        """Hold an account whose address somebody has just changed."""
        monkeypatch.setattr(auth.db, "hold", hold)
        auth.db.update_user(user_id, email="mallory@example.com")
        return hold(user_id)

    monkeypatch.setattr(auth.db, "hold", held)
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.secure(link)
    assert auth.totp.app(alice)


def test_an_account_takes_its_links_along(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    with_app(auth, alice)
    link = link_of(postbox)
    auth.deletion.delete(alice, by=OPERATOR)

    assert not works(auth, link)
    assert auth.db.read(select(MailedToken.purpose)) == []


@pytest.mark.asvs("6.3.7", "7.4.3")
def test_the_letter_about_a_second_factor_does_not_save_the_first(
    auth: Auth, alice: User, ring: Ring, postbox: Postbox, clock: TurnableClock
) -> None:
    thief = Authenticator(auth.settings.base_url)
    ring.added(alice, thief)
    first = link_of(postbox)
    clock.turn(days=3)
    ring.added(alice, Authenticator(auth.settings.base_url))
    second = link_of(postbox)
    assert works(auth, first)
    clock.turn(days=5)
    assert not works(auth, first)

    auth.not_me.secure(second)

    assert auth.passkeys.of(alice) == []
    assert ring.code_of(ring.sign_in, thief) == "passkey.unknown"


def test_a_link_removes_what_is_as_new_as_a_week_before_its_letter(
    auth: Auth, alice: User, ring: Ring, postbox: Postbox, clock: TurnableClock
) -> None:
    own = ring.added(alice)
    clock.turn(seconds=1)
    ring.added(alice)
    clock.turn(seconds=WEEK)
    with_app(auth, alice)
    link = link_of(postbox)
    clock.turn(seconds=WEEK - 1)

    auth.not_me.secure(link)

    assert [one.id for one in auth.passkeys.of(alice)] == [own.id]
    assert auth.totp.app(alice) is None


def test_an_app_is_as_new_as_its_first_code(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    begun = auth.totp.begin(alice, by=OPERATOR)
    clock.turn(minutes=30)
    phone = Phone(begun.key, clock)
    auth.totp.confirm(alice, phone.code(), by=OPERATOR)
    now = clock.now()

    assert not auth.second_factors.drop(alice, now + 1)
    assert auth.totp.app(alice)
    assert auth.second_factors.drop(alice, now)
    assert auth.totp.app(alice) is None


def test_ten_links_live_at_once_and_one_more_takes_the_place_of_the_oldest(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    links = []
    for _ in range(11):
        made = auth.not_me.link_for_factor(alice)
        assert made
        links.append(made[0])
        clock.turn(minutes=1)
    assert [works(auth, link) for link in links] == [False] + [True] * 10

    # One that is over makes room.
    clock.turn(seconds=WEEK - 9 * 60)
    alive = [link for link in links if works(auth, link)]
    assert 0 < len(alive) < 10
    assert auth.not_me.link_for_factor(alice)
    assert all(works(auth, link) for link in alive)


@pytest.mark.asvs("15.4.2")
def test_links_that_are_made_at_once_all_work(auth: Auth, alice: User) -> None:
    made = at_once([lambda: auth.not_me.link_for_factor(alice)] * 5)

    assert all(isinstance(one, tuple) for one in made)
    assert all(works(auth, one[0]) for one in made if isinstance(one, tuple))


@pytest.mark.parametrize("has_app", [True, False])
def test_the_history_tells_that_factors_went_and_only_then(
    auth: Auth, alice: User, *, has_app: bool
) -> None:
    if has_app:
        with_app(auth, alice)
    made = auth.not_me.link_for_factor(alice)
    assert made

    auth.not_me.secure(made[0])

    told = select(Event.subject_id).where(Event.act == ACT)
    assert len(auth.db.read(told)) == has_app
