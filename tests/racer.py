"""A process that races: it prepares a move, and makes it when it is time.

It has an ``Auth`` of its own, and takes its orders, one a line of JSON, from
``racing``. A move is a function here that prepares all that is not raced,
and returns what is.
"""

import json
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from conftest import HTML, Browser, form_token
from paintings import painted
from proofs import bringing
from vestibule.auth import Auth
from vestibule.capabilities.pictures.operations import Picture, Prepared
from vestibule.doors.app import create_app
from vestibule.errors import NotProven, Refusal, TooMany
from vestibule.marks import Marks
from vestibule.outcomes import LoggedIn
from vestibule.policy import OPERATOR, Actor
from vestibule.settings import Settings
from vestibule.uploads import Upload
from vestibule.user import User

CONFIRM = "email_verification"
Act = Callable[[], object]
MOVES: dict[str, Callable[..., Act]] = {}
SPIN = 0.001


def move(make: Callable[..., Act]) -> Callable[..., Act]:
    """Enter a move in the list."""
    MOVES[make.__name__] = make
    return make


def someone(auth: Auth, user_id: int) -> User:
    """Read an account, as a door does before it calls the operation."""
    return auth.db.find_user_by(id=user_id)


def acting(auth: Auth, user_id: int | None) -> Actor:
    """Make the actor of a session that has just been proven."""
    if user_id is None:
        return OPERATOR
    return Actor(someone(auth, user_id), auth.clock.now())


@move
def demote(auth: Auth, who: int, by: int | None = None) -> Act:
    user, actor = someone(auth, who), acting(auth, by)
    change = auth.administration.set_admin
    return lambda: change(user, is_admin=False, by=actor)


@move
def promote(auth: Auth, who: int, by: int | None = None) -> Act:
    user, actor = someone(auth, who), acting(auth, by)
    change = auth.administration.set_admin
    return lambda: change(user, is_admin=True, by=actor)


@move
def disable(auth: Auth, who: int, by: int | None = None) -> Act:
    user, actor = someone(auth, who), acting(auth, by)
    change = auth.administration.set_active
    return lambda: change(user, is_active=False, by=actor)


@move
def delete(auth: Auth, who: int, by: int | None = None) -> Act:
    user, actor = someone(auth, who), acting(auth, by)
    return lambda: auth.deletion.delete(user, by=actor)


@move
def sign_in(auth: Auth, name: str, password: str) -> Act:
    return lambda: auth.login.with_password(name, password).token


@move
def work(auth: Auth, name: str, work: str) -> Act:
    """Guess at a password, with the solution of a proof of work."""

    def guess() -> object:
        """Come from where the challenge was given."""
        with bringing(work):
            return auth.login.prove(name, "a guess").id

    return guess


@move
def finish_sign_in(
    auth: Auth, token: str, code: str, *, trust: bool = False
) -> Act:
    """Show the second factor of a sign-in that waits."""
    finish = auth.second_factors.finish
    return lambda: finish(token, code, trust=trust).token


@move
def sign_in_on_trust(auth: Auth, name: str, password: str, token: str) -> Act:
    """Sign in where a device is trusted; say whether that was enough."""
    sign_in = partial(auth.login.with_password, trusted=[token])
    return lambda: isinstance(sign_in(name, password), LoggedIn)


@move
def sign_in_by_passkey(auth: Auth, credential: str) -> Act:
    return lambda: auth.passkeys.sign_in(credential).token


@move
def finish_by_passkey(
    auth: Auth, token: str, credential: str, *, trust: bool = False
) -> Act:
    """Show a passkey where a sign-in waits."""
    finish = auth.passkeys.finish
    return lambda: finish(token, credential, trust=trust).token


@move
def confirm_by_passkey(
    auth: Auth, who: int, credential: str, token: str
) -> Act:
    """Show a passkey in a session, for a fresh proof."""
    user, confirm = someone(auth, who), auth.passkeys.confirm
    return lambda: confirm(user, credential, token).token


@move
def add_passkey(auth: Auth, who: int, credential: str, session: str) -> Act:
    actor, add = acting(auth, who), auth.passkeys.add
    return lambda: add(credential, session, by=actor).id


@move
def confirm_app(auth: Auth, who: int, code: str) -> Act:
    """Switch an app on, whose set-up waits."""
    user, actor = someone(auth, who), acting(auth, who)
    return lambda: str(auth.totp.confirm(user, code, by=actor))


@move
def say_not_me(auth: Auth, token: str) -> Act:
    """Follow the link of a letter about a sign-in that was not one's own."""
    return lambda: bool(auth.not_me.secure(token).token)


@move
def sign_in_by_mail(
    auth: Auth, token: str, name: str, code: str, ticket: str
) -> Act:
    """Show the code of a letter, or its link if there is no code."""
    own = auth.mailed_sign_in
    if not code:
        return lambda: own.by_link(token).token
    return lambda: own.by_code(name, code, [ticket]).token


@move
def ask_by_mail(auth: Auth, name: str) -> Act:
    return lambda: len(auth.mailed_sign_in.ask(name))


@move
def end_sessions(auth: Auth, who: int) -> Act:
    return lambda: auth.sessions.end_all(who)


@move
def turn_app_off(auth: Auth, who: int) -> Act:
    user, actor = someone(auth, who), acting(auth, who)
    return lambda: str(auth.totp.remove(user, by=actor))


@move
def make_recovery_codes(auth: Auth, who: int) -> Act:
    user, actor = someone(auth, who), acting(auth, who)
    return lambda: auth.recovery_codes.make(user, by=actor)


@move
def owners(auth: Auth, tokens: list[str]) -> Act:
    return lambda: [
        None if (found := auth.sessions.owner(token)) is None else found.id
        for token in tokens
    ]


@move
def guess_at_once(auth: Auth, names: list[str], number: int) -> Act:
    """Guess in eight threads; say how many guesses were evaluated."""
    hasher = auth.passwords.hasher
    hasher.lanes.places = threading.BoundedSemaphore(8)
    if isinstance(auth.throttle.marks, Marks):
        auth.throttle.marks.begin_anew()

    def guess(turn: int) -> bool:
        """Guess once, by another of the names each time."""
        return auth.valid_login(names[turn % len(names)], f"guess {turn}")

    def act() -> int:
        """Guess, and count the hashes."""
        before = hasher.count
        with ThreadPoolExecutor(8) as threads:
            assert not any(threads.map(guess, range(number)))
        return hasher.count - before

    return act


@move
def guess_codes_at_once(auth: Auth, tokens: list[str], number: int) -> Act:
    """Guess at a second factor in eight threads; say how many counted."""
    if isinstance(auth.throttle.marks, Marks):
        auth.throttle.marks.begin_anew()
    codes = ["000000", "a" * 25, "111111"]

    def guess(turn: int) -> bool:
        """Guess once; tell whether it was looked at."""
        token, code = tokens[turn % len(tokens)], codes[turn % len(codes)]
        try:
            auth.second_factors.finish(token, code)
        except NotProven:
            return True
        except TooMany:
            return False
        raise AssertionError(code)

    def act() -> int:
        """Guess, and count what was looked at."""
        with ThreadPoolExecutor(8) as threads:
            return sum(threads.map(guess, range(number)))

    return act


@move
def create_session(auth: Auth, email: str) -> Act:
    return lambda: auth.create_session(email)


@move
def confirm_proof(
    auth: Auth, who: int, password: str, token: str, code: str = ""
) -> Act:
    user = someone(auth, who)
    confirm = auth.recent_proof.confirm
    return lambda: confirm(user, password, token, code=code).token


@move
def change_password(auth: Auth, who: int, old: str, new: str) -> Act:
    user = someone(auth, who)
    return lambda: str(auth.passwords.change(user, old, new))


@move
def add_feedback(auth: Auth, who: int, by: int | None = None) -> Act:
    user, actor = someone(auth, who), acting(auth, by)
    return lambda: auth.feedback.add(user, "A door", "Heavy", by=actor)


@move
def change_feedback(auth: Auth, number: int, by: int | None = None) -> Act:
    actor = acting(auth, by)
    change = auth.feedback.change
    return lambda: str(change(number, "A window", "Clear", by=actor))


@move
def replace_picture(auth: Auth, who: int) -> Act:
    user = someone(auth, who)
    content = painted()
    name = f"{auth.randomness.token()}.png"
    now = auth.clock.now()
    drawn = Picture(name, "image/png", 60, 40, len(content), now)
    prepared = Prepared(drawn, content)
    return lambda: auth.pictures.replace(user, prepared).name


@move
def update_profile(
    auth: Auth,
    who: int,
    *,
    email: str = "",
    picture: bool = False,
    town: str = "",
) -> Act:
    user = someone(auth, who)
    return lambda: str(
        auth.profile.update(
            user,
            f"n{user.username}"[:20],
            email or user.email,
            picture=Upload("me.png", painted()) if picture else None,
            by=acting(auth, None),
            host_fields={"town": town} if town else None,
        )
    )


@move
def ask_reset(auth: Auth, email: str) -> Act:
    return lambda: str(auth.password_reset.ask(email))


@move
def send_reset(auth: Auth, who: int) -> Act:
    user = someone(auth, who)
    return lambda: auth.administration.send_reset(user, by=OPERATOR)


@move
def finish_reset(auth: Auth, token: str, password: str) -> Act:
    return lambda: str(auth.password_reset.finish(token, password))


@move
def try_code(auth: Auth, who: int, code: str, times: int) -> Act:
    """Try a code in four threads; say how often it was compared."""

    def once(_: int) -> bool:
        return bool(auth.mailed_tokens.try_code(who, CONFIRM, code))

    def all_times() -> int:
        with ThreadPoolExecutor(4) as threads:
            return sum(threads.map(once, range(times)))

    return all_times


@move
def confirm_by_code(auth: Auth, who: int, code: str) -> Act:
    by = acting(auth, who)
    confirm = auth.email_verification.confirm_by_code
    return lambda: confirm(code, by=by).email


@move
def confirm_email(auth: Auth, token: str) -> Act:
    return lambda: str(auth.email_verification.confirm(token, by=OPERATOR))


@move
def send_again(auth: Auth, who: int) -> Act:
    user = someone(auth, who)
    return lambda: auth.email_verification.send_again(user)


@move
def export(auth: Auth, who: int) -> Act:
    user = someone(auth, who)
    return lambda: len(auth.export.take(user, by=acting(auth, None)))


@move
def sign_up(auth: Auth, email: str, password: str, username: str) -> Act:
    up = auth.registration.sign_up
    return lambda: str(up(email, password, username))


@lru_cache(maxsize=1)
def site(auth: Auth) -> Flask:
    """Make the application, once."""
    return create_app(auth=auth)


@move
def send_form(
    auth: Auth, path: str, typed: dict[str, str], who: str = ""
) -> Act:
    """Sign in by the page, open a form and send it."""
    browser = Browser(site(auth))
    if who:
        browser.sign_in(who)
    token = form_token(browser.open(path))
    data = {**typed, "csrf_token": token}
    post = partial(browser.client.post, path, data=data, headers=HTML)
    return lambda: told(post())


def told(answer: TestResponse) -> list[object]:
    """Say what matters of an answer."""
    return [answer.status_code, answer.location or ""]


def wait_until(moment: float) -> None:
    """Sleep, and look often when the moment is near."""
    while (left := moment - time.monotonic()) > 0:
        if left > SPIN:
            time.sleep(left - SPIN)


def raced(act: Act, moment: float) -> dict[str, object]:
    """Make a move at a moment; say what it came to, and when."""
    wait_until(moment)
    began = time.monotonic()
    found: dict[str, object] = {"code": "done", "gave": None, "bug": ""}
    try:
        found["gave"] = act()
    except Refusal as refusal:
        found["code"] = refusal.code
        found["cause"] = repr(refusal.__cause__)
    except Exception:  # noqa: BLE001 - the other process fails the test
        found["bug"] = traceback.format_exc()
    return {**found, "began": began, "ended": time.monotonic()}


def main() -> None:
    """Do what is ordered, until there are no more orders."""
    auth: Auth | None = None
    act: Act | None = None
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        answer: dict[str, object] = {"bug": ""}
        try:
            if "settings" in order:
                if auth is not None:
                    auth.db.close()
                auth = None
                if order["settings"]:
                    settings = Settings.load({}, **order["settings"])
                    auth = Auth.opened(settings)
            elif "move" in order:
                assert auth is not None
                act = MOVES[order["move"]](auth, **order["with"])
            else:
                assert act is not None
                answer = raced(act, order["at"])
        except Exception:  # noqa: BLE001 - the other process fails the test
            answer["bug"] = traceback.format_exc()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
