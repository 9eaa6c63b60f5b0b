"""Every spelling of a name is one name, and nothing else gets in."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vestibule.ground import names
from vestibule.ground.names import BadName, Name, canonical

# Everything Python calls text, lone halves of characters included.
anything = st.text(st.characters())
letters = st.text(
    st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Mn"])
    | st.sampled_from(".-_ @İıßſﬁK"),
    max_size=24,
)
addresses = st.emails() | st.builds(
    "{}@{}".format,
    st.text(st.characters(codec="ascii"), max_size=70),
    st.text(st.characters(), max_size=70) | st.just("example.com"),
)
typed = anything | letters | addresses
often = settings(deadline=None, max_examples=400, database=None)
Reader = Callable[[str], Name]


def fault(read: Reader, text: str) -> str:
    """Say for which fault a name is refused, or how it is shown."""
    try:
        return read(text).shown
    except BadName as bad:
        return f"refused: {bad.fault}"


# -- addresses --------------------------------------------------------------


@pytest.mark.asvs("X10")
@pytest.mark.parametrize(
    ("text", "shown", "compared"),
    [
        ("alice@example.com", "alice@example.com", "alice@example.com"),
        (" Alice@Example.COM\n", "Alice@Example.COM", "alice@example.com"),
        ("ａｌｉｃｅ@example.com", "alice@example.com", "alice@example.com"),
        ("alice＠example.com", "alice@example.com", "alice@example.com"),
        ("alice﹫example.com", "alice@example.com", "alice@example.com"),
        ("alice@example．com", "alice@example.com", "alice@example.com"),
        ("Kate@example.com", "Kate@example.com", "kate@example.com"),
        ("boſs@example.com", "boss@example.com", "boss@example.com"),
        ("a+b.c-d_e@x.example.com",) * 3,
        ("o'hara!%~@example.com",) * 3,
        ("x" * 64 + "@example.com",) * 3,
        ("a@" + "b" * 63 + ".com",) * 3,
        ("a@MÜNCHEN.de", "a@MÜNCHEN.de", "a@xn--mnchen-3ya.de"),
        ("a@xn--mnchen-3ya.de",) * 3,
        ("a@straße.de", "a@straße.de", "a@xn--strae-oqa.de"),
        ("a@strasse.de",) * 3,
        ("a@例え。テスト", "a@例え。テスト", "a@xn--r8jz45g.xn--zckzah"),
    ],
)
def test_good_addresses(text: str, shown: str, compared: str) -> None:
    assert names.email_address(text) == (shown, compared)
    assert canonical(text) == compared


@pytest.mark.attack(6, 129)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@",
        "@example.com",
        "alice@",
        "alice@@example.com",
        "alice@example.com@",
        "alice@bob@example.com",
        "alice@localhost",
        "alice@127.0.0.1",
        "alice@[127.0.0.1]",
        "alice@[IPv6:::1]",
        "alice@example.com.",
        "alice@example..com",
        "alice@.example.com",
        "alice@-example.com",
        "alice@exa_mple.com",
        ".alice@example.com",
        "alice.@example.com",
        "al..ice@example.com",
        "alice @example.com",
        "alice@ example.com",
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "a@example.com b@example.com",
        "friends:a@example.com,b@example.com;",
        "alice(comment)@example.com",
        "alice@(comment)example.com",
        '"alice"@example.com',
        '"a b"@example.com',
        '"a@b"@example.com',
        "Alice <alice@example.com>",
        "<alice@example.com>",
        "mailto:alice@example.com",
        "alice@example.com?bcc=bob@example.com",
        "al\\ice@example.com",
        "álice@example.com",
        "аlice@example.com",
        "alice@xn--a.com",
        "alice@xn--.com",
        "x" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert fault(names.email_address, text) == "refused: format"


@pytest.mark.attack(6, 8, 129)
@pytest.mark.parametrize(
    "text",
    [
        "alice@example.com\x00",
        "alice\x00@example.com",
        "alice@example.com\r\nBcc: bob@example.com",
        "al\nice@example.com",
        "al\tice@example.com",
        "al\u200bice@example.com",
        "alice@exam\u00adple.com",
        "\u202ealice@example.com",
        "alice@example.com\u200f",
        "\ufeffalice@example.com",
        "alice\u2060@example.com",
        "al\u2028ice@example.com",
        "alice@exam\u1160ple.com",
        "al\ud800ice@example.com",
        "al\ue000ice@example.com",
        "al\U000e0061ice@example.com",
    ],
)
def test_addresses_with_what_cannot_be_seen(text: str) -> None:
    assert fault(names.email_address, text) == "refused: characters"


def test_addresses_end_at_254_characters() -> None:
    longest = "a@" + ("b" * 63 + ".") * 3 + "c" * 60

    assert len(names.email_address(longest).canonical) == 254
    assert fault(names.email_address, longest + "c") == "refused: long"
    assert fault(names.email_address, "ﷺ" * 200) == "refused: long"


# -- usernames --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown", "compared"),
    [
        ("alice",) * 3,
        (" ALICE\n", "ALICE", "alice"),
        ("ａｌｉｃｅ", "alice", "alice"),
        ("𝐚𝐥𝐢𝐜𝐞", "alice", "alice"),
        ("ﬁona", "fiona", "fiona"),
        ("a.l-i_ce1", "a.l-i_ce1", "a.l-i_ce1"),
        ("123",) * 3,
        ("x" * 20,) * 3,
        ("Straße", "Straße", "strasse"),
        ("STRASSE", "STRASSE", "strasse"),
        ("Zoe\u0301", "Zoé", "zoé"),
        ("Алиса", "Алиса", "алиса"),
        ("ΣΟΦΟΣ", "ΣΟΦΟΣ", "σοφοσ"),
        ("σοφος", "σοφος", "σοφοσ"),
        ("İbrahim", "İbrahim", "ibrahim"),
        ("山田太郎",) * 3,
        ("עברית",) * 3,
    ],
)
def test_good_usernames(text: str, shown: str, compared: str) -> None:
    assert names.username(text) == (shown, compared)
    assert canonical(text) == compared


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "short"),
        ("  \n", "short"),
        ("al", "short"),
        ("x" * 21, "long"),
        ("ŉ" * 20, "long"),
        ("ﷺ" * 20, "long"),
        ("x" * 100_000, "long"),
        (".alice", "characters"),
        ("-alice", "characters"),
        ("_alice", "characters"),
        ("al ice", "characters"),
        ("al/ice", "characters"),
        ("../alice", "characters"),
        ("<alice>", "characters"),
        ("alice@example.com", "characters"),
        ("alice＠example", "characters"),
        ("alice\u0335", "characters"),
        ("alice\x00", "characters"),
        ("al\nice", "characters"),
        ("al\u200dice", "characters"),
        ("alice\u202e", "characters"),
        ("alice\u00ad", "characters"),
        ("\u3164" * 5, "characters"),
        ("\uffa0" * 5, "characters"),
        ("\u2800" * 5, "characters"),
        ("ali\ud83dce", "characters"),
        ("alice😀", "characters"),
        ("ali–ce", "characters"),
        ("ali٣ce", "characters"),
        ("аlice", "mixed"),
        ("alicе", "mixed"),
        ("αlice", "mixed"),
        ("aliсe", "mixed"),
        ("µalice", "mixed"),
        ("ʼalice", "mixed"),
    ],
)
def test_what_is_no_username(text: str, why: str) -> None:
    assert fault(names.username, text) == f"refused: {why}"


@pytest.mark.attack(43, "A6")
def test_no_username_can_be_taken_for_an_address() -> None:
    for at in "@＠﹫":
        assert fault(names.username, f"alice{at}x") == "refused: characters"


@pytest.mark.attack("A6")
def test_reserved_words_are_found_in_every_spelling() -> None:
    for word in names.RESERVED:
        assert word == word.casefold()
        if len(word) >= names.SHORTEST_USERNAME:
            assert names.username(word.upper()).canonical in names.RESERVED
    assert names.username("ＡＤＭＩＮ").canonical in names.RESERVED


@pytest.mark.parametrize(
    ("email", "username"),
    [
        ("alice@example.com", "alice"),
        ("Alice.B-c_d@example.com", "alice.b-c_d"),
        ("al+tag@example.com", "altag"),
        ("_.-alice@example.com", "alice"),
        ("a@example.com", "usera"),
        ("!#$@example.com", "user"),
        ("x" * 64 + "@example.com", "x" * 15),
    ],
)
def test_a_username_is_made_of_the_address(email: str, username: str) -> None:
    assert names.derived_username(email) == username


# -- rules that hold for all texts ------------------------------------------


@pytest.mark.attack(130)
@often
@given(anything | st.builds("a@{}".format, anything) | letters)
@example("a@\ud800.com")
@example("a@" + "xn--" * 10 + ".com")
@example("\U0010ffff" * 900)
@example("@" * 1000)
def test_any_text_is_a_name_or_refused_by_one_of_five_words(
    text: str,
) -> None:
    faults: set[str] = set()
    longest = {names.email_address: 254, names.username: 20}
    for read, most in longest.items():
        try:
            name = read(text)
        except BadName as bad:
            faults.add(bad.fault)
            continue
        assert len(name.shown) <= most
        assert len(name.canonical) <= 320
        name.canonical.encode()
    assert faults <= {"long", "short", "characters", "format", "mixed"}


@pytest.mark.attack(7, 8, "A2")
@often
@given(typed)
@example("İİİ")
@example("i̇bm")
@example("a@ẞ.de")
@example("ΐΰŉǰ")
def test_bringing_a_name_into_its_form_twice_changes_nothing(
    text: str,
) -> None:
    once = canonical(text)
    if once is None or ("@" not in once and len(once) > 20):
        return
    assert canonical(once) == once


@pytest.mark.attack(7, "A2")
@often
@given(typed)
@example("straße")
@example("ALICE@EXAMPLE.COM")
def test_what_is_shown_leads_to_the_same_name(text: str) -> None:
    for read in (names.email_address, names.username):
        try:
            name = read(text)
        except BadName:
            continue
        assert read(name.shown) == name
        assert name.shown == unicodedata.normalize("NFKC", name.shown)


@often
@given(typed)
@example("Straße")
@example("ΣΟΦΟΣ")
@example("ﬁona@example.com")
def test_a_spelling_is_the_same_name_or_none(text: str) -> None:
    name = canonical(text)
    if name is None:
        return
    spellings = {
        f" {text}\n",
        text.casefold(),
        *(
            unicodedata.normalize(form, text)
            for form in ("NFC", "NFD", "NFKC", "NFKD")
        ),
    }
    # Not every letter comes back from its other case: ı, I, i.
    for other in (text.upper(), text.lower(), text.swapcase()):
        if other.casefold() == text.casefold():
            spellings.add(other)
    assert {canonical(spelling) for spelling in spellings} <= {name, None}


@pytest.mark.attack(94, "A6")
@often
@given(letters | anything)
def test_a_username_never_holds_what_pages_or_paths_would_read(
    text: str,
) -> None:
    try:
        name = names.username(text)
    except BadName:
        return
    for form in name:
        assert not set(form) & set("@/\\<>\"'&%?#:;, \t\r\n\x00")
        assert form[0].isalnum()


@often
@given(addresses)
def test_a_username_can_be_made_of_every_address(text: str) -> None:
    try:
        email = names.email_address(text)
    except BadName:
        return
    made = names.derived_username(email.shown)
    assert made == "user" or names.username(made) == (made, made)
    assert len(made) <= names.LONGEST_USERNAME - 5


@often
@given(st.text(st.characters(), max_size=20))
def test_text_that_is_writable_can_be_stored(text: str) -> None:
    if names.is_writable(text):
        text.encode()
        assert "\x00" not in text


@pytest.mark.asvs("1.3.3")
@pytest.mark.attack(132, 133)
@pytest.mark.parametrize(
    "text", ["a" * 100_000, "@" * 100_000, "a@" + "b." * 50_000, "ﷺ" * 99_999]
)
def test_a_huge_text_is_refused_before_it_is_worked_on(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(names, "unicodedata")

    assert fault(names.email_address, text) == "refused: long"
    assert fault(names.username, text) == "refused: long"
    assert canonical(text) is None
