"""Finding accounts: by the beginning of a name, by filters, page by page."""

from typing import Any

import pytest
from sqlalchemy import event, text

from conftest import PASSWORD, account
from vestibule.auth import Auth
from vestibule.capabilities.administration import search
from vestibule.errors import NotAllowed, NotProven
from vestibule.policy import OPERATOR, STRANGER, Actor
from vestibule.user import Identifier, User


def crowd(auth: Auth, *names: str) -> list[int]:
    """Write many accounts at once; give their numbers."""
    people = [
        User(
            username=name,
            email=f"{name}@example.org",
            hashed_password="x",
            password_changed_at=0,
            created_at=0,
        )
        for name in names
    ]
    auth.db.add_all(people)
    auth.db.add_all(
        [
            Identifier(canonical=canonical, kind=kind, user_id=one.id)
            for one in people
            for kind, canonical in (
                ("username", one.username),
                ("email", one.email),
            )
        ]
    )
    return [one.id for one in people]


def found(auth: Auth, words: str = "", **more: bool) -> list[str]:
    """Search, and list the usernames."""
    people = auth.administration.search(words, by=OPERATOR, **more)
    return [person.username for person in people.items]


def walked(auth: Auth, words: str = "", most: int = 7) -> list[int]:
    """Go through all pages of a search, and list the numbers."""
    numbers: list[int] = []
    before = None
    while True:
        page = auth.administration.search(
            words, by=OPERATOR, before=before, most=most
        )
        numbers += [person.id for person in page.items]
        assert len(numbers) < 1000
        if page.more is None:
            return numbers
        before = page.more


@pytest.fixture(params=["few", "many"])
def either_way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have every search go both ways: that for few hits, that for many."""
    if request.param == "many":
        monkeypatch.setattr(search, "MANY", 0)


# -- names ------------------------------------------------------------------


@pytest.mark.usefixtures("either_way")
def test_an_account_is_found_by_the_beginning_of_its_names(
    auth: Auth, alice: User, bob: User
) -> None:
    other = account(auth, "alicia")
    for words, names in (
        ("alice", ["alice"]),
        ("ALI", ["alicia", "alice"]),
        ("  ali  ", ["alicia", "alice"]),
        ("ａｌｉ", ["alicia", "alice"]),
        ("a", ["alicia", "alice"]),
        ("AL", ["alicia", "alice"]),
        ("alice@", ["alice"]),
        ("ALICE@E", ["alice"]),
        ("Alice@EXAMPLE.c", ["alice"]),
        ("alice@example.com", ["alice"]),
        ("lice", []),
        ("example.com", []),
        (f"id:{other.id}", ["alicia"]),
        ("id:", []),
        (str(other.id), []),
    ):
        assert found(auth, words) == names, words


def test_a_username_of_another_alphabet_is_found_in_any_case(
    auth: Auth,
) -> None:
    auth.registration.register("a@example.com", PASSWORD, "Ярослава")
    auth.registration.register("b@example.com", PASSWORD, "Ётта")

    assert found(auth, "ЯРО") == ["Ярослава"]
    assert found(auth, "ё") == ["Ётта"]
    assert found(auth, "Ё") == ["Ётта"]
    assert found(auth, "е") == []


def test_a_domain_of_another_alphabet_is_found_when_it_is_whole(
    auth: Auth,
) -> None:
    made = auth.registration.register("anna@münchen.example", PASSWORD)

    assert found(auth, "anna@münchen.example") == [made.username]
    assert found(auth, "anna@xn--m") == [made.username]
    assert found(auth, "anna@mün") == []


@pytest.mark.asvs("1.2.4")
@pytest.mark.attack(31, 140)
@pytest.mark.usefixtures("either_way", "alice", "bob")
@pytest.mark.parametrize(
    "words",
    [
        *("%", "_", "al%", "a_ice", "*", "a.*", "\\", "'", "a\x00", "\ud800"),
        *("\ufffd", "\u200b", "\U0010ffff", "x" * 5000, "id:" + "9" * 400),
        *("id:-1", "id:0", "id:٣", "id:1 OR 1=1", "@", "@@", "﹫"),
    ],
)
def test_odd_words_find_nobody(auth: Auth, words: str) -> None:
    assert found(auth, words) == []


def test_empty_words_find_everybody_the_newest_first(
    auth: Auth, alice: User, bob: User
) -> None:
    for words in ("", "   ", "\n"):
        assert found(auth, words) == ["bob", "alice"]


def test_whoever_is_found_by_both_names_is_listed_once(auth: Auth) -> None:
    numbers = crowd(auth, "anna", "annabel", "hannah")

    assert walked(auth, "anna") == [numbers[1], numbers[0]]


# -- filters ----------------------------------------------------------------


@pytest.mark.usefixtures("either_way")
def test_filters_and_words_go_together(
    auth: Auth, alice: User, bob: User, admin: User
) -> None:
    account(auth, "ada")
    auth.registration.register("adam@example.com", PASSWORD, "adam")
    for name in ("bob", "ada"):
        one = auth.administration.find(name)
        auth.administration.set_active(one, is_active=False, by=OPERATOR)

    assert found(auth, is_active=False) == ["ada", "bob"]
    assert found(auth, is_active=True) == ["adam", "admin", "alice"]
    assert found(auth, is_admin=True) == ["admin"]
    assert found(auth, is_admin=False) == ["adam", "ada", "bob", "alice"]
    assert found(auth, is_confirmed=False) == ["adam"]
    assert "adam" not in found(auth, is_confirmed=True)
    assert found(auth, "ad") == ["adam", "ada", "admin"]
    assert found(auth, "ad", is_active=True) == ["adam", "admin"]
    assert found(auth, "ad", is_active=True, is_admin=False) == ["adam"]
    assert found(auth, "b", is_active=True) == []
    assert found(auth, is_admin=True, is_active=False) == []


# -- pages ------------------------------------------------------------------


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("words", ["", "an"])
def test_pages_hold_everybody_once(auth: Auth, words: str) -> None:
    numbers = crowd(auth, *(f"anna{number}" for number in range(120)))

    for most in (1, 7, 50, 119, 120, 121):
        assert walked(auth, words, most) == numbers[::-1], most


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("words", ["", "an"])
def test_nobody_is_repeated_or_left_out_while_others_come_and_go(
    auth: Auth, words: str
) -> None:
    numbers = crowd(auth, *(f"anna{number}" for number in range(60)))
    seen: list[int] = []
    gone: set[int] = set()
    before = None
    while True:
        page = auth.administration.search(
            words, by=OPERATOR, before=before, most=7
        )
        seen += [person.id for person in page.items]
        assert len(seen) == len(set(seen))
        # One who was shown goes, one who was not, and somebody comes.
        for number in (page.items[0].id, page.items[-1].id - 3):
            if number in numbers and number not in gone:
                gone.add(number)
                user = auth.db.find_user_by(id=number)
                auth.deletion.delete(user, by=OPERATOR)
        account(auth, f"anselm{len(seen)}")
        if page.more is None:
            break
        before = page.more

    assert len(seen) == len(set(seen))
    assert seen == sorted(seen, reverse=True)
    assert set(numbers) - gone <= set(seen) <= set(numbers)


def test_a_full_page_that_is_the_last_leads_no_further(auth: Auth) -> None:
    crowd(auth, "anna", "ben", "carla")

    for most, is_more in ((2, True), (3, False), (4, False)):
        page = auth.administration.search(by=OPERATOR, most=most)
        assert (page.more is not None) == is_more


def test_the_oldest_come_first_for_who_asks_behind_a_number(
    auth: Auth,
) -> None:
    numbers = crowd(auth, "anna", "ben", "anselm", "andrea")

    first = auth.administration.search("an", by=OPERATOR, after=0, most=2)
    rest = auth.administration.search("an", by=OPERATOR, after=first.more)

    assert [one.id for one in first.items] == [numbers[0], numbers[2]]
    assert [one.id for one in rest.items] == [numbers[3]]
    assert rest.more is None


@pytest.mark.parametrize("number", [-1, 0, -(2**70), 2**63, 2**70])
def test_pages_may_begin_at_any_number(
    auth: Auth, alice: User, number: int
) -> None:
    older = auth.administration.search(by=OPERATOR, before=number)
    newer = auth.administration.search(by=OPERATOR, after=number)

    assert len(older.items) == (number > 0)
    assert len(newer.items) == (number <= 0)


# -- who may, and what is shown ---------------------------------------------


def test_only_administrators_and_the_operator_search(
    auth: Auth, alice: User, admin: User
) -> None:
    assert auth.administration.search(by=Actor(admin)).items
    with pytest.raises(NotAllowed):
        auth.administration.search(by=Actor(alice))
    with pytest.raises(NotProven):
        auth.administration.search(by=STRANGER)


@pytest.mark.attack(31, 88)
def test_what_is_found_holds_nothing_secret(auth: Auth, alice: User) -> None:
    [person] = auth.administration.search("alice", by=OPERATOR).items

    assert vars(person).keys() == {
        *("id", "username", "email", "is_admin", "is_active"),
        *("email_verified_at", "created_at"),
    }


# -- indexes ----------------------------------------------------------------


def plan(auth: Auth, words: str = "", **only: bool) -> str:
    """Search, and say how the database went about it."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, said: str, values: Any, *_: Any) -> None:
        """Note one statement."""
        statements.append((said, values))

    event.listen(auth.db.engine, "before_cursor_execute", note)
    found(auth, words, **only)
    event.remove(auth.db.engine, "before_cursor_execute", note)
    said, values = statements[-1]
    is_lite = auth.db.engine.dialect.name == "sqlite"
    with auth.db.engine.connect() as connection:
        if not is_lite:
            connection.execute(text("ANALYZE"))
        explain = "EXPLAIN QUERY PLAN" if is_lite else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{explain} {said}", values)
        return "\n".join(str(row[-1]) for row in rows)


def test_the_beginning_of_a_name_is_found_by_the_key_of_names(
    auth: Auth,
) -> None:
    crowd(auth, *(f"anna{number}" for number in range(3000)))

    told = plan(auth, "anna2999")

    if auth.db.engine.dialect.name == "sqlite":
        assert "(canonical>? AND canonical<?)" in told
        return
    assert "pk_vestibule_identifiers" in told
    assert "Index Cond: (((canonical)::text >= 'anna2999'::text)" in told
    # So it is also where a database sorts as the readers of a language do.
    [row] = auth.db.read(
        text(
            "SELECT collation_name FROM information_schema.columns WHERE "
            "table_name = 'vestibule_identifiers' "
            "AND column_name = 'canonical'"
        )
    )
    assert row[0] == "C"


@pytest.mark.parametrize(
    ("only", "index"),
    [
        ({"is_active": False}, "ix_vestibule_users_disabled"),
        ({"is_admin": True}, "ix_vestibule_users_admins"),
        ({"is_confirmed": True}, "ix_vestibule_users_confirmed"),
    ],
)
def test_what_is_rare_is_found_by_an_index_of_its_own(
    auth: Auth, only: dict[str, bool], index: str
) -> None:
    crowd(auth, *(f"anna{number}" for number in range(3000)))

    assert found(auth, "", **only) == []
    assert index in plan(auth, "", **only)
