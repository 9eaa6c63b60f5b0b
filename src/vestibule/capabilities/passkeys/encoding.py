"""Encoding: what authenticators write, walked before anything reads it.

Attack: a thing that refers to itself (tags 28 and 29 of CBOR). py_webauthn
writes out again what it has read, before it looks at the signature, and by
that makes gigabytes of a hundred bytes. What it writes must also be as long
as what it has read, for by that it finds the next thing; so each thing has
one spelling only here, and none is inside another that was walked as bytes.
Source: CTAP 2.1, 8, the canonical form of CBOR; RFC 8949, 3 and 4.2.
"""

from webauthn.helpers import parse_cbor

from vestibule.capabilities.passkeys.answers import Unreadable

# So many lists or maps are within each other at most. Source: CTAP 2.1, 8.
DEEPEST = 4
# The kinds of things that need a look. Source: RFC 8949, 3.1.
_BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(2, 8)
# False, true, null and undefined; no floating point, which has two spellings.
_KNOWN = range(20, 24)
# The least number that is spelt in so many bytes.
_LEAST = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
# Authenticator data: what stands before the keys, and what the flags say.
# Source: Web Authentication Level 2, 6.1 and 6.5.1.
_HASH, _START, _BEFORE_ID = 32, 37, 18
_ATTESTED, _EXTENDED = 0x40, 0x80


def check_made(data: bytes) -> None:
    """Refuse what no device writes about a passkey that it has made.

    Raises:
        Unreadable: it does not.
        InvalidCBORData: a key stands twice in a map, or text is none.
    """
    _end(data, _walked_map(data, 0))
    inner = parse_cbor(data).get("authData")
    # Attack: a number, of which so many bytes would be made.
    if not isinstance(inner, bytes):
        raise Unreadable
    _check_data(inner, is_new=True)


def check_shown(data: bytes) -> None:
    """Refuse what no device writes about a passkey that it shows.

    Raises:
        Unreadable: it does not.
    """
    _check_data(data, is_new=False)


def _check_data(data: bytes, *, is_new: bool) -> None:
    """Refuse authenticator data that is not written as it must be.

    The key of a passkey stands in that of a new one, and in no other.

    Raises:
        Unreadable: it is not.
    """
    if len(data) < _START:
        raise Unreadable
    flags, at = data[_HASH], _START
    if bool(flags & _ATTESTED) != is_new:
        raise Unreadable
    if is_new:
        at += _BEFORE_ID
        at += int.from_bytes(data[at - 2 : at])
        at = _walked_map(data, at)
    if flags & _EXTENDED:
        at = _walked_map(data, at)
    _end(data, at)


def _end(data: bytes, at: int) -> None:
    """Refuse what goes on where it must end, and what ends too early.

    Raises:
        Unreadable: it does.
    """
    if at != len(data):
        raise Unreadable


def _walked_map(data: bytes, at: int) -> int:
    """Walk a map, and nothing else; say where it ends.

    Raises:
        Unreadable: it is no map, or none that may be.
    """
    if _head(data, at)[0] != _MAP:
        raise Unreadable
    return _walked(data, at, 1)


def _walked(data: bytes, at: int, level: int) -> int:
    """Walk one thing, and all that is in it; say where it ends.

    That may be behind the data, which ``_end`` refuses.

    Raises:
        Unreadable: it is none that may be.
    """
    kind, number, at = _head(data, at)
    if kind == _TAG or (kind == _SIMPLE and number not in _KNOWN):
        raise Unreadable
    if kind in (_BYTES, _TEXT):
        at += number
    if kind in (_LIST, _MAP):
        if level > DEEPEST:
            raise Unreadable
        # There may be said to be any number; the first that is not there
        # ends it. In a map each key has its value.
        for _ in range(number if kind == _LIST else 2 * number):
            at = _walked(data, at, level + 1)
    return at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Read of what kind a thing is, its number, and where it goes on.

    Raises:
        Unreadable: it is not there, or its number is spelt too long, or it
            has no end that is said before.
    """
    head = data[at : at + 1]
    if not head:
        raise Unreadable
    kind, number, at = head[0] >> 5, head[0] & 0x1F, at + 1
    if number < _LEAST[1]:
        return kind, number, at
    size = 1 << (number - _LEAST[1])
    if size not in _LEAST:
        raise Unreadable
    number = int.from_bytes(data[at : at + size])
    if number < _LEAST[size]:
        raise Unreadable
    return kind, number, at + size
