"""Real nginx and Caddy, with the configurations that we ship."""

import getpass
import os
import re
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests
import trustme
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection

from processes import (
    PATIENCE,
    ROOT,
    environment,
    eventually,
    free_port,
    started,
)

SHIPPED = ROOT / "examples/forward_auth"
FILES = {"nginx": "nginx.conf", "caddy": "Caddyfile"}
# What an operator's own nginx.conf has around the files in conf.d.
AROUND_NGINX = """{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
}}
"""
# Certificates of its own, and nothing of the machine's.
INSIDE_CADDY = """{{
	admin off
	skip_install_trust
	local_certs
	default_bind 127.0.0.1
	https_port {https}
	http_port {http}
"""


@dataclass(frozen=True)
class Proxy:
    """A running proxy: where it listens, and whom to trust for it."""

    port: int
    authority: Path


def found(name: str) -> str:
    """Find a server of the system."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert path, f"{name} is missing. Install the package {name}."
    return path


def filled(path: Path, words: dict[str, str]) -> str:
    """Read a shipped file with the places of this test filled in."""
    text = path.read_text("utf-8")
    for old, new in words.items():
        assert old in text, f"{path} does not say {old!r}"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(layout: str, home: Path, places: dict[str, str]) -> Iterator[Proxy]:
    """Run nginx as this user, with the shipped file of a layout."""
    https, http = free_port(), free_port()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "authority.pem")
    ours = authority.issue_cert("example.com", "*.example.com")
    ours.private_key_and_cert_chain_pem.write_to_path(home / "ours.pem")
    words = {
        **places,
        "listen 443": f"listen 127.0.0.1:{https}",
        "listen 80": f"listen 127.0.0.1:{http}",
        "/etc/ssl/example.com.pem": str(home / "ours.pem"),
        "/etc/ssl/example.com.key": str(home / "ours.pem"),
    }
    site = filled(SHIPPED / layout / FILES["nginx"], words)
    (home / "site.conf").write_text(site)
    is_root = os.geteuid() == 0
    user = f"user {getpass.getuser()};" if is_root else ""
    (home / "nginx.conf").write_text(AROUND_NGINX.format(user=user))
    command = [found("nginx"), "-p", f"{home}/", "-e", "stderr"]
    command += ["-c", "nginx.conf"]
    with started(command, https, home, environment(home)):
        yield Proxy(https, home / "authority.pem")


@contextmanager
def caddy(layout: str, home: Path, places: dict[str, str]) -> Iterator[Proxy]:
    """Run Caddy as this user, with the shipped file of a layout."""
    https, http = free_port(), free_port()
    text = filled(SHIPPED / layout / FILES["caddy"], places)
    inside = INSIDE_CADDY.format(https=https, http=http)
    assert text.count("\n{\n") == 1
    text = text.replace("\n{\n", f"\n{inside}")
    (home / "Caddyfile").write_text(text)
    env = environment(home, XDG_DATA_HOME=str(home), XDG_CONFIG_HOME=str(home))
    authority = home / "caddy/pki/authorities/local/root.crt"
    with started([found("caddy"), "run"], https, home, env):
        running = Proxy(https, authority)
        for host in re.findall(r"^(\S+\.com) \{", text, re.M):
            eventually(partial(is_certified, running, host), host)
        yield running


def is_certified(proxy: Proxy, host: str) -> bool:
    """Tell whether a proxy has its certificate for a host already."""
    try:
        spoken(proxy, host).close()
    except (OSError, ssl.SSLError):
        return False
    return True


def spoken(proxy: Proxy, host: str) -> ssl.SSLSocket:
    """Connect to a proxy, under the name of a host."""
    context = ssl.create_default_context(cafile=proxy.authority)
    plain = socket.create_connection(("127.0.0.1", proxy.port), PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise


RUNNING = {"nginx": nginx, "caddy": caddy}


class Straight(HTTPAdapter):
    """Leads every address to one port of this machine, as DNS would."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Have connections made where the proxy listens."""
        super().init_poolmanager(*args, **options)
        port = self.port

        class Connection(HTTPSConnection):
            """A connection to the proxy, under the name asked for."""

            def _new_conn(self) -> socket.socket:
                """Connect to the proxy."""
                return socket.create_connection(("127.0.0.1", port), PATIENCE)

        class Pool(HTTPSConnectionPool):
            """Such connections."""

            ConnectionCls = Connection

        self.poolmanager.pool_classes_by_scheme = {"https": Pool}


def client(proxy: Proxy) -> requests.Session:
    """Make a client for which the host names of a proxy exist."""
    session = requests.Session()
    session.mount("https://", Straight(proxy.port))
    session.trust_env = False
    session.verify = str(proxy.authority)
    return session
