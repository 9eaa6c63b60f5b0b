"""Whatever comes in, a shape is read from it or it is called malformed."""

import dataclasses
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hostility import (
    NUMBERS,
    TEXTS,
    all_shapes,
    field_names,
    meant_well,
    odd_values,
    tries,
)
from vestibule.errors import Malformed, Reason
from vestibule.ground.names import is_writable
from vestibule.shape import Shape

SHAPES = all_shapes()
CANARY = "a canary that sings nowhere"
Pairs = list[tuple[str, object]]


def aliases(shape: type[Shape]) -> dict[str, str]:
    """List the other names that the fields of a shape go by."""
    fields = dataclasses.fields(shape)
    return {name: f.name for f in fields for name in f.metadata["aliases"]}


@st.composite
def pairs_for(draw: st.DrawFn, shape: type[Shape]) -> Pairs:
    """Make names and values, most of which the shape knows."""
    known = [*shape.looks(), *aliases(shape)]
    odd_name = st.sampled_from([*field_names(), *TEXTS]) | st.text(max_size=9)
    names = list(known if draw(st.booleans()) else known[:-1])
    names += draw(st.lists(st.sampled_from(known) if known else odd_name))[:2]
    names += draw(st.lists(odd_name, max_size=2))
    odd = odd_values() | st.binary(max_size=20) | st.sampled_from(NUMBERS)
    return [
        (n, draw(odd if draw(st.booleans()) else meant_well(n)))
        for n in draw(st.permutations(names))
    ]


def assert_clear(refusal: Malformed, fields: set[str]) -> None:
    """See that a refusal says in words what is wrong, and where."""
    assert refusal.faults
    for fault in refusal.faults:
        assert Reason.known[fault.reason.code] is fault.reason
        assert fault.field in fields
        assert is_writable(fault.field)
        assert fault.text


def assert_read_or_refused(shape: type[Shape], pairs: Pairs) -> None:
    """Read pairs, and see that the shape or the refusal is sound."""
    sent = {name for name, _ in pairs}
    looks = shape.looks()
    try:
        read = shape.read(pairs)
    except Malformed as refusal:
        assert_clear(refusal, {"", *looks} | sent)
        return
    values = [(name, getattr(read, name)) for name in looks]
    for name, value in values:
        if looks[name].kind == "switch":
            assert type(value) is bool
        elif isinstance(value, str):
            assert is_writable(value)
            assert len(value) <= 4096
    # What was sent, and read, is read the same again.
    own = {aliases(shape).get(name, name) for name in sent}
    assert own <= set(looks)
    assert shape.read((n, v) for n, v in values if n in own) == read


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_any_pairs_make_a_shape_or_clear_faults(shape: type[Shape]) -> None:
    @tries(25)
    @given(pairs_for(shape))
    @example([])
    @example([("\ud800", "x"), ("\x00", None), ("", b"\xff")])
    @example([(name, {}) for name in shape.looks()])
    @example([(name, [name]) for name in shape.looks()])
    @example([(name, b"\xff") for name in shape.looks()])
    @example([(name, 10**400) for name in shape.looks()])
    @example([(name, float("nan")) for name in shape.looks()])
    @example([(name, "x" * 10**5) for name in shape.looks()])
    @example([(name, "on") for name in shape.looks()] * 2)
    def read(pairs: Pairs) -> None:
        """Read one list of pairs."""
        assert_read_or_refused(shape, pairs)

    read()


@pytest.mark.attack(138)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_no_shape_and_no_refusal_shows_a_secret(shape: type[Shape]) -> None:
    looks = shape.looks()
    secrets = [n for n, look in looks.items() if look.kind == "password"]
    sent: dict[str, Any] = {
        name: CANARY if name in secrets else "x" for name in looks
    }
    for left_out in ("", *looks):
        pairs = [(n, v) for n, v in sent.items() if n != left_out]
        for more in ([], [("unknown", "y")], [(n, CANARY) for n in secrets]):
            try:
                shown = repr(shape.read([*pairs, *more]))
            except Malformed as refusal:
                shown = f"{refusal!r} {refusal} {refusal.faults}"
            assert CANARY not in shown


def test_there_are_shapes_of_every_door() -> None:
    names = {shape.__name__ for shape in SHAPES}

    assert {"SignUp", "SignIn", "ClassicReset", "ProfileChange"} <= names
    assert len(names) >= 12
