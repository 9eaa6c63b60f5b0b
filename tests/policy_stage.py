"""A stage with everybody on it who may stand towards a thing in some way.

It is set once; whatever a request has changed is put back after it,
so that each meets the same rows.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

from flask import Flask
from sqlalchemy import delete, event, insert, select, update

from askers import CAST, Asker
from conftest import PASSWORD, Browser, TurnableClock, account, form_token
from deeds import Deed
from hostility import BROWSER, FORM, JSON, LIVING, Answer, Knock, asked
from paintings import painted
from passkeyring import Ring
from phones import Phone, with_app
from verdicts import verdict
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.capabilities.email_changes.records import EmailUndoRecord
from vestibule.capabilities.mailed_sign_in.pages import ASKER
from vestibule.capabilities.pictures.records import PictureRecord
from vestibule.capabilities.second_factors.trust import TrustedDevices
from vestibule.doors.mailed_links import NEWCOMER, SealedCookie
from vestibule.doors.second_steps import WAITING
from vestibule.ground.randomness import fingerprint
from vestibule.history import Event
from vestibule.policy import OPERATOR, Act, Who
from vestibule.records import Record
from vestibule.user import User

NAMES = ("alice", "bob", "carol", "root", "second", "evan", "fay", "gina")
LIVES = re.compile("|".join(LIVING))
Events = Counter[tuple[str, str, int | None, int | None]]


class Stage:
    """An application with everybody in it, and what it must keep."""

    def __init__(self, app: Flask, auth: Auth, clock: TurnableClock) -> None:
        self.app, self.auth, self.clock = app, auth, clock
        self.picture = painted(size=(2, 2))
        self.people = {name: account(auth, name) for name in NAMES}
        for name in ("root", "second"):
            auth.administration.set_admin(
                self.people[name], is_admin=True, by=OPERATOR
            )
        self.phones: dict[str, Phone] = {}
        self.facts = {name: self._facts(name) for name in NAMES}
        self._hand_out_links()
        self._let_gina_wait()
        self.askers = {
            name: self._asker(name, *cast) for name, cast in CAST.items()
        }
        auth.administration.set_active(
            self.people["evan"], is_active=False, by=OPERATOR
        )
        auth.db.write(
            update(User)
            .where(User.id == self.people["fay"].id)
            .values(is_active=False)
        )
        # What was written since all was put back: events and counts, and
        # what a refusal must not change.
        self.writes: set[bool] = set()
        self.settle()

    def settle(self) -> None:
        """Take what there is now for what every request shall meet."""
        self._show_codes()
        self.rows = self.read()
        self.past = {row["id"] for row in self.rows["vestibule_events"]}
        self.state = self._lasting(self.rows)

    def _facts(self, name: str) -> dict[str, object]:
        """Give somebody things to ask for, and write down their names."""
        user = self.people[name]
        words = (f"title of {name}", f"secret of {name}")
        number = self.auth.feedback.add(user, *words, by=OPERATOR)
        picture = f"{name}{'-' * (43 - len(name))}.png"
        self.auth.db.add(
            PictureRecord(
                name=picture,
                user_id=user.id,
                media_type="image/png",
                width=2,
                height=2,
                size=len(self.picture),
                created_at=0,
            )
        )
        self.auth.pictures.folder.write(picture, self.picture)
        # Of a device at which nobody of the cast sits.
        token = self.auth.sessions.open(user.id)
        (device,) = self.auth.sessions.devices(user, token)[:1]
        # One that asks nobody for a second step.
        passkey = Ring(self.auth).added(user, quiet=True)
        stamp = self.auth.second_factors._stamps(user)[0]
        TrustedDevices(self.auth.db).begin(user.id, stamp)
        (trusted,) = self.auth.second_factors.trusted(user)
        # An app that waits for its first code, and asks for none either.
        begun = self.auth.totp.begin(user, by=OPERATOR)
        self.phones[name] = Phone(begun.key, self.clock)
        return {
            "handle": device.handle,
            "trusted": trusted.handle,
            "username": user.username,
            "email": user.email,
            "id": user.id,
            "feedback": number,
            "passkey": passkey.id,
            # The one picture that nobody takes away.
            "picture": f"carol{'-' * 38}.png",
        }

    def _hand_out_links(self) -> None:
        """Have letters with live links sent to people nobody deletes."""
        carol, second = self.people["carol"], self.people["second"]
        self.auth.email_verification.ask(carol, "carol@new.example")
        letter = self.auth.outbox.latest(1)[0].text
        mailed = re.search(r"/verify-email/(\S+)", letter)
        code = re.search(r"^\d{4} \d{4}$", letter, re.M)
        assert mailed
        assert code
        undo = self.auth.randomness.token()
        self.auth.db.add(
            EmailUndoRecord(
                user_id=carol.id,
                fingerprint=fingerprint(undo),
                address="carol@old.example",
                ends_at=self.auth.clock.now() + 3600,
            )
        )
        reset = self.auth.get_reset_password_token(second.email)
        self.auth.not_me.tell_of_new_device(second)
        letter = self.auth.outbox.latest(1)[0].text
        not_me = re.search(r"/security/not-me/(\S+)", letter)
        assert not_me
        for facts in self.facts.values():
            facts["not_me"] = not_me[1]
            facts["verify"] = mailed[1]
            facts["code"] = code[0]
            facts["undo"] = undo
            facts["reset"] = reset
            facts["reset_email"] = second.email
        browser = self._opened(mailed[1], reset, undo)
        names = ["confirm", "reset", "undo", "newcomer", "not_me"]
        if self.auth.mailed_sign_in.is_on:
            self._ask_for_sign_in(carol, browser)
            names += ["asker", "sign_in"]
        cookies = [browser.client.get_cookie(f"vestibule_{n}") for n in names]
        self.opened = "; ".join(f"{c.key}={c.value}" for c in cookies if c)

    def _ask_for_sign_in(self, user: User, browser: Browser) -> None:
        """Have a letter sent that signs somebody in, and open its link."""
        ticket = self.auth.mailed_sign_in.ask(user.username)
        letter = self.auth.outbox.latest(1)[0].text
        link = re.search(r"/login/code/(\S+)", letter)
        code = re.search(r"^\d{4} \d{4}$", letter, re.M)
        assert link
        assert code
        assert browser.follow(link[0]).status_code == 200
        self._give(browser, ASKER, [user.username, ticket])
        for facts in self.facts.values():
            facts["sign_in"] = link[1]
            facts["mailed"] = code[0]
            facts["ticket"] = ticket

    def _let_gina_wait(self) -> None:
        """Have somebody with an app type the password, and no code yet."""
        gina, browser = self.people["gina"], Browser(self.app)
        self.phones["gina"] = with_app(self.auth, gina)
        held_up = self.auth.login.with_password("gina", PASSWORD)
        self._give(browser, WAITING, held_up.token)
        cookie = browser.client.get_cookie("vestibule_waiting")
        assert cookie
        self.waits = f"vestibule_waiting={cookie.value}"
        for facts in self.facts.values():
            facts["waiting"] = held_up.token

    def _show_codes(self) -> None:
        """Have the apps show the codes of now."""
        for name, facts in self.facts.items():
            phone = self.phones.get(name)
            facts["first"] = phone.code() if phone else ""
            facts["second"] = self.phones["gina"].code()

    def _give(
        self, browser: Browser, cookie: SealedCookie, value: object
    ) -> None:
        """Have a browser hold a cookie that we have sealed."""
        with self.app.test_request_context():
            sealed = cookie._seal().close(value)
        browser.client.set_cookie(f"vestibule_{cookie.name}", sealed)

    def _opened(self, verify: str, reset: str, undo: str) -> Browser:
        """Open the links, in a browser that keeps their tokens."""
        browser = Browser(self.app)
        for link in (
            f"/verify-email/{verify}",
            f"/password_reset/{reset}",
            f"/verify-email/undo/{undo}",
            f"/security/not-me/{self.facts['alice']['not_me']}",
        ):
            assert browser.follow(link).status_code == 200
        self._give(browser, NEWCOMER, ["carol", "no ticket"])
        return browser

    def _asker(self, name: str, user: str, owner: str, who: Who) -> Asker:
        """Sign somebody in, and have them open a form."""
        person = self.people.get(user)
        made = Asker(name, person, self.people[owner], who)
        if person is not None:
            made.token = self.auth.sessions.open(person.id)
        self.open_form(made)
        return made

    def open_form(self, asker: Asker) -> None:
        """Have somebody open a form that is for everybody."""
        browser = Browser(self.app)
        if asker.token:
            browser.client.set_cookie("session_id", asker.token)
        asker.form = form_token(browser.open("/logout"))
        cookie = browser.client.get_cookie("vestibule_visit")
        assert cookie
        asker.visit = cookie.value

    # -- asking -------------------------------------------------------------

    def who_may(self, deed: Deed) -> Asker:
        """Find somebody who may do a deed, and for whom it counts."""
        if deed.act.is_public and deed.act is not Act.SIGN_OUT:
            return self.askers["anonymous"]
        return next(
            asker
            for name in ("owner", "admin")
            if verdict(deed.act, (asker := self.askers[name]).standing(deed))
            == "done"
        )

    def about(self, asker: Asker, deed: Deed) -> Mapping[str, object]:
        """Say what an asker fills in at a deed."""
        if deed.act.is_public:
            # It must be an account that can be signed in to.
            return self.facts["alice"]
        return self.facts[asker.subject(deed).username]

    def ask(
        self,
        asker: Asker,
        deed: Deed,
        path: str | None = None,
        *,
        method: str = "",
        query: str = "",
        extra: Mapping[str, object] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        by_bearer: bool = False,
        forms: Sequence[tuple[str, str]] | None = None,
    ) -> Answer:
        """Ask for a deed as somebody; the path as a client writes it.

        With ``forms`` it comes with these fields in place of its secret.
        """
        facts = self.about(asker, deed)
        path = deed.path(facts) if path is None else path
        own = [("csrf_token", asker.form)] if forms is None else forms
        kind, body = self._body(deed, facts, extra or {}, own)
        sent = [*(BROWSER if deed.is_page else (("Accept", JSON),)), *headers]
        if kind:
            sent.append(("Content-Type", kind))
        if not by_bearer:
            cookies = f"vestibule_visit={asker.visit}; {self.opened}"
            if deed.rule.startswith("/login/verify"):
                cookies += f"; {self.waits}"
            if asker.token:
                cookies += f"; session_id={asker.token}"
            sent.append(("Cookie", cookies))
        elif asker.token:
            sent.append(("Authorization", f"Bearer {asker.token}"))
        raw = unquote_to_bytes(path).decode("latin-1")
        return asked(
            self.app,
            Knock(
                method or deed.method,
                raw,
                query or deed.line.query,
                tuple(sent),
                body,
            ),
        )

    def _body(
        self,
        deed: Deed,
        facts: Mapping[str, object],
        extra: Mapping[str, object],
        forms: Sequence[tuple[str, str]],
    ) -> tuple[str, bytes]:
        """Fill in the body of a deed, with more in it than it asks for."""
        if deed.line.raw:
            return deed.line.kind, deed.line.raw
        if deed.looks and not extra:
            return "", b""
        filled: dict[str, object] = {
            name: value.format(**facts) if isinstance(value, str) else value
            for name, value in deed.line.body.items()
        }
        filled |= extra
        if not deed.is_page:
            return (JSON, json.dumps(filled).encode()) if filled else ("", b"")
        return FORM, urlencode([*filled.items(), *forms]).encode()

    # -- what is kept -------------------------------------------------------

    def read(self) -> dict[str, list[dict[str, Any]]]:
        """Read all rows of all tables."""
        return {
            table.name: [
                dict(row._mapping) for row in self.auth.db.read(select(table))
            ]
            for table in Record.metadata.sorted_tables
        }

    @staticmethod
    def _lasting(rows: dict[str, Any]) -> dict[str, list[str]]:
        """Take of all rows what a refusal must not change, in any order."""
        return {
            name: sorted(map(repr, found))
            for name, found in rows.items()
            if name not in LIVING
        }

    def changed(self) -> set[str]:
        """Name the tables that are no longer as every request meets them."""
        if True not in self.writes:
            return set()
        now = self._lasting(self.read())
        return {name for name in now if now[name] != self.state[name]}

    def events(self) -> Events:
        """Count the events since the last look: act, end, who, whom."""
        if False not in self.writes:
            return Counter()
        columns = (Event.act, Event.outcome, Event.actor_id, Event.subject_id)
        rows = self.auth.db.read(select(Event.id, *columns))
        new = [row for row in rows if row[0] not in self.past]
        self.past |= {row[0] for row in new}
        return Counter((row[1], row[2], row[3], row[4]) for row in new)

    def put_back(self) -> None:
        """Make everything as it was, but for what refusals write as well."""
        if True in self.writes:
            self._put_back_rows()
            self._put_back_files()
        if False in self.writes:
            # Of very many refusals in a row not all would be noted.
            with self.auth.db.engine.begin() as connection:
                connection.execute(delete(Attempts))
        self.writes.clear()

    def _put_back_rows(self) -> None:
        """Write all rows anew, but events and counts."""
        tables = Record.metadata.sorted_tables
        lasting = [table for table in tables if table.name not in LIVING]
        with self.auth.db.engine.begin() as connection:
            for table in reversed(lasting):
                connection.execute(delete(table))
            for table in lasting:
                if self.rows[table.name]:
                    connection.execute(insert(table), self.rows[table.name])

    def _put_back_files(self) -> None:
        """Write the files of pictures that are gone."""
        folder = self.auth.pictures.folder
        for row in self.rows["vestibule_pictures"]:
            if folder.read(row["name"]) is None:
                folder.write(row["name"], self.picture)


@contextmanager
def staged(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage, and note whether anything is written on it."""
    stage = Stage(app, auth, clock)

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Note one statement."""
        if re.match(r"\s*(INS|UPD|DEL)", statement):
            stage.writes.add(not LIVES.search(statement))

    event.listen(auth.db.engine, "before_cursor_execute", note)
    if auth.db.engine.dialect.name == "sqlite":
        # Nobody pulls the plug; see conftest on the other database.
        event.listen(auth.db.engine, "connect", _carelessly)
        auth.db.engine.dispose()
    try:
        yield stage
    finally:
        event.remove(auth.db.engine, "before_cursor_execute", note)


def _carelessly(connection: Any, _: object) -> None:
    """Let SQLite not wait for the disk."""
    connection.execute("PRAGMA synchronous = OFF")
