"""Custody: whether this is the right place to look, and to make a key.

A command that is started in another folder, or without the settings of the
service, finds no database and no key. If it made both, it would praise an
empty history, or sign the real one with a key that nobody else knows.
"""

from sqlalchemy import inspect, text

from vestibule.engine import calmly, is_there, open_engine, reading
from vestibule.ground.knobs import SettingsError
from vestibule.migrations import HEAD, schema_version
from vestibule.records import PREFIX
from vestibule.settings import Settings

# What makes a database one that somebody has worked with.
_PRECIOUS = (f"{PREFIX}users", f"{PREFIX}seals")


def with_key(settings: Settings) -> Settings:
    """Fill in the secret key; make one only where there is nothing yet.

    Raises:
        SettingsError: none is here, and the database has been worked with.
    """
    may_be_made = settings.site.development or not is_keyless(settings)
    if not may_be_made and _is_used(settings):
        raise _no_key(settings)
    return settings.with_saved_secret()


def with_own_key(settings: Settings) -> Settings:
    """Fill in the secret key that there is, and never make one.

    Raises:
        SettingsError: none is here.
    """
    if is_keyless(settings):
        raise _no_key(settings)
    return settings.with_saved_secret()


def is_keyless(settings: Settings) -> bool:
    """Tell whether no secret key is set, and none is saved."""
    kept = settings.data_folder / "secret-key"
    return not settings.site.secret_key and not kept.exists()


def needs_database(settings: Settings) -> None:
    """Go on only where the database is, as this version has it.

    Raises:
        SettingsError: there is none, or it is older.
        Unavailable: it does not answer.
    """
    if not is_there(settings):
        raise SettingsError(
            f"There is no database at {settings.database_shown}. Start the "
            "command in the folder with the .env of the service, or name "
            "the data folder with --data."
        )
    engine = open_engine(settings)
    try:
        found = schema_version(engine)
    finally:
        engine.dispose()
    if found is None or found < HEAD:
        raise SettingsError(
            f"The database at {settings.database_shown} is at revision "
            f"{found or 'none'}, and {HEAD} is needed. Nothing was changed. "
            "Bring it up to date: vestibule db upgrade"
        )


def _no_key(settings: Settings) -> SettingsError:
    """Say that a key is missing, and where it may be."""
    return SettingsError(
        "There is no secret key here: VESTIBULE_SECRET_KEY is not set, and "
        f"{settings.data_folder / 'secret-key'} does not exist. A new key "
        f"would not fit what {settings.database_shown} holds, so none was "
        "made.\nStart the command in the folder where the .env of the "
        "service is, or give it the same environment. With systemd:\n"
        "  systemd-run --pipe --wait --uid=vestibule -p EnvironmentFile="
        "/etc/vestibule/env vestibule …\n"
        "If the key is lost, make a new one: vestibule secret new"
    )


def _is_used(settings: Settings) -> bool:
    """Tell whether a database has accounts or seals, and make none."""
    if not is_there(settings):
        return False
    engine = open_engine(settings)
    try:
        with calmly(), reading(engine).connect() as connection:
            there = inspect(connection)
            return any(
                connection.execute(
                    text(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608
                ).first()
                for name in _PRECIOUS
                if there.has_table(name)
            )
    finally:
        engine.dispose()
