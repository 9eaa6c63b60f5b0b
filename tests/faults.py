"""The faults: for each check of the doctor, how an installation is broken.

The page docs/operators/doctor.md prints the sentence of each fault below
the check that finds it.
"""

import os
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import create_engine, event, text

from clinic import HOST, KEY, AnotherClock, Clinic, good_proxy, public_folder
from mailroom import HERE, free_port
from vestibule import engine
from vestibule.doctor import sqlite_file
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, State
from vestibule.policy import OPERATOR

Breaks = Callable[[Clinic], None]


@dataclass(frozen=True)
class Fault:
    """A fault, which check finds it, and as how bad."""

    check: str
    state: State
    breaks: Breaks
    on: str

    @property
    def name(self) -> str:
        """How the test is called."""
        return f"{self.check}-{self.breaks.__name__}"


FAULTS: list[Fault] = []


def fault(
    check: str, state: State, on: str = "sqlite"
) -> Callable[[Breaks], Breaks]:
    """Enter a way to break an installation into the matrix."""

    def enter(breaks: Breaks) -> Breaks:
        """Note the fault."""
        FAULTS.append(Fault(check, state, breaks, on))
        return breaks

    return enter


def set_to(check: str, state: State, **options: Any) -> None:
    """Enter a fault that is one setting."""

    def breaks(clinic: Clinic) -> None:
        """Set it."""
        clinic.having(**options)

    breaks.__name__ = "_".join(options)
    FAULTS.append(Fault(check, state, breaks, "sqlite"))


# Configuration


@fault("configuration.readable", ERROR)
def kind_of_database(clinic: Clinic) -> None:
    """The address of the database is of a kind that is not served."""
    clinic.having(database_url="mysql://vestibule@localhost/accounts")


@fault("configuration.development", ERROR)
def workshop(clinic: Clinic) -> None:
    """Development mode is on, in a site for others."""
    clinic.having(development="true")


@fault("configuration.development", ERROR)
def open_workshop(clinic: Clinic) -> None:
    """Development mode is on, and every network reaches the server."""
    clinic.deploy = False
    clinic.having(development="true", host="0.0.0.0")


@fault("configuration.development", WARNING)
def own_workshop(clinic: Clinic) -> None:
    """Development mode is on, on one's own machine."""
    clinic.deploy = False
    clinic.having(development="true")


@fault("configuration.contradictions", WARNING)
def longer_than_all(clinic: Clinic) -> None:
    """Sessions end unused later than they end at all."""
    clinic.having(session_idle="30d")


@fault("configuration.contradictions", WARNING)
def two_kinds_of_tls(clinic: Clinic) -> None:
    """TLS from the first byte is set, for the port of STARTTLS."""
    clinic.having(mail_server=HERE, mail_use_ssl="true")


@fault("configuration.contradictions", WARNING)
def nameless(clinic: Clinic) -> None:
    """There is a password for the mail server, and no name."""
    clinic.having(mail_server=HERE, mail_password="box-secret")


@fault("configuration.contradictions", WARNING)
def closed_to_all(clinic: Clinic) -> None:
    """Only this machine is served, and the address is a public one."""
    clinic.having(loopback_only="true")


@fault("configuration.security_contact", NOTICE)
def without_contact(clinic: Clinic) -> None:
    """No contact for those who find a weakness is set."""
    clinic.having(security_contact=None)


# Secrets


@fault("secrets.key", ERROR)
def key_saved_alone(clinic: Clinic) -> None:
    """The only key is one that a command has made in the data folder."""
    clinic.having(secret_key=None)
    saved = clinic.settings().with_saved_secret()
    clinic.settings = lambda: saved  # type: ignore[method-assign]


@fault("secrets.key", ERROR)
def keyless(clinic: Clinic) -> None:
    """There is no secret key."""
    clinic.having(secret_key=None)


@fault("secrets.key", ERROR)
def sample_key(clinic: Clinic) -> None:
    """The key is made of a word that stands in samples."""
    clinic.having(secret_key="please-changeme-2f61c07ab84d35f1")


@fault("secrets.key", ERROR)
def repeated_key(clinic: Clinic) -> None:
    """The key is a short text, repeated."""
    clinic.having(secret_key="9e2f61c07ab8" * 3)


@fault("secrets.key", ERROR)
def running_key(clinic: Clinic) -> None:
    """The key runs up the alphabet."""
    clinic.having(secret_key="abcdefghijklmnopqrstuvwxyz0123456789")


@fault("secrets.key", ERROR)
def monotonous_key(clinic: Clinic) -> None:
    """The key has too few different characters."""
    clinic.having(secret_key="a1b2c3d4" + "aaaaaaaabbbbbbbbaaaaaaaaaaaaaaaa")


@fault("secrets.old_keys", WARNING)
def old_sample(clinic: Clinic) -> None:
    """A key that still verifies is one of a sample."""
    clinic.having(old_secret_keys="0123456789abcdef" * 2)


@fault("secrets.old_keys", WARNING)
def same_key_twice(clinic: Clinic) -> None:
    """The key that signs is listed as an old one as well."""
    clinic.having(old_secret_keys=KEY)


@fault("secrets.kept_apart", NOTICE)
def key_beside_the_data(clinic: Clinic) -> None:
    """The key was made by itself, and lies in the data folder."""
    clinic.having(secret_key=None)
    before = clinic.settings
    clinic.settings = lambda: before().with_saved_secret()  # type: ignore[method-assign]


@fault("secrets.database_password", WARNING)
def common_password(clinic: Clinic) -> None:
    """The password of the database is the one that is tried first."""
    clinic.having(database_url="postgresql://v:postgres@127.0.0.1/v")


@fault("secrets.database_password", WARNING)
def short_password(clinic: Clinic) -> None:
    """The password of a database elsewhere is short."""
    clinic.having(database_url="postgresql://v:x7Kq2@db.example.com/v")


# Files and folders


def env_of_mode(clinic: Clinic, mode: int) -> None:
    """Write a file of settings where everybody gets in."""
    path = public_folder(clinic) / ".env"
    path.write_text("VESTIBULE_SITE_NAME=Club\n")
    path.chmod(mode)
    clinic.env_file = path


@fault("files.env", ERROR)
def env_for_all_readers(clinic: Clinic) -> None:
    """Everybody on the machine can read .env."""
    env_of_mode(clinic, 0o644)


@fault("files.env", ERROR)
def env_for_all_writers(clinic: Clinic) -> None:
    """The group can change .env."""
    env_of_mode(clinic, 0o620)


@fault("files.env", NOTICE)
def env_for_a_group(clinic: Clinic) -> None:
    """The group of an ordinary user can read .env."""
    env_of_mode(clinic, 0o640)
    assert clinic.env_file is not None
    os.chown(clinic.env_file, 4711, 4711)
    clinic.in_the_world(user=4711)


@fault("files.env", WARNING)
def env_of_somebody(clinic: Clinic) -> None:
    """.env belongs to another user."""
    env_of_mode(clinic, 0o600)
    assert clinic.env_file is not None
    os.chown(clinic.env_file, 4711, 4711)


@fault("files.secrets", ERROR)
def open_secret_file(clinic: Clinic) -> None:
    """Everybody can read the file that SECRET_KEY_FILE names."""
    path = public_folder(clinic) / "key"
    path.write_text(KEY)
    path.chmod(0o644)
    clinic.having(secret_key=None)
    clinic.environment["VESTIBULE_SECRET_KEY_FILE"] = str(path)


@fault("files.secrets", WARNING)
def secret_of_root(clinic: Clinic) -> None:
    """Root has put a secret here that everybody can read."""
    open_secret_file(clinic)
    os.chown(clinic.environment["VESTIBULE_SECRET_KEY_FILE"], 0, 0)
    clinic.in_the_world(user=4711)


@fault("files.secrets", ERROR)
def open_mail_password(clinic: Clinic) -> None:
    """Everybody can change the file with the password for mail."""
    path = public_folder(clinic) / "mail"
    path.write_text("box-secret")
    path.chmod(0o602)
    clinic.environment["VESTIBULE_MAIL_PASSWORD_FILE"] = str(path)


@fault("files.data", WARNING)
def open_data(clinic: Clinic) -> None:
    """Everybody gets into the data folder."""
    clinic.having(data=public_folder(clinic))


@fault("files.data", WARNING)
def data_of_a_group(clinic: Clinic) -> None:
    """A group may write into the data folder, as Kubernetes sets it up."""
    folder = public_folder(clinic)
    folder.chmod(0o2770)
    clinic.having(data=folder)


@fault("files.data", ERROR)
def writable_data(clinic: Clinic) -> None:
    """Everybody can put files into the data folder."""
    folder = public_folder(clinic)
    folder.chmod(0o777)
    clinic.having(data=folder)


@fault("files.data", WARNING)
def data_of_somebody(clinic: Clinic) -> None:
    """The data folder belongs to another user."""
    os.chown(clinic.settings().data_folder, 4711, 4711)


@fault("files.database", ERROR)
def open_database(clinic: Clinic) -> None:
    """Everybody can read the database file."""
    path = public_folder(clinic) / "vestibule.db"
    shutil.copy(clinic.installation().database.file, path)
    path.chmod(0o644)
    clinic.having(database_url=f"sqlite:///{path}")


@fault("files.pages", ERROR)
def lost_pages(clinic: Clinic) -> None:
    """The templates did not come along."""
    clinic.in_the_world(package=clinic.folder)


@fault("files.brand", ERROR)
def lost_brand(clinic: Clinic) -> None:
    """The folder with the look is not there."""
    clinic.having(brand=clinic.folder / "nowhere")


@fault("files.brand", NOTICE)
def pale_brand(clinic: Clinic) -> None:
    """The colour of buttons can hardly be seen."""
    folder = clinic.folder / "brand"
    folder.mkdir()
    (folder / "brand.css").write_text(
        ":root { --vestibule-primary: #fafafa; --vestibule-bg: #ffffff }"
    )
    clinic.having(brand=folder)


# Database


@fault("database.reach", ERROR)
def nobody_listens(clinic: Clinic) -> None:
    """Nothing listens where PostgreSQL should be."""
    port = free_port()
    clinic.having(database_url=f"postgresql://v:canary@127.0.0.1:{port}/v")


@fault("database.reach", ERROR, on="postgres")
def unknown_database(clinic: Clinic) -> None:
    """There is no database of this name."""
    url = clinic.options["database_url"]
    head, _, query = url.partition("?")
    clinic.having(database_url=f"{head}_lost?{query}")


@fault("database.reach", ERROR)
def no_database_at_all(clinic: Clinic) -> None:
    """The file is no database."""
    clinic.installation().database.file.write_bytes(b"not a database " * 100)


@fault("database.reach", NOTICE)
def no_file_yet(clinic: Clinic) -> None:
    """There is no database file yet."""
    clinic.having(database_url=f"sqlite:///{clinic.folder}/none.db")


def in_sqlite(clinic: Clinic, statement: str) -> None:
    """Change an SQLite file."""
    with closing(
        sqlite3.connect(clinic.installation().database.file)
    ) as opened:
        opened.execute(statement)
        opened.commit()


@fault("database.schema", ERROR)
def schema_of_tomorrow(clinic: Clinic) -> None:
    """A newer version has changed the tables."""
    in_sqlite(clinic, "UPDATE vestibule_version SET version_num = '9999'")


@fault("database.schema", WARNING)
def schema_of_yesterday(clinic: Clinic) -> None:
    """The last steps are missing."""
    in_sqlite(clinic, "UPDATE vestibule_version SET version_num = '0003'")


@fault("database.schema", WARNING)
def no_tables(clinic: Clinic) -> None:
    """The file is empty."""
    path = clinic.folder / "empty.db"
    path.touch(0o600)
    clinic.having(database_url=f"sqlite:///{path}")


@fault("database.workers", WARNING)
def a_crowd_over_a_file(clinic: Clinic) -> None:
    """Eight processes share one SQLite file."""
    clinic.having(workers=8)


@fault("database.space", WARNING)
def log_that_grew(clinic: Clinic) -> None:
    """The write-ahead log has 300 MiB."""
    file = clinic.installation().database.file
    with file.with_name(f"{file.name}-wal").open("wb") as log:
        log.truncate(300 * 2**20)


@fault("database.journal", WARNING)
def journal_undone(clinic: Clinic) -> None:
    """Another program has put the file into another journal mode."""
    in_sqlite(clinic, "PRAGMA journal_mode=DELETE")


@fault("database.synchronous", ERROR)
def careless_connections(clinic: Clinic) -> None:
    """Our own connections do not wait for the disk."""
    before = engine.open_engine

    def careless(settings: Any) -> Any:
        """Open the database, and trust the operating system."""
        opened = before(settings)
        event.listen(
            opened,
            "connect",
            lambda made, _: made.execute("PRAGMA synchronous=NORMAL").close(),
        )
        return opened

    clinic.stack.callback(setattr, sqlite_file, "open_engine", before)
    sqlite_file.open_engine = careless  # type: ignore[attr-defined]


@fault("database.file_system", ERROR)
def far_away(clinic: Clinic) -> None:
    """The SQLite file lies on NFS."""
    clinic.mounted("nfs4")


@fault("database.file_system", WARNING)
def in_memory(clinic: Clinic) -> None:
    """The SQLite file lies in memory."""
    clinic.mounted("tmpfs")


@fault("database.file_system", NOTICE)
def in_memory_here(clinic: Clinic) -> None:
    """The SQLite file lies in memory, to try things out."""
    clinic.mounted("tmpfs")
    clinic.deploy = False


@fault("database.whole", ERROR)
def damaged(clinic: Clinic) -> None:
    """Some pages of the file are overwritten."""
    file = clinic.installation().database.file
    content = bytearray(file.read_bytes())
    for start in range(8192, len(content), 8192):
        content[start : start + 64] = b"\xde\xad" * 32
    file.write_bytes(content)


def in_postgres(clinic: Clinic, statement: str) -> None:
    """Do something as the owner of everything."""
    opened = create_engine(
        clinic.world_of_postgres, isolation_level="AUTOCOMMIT"
    )
    with opened.connect() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar()
        connection.execute(text(statement.format(name=name)))
    opened.dispose()


@fault("database.durability", ERROR, on="postgres")
def commits_do_not_wait(clinic: Clinic) -> None:
    """synchronous_commit is off for this database."""
    in_postgres(clinic, "ALTER DATABASE {name} SET synchronous_commit = off")


@fault("database.durability", ERROR, on="careless postgres")
def nothing_is_forced(clinic: Clinic) -> None:
    """Both fsync and full_page_writes are off for the whole server."""


@fault("database.writable", ERROR, on="postgres")
def read_only(clinic: Clinic) -> None:
    """Every transaction is read-only, as on a standby."""
    in_postgres(
        clinic, "ALTER DATABASE {name} SET default_transaction_read_only = on"
    )


@fault("database.isolation", WARNING, on="postgres")
def serializable(clinic: Clinic) -> None:
    """Transactions are serializable by default."""
    in_postgres(
        clinic,
        "ALTER DATABASE {name} SET default_transaction_isolation = "
        "'serializable'",
    )


@fault("database.version", WARNING, on="postgres")
def old_server(clinic: Clinic) -> None:
    """The server says that it is version 12."""
    clinic.answers["SHOW server_version_num"] = "120022"


@fault("database.connections", WARNING, on="postgres")
def too_many_processes(clinic: Clinic) -> None:
    """Twelve processes may open more connections than there are."""
    clinic.having(workers=12)


@fault("database.superuser", WARNING, on="careless postgres")
def superuser(clinic: Clinic) -> None:
    """The site connects as a superuser."""


@fault("database.least_privilege", NOTICE, on="careless postgres")
def owner(clinic: Clinic) -> None:
    """The site connects as the owner of the tables."""


@fault("database.encrypted", WARNING)
def tls_by_chance(clinic: Clinic) -> None:
    """The address of a PostgreSQL elsewhere says nothing of TLS."""
    clinic.having(database_url="postgresql://v@db.example.com/v")


@fault("database.encrypted", ERROR)
def clear_text(clinic: Clinic) -> None:
    """TLS to a PostgreSQL elsewhere is switched off."""
    url = "postgresql://v@db.example.com/v?sslmode=disable"
    clinic.having(database_url=url)


@fault("database.encrypted", WARNING)
def unchecked(clinic: Clinic) -> None:
    """The certificate of a PostgreSQL elsewhere is not checked."""
    url = "postgresql://v@db.example.com/v?sslmode=require"
    clinic.having(database_url=url)


@fault("database.time_out", NOTICE, on="postgres")
def endless(clinic: Clinic) -> None:
    """The address has options that undo the time-out of statements."""
    url = clinic.options["database_url"]
    clinic.having(database_url=f"{url}&options=-c%20geqo%3Don")


# Valkey


@fault("valkey.reach", WARNING)
def valkey_is_gone(clinic: Clinic) -> None:
    """Nothing listens where Valkey should be."""
    clinic.having(valkey_url=f"valkey://127.0.0.1:{free_port()}/0")


@fault("valkey.protected", WARNING)
def valkey_in_clear(clinic: Clinic) -> None:
    """Valkey is elsewhere, without TLS."""
    clinic.having(valkey_url="valkey://:secret-word@cache.example.com/0")


@fault("valkey.protected", NOTICE)
def valkey_for_all(clinic: Clinic) -> None:
    """Valkey is elsewhere, and asks for no password."""
    clinic.having(valkey_url="valkeys://cache.example.com/0")


# Mail


@fault("mail.server", ERROR)
def no_mail(clinic: Clinic) -> None:
    """No mail server is set, in a site for others."""


@fault("mail.server", WARNING)
def no_mail_here(clinic: Clinic) -> None:
    """No mail server is set, on one's own machine."""
    clinic.deploy = False


@fault("mail.accepts", ERROR)
def mail_server_is_gone(clinic: Clinic) -> None:
    """Nothing listens where the mail server should be."""
    clinic.having(mail_server=HERE, mail_port=free_port())


@fault("mail.accepts", ERROR)
def wrong_mail_password(clinic: Clinic) -> None:
    """The mail server refuses the password."""
    clinic.with_mail()
    clinic.having(mail_password="not-the-secret")


@fault("mail.accepts", ERROR)
def no_tls(clinic: Clinic) -> None:
    """The mail server offers no STARTTLS."""
    clinic.with_mail(plain=True, must_sign_in=False)


@fault("mail.accepts", ERROR)
def strange_certificate(clinic: Clinic) -> None:
    """Nobody known has signed the certificate of the mail server."""
    clinic.with_mail()
    clinic.having(mail_ca_file=None)


@fault("mail.encrypted", WARNING)
def mail_in_clear(clinic: Clinic) -> None:
    """Mails go to a server elsewhere without TLS."""
    clinic.having(mail_server="smtp.example.com", mail_use_tls="false")


@fault("mail.encrypted", ERROR)
def mail_password_in_clear(clinic: Clinic) -> None:
    """And the password goes with them."""
    mail_in_clear(clinic)
    clinic.having(mail_username="box", mail_password="box-secret")


@fault("mail.sender", NOTICE)
def foreign_sender(clinic: Clinic) -> None:
    """Letters come from another domain than their links lead to."""
    clinic.having(mail_server=HERE, mail_sender="us@example.net")


@fault("mail.sender", WARNING)
def local_sender(clinic: Clinic) -> None:
    """Letters come from a name that only this machine knows."""
    clinic.having(mail_server=HERE, mail_sender="us@localhost")


@fault("mail.waiting", ERROR)
def letters_wait(clinic: Clinic) -> None:
    """A letter has waited for an hour."""
    clinic.auth().administration.send_reset(admin_of(clinic), by=OPERATOR)
    clinic.in_the_world(clock=AnotherClock(3600))


@fault("mail.failing", WARNING)
def letters_fail(clinic: Clinic) -> None:
    """The mail server has refused a letter for good."""
    letters_wait(clinic)
    clinic.in_the_world(clock=AnotherClock(0))
    in_sqlite(clinic, "UPDATE vestibule_outbox SET state = 'failed'")


@fault("mail.support", NOTICE)
def no_support(clinic: Clinic) -> None:
    """Nothing says where people get help."""
    clinic.having(support=None)


@fault("mail.spf", WARNING)
def without_spf(clinic: Clinic) -> None:
    """The sender's domain has no SPF record."""
    records(clinic, example_com=[])


@fault("mail.spf", ERROR)
def two_spf(clinic: Clinic) -> None:
    """The sender's domain has two SPF records."""
    records(clinic, example_com=["v=spf1 mx -all", "v=spf1 a -all"])


@fault("mail.spf", ERROR)
def spf_for_all(clinic: Clinic) -> None:
    """The SPF record allows everybody."""
    records(clinic, example_com=["v=spf1 mx +all"])


@fault("mail.spf", NOTICE)
def spf_without_end(clinic: Clinic) -> None:
    """The SPF record forbids nobody."""
    records(clinic, example_com=["v=spf1 mx ?all"])


@fault("mail.spf", NOTICE)
def silent_names(clinic: Clinic) -> None:
    """The name server does not answer."""
    records(clinic).is_silent = True


@fault("mail.dmarc", WARNING)
def without_dmarc(clinic: Clinic) -> None:
    """Neither the sender's domain nor one above it has a DMARC record."""
    records(clinic, _dmarc=[])


@fault("mail.dmarc", NOTICE)
def watching_dmarc(clinic: Clinic) -> None:
    """DMARC asks for nothing."""
    records(clinic, _dmarc=["v=DMARC1; p=none"])


@fault("mail.dmarc", NOTICE)
def dmarc_for_others(clinic: Clinic) -> None:
    """DMARC of the domain above asks for nothing below it."""
    records(clinic, _dmarc=["v=DMARC1; p=reject; sp=none"])
    clinic.having(mail_sender="us@mail.example.com")


@fault("mail.dmarc", ERROR)
def two_dmarc(clinic: Clinic) -> None:
    """There are two DMARC records."""
    records(clinic, _dmarc=["v=DMARC1; p=reject", "v=DMARC1; p=none"])


def records(clinic: Clinic, **texts: list[str]) -> Any:
    """Give the sender's domain other records."""
    clinic.having(mail_server=HERE)
    server = clinic.with_names()
    for name, found in texts.items():
        place = {"_dmarc": "_dmarc.example.com"}.get(name, "example.com")
        server.texts[place] = found
    return server


def admin_of(clinic: Clinic) -> Any:
    """Find the administrator."""
    return clinic.auth().administration.find("admin")


# Address, cookies and proxy


@fault("site.address", ERROR)
def nowhere(clinic: Clinic) -> None:
    """There is no public address."""
    clinic.having(base_url=None)


@fault("site.address", ERROR)
def only_here(clinic: Clinic) -> None:
    """The public address is this machine's own."""
    clinic.having(base_url="http://localhost:5000")


@fault("site.address", ERROR)
def public_http(clinic: Clinic) -> None:
    """The public address of a site for others is http."""
    clinic.having(base_url=f"http://{HOST}")


@fault("site.address", WARNING)
def http(clinic: Clinic) -> None:
    """The public address is http."""
    clinic.deploy = False
    clinic.having(base_url=f"http://{HOST}")


@fault("site.path", WARNING)
def lost_path(clinic: Clinic) -> None:
    """The address has a path that no page begins with."""
    clinic.having(base_url=f"https://{HOST}/accounts")


@fault("site.name", ERROR)
def unknown_name(clinic: Clinic) -> None:
    """Nobody knows the host name."""

    def unknown(*_: Any) -> None:
        """Find nothing, as the system does."""
        raise socket.gaierror(-2, "Name or service not known")

    clinic.in_the_world(addresses=unknown)


@fault("site.cookies", WARNING)
def shared_cookie(clinic: Clinic) -> None:
    """All subdomains share the session."""
    clinic.having(session_domain="example.com")


@fault("site.cookies", ERROR)
def cookie_for_strangers(clinic: Clinic) -> None:
    """The session is shared below a domain of strangers."""
    clinic.having(base_url="https://us.github.io", session_domain="github.io")


@fault("site.cookies", WARNING)
def insecure_cookie(clinic: Clinic) -> None:
    """The cookies are sent over http."""
    clinic.having(base_url=f"http://{HOST}")


@fault("site.trusted_proxies", ERROR)
def all_are_believed(clinic: Clinic) -> None:
    """Everybody is a trusted proxy."""
    clinic.having(trusted_proxies="10.0.0.0/8,0.0.0.0/0")


@fault("site.trusted_proxies", WARNING)
def many_are_believed(clinic: Clinic) -> None:
    """A large part of the public net is trusted."""
    clinic.having(trusted_proxies="8.0.0.0/8")


@fault("site.trusted_proxies", WARNING)
def none_is_believed(clinic: Clinic) -> None:
    """A proxy speaks https, and none is trusted."""
    clinic.having(trusted_proxies=None)


@fault("site.listening", NOTICE)
def open_door(clinic: Clinic) -> None:
    """The server listens on every network."""
    clinic.having(host="0.0.0.0")


@fault("site.answers", ERROR)
def nobody_answers(clinic: Clinic) -> None:
    """Nothing listens at the public address."""
    clinic.places[443] = free_port()
    clinic.in_the_world(dial=clinic.dialled)


@fault("site.answers", ERROR)
def somebody_else(clinic: Clinic) -> None:
    """Another installation answers there."""
    clinic.with_site(own={"secret_key": KEY[::-1]})


@fault("site.answers", ERROR)
def strange_site(clinic: Clinic) -> None:
    """Nobody known has signed the certificate of the site."""
    clinic.with_site()
    del clinic.world["authority"]


@fault("site.forged_address", ERROR)
def proxy_that_passes_on(clinic: Clinic) -> None:
    """The proxy passes on what visitors claim, and adds nothing."""
    clinic.with_site(lambda app: app)


@fault("site.forged_address", ERROR)
def believing_site(clinic: Clinic) -> None:
    """The running site trusts everybody."""
    clinic.with_site(own={"trusted_proxies": "0.0.0.0/0"})


@fault("site.forged_address", WARNING)
def unbelieved_proxy(clinic: Clinic) -> None:
    """The proxy names the visitor, and the site does not trust it."""
    clinic.with_site(own={"trusted_proxies": None})


@fault("site.host_header", WARNING)
def other_host(clinic: Clinic) -> None:
    """The proxy puts its own name for the server into Host."""

    def renaming(app: Any) -> Any:
        """Stand for a proxy that was not told to keep the name."""

        def renamed(environ: dict[str, Any], start: Any) -> Any:
            """Call the server by its address."""
            environ["HTTP_HOST"] = "127.0.0.1:5000"
            return app(environ, start)

        return good_proxy(renamed)

    clinic.with_site(renaming)


@fault("site.http", WARNING)
def served_in_clear(clinic: Clinic) -> None:
    """Port 80 serves the pages themselves."""
    clinic.with_site()

    def page(_: Any, start: Any) -> Any:
        """Show a page to whoever asks."""
        start("200 OK", [("Content-Type", "text/html")])
        return [b"<form>"]

    clinic.places[80] = clinic.serving(page)


# Clock, disk and backups


@fault("clock.database", WARNING, on="postgres")
def a_minute_ahead(clinic: Clinic) -> None:
    """The clock is a minute ahead of the database's."""
    clinic.in_the_world(clock=AnotherClock(60))


@fault("clock.database", ERROR, on="postgres")
def an_hour_behind(clinic: Clinic) -> None:
    """The clock is an hour behind the database's."""
    clinic.in_the_world(clock=AnotherClock(-3600))


@fault("clock.past", ERROR)
def clock_set_back(clinic: Clinic) -> None:
    """The clock was set back by an hour."""
    clinic.in_the_world(clock=AnotherClock(-3600))


@fault("clock.site", ERROR)
def other_than_outside(clinic: Clinic) -> None:
    """The clock is an hour ahead of the proxy's."""
    clinic.with_site()
    clinic.in_the_world(clock=AnotherClock(3600))


def disk_with(**left: int) -> Callable[[Path], Any]:
    """Make a disk with little left."""
    found = {"f_bavail": 2**30, "f_frsize": 4096, "f_files": 10**6}
    found["f_blocks"] = 2**30
    return lambda _: SimpleNamespace(**{**found, "f_favail": 10**6, **left})


@fault("disk.space", ERROR)
def full_disk(clinic: Clinic) -> None:
    """The disk of the database has nothing left."""
    clinic.in_the_world(disk=disk_with(f_bavail=100))


@fault("disk.space", WARNING)
def filling_disk(clinic: Clinic) -> None:
    """The disk has 400 MiB left."""
    clinic.in_the_world(disk=disk_with(f_bavail=102_400))


@fault("disk.space_elsewhere", WARNING)
def filling_backups(clinic: Clinic) -> None:
    """The disk of the backups has 40 MiB left."""
    clinic.in_the_world(disk=disk_with(f_bavail=10_240))


@fault("disk.inodes", WARNING)
def no_inodes(clinic: Clinic) -> None:
    """The disk takes ten more files."""
    clinic.in_the_world(disk=disk_with(f_favail=10))


@fault("disk.writable", ERROR)
def closed_disk(clinic: Clinic) -> None:
    """The data folder takes no file from anybody."""
    clinic.having(data="/proc/self")


@fault("backups.new", ERROR)
def only_a_draft(clinic: Clinic) -> None:
    """Nothing lies there but what a backup that was killed has left."""
    for path in (clinic.folder / "copies").iterdir():
        path.rename(path.with_name(f".{path.name}"))


@fault("database.schema", ERROR)
def lost_table(clinic: Clinic) -> None:
    """Somebody has dropped the table of the seals."""
    in_sqlite(clinic, "DROP TABLE vestibule_seals")


@fault("backups.folder", WARNING)
def no_backups_known(clinic: Clinic) -> None:
    """Nobody has said where the backups are."""
    clinic.having(backups=None)


@fault("backups.new", ERROR)
def no_backup(clinic: Clinic) -> None:
    """The folder of backups is empty."""
    shutil.rmtree(clinic.folder / "copies")


@fault("backups.new", WARNING)
def old_backup(clinic: Clinic) -> None:
    """The newest backup is of three days ago."""
    clinic.in_the_world(clock=AnotherClock(3 * 86_400))


@fault("backups.new", ERROR)
def empty_backup(clinic: Clinic) -> None:
    """The newest backup is empty, as after a full disk."""
    for path in (clinic.folder / "copies").iterdir():
        path.write_bytes(b"")


@fault("backups.private", ERROR)
def open_backup(clinic: Clinic) -> None:
    """Everybody can read the backup."""
    (clinic.folder / "copies").chmod(0o755)
    for path in (clinic.folder / "copies").iterdir():
        path.chmod(0o644)


@fault("backups.apart", NOTICE)
def near_backup(clinic: Clinic) -> None:
    """The backups lie inside the data folder."""
    folder = clinic.settings().data_folder / "copies"
    folder.mkdir()
    clinic.having(backups=folder)


# Administrators


@fault("administrators.there", ERROR)
def nobody_in_charge(clinic: Clinic) -> None:
    """There is no administrator, in a site for others."""
    without_keeper(clinic, "is_admin = 0")


@fault("administrators.there", WARNING)
def nobody_here(clinic: Clinic) -> None:
    """There is no administrator."""
    nobody_in_charge(clinic)
    clinic.deploy = False


@fault("administrators.disabled", WARNING)
def disabled_admin(clinic: Clinic) -> None:
    """An administrator is disabled."""
    without_keeper(clinic, "is_active = 0")


@fault("administrators.confirmed", WARNING)
def unconfirmed_admin(clinic: Clinic) -> None:
    """An administrator has an address that nobody has confirmed."""
    in_sqlite(clinic, "UPDATE vestibule_users SET email_verified_at = NULL")


@fault("administrators.second_factor", WARNING)
def unprotected_admin(clinic: Clinic) -> None:
    """An administrator has no second factor."""
    clinic.having(second_factor="optional")
    in_sqlite(clinic, "DELETE FROM vestibule_totp")


@fault("administrators.second_factor", WARNING)
def half_protected_admin(clinic: Clinic) -> None:
    """An administrator has set an app up, and never shown a code of it."""
    clinic.having(second_factor="optional")
    in_sqlite(clinic, "UPDATE vestibule_totp SET confirmed_at = NULL")


@fault("administrators.second_factor", NOTICE)
def hindered_admin(clinic: Clinic) -> None:
    """An administrator has no second factor, and needs one to act."""
    in_sqlite(clinic, "DELETE FROM vestibule_totp")


@fault("administrators.second_factor_required", NOTICE)
def factor_left_to_them(clinic: Clinic) -> None:
    """Administrators may act without a second factor, in a site for others."""
    clinic.having(second_factor="optional")


def without_keeper(clinic: Clinic, change: str) -> None:
    """Change the administrator, who is otherwise kept from that."""
    in_sqlite(clinic, "DELETE FROM vestibule_keeper")
    in_sqlite(clinic, f"UPDATE vestibule_users SET {change}")


# History


@fault("history.whole", ERROR)
def edited_history(clinic: Clinic) -> None:
    """A row of the history was changed."""
    in_sqlite(clinic, "UPDATE vestibule_history SET act = 'nothing'")


@fault("history.whole", ERROR)
def shortened_history(clinic: Clinic) -> None:
    """The last row of the history was removed."""
    in_sqlite(
        clinic,
        "DELETE FROM vestibule_history WHERE position = "
        "(SELECT max(position) FROM vestibule_history)",
    )


@fault("history.sealed", WARNING)
def no_worker(clinic: Clinic) -> None:
    """No worker has sealed anything for an hour."""
    letters_wait(clinic)


# Weakened protection, and software

set_to("weakened.reset_token_in_answer", ERROR, reset_token_in_answer="true")
set_to("weakened.reveal_accounts", WARNING, reveal_accounts="true")
set_to("weakened.email_change_immediate", WARNING, email_change_immediate="on")
set_to("weakened.password_min_length", WARNING, password_min_length=7)
set_to("weakened.password_blocklist", WARNING, password_blocklist="false")
set_to("weakened.hash_memory", WARNING, hash_memory=19_455)
set_to("weakened.hash_memory", WARNING, hash_passes=1)
set_to("weakened.attempts_per_account", WARNING, attempts_per_account=101)
set_to("weakened.attempts_per_address", WARNING, attempts_per_address=5000)
set_to("weakened.attempts_window", WARNING, attempts_window="30s")
set_to("weakened.session_absolute", WARNING, session_absolute="100d")
set_to("weakened.session_remember", WARNING, session_remember="500d")
set_to("weakened.session_proof", WARNING, session_proof="45m")
set_to("weakened.logout_on_get", NOTICE, logout_on_get="true")


@fault("weakened.reset_token_in_answer", WARNING)
def lesson(clinic: Clinic) -> None:
    """It is set for a lesson, on this machine alone."""
    clinic.deploy = False
    clinic.having(preset="classroom", base_url="http://localhost:5000")


@fault("weakened.preset", ERROR)
def public_lesson(clinic: Clinic) -> None:
    """The preset classroom is opened to others."""
    clinic.having(preset="classroom", loopback_only="false")


@fault("weakened.preset", NOTICE)
def own_lesson(clinic: Clinic) -> None:
    """The preset is classroom, for this machine alone."""
    lesson(clinic)


@fault("software.python", WARNING)
def old_python(clinic: Clinic) -> None:
    """It is forty years later."""
    clinic.in_the_world(clock=AnotherClock(40 * 366 * 86_400))


@fault("software.packages", ERROR)
def old_library(clinic: Clinic) -> None:
    """Every library is of the first version."""
    clinic.in_the_world(version=lambda _: "0.0.1")
