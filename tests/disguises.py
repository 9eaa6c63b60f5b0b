"""Disguises: every other way to write the address of a thing of Alice's."""

from collections.abc import Iterator, Mapping

from deeds import FAR, Deed

# The same name as people and programs may write it; ``{}`` has it plain.
NAMES = [
    *("ALICE", "Alice", "aLiCe", "ａｌｉｃｅ", "%61lice", "%41LICE", "alıce"),
    *("%2561lice", "alice%00", "alice%20", "%20alice", "alice%0a", "alice."),
    *("alice;a=b", ";alice", "alice%3b", "alice%3fx", "alice%23", "alice.js"),
    *("alice%2f", "%2falice", "alice%2f..%2falice", "bob%2f..%2falice"),
    *("bob/../alice", "./alice", "%2e%2e%2falice", "..%5calice", "alice\\"),
    *("alice%E2%80%8B", "%EF%BB%BFalice", "alice%C0%AF", "alice%FF", "*", "%"),
    *("alice@example.com", "id:1", "alice,bob", "alice+", "alice'--"),
]
# The same for a number.
NUMBERS = [
    *("0{}", "000000000000000000000{}", "+{}", "-{}", "{}.0", "{}e0", "%20{}"),
    *("{}%20", "{}%00", "{}%0a", "{}_", "{};a=b", "{}%2f", "{}%2f..%2f{}"),
    *("0x{}", "{}%2e", "{}.json", "%2b{}", "{},{}", "{}%23", "{}/../{}"),
]
# The same address as a whole.
PATHS = [
    *("{}/", "/{}", "//{}", "{}//", "{}/.", "{}/..", "{}%2f", "{}%00"),
    *("{};a=b", "{}.json", "{}%20", "{}%3f", "/.{}", "/x/..{}", "/%2e{}"),
    *("/api/v1{}", "/api/v1/..{}", "{}#", "{}\\"),
]


def wide_digits(number: object) -> str:
    """Write a number in the digits of other alphabets."""
    return "".join(chr(ord("０") + int(digit)) for digit in str(number))


def disguises(deed: Deed, facts: Mapping[str, object]) -> Iterator[str]:
    """Write the address of a deed in every other way."""
    plain = deed.path(facts)
    for path in PATHS:
        yield path.format(plain)
    yield plain.upper()
    yield plain.title()
    yield plain.replace("/", "//")
    yield plain.replace("/", "/./")
    yield plain.replace("/", "%2f")
    yield "".join(f"%{ord(c):02x}" for c in plain)
    if "<username>" in deed.rule:
        for name in NAMES:
            yield deed.path({**facts, "username": name})
    if "<number>" in deed.rule:
        key = "id" if "/admin/" in deed.rule else "feedback"
        number = facts[key]
        odd = [n.format(number, number) for n in NUMBERS]
        for text in (*odd, wide_digits(number), FAR, "9" * 5000, 2**64 + 1):
            yield deed.path({**facts, key: text})
