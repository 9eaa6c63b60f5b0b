"""What browsers can agree on with the proxies, by the files we ship."""

import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

import proxies
from processes import PATIENCE, ROOT
from proxies import RUNNING, Proxy
from snippets import blocks
from vestibule.sections.place import SiteSettings

PLACES = {"127.0.0.1:5000": "127.0.0.1:9", "127.0.0.1:8000": "127.0.0.1:9"}
# What Debian's nginx.conf says of its own, for everybody.
DEBIANS = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"
# An authenticated cipher and a key of its own for each connection, or not.
GOOD = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305")
BAD = (
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA384",
    "AES128-GCM-SHA256",
    "AES128-SHA",
)


@pytest.fixture(
    scope="module",
    params=[
        ("nginx", "one_host", "example.com"),
        ("nginx", "two_hosts", "id.example.com"),
        ("caddy", "one_host", "example.com"),
    ],
    ids=lambda param: "-".join(param[:2]),
)
def proxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Proxy, str]]:
    """Run a proxy with nothing behind, and say for which host it speaks."""
    kind, layout, host = request.param
    home = tmp_path_factory.mktemp("proxy")
    # nginx's workers are somebody else, where root starts it.
    home.chmod(0o755)
    around = proxies.AROUND_NGINX
    with pytest.MonkeyPatch.context() as patched:
        debians = around.replace("access_log off;", DEBIANS)
        patched.setattr(proxies, "AROUND_NGINX", debians)
        with RUNNING[kind](layout, home, PLACES) as running:
            yield running, host


def agreed(
    proxy: tuple[Proxy, str],
    version: ssl.TLSVersion,
    ciphers: str = "ALL",
) -> str | None:
    """Connect by one version of TLS, whatever we think of it ourselves."""
    running, host = proxy
    context = ssl.create_default_context(cafile=running.authority)
    # Ours would refuse what is old before the proxy is asked.
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    place = ("127.0.0.1", running.port)
    with socket.create_connection(place, PATIENCE) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as spoken:
                return spoken.version()
        except (ssl.SSLError, ConnectionResetError):
            return None


@pytest.mark.asvs("12.1.1")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_nobody_agrees_on_tls_older_than_1_2(
    proxy: tuple[Proxy, str],
) -> None:
    versions = {v: agreed(proxy, v) for v in ssl.TLSVersion if v > 0}

    assert {v.name: said for v, said in versions.items() if said} == {
        "TLSv1_2": "TLSv1.2",
        "TLSv1_3": "TLSv1.3",
    }


@pytest.mark.asvs("12.1.2", "11.6.2")
@pytest.mark.parametrize("cipher", [*GOOD, *BAD])
def test_only_ciphers_that_authenticate_and_forget_are_agreed_on(
    proxy: tuple[Proxy, str], cipher: str
) -> None:
    said = agreed(proxy, ssl.TLSVersion.TLSv1_2, cipher)

    assert (said is not None) == (cipher in GOOD)


@pytest.mark.asvs("12.1.1", "12.1.2", "12.1.4")
def test_what_the_page_prints_stands_in_the_files() -> None:
    (shown,) = [
        block.text
        for block in blocks(ROOT / "docs/operators/tls.md")
        if block.language == "nginx"
    ]
    wanted = [line.strip() for line in shown.splitlines() if "ssl_" in line]
    for path in sorted(Path(proxies.SHIPPED).glob("*/nginx.conf")):
        servers = path.read_text("utf-8").split("\nserver {\n")[1:]
        secure = [server for server in servers if "listen 443" in server]
        assert len(secure) >= 2
        for server in secure:
            lines = {line.strip() for line in server.splitlines()}
            assert [line for line in wanted if line not in lines] == [], path


@pytest.mark.asvs("12.3.3")
def test_vestibule_is_reached_on_this_machine_alone() -> None:
    files = [
        path
        for path in (ROOT / "examples").rglob("*")
        if path.name in {"Caddyfile", "nginx.conf"}
    ]
    said = "".join(path.read_text("utf-8") for path in files)
    behind = re.findall(
        r"^\s*(?:server|reverse_proxy|proxy_pass) +(?:http://)?([\w.-]+:\d+)",
        said,
        re.MULTILINE,
    )

    assert len(files) > 2
    assert len(behind) > 4
    assert {place.partition(":")[0] for place in behind} == {"127.0.0.1"}
    assert SiteSettings().host == "127.0.0.1"
