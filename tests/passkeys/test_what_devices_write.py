"""What a device writes is walked before anything unfolds it."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from cbor2 import dumps
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_cbor

from conftest import Browser
from hosts import one_database
from passkeyring import Ring
from vestibule.auth import Auth
from vestibule.capabilities.passkeys.answers import Unreadable
from vestibule.capabilities.passkeys.encoding import check_made, check_shown
from vestibule.testing.authenticators import Authenticator, KeptPasskey
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]
EXTENDED, ATTESTED = 0x80, 0x40
# How the key of a passkey begins, and bytes whose length has four.
KEY, LONG = b"\xa5\x01\x02\x03\x26", b"\x5a"


def folded(levels: int) -> bytes:
    """Write a list of twice the same list, and so on, in a few bytes."""
    inner = range(levels, 0, -1)
    twice = b"".join(b"\xd8\x1d" + dumps(number) for number in inner)
    return b"\xd8\x1c\x82" * levels + b"\xd8\x1c\x80" + twice


def nested(depth: int) -> bytes:
    """Write a map with a list in a list in a list."""
    return b"\xa1\x61x" + b"\x81" * (depth - 2) + b"\x80"


# What stands where a map of extensions does. No device writes that.
HOSTILE = {
    "folded": b"\xa1\x61x" + folded(10),
    "folded, and no map": folded(10),
    "refers to itself": b"\xa1\x61x\xd8\x1c\x81\xd8\x1d\x00",
    "folded as a key": b"\xa1\x82\x01" + folded(2) + b"\x01",
    "a moment": b"\xa1\x61x\xc1\x00",
    "a number without end": b"\xa1\x61x\xc2\x42\x01\x00",
    "a list": b"\x81\x01",
    "deep": nested(5),
    "very deep": nested(5000),
    "list without a length": b"\xa1\x61x\x9f\xff",
    "map without a length": b"\xbf\x61x\xf5\xff",
    "bytes without a length": b"\xa1\x61x\x5f\x41\x00\xff",
    "text without a length": b"\xa1\x7f\x61x\xff\xf5",
    "a half": b"\xa1\x61x\xf9\x38\x00",
    "what means nothing": b"\xa1\x61x\xe0",
    "what means nothing, spelt long": b"\xa1\x61x\xf8\x20",
    "a length that is kept for later": b"\xa1\x61x\x1c",
    "spelt long": b"\xa1\x61x\x18\x17",
    "spelt longer": b"\xa1\x61x\x5b" + bytes(8),
    "two bytes for one": b"\xa1\x61x\x19\x00\xff",
    "four bytes for two": b"\xa1\x61x\x1a\x00\x00\xff\xff",
    "eight bytes for four": b"\xa1\x61x\x1b" + bytes(4) + b"\xff" * 4,
    "many that are not there": b"\xbb" + b"\xff" * 8,
    "bytes that are not there": b"\xa1\x61x\x5b\x7f" + b"\xff" * 7,
    "a length that is not there": b"\xa1\x61x\x5b\x00\x00",
    "a value that is not there": b"\xa1\x61x",
    "more than one": b"\xa0\xa0",
    "nothing": b"",
}
# And so real ones do: credProtect, hmac-secret, uvm, largeBlob.
HONEST = [
    {"credProtect": 2, "hmac-secret": True},
    {"uvm": [[2, 4, 2], [1024, 1, 1]], "largeBlob": {"written": False}},
    {"prf": {"results": {"first": bytes(32), "second": None}}},
    {"deep": [[[255, 256, 2**16 - 1, 2**16, 2**32 - 1, 2**32]]]},
    {"blob": bytes(300), "number": -(2**40), "text": "Ключ"},
    {},
]
_every = pytest.mark.parametrize("written", HOSTILE.values(), ids=[*HOSTILE])


class Extending(Authenticator):
    """A device that writes extensions, and signs what it has written."""

    written = b"\xa0"
    flags = EXTENDED

    def _data(self, passkey: KeptPasskey, flags: int = 0) -> bytes:
        if flags & ATTESTED:
            return super()._data(passkey, flags)
        return super()._data(passkey, self.flags) + self.written


def extending(auth: Auth, written: bytes) -> Extending:
    """Take such a device to a site."""
    device = Extending(auth.settings.base_url)
    device.written = written
    return device


@one_database
@pytest.mark.attack("A38", "A44")
@pytest.mark.asvs("1.5.3", "2.2.1", "X29")
@_every
def test_a_device_that_writes_what_unfolds_or_is_unclear_signs_nobody_in(
    auth: Auth, alice: User, ring: Ring, written: bytes
) -> None:
    device = extending(auth, written)
    ring.added(alice, device)

    assert ring.code_of(ring.sign_in, device) == "passkey.incorrect"
    with pytest.raises(Unreadable):
        check_shown(device._data(device.kept[0]))


@one_database
@pytest.mark.parametrize("told", HONEST, ids=str)
def test_what_real_devices_tell_besides_is_no_hindrance(
    auth: Auth, alice: User, ring: Ring, told: dict[str, Any]
) -> None:
    device = extending(auth, dumps(told))
    ring.added(alice, device)

    assert ring.sign_in(device).token


@one_database
@pytest.mark.asvs("X29")
def test_who_shows_a_passkey_has_no_new_key_to_tell_of(
    auth: Auth, alice: User, ring: Ring
) -> None:
    device = extending(auth, b"")
    ring.added(alice, device)
    device.written = device._attested(device.kept[0])
    device.flags = ATTESTED

    assert ring.code_of(ring.sign_in, device) == "passkey.incorrect"
    device.flags, device.written = ATTESTED | EXTENDED, b"\xa0"
    with pytest.raises(Unreadable):
        check_shown(device._data(device.kept[0]))


@pytest.mark.attack("A38")
@one_database
def test_the_door_says_so_as_of_any_answer_that_it_cannot_read(
    auth: Auth, alice: User, browser: Browser, ring: Ring
) -> None:
    device = extending(auth, HOSTILE["folded"])
    ring.added(alice, device)
    program = browser.client.application.test_client(use_cookies=False)
    ways = "/api/v1/passkey-sessions"
    asked = program.post(f"{ways}/options").get_json()["public_key"]

    answer = program.post(ways, json={"credential": device.get(asked)})

    assert answer.status_code == 401
    assert answer.get_json()["code"] == "passkey.incorrect"


def made_of(statement: bytes, data: bytes) -> bytes:
    """Write what a device says of a passkey that it has made."""
    return (
        b"\xa3\x63fmt\x64none\x67attStmt" + statement + b"\x68authData" + data
    )


def extended(data: bytes, more: bytes) -> bytes:
    """Add extensions to the authenticator data of a new passkey."""
    return data[:32] + bytes([data[32] | EXTENDED]) + data[33:] + more


def with_key(data: bytes, more: bytes, members: int = 1) -> bytes:
    """Add members to the key in authenticator data, its last part."""
    at = data.index(KEY)
    count = bytes([KEY[0] + members])
    return data[:at] + count + data[at + 1 :] + more


def hidden(data: bytes) -> bytes:
    """Hide what unfolds where py_webauthn looks for the extensions.

    Written out again the key is shorter by as many bytes as are hidden.
    """
    inner = (b"\xa1\x61x" + folded(10)).ljust(72)
    long = [bytes([10 + n]) + b"\x1b" + bytes(7) + b"\x01" for n in range(9)]
    last = b"\x09" + dumps(inner)
    return extended(with_key(data, b"".join(long) + last, 10), b"\xa0")


Rewriting = Callable[[bytes], bytes]
# What is made of honest authenticator data.
REWRITTEN: dict[str, Rewriting] = {
    "folded beside": lambda d: made_of(b"\xa1\x61x" + folded(10), dumps(d)),
    "folded as extension": lambda d: made_of(
        b"\xa0", dumps(extended(d, b"\xa1\x61x" + folded(10)))
    ),
    "folded within the key": lambda d: made_of(
        b"\xa0", dumps(with_key(d, b"\x09" + folded(3)))
    ),
    "a key that is none": lambda d: made_of(
        b"\xa0", dumps(d[: d.index(KEY)] + b"\x04")
    ),
    "folded where nobody looks": lambda d: made_of(b"\xa0", dumps(hidden(d))),
    "deep beside": lambda d: made_of(nested(5), dumps(d)),
    "very deep beside": lambda d: made_of(nested(5000), dumps(d)),
    "without a length": lambda d: (
        b"\xbf" + made_of(b"\xa0", dumps(d))[1:] + b"\xff"
    ),
    "text without a length": lambda d: made_of(b"\xa0", dumps(d)).replace(
        b"\x64none", b"\x7f\x64none\xff"
    ),
    "spelt long": lambda d: made_of(
        b"\xa0", LONG + struct.pack(">I", len(d)) + d
    ),
    "tagged as a whole": lambda d: (
        b"\xd9\xd9\xf7" + made_of(b"\xa0", dumps(d))
    ),
    "a list of numbers": lambda d: made_of(b"\xa0", dumps([*d])),
    "a number": lambda _: made_of(b"\xa0", dumps(2**33)),
    "something behind": lambda d: made_of(b"\xa0", dumps(d)) + b"\x00",
    "something behind within": lambda d: made_of(b"\xa0", dumps(d + b"x")),
    "no key": lambda d: made_of(b"\xa0", dumps(d[:37])),
    "half a key": lambda d: made_of(b"\xa0", dumps(d[:-9])),
    "half a name": lambda d: made_of(b"\xa0", dumps(d[:60])),
    "half a length": lambda d: made_of(b"\xa0", dumps(d[:54])),
    "too little": lambda d: made_of(b"\xa0", dumps(d[:32])),
    "a key without its flag": lambda d: made_of(
        b"\xa0", dumps(d[:32] + b"\x05" + d[33:])
    ),
    "a tag that takes what is behind": lambda d: made_of(
        b"\xa0", dumps(extended(with_key(d, b"\x09\xd8\x1c"), b"\xa0"))
    ),
    "no map": lambda d: dumps([d]),
    "nothing of it": lambda _: b"\xa0",
    "nothing": lambda _: b"",
}


@one_database
@pytest.mark.attack("A38", "A44")
@pytest.mark.asvs("1.5.3", "2.2.1", "X29")
@pytest.mark.parametrize("rewrite", REWRITTEN.values(), ids=[*REWRITTEN])
def test_a_device_that_writes_what_unfolds_or_is_unclear_adds_no_passkey(
    auth: Auth, alice: User, ring: Ring, rewrite: Rewriting
) -> None:
    credential = ring.made(alice)
    honest = base64url_to_bytes(credential["response"]["attestationObject"])
    check_made(honest)
    hostile = rewrite(parse_cbor(honest)["authData"])
    credential["response"]["attestationObject"] = bytes_to_base64url(hostile)

    assert ring.code_of(ring.add, alice, credential) == "passkey.unusable"
    with pytest.raises(Unreadable):
        check_made(hostile)
    assert auth.passkeys.of(alice) == []


@pytest.mark.parametrize(
    "key",
    [
        {1: 1, 3: -8, -1: 6, -2: bytes(32)},
        {1: 3, 3: -257, -1: bytes(256), -2: b"\x01\x00\x01"},
    ],
    ids=["Ed25519", "RSA"],
)
@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"alg": -7, "sig": bytes(71), "x5c": [bytes(700), bytes(900)]},
        {
            "ver": "2.0",
            "alg": -65535,
            "x5c": [bytes(1500), bytes(1300)],
            "sig": bytes(256),
            "certInfo": bytes(161),
            "pubArea": bytes(310),
        },
    ],
    ids=["none", "packed", "tpm"],
)
@pytest.mark.parametrize("told", [None, *HONEST], ids=str)
def test_what_real_devices_make_is_walked_to_its_end(
    key: dict[int, Any], statement: dict[str, Any], told: dict[str, Any] | None
) -> None:
    flags = 0x45 | (EXTENDED if told is not None else 0)
    data = bytes(32) + struct.pack(">BI16sH", flags, 7, bytes(16), 64)
    data += bytes(64) + dumps(key)
    data += dumps(told) if told is not None else b""
    # Some put the data first, though the form has it last.
    made = {"authData": data, "fmt": "packed", "attStmt": statement}

    check_made(dumps(made))
