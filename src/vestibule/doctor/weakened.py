"""Checks of the settings that are weaker than the defaults, one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, State, Trouble
from vestibule.doctor.installation import Installation, is_loopback
from vestibule.settings import Settings

# Memory in KiB and passes of argon2id that cost a thief about the same.
# Source: OWASP, Password Storage Cheat Sheet.
EQUALS = ((47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5))
DAY = 86_400


@dataclass(frozen=True)
class Weakness:
    """A setting, when it is weak, what that costs and what undoes it."""

    key: str
    is_weak: Callable[[Settings], bool]
    costs: str
    fix: str
    states: tuple[State, ...] = (WARNING,)


def _hashes_cheaply(found: Settings) -> bool:
    """Tell whether a stolen hash is cheaper to crack than OWASP asks."""
    memory, passes = found.passwords.hash_memory, found.passwords.hash_passes
    return not any(memory >= m and passes >= p for m, p in EQUALS)


WEAKNESSES = (
    Weakness(
        "RESET_TOKEN_IN_ANSWER",
        lambda found: found.email.reset_token_in_answer,
        "Whoever knows an address gets the token that sets its password: "
        "every account is open to everybody.",
        "VESTIBULE_RESET_TOKEN_IN_ANSWER=false",
        (ERROR, WARNING),
    ),
    Weakness(
        "REVEAL_ACCOUNTS",
        lambda found: found.email.reveal_accounts,
        "Anybody can find out which addresses have an account here.",
        "VESTIBULE_REVEAL_ACCOUNTS=false",
    ),
    Weakness(
        "EMAIL_CHANGE_IMMEDIATE",
        lambda found: found.email.change_immediate,
        "An address counts without anybody having read mail there, so a "
        "mistyped one hands the account to a stranger.",
        "VESTIBULE_EMAIL_CHANGE_IMMEDIATE=false",
    ),
    Weakness(
        "PASSWORD_MIN_LENGTH",
        lambda found: found.passwords.minimum_length < 8,
        "Shorter passwords are found by trying, and ASVS 6.2.1 asks for 8.",
        "VESTIBULE_PASSWORD_MIN_LENGTH=8",
    ),
    Weakness(
        "PASSWORD_BLOCKLIST",
        lambda found: not found.passwords.blocklist,
        "People choose the passwords that are tried first.",
        "VESTIBULE_PASSWORD_BLOCKLIST=true",
    ),
    Weakness(
        "HASH_MEMORY",
        _hashes_cheaply,
        "A stolen table of hashes is cracked many times faster than OWASP "
        "allows for.",
        "VESTIBULE_HASH_MEMORY=19456\nVESTIBULE_HASH_PASSES=2",
    ),
    Weakness(
        "ATTEMPTS_PER_ACCOUNT",
        lambda found: found.throttle.per_account > 100,
        "An account can be guessed at much longer before anybody waits; "
        "ASVS 6.3.1 and NIST stop at 100.",
        "VESTIBULE_ATTEMPTS_PER_ACCOUNT=10",
    ),
    Weakness(
        "ATTEMPTS_PER_ADDRESS",
        lambda found: found.throttle.per_address > 1000,
        "One machine can try a password at thousands of accounts before it "
        "has to wait.",
        "VESTIBULE_ATTEMPTS_PER_ADDRESS=30",
    ),
    Weakness(
        "ATTEMPTS_WINDOW",
        lambda found: found.throttle.window < 60,
        "A few seconds of quiet clear the counts, so guessing hardly waits.",
        "VESTIBULE_ATTEMPTS_WINDOW=15m",
    ),
    Weakness(
        "SESSION_ABSOLUTE",
        lambda found: found.sessions.absolute > 90 * DAY,
        "A stolen session serves the thief for months.",
        "VESTIBULE_SESSION_ABSOLUTE=7d",
    ),
    Weakness(
        "SESSION_REMEMBER",
        lambda found: found.sessions.remember > 400 * DAY,
        "A remembered session lives longer than browsers keep cookies "
        "(400 days), and serves whoever finds an old device.",
        "VESTIBULE_SESSION_REMEMBER=30d",
    ),
    Weakness(
        "SESSION_PROOF",
        lambda found: found.sessions.proof > 1800,
        "Whoever finds an open browser has half an hour to change the "
        "address without knowing the password.",
        "VESTIBULE_SESSION_PROOF=5m",
    ),
    Weakness(
        "MAILED_SIGN_IN",
        lambda found: found.login.mailed_sign_in,
        "Whoever reads a mailbox gets in, without a password; NIST SP "
        "800-63B-4 3.1.3.1 takes mail for no way to prove who one is.",
        "VESTIBULE_MAILED_SIGN_IN=false",
        (NOTICE,),
    ),
    Weakness(
        "LOGOUT_ON_GET",
        lambda found: found.pages.logout_on_get,
        "Any page elsewhere can sign visitors out by a picture.",
        "VESTIBULE_LOGOUT_ON_GET=false",
        (NOTICE,),
    ),
)


def _look(weakness: Weakness) -> Callable[[Installation], Iterator[Trouble]]:
    """Make the look at one setting."""

    def looked(installation: Installation) -> Iterator[Trouble]:
        """Compare the setting with what is safe."""
        found = installation.settings
        if not weakness.is_weak(found):
            return
        # A lesson on one machine is what the worst of them are for.
        is_here = found.site.loopback_only or is_loopback(installation.host)
        is_lesson = is_here and not installation.deploy
        state = weakness.states[-1] if is_lesson else weakness.states[0]
        yield Trouble(state, f"{_written(found, weakness.key)}.")

    return looked


def _written(found: Settings, key: str) -> str:
    """Write a setting with its value, and where that comes from."""
    value = next(v for what, v in found.values() if what.key == key)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    origin = found.origins.get(key, "default")
    return f"VESTIBULE_{key} is {text} ({origin})"


for _weakness in WEAKNESSES:
    check(
        f"weakened.{_weakness.key.lower()}",
        *_weakness.states,
        fine=f"VESTIBULE_{_weakness.key} is as safe as the default.",
        why=_weakness.costs,
        fix=_weakness.fix,
        when=When.START,
    )(_look(_weakness))


@check(
    "weakened.preset",
    ERROR,
    NOTICE,
    fine="The preset is one for real people.",
    why="The preset classroom takes protections away, so that lessons can "
    "show what they were for.",
    fix="VESTIBULE_PRESET=default",
    when=When.START,
)
def preset_is_serious(installation: Installation) -> Iterator[Trouble]:
    """Look for the preset of lessons where others come."""
    site = installation.settings.site
    if site.preset != "classroom":
        return
    if installation.deploy or not site.loopback_only:
        yield Trouble(
            ERROR, "The preset is classroom, and others can reach the site."
        )
    else:
        yield Trouble(
            NOTICE, "The preset is classroom, for this machine alone."
        )
