"""What we sign and read back: nothing but our own key opens it."""

import base64
import hashlib
import hmac
import json
import string

import pytest
from itsdangerous import URLSafeTimedSerializer

from conftest import TurnableClock
from vestibule.ground.keys import Keys
from vestibule.ground.signing import Seal

KEY, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
VALUE = {"user": 7}


def seal(clock: TurnableClock, purpose: str = "visit", key: str = KEY) -> Seal:
    """Make the seal of a purpose."""
    return Seal(Keys(key), purpose, clock)


def encoded(value: object) -> str:
    """Write a part of a token as base64url without its ends."""
    text = json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def jwt(head: dict[str, object], key: str = "") -> str:
    """Write a token that says of itself how it is to be checked."""
    text = f"{encoded(head)}.{encoded(VALUE)}"
    made = hmac.digest(key.encode(), text.encode(), hashlib.sha256)
    signature = base64.urlsafe_b64encode(made).decode().rstrip("=")
    return f"{text}.{signature if key else ''}"


def test_what_is_signed_has_one_spelling(clock: TurnableClock) -> None:
    text = seal(clock).close(VALUE)
    letters = string.ascii_letters + string.digits + "-_"

    opening = [a for a in letters if seal(clock).open(text[:-1] + a, 60)]
    assert opening == [text[-1]]
    for odd in ("\n", " ", "\\", "=", "%", "é"):
        for at in (len(text), len(text) - 3):
            forged = text[:at] + odd + text[at:]
            assert seal(clock).open(forged, 60) is None, (odd, at)


@pytest.mark.attack(92)
@pytest.mark.asvs("9.1.1", "9.2.1", "9.2.2")
def test_what_is_signed_opens_as_it_was_in_time_and_for_its_purpose_alone(
    clock: TurnableClock,
) -> None:
    text = seal(clock).close(VALUE)

    assert seal(clock).open(text, 60) == VALUE
    assert seal(clock, "device").open(text, 60) is None
    assert seal(clock, key=OTHER).open(text, 60) is None
    for at in range(len(text)):
        spoiled = "A" if text[at] != "A" else "B"
        forged = text[:at] + spoiled + text[at + 1 :]
        assert seal(clock).open(forged, 60) is None, at
    clock.turn(seconds=60)
    assert seal(clock).open(text, 60) == VALUE
    clock.turn(seconds=1)
    assert seal(clock).open(text, 60) is None
    clock.turn(seconds=-62)
    # Nothing is taken that was signed in the time to come.
    assert seal(clock).open(text, 60) is None


@pytest.mark.asvs("11.3.1", "11.4.1", "11.4.3", "11.2.3")
def test_what_is_signed_is_signed_by_hmac_of_sha_256(
    clock: TurnableClock,
) -> None:
    text, _, signature = seal(clock).close(VALUE).rpartition(".")
    key = hmac.digest(KEY.encode(), b"vestibule.visit", "sha256")
    made = hmac.digest(key, text.encode(), "sha256")

    assert base64.urlsafe_b64decode(signature + "=") == made


@pytest.mark.asvs("9.1.2", "9.1.3")
@pytest.mark.parametrize(
    "text",
    [
        jwt({"alg": "none"}),
        jwt({"alg": "None", "typ": "JWT"}),
        jwt({"alg": "HS256"}, "vestibule.visit"),
        jwt({"alg": "HS256"}, KEY),
        jwt({"alg": "HS256", "jku": "https://evil.example/keys"}, OTHER),
        jwt({"alg": "HS256", "jwk": {"kty": "oct", "k": "eHg"}}, "xx"),
        jwt({"alg": "HS256", "kid": "../../dev/null"}, "\0"),
    ],
)
def test_no_token_says_how_or_by_which_key_it_is_checked(
    clock: TurnableClock, text: str
) -> None:
    assert seal(clock).open(text, 10**9) is None


@pytest.mark.asvs("9.1.2", "11.2.5", "11.4.1")
@pytest.mark.parametrize("digest", [hashlib.md5, hashlib.sha1, hashlib.sha512])
def test_another_algorithm_with_our_own_key_signs_nothing(
    clock: TurnableClock, digest: object
) -> None:
    for derivation in ("hmac", "django-concat", "concat", "none"):
        foreign = URLSafeTimedSerializer(
            KEY,
            salt="vestibule.visit",
            signer_kwargs={
                "digest_method": digest,
                "key_derivation": derivation,
            },
        )
        assert seal(clock).open(str(foreign.dumps(VALUE)), 10**9) is None
