"""Checks of the secrets themselves; none of them is ever shown."""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from shlex import quote

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation, is_loopback

# A variable of one shell would be gone with it. The line before may have no
# end.
NEW_KEY = (
    "(umask 077; printf '\\nVESTIBULE_SECRET_KEY=%s\\n' "
    '"$(vestibule secret new)" >> .env)'
)
# Words of samples and of haste; none has only hexadecimal digits, so that
# no honest key holds one but by a miracle.
HASTY = (
    "changeme", "change-me", "change_me", "changethis", "example", "secret",
    "password", "passw0rd", "default", "insecure", "vestibule", "qwertz",
    "qwerty", "letmein", "replace", "your-key", "yourkey", "placeholder",
)  # fmt: skip
# Bits below which a text was not made by chance.
FEWEST_BITS = 90
SHORTEST_PASSWORD = 12


def fault_of_key(key: str) -> str:
    """Say why a key could be guessed; empty if it could not."""
    folded = key.casefold()
    for word in HASTY:
        if word in folded:
            return "is made of a word that stands in samples"
    if key in (key + key)[1:-1]:
        return "repeats itself"
    steps = [ord(b) - ord(a) for a, b in pairwise(key)]
    if steps and max(steps.count(1), steps.count(-1)) > len(steps) / 3:
        return "runs up or down the alphabet"
    if bits_in(key) < FEWEST_BITS:
        return "has too few different characters for one made by chance"
    return ""


def bits_in(text: str) -> float:
    """Estimate how much chance there is in a text, in bits."""
    counts, length = Counter(text), len(text)
    each = sum(n / length * math.log2(length / n) for n in counts.values())
    return each * length


def _carried_over(key: str) -> str:
    """Move a key, which still verifies what it has signed, out of a file."""
    return (
        "(umask 077; printf '\\nVESTIBULE_SECRET_KEY=%s\\n' "
        f'"$(cat {key})" >> .env) && rm {key}'
    )


def _is_saved_alone(installation: Installation) -> bool:
    """Tell whether the only key is one that was made in the data folder."""
    settings = installation.settings
    is_set = settings.origins.get("SECRET_KEY", "data folder") != "data folder"
    saved = settings.data_folder / "secret-key"
    return not installation.is_mounted and not is_set and saved.exists()


@check(
    "secrets.key",
    ERROR,
    fine="There is a secret key, and nobody could guess it.",
    why="It signs cookies and forms: whoever knows it can forge both. A key "
    "from a sample is known to everybody.",
    fix=NEW_KEY,
    when=When.START,
)
def key_is_secret(installation: Installation) -> Iterator[Trouble]:
    """Look whether the key is one that only this site has."""
    key = installation.settings.site.secret_key
    if _is_saved_alone(installation):
        saved = installation.settings.data_folder / "secret-key"
        yield Trouble(
            ERROR,
            f"VESTIBULE_SECRET_KEY is not set. `serve` does not take {saved} "
            "by itself, which commands and `dev` use.",
            f"VESTIBULE_SECRET_KEY_FILE={saved}",
        )
        return
    if not key:
        yield Trouble(ERROR, "There is no secret key.")
        return
    fault = fault_of_key(key)
    if fault:
        yield Trouble(ERROR, f"VESTIBULE_SECRET_KEY {fault}.")


@check(
    "secrets.old_keys",
    WARNING,
    fine="The keys that still verify are as good as the one that signs.",
    why="Whoever knows an old key can forge what it still verifies.",
    fix="VESTIBULE_OLD_SECRET_KEYS=",
    when=When.START,
)
def old_keys_are_secret(installation: Installation) -> Iterator[Trouble]:
    """Look whether a former key could be guessed."""
    old = installation.settings.site.old_secret_keys
    for number, key in enumerate(old, 1):
        fault = fault_of_key(key)
        if fault:
            yield Trouble(
                WARNING, f"Key {number} of VESTIBULE_OLD_SECRET_KEYS {fault}."
            )
        if key == installation.settings.site.secret_key:
            yield Trouble(
                WARNING,
                f"Key {number} of VESTIBULE_OLD_SECRET_KEYS is the one that "
                "signs now.",
            )


@check(
    "secrets.kept_apart",
    NOTICE,
    fine="The secret key does not lie beside the data that it protects.",
    why="Whoever gets hold of the data folder, or of a backup of it, has "
    "the key as well.",
    fix=_carried_over("vestibule-data/secret-key"),
    when=When.DEPLOY,
)
def key_is_apart(installation: Installation) -> Iterator[Trouble]:
    """Look whether the key is the one that was made by itself."""
    if installation.settings.origins.get("SECRET_KEY") == "data folder":
        folder = installation.settings.data_folder
        yield Trouble(
            NOTICE,
            f"The secret key was made by itself, and is kept in {folder}.",
            _carried_over(quote(str(folder / "secret-key"))),
        )


@check(
    "secrets.database_password",
    WARNING,
    fine="The password of the database is no common one.",
    why="Whoever can reach the database port guesses short and common "
    "passwords first.",
    fix="ALTER ROLE vestibule PASSWORD '…'  -- in psql, with a new one of "
    "24 characters",
)
def database_password_is_long(installation: Installation) -> Iterator[Trouble]:
    """Look at the password in the address of a PostgreSQL."""
    _ = installation.database.host
    address = installation.database.address
    password = address.password
    if not address.host or password is None:
        raise Skip("the database is reached without a password")
    folded = str(password).casefold()
    is_common = any(word in folded for word in (*HASTY, "postgres"))
    if is_common or folded == (address.username or "").casefold():
        what = "is a word that is tried first"
    elif len(folded) < SHORTEST_PASSWORD and not is_loopback(address.host):
        what = f"has only {len(folded)} characters"
    else:
        return
    yield Trouble(WARNING, f"The password in VESTIBULE_DATABASE_URL {what}.")
