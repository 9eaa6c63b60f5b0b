"""What docs/look.md promises to hosts is what there is."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask, before_render_template
from jinja2 import nodes

from conftest import Browser
from processes import ROOT
from vestibule import Vestibule, testing

LOOK = (ROOT / "docs/look.md").read_text("utf-8")
# Parts of parts, which pages do not ask for.
INNER = {"counted", "described", "secret"}


def table(head: str) -> list[str]:
    """List the codes in the first column of a table, by its heading."""
    found = re.search(rf"^\| {head} \|.*\n\|[-|]+\n((?:\|.*\n)+)", LOOK, re.M)
    assert found, head
    firsts = [line.split(" | ")[0] for line in found[1].splitlines()]
    return [code for first in firsts for code in re.findall("`(.+?)`", first)]


@pytest.fixture
def host() -> Iterator[Flask]:
    """Give a host without a name, a template or a wish of its own."""
    app = Flask("shop")
    app.config.from_mapping(testing.config())
    Vestibule(app)
    yield app
    testing.close(app)


def tree(app: Flask, name: str) -> nodes.Template:
    """Read a template without filling it in."""
    assert app.jinja_env.loader
    source, *_ = app.jinja_env.loader.get_source(app.jinja_env, name)
    return app.jinja_env.parse(source)


def signature(macro: nodes.Macro) -> str:
    """Write the head of a macro as a page would have it explained."""
    bare = len(macro.args) - len(macro.defaults)
    given = [arg.name for arg in macro.args[:bare]]
    for arg, default in zip(macro.args[bare:], macro.defaults, strict=True):
        assert isinstance(default, nodes.Const)
        value = repr(default.value)
        value = value.lower() if isinstance(default.value, bool) else value
        given.append(f"{arg.name}={value}")
    return f"{macro.name}({', '.join(given)})"


def test_the_blocks_are_those_of_the_frame(host: Flask) -> None:
    frame = tree(host, "vestibule/frame.html")

    assert {*table("Block")} == {x.name for x in frame.find_all(nodes.Block)}


def test_the_macros_are_those_of_the_parts(host: Flask) -> None:
    parts = tree(host, "vestibule/parts.html")
    found = {m.name: signature(m) for m in parts.find_all(nodes.Macro)}

    assert {*found} >= INNER
    shown = {s for name, s in found.items() if name not in INNER}
    assert {*table("Macro")} == shown


def test_the_templates_to_include_are_those_of_our_own_frame(
    host: Flask,
) -> None:
    frame = tree(host, "vestibule/frame.html")
    included = {
        include.template.value
        for include in frame.find_all(nodes.Include)
        if isinstance(include.template, nodes.Const)
    }

    assert {*table("Template")} == included - {"vestibule/mark.svg"}


def test_the_names_that_are_ours_are_those_that_every_page_has(
    host: Flask,
) -> None:
    seen: list[set[str]] = []

    def note(app: Flask, context: dict[str, object], **_: object) -> None:
        """Note what a page is given beside what Flask gives every one."""
        usual: dict[str, object] = {**app.jinja_env.globals}
        app.update_template_context(usual)
        seen.append({*context} - {*usual})

    with before_render_template.connected_to(note, host):
        Browser(host).open("/")
        Browser(host).open("/login")

    # The entrance has nothing else to show; a page with a form may.
    entrance, at_form = seen
    assert entrance == {*table("Name")}
    assert at_form >= entrance
