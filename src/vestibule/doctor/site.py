"""Checks of the public address, the cookies, and who is trusted in front."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation, is_loopback

# Below these, subdomains belong to strangers; only some of the list at
# publicsuffix.org, to catch the common mistakes.
SHARED = {
    "appspot.com", "azurewebsites.net", "cloudfront.net", "fly.dev",
    "firebaseapp.com", "github.io", "gitlab.io", "herokuapp.com",
    "netlify.app", "ngrok.app", "ngrok.io", "onrender.com", "pages.dev",
    "railway.app", "vercel.app", "web.app", "workers.dev",
    "ac.uk", "co.in", "co.jp", "co.kr", "co.nz", "co.uk", "co.za", "com.ar",
    "com.au", "com.br", "com.cn", "com.mx", "com.tr", "com.ua", "gov.uk",
    "net.au", "org.au", "org.uk",
}  # fmt: skip
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - what is looked for


@check(
    "site.address",
    ERROR,
    WARNING,
    fine="There is a public address, and it is https.",
    why="Every link in a mail begins with it. Over http, passwords and "
    "sessions can be read on the way, and the cookies are not Secure.",
    fix="VESTIBULE_BASE_URL=https://id.example.com",
    when=When.START,
)
def address_is_public(installation: Installation) -> Iterator[Trouble]:
    """Look at the setting alone."""
    found = installation.settings
    if not found.site.base_url:
        yield Trouble(ERROR, "There is no public address.")
    elif is_loopback(installation.host):
        if installation.deploy:
            yield Trouble(
                ERROR,
                f"The public address is {found.base_url}, which everybody "
                "else takes for their own machine.",
            )
    elif not found.is_https:
        state = ERROR if installation.deploy else WARNING
        yield Trouble(
            state,
            f"The public address is {found.base_url}, without encryption.",
            f"VESTIBULE_BASE_URL=https://{urlsplit(found.base_url).netloc}",
        )


@check(
    "site.path",
    WARNING,
    fine="The path in the public address is the prefix of the pages.",
    why="Links in mails would lead to addresses that the site does not "
    "answer, unless a proxy cuts the path off.",
    fix="VESTIBULE_URL_PREFIX=/account",
    when=When.START,
)
def path_fits(installation: Installation) -> Iterator[Trouble]:
    """Compare the path of the address with the prefix."""
    path = urlsplit(installation.settings.base_url).path
    prefix = installation.settings.site.url_prefix
    if path and not path.endswith(prefix or "/"):
        yield Trouble(
            WARNING,
            f"The public address ends in {path}, and the prefix is "
            f"{prefix or 'empty'}.",
            f"VESTIBULE_URL_PREFIX={path}",
        )


@check(
    "site.name",
    ERROR,
    fine="The name of the public address leads to a machine.",
    why="Nobody can open a link in a mail.",
    fix="add an A and an AAAA record for the host name",
    when=When.DEPLOY,
)
def name_is_known(installation: Installation) -> Iterator[Trouble]:
    """Look the host name up as a browser would."""
    if not installation.settings.site.base_url:
        raise Skip("there is no public address")
    try:
        installation.addresses(installation.host, None)
    except (OSError, UnicodeError) as error:
        yield Trouble(ERROR, f"{installation.host} leads nowhere: {error}")


@check(
    "site.cookies",
    WARNING,
    ERROR,
    fine="Cookies are sent over https alone, and stay with this host.",
    why="A cookie without Secure goes over http as well, where it can be "
    "read and planted. One shared with subdomains is in the hands of each "
    "of them.",
    fix="VESTIBULE_SESSION_DOMAIN=",
    when=When.START,
)
def cookies_stay(installation: Installation) -> Iterator[Trouble]:
    """Look what the session's cookie is bound to."""
    domain = installation.settings.sessions.domain
    if domain in SHARED:
        yield Trouble(
            ERROR,
            f"VESTIBULE_SESSION_DOMAIN is {domain}, below which are the "
            "sites of strangers.",
        )
    elif domain and installation.deploy:
        yield Trouble(
            WARNING,
            f"Every site below {domain} gets the session, and the cookie "
            "begins with __Secure- in place of __Host-.",
        )
    if not installation.settings.is_https and not is_loopback(
        installation.host
    ):
        yield Trouble(
            WARNING,
            "The cookies are not Secure, because the public address is http.",
            f"VESTIBULE_BASE_URL=https://{installation.host}",
        )


@check(
    "site.trusted_proxies",
    ERROR,
    WARNING,
    fine="Only your own proxies are believed when they name a visitor.",
    why="Whoever is believed chooses the address that attempts are counted "
    "under. Without any, all visitors share one budget behind a proxy.",
    fix="VESTIBULE_TRUSTED_PROXIES=127.0.0.1",
    when=When.START,
)
def few_are_trusted(installation: Installation) -> Iterator[Trouble]:
    """Look how wide the networks of the proxies are."""
    networks = installation.settings.site.trusted_proxies
    for network in networks:
        if network.prefixlen == 0:
            yield Trouble(
                ERROR,
                f"VESTIBULE_TRUSTED_PROXIES holds {network}: everybody is "
                "believed, and can claim any address.",
            )
        elif not network.is_private and network.prefixlen < (
            16 if network.version == 4 else 48
        ):
            yield Trouble(
                WARNING,
                f"VESTIBULE_TRUSTED_PROXIES holds {network}, a large part of "
                "the public net.",
            )
    if not networks and installation.settings.is_https:
        yield Trouble(
            WARNING,
            "VESTIBULE_TRUSTED_PROXIES is empty, and https comes from a "
            "proxy: all visitors count as one.",
        )


@check(
    "site.listening",
    NOTICE,
    fine="Only the proxy, on this machine, reaches the server itself.",
    why="Strangers who go around the proxy meet no TLS and no limit on "
    "connections.",
    fix="VESTIBULE_HOST=127.0.0.1",
    when=When.DEPLOY,
)
def listens_inside(installation: Installation) -> Iterator[Trouble]:
    """Look at the address that the server listens on."""
    if installation.settings.site.host in EVERYWHERE:
        yield Trouble(
            NOTICE,
            f"It listens on {installation.settings.site.host}, which is every "
            "network of this machine.",
        )
