"""Faults of the address: its name, cookies and proxy, and who answers."""

import socket
from typing import Any

from clinic import HOST, KEY, Clinic, good_proxy
from faults.matrix import fault
from mailroom import free_port
from vestibule.doctor.finding import ERROR, NOTICE, WARNING


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
