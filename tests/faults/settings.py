"""Faults of the settings: contradictions, bad secrets, less protection."""

from clinic import KEY, Clinic
from faults.matrix import fault, set_to
from mailroom import HERE
from vestibule.doctor.finding import ERROR, NOTICE, WARNING


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
set_to("weakened.mailed_sign_in", NOTICE, mailed_sign_in="true")
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
