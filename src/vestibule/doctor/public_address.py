"""Checks that ask the public address, and look at what arrives."""

import http.client
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation
from vestibule.doctor.probe import FORGED, fetched


@check(
    "site.answers",
    ERROR,
    fine="The public address leads to this installation.",
    why="Links in mails lead there; where another site answers, or none, "
    "they are dead.",
    fix="curl -sSi BASE_URL/check",
    when=When.DEPLOY,
)
def is_this_one(installation: Installation) -> Iterator[Trouble]:
    """Ask the public address, in a way that only we can answer."""
    visit = installation.visit
    url = f"{installation.settings.site_root}/check"
    fix = f"curl -sSi {url}"
    if visit.trouble:
        yield Trouble(ERROR, f"{url} cannot be reached: {visit.trouble}", fix)
    elif visit.seen is None:
        apart = abs((visit.moment or 0) - installation.clock.now())
        other = "another one, or one with another secret key"
        if visit.moment and apart > 60:
            other = f"its clock is {apart} seconds apart from this one"
        yield Trouble(
            ERROR,
            f"{url} answers {visit.status}, and not as this installation: "
            f"{other}.",
            fix,
        )


@check(
    "site.forged_address",
    ERROR,
    WARNING,
    fine="A visitor cannot claim another address.",
    why="Attempts are counted by network address; whoever chooses theirs "
    "guesses without end, or has others shut out.",
    fix="proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    when=When.DEPLOY,
)
def forgery_fails(installation: Installation) -> Iterator[Trouble]:
    """Claim an address, and see whether it was believed."""
    seen = installation.visit.own()
    hops = _hops(seen["forwarded"])
    if seen["client"] == FORGED:
        # The last one is what the proxy has seen of us.
        networks = installation.settings.site.trusted_proxies
        is_all = not all(net.prefixlen for net in networks)
        if (
            len(hops) > 1
            and _is_trusted(installation, hops[-1])
            and not is_all
        ):
            raise Skip("this machine is itself a trusted proxy")
        yield Trouble(
            ERROR,
            f"A forged X-Forwarded-For was believed: the visitor counts as "
            f"{FORGED}.",
        )
    elif hops and hops != [FORGED] and seen["client"] == seen["peer"]:
        yield Trouble(
            WARNING,
            f"The proxy at {seen['peer']} names the visitor, and is not "
            "believed: all visitors count as one.",
            f"VESTIBULE_TRUSTED_PROXIES={seen['peer']}",
        )


@check(
    "site.host_header",
    WARNING,
    fine="The proxy passes on the host name that people type.",
    why="What an application around Vestibule builds from it leads elsewhere.",
    fix="proxy_set_header Host $http_host;",
    when=When.DEPLOY,
)
def host_arrives(installation: Installation) -> Iterator[Trouble]:
    """Compare the Host that arrived with the one in the address."""
    arrived = str(installation.visit.own()["host"]).casefold()
    asked = urlsplit(installation.settings.base_url).netloc.casefold()
    usual = {"https": ":443", "http": ":80"}
    scheme = urlsplit(installation.settings.base_url).scheme
    if arrived.removesuffix(usual[scheme]) != asked.removesuffix(
        usual[scheme]
    ):
        yield Trouble(
            WARNING, f"The Host that arrives is {arrived!r}, not {asked!r}."
        )


@check(
    "site.http",
    WARNING,
    fine="Over http there is only the way to https.",
    why="Whoever types the address without https is served in clear text, "
    "and types a password there.",
    fix="return 301 https://$host$request_uri;",
    when=When.DEPLOY,
)
def http_leads_to_https(installation: Installation) -> Iterator[Trouble]:
    """Ask port 80 of the same host."""
    if not installation.settings.is_https:
        raise Skip("the public address is http itself")
    if installation.visit.trouble:
        raise Skip("the public address does not answer")
    host = (
        f"[{installation.host}]"
        if ":" in installation.host
        else installation.host
    )
    url = f"http://{host}:80/login"
    try:
        status, headers, _ = fetched(
            url,
            {"Accept": "text/html"},
            installation.dial,
            patience=installation.patience,
        )
    except (OSError, http.client.HTTPException):
        return
    leads = {name.lower(): value for name, value in headers}
    to = leads.get("location", "")
    if status < 400 and not to.startswith("https://"):
        yield Trouble(WARNING, f"{url} answers {status} without encryption.")


def _hops(header: object) -> list[str]:
    """List the addresses in a forwarding header."""
    return [hop.strip() for hop in str(header or "").split(",") if hop.strip()]


def _is_trusted(installation: Installation, hop: str) -> bool:
    """Tell whether an address is in one of the trusted networks."""
    try:
        found = ip_address(hop)
    except ValueError:
        return False
    return any(
        found in net for net in installation.settings.site.trusted_proxies
    )
