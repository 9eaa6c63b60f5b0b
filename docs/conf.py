"""How Sphinx makes the site out of these pages; ``script/docs`` runs it."""

import re
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent
DOORS = ROOT / "src/vestibule/doors"
sys.path.insert(0, str(ROOT / "src"))

from vestibule import capabilities  # noqa: E402
from vestibule.capability import Capability  # noqa: E402

project = "Vestibule"
project_copyright = "the authors of Vestibule, under the MIT licence"
html_title = "Vestibule"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["static", "templates"]

myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
add_module_names = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 68
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_favicon = str(DOORS / "static/mark.svg")
html_static_path = ["static"]
html_css_files = ["site.css"]
# The mark in the corner is the one of the pages themselves.
templates_path = ["templates", str(DOORS / "templates")]
html_copy_source = False
html_show_sphinx = False

# Pages that stand beside the folder of the documentation.
NEIGHBOURS = {
    "contributing": "CONTRIBUTING.md",
    "changes": "CHANGELOG.md",
    "reporting": "SECURITY.md",
}
# What a page that stands for its folder is followed by.
FOLDER = """
```{toctree}
:hidden:
:glob:

*
```
"""


def adapt(app: Sphinx, page: str, source: list[str]) -> None:
    """Make of a page for the git host one for the site.

    The pages of the root take the place of the pages that only point to
    them, links follow, and what is said to the test suite is left out.
    """
    text = source[0]
    if page in NEIGHBOURS:
        neighbour = ROOT / NEIGHBOURS[page]
        app.env.note_dependency(neighbour)
        text = neighbour.read_text("utf-8")
        text = re.sub(r"\]\((?:docs/)(?=[^):]+\))", "](", text)
    for stub, name in NEIGHBOURS.items():
        up = "../" * page.count("/")
        text = re.sub(rf"\]\((?:\.\./)*{name}", f"]({up}{stub}.md", text)
    if page == "index":
        app.env.note_reread()
        text = with_every_page(text)
    if page.endswith("/README"):
        text += FOLDER
    source[0] = re.sub(
        r"^ *<!-- suite: .*? -->\n", "", text, flags=re.M | re.S
    )


def with_every_page(index: str) -> str:
    """Put pages that no list names yet at the end of the how-tos."""
    listed = {*re.findall(r"^[\w-]+$", index, re.M), "index"}
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    last = "\ntroubleshooting\n"
    more = "".join(f"{page}\n" for page in sorted(pages - listed))
    return index.replace(last, last + more)


def sign(
    _app: Sphinx,
    what: str,
    _name: str,
    thing: Any,
    _options: Any,
    signature: str | None,
    _returns: str | None,
) -> tuple[str, None] | None:
    """Leave out how a class is made where it does not say so itself."""
    inherits = what in ("class", "exception") and "__init__" not in vars(thing)
    return ("", None) if inherits and signature else None


def own_class(module: str) -> str:
    """Name the class of a capability, by the module of its operations."""
    (kind,) = (
        name
        for name, thing in vars(import_module(module)).items()
        if isinstance(thing, type)
        and issubclass(thing, Capability)
        and thing.__module__ == module
    )
    return kind


class ListCapabilities(SphinxDirective):
    """Documents the operations of every capability that there is."""

    def run(self) -> list[nodes.Node]:
        """Write a section for each folder, and let it be parsed."""
        parts = []
        for found in iter_modules(capabilities.__path__):
            name = f"{capabilities.__name__}.{found.name}.operations"
            about = f"capabilities/{found.name}.md"
            is_told = (ROOT / "docs" / about).exists()
            title = f"auth.{found.name}"
            kind = own_class(name)
            parts.append(
                f"### {f'[{title}]({about})' if is_told else title}\n\n"
                "```{eval-rst}\n"
                f".. automodule:: {name}\n"
                "   :members:\n"
                f"   :exclude-members: {kind}\n"
                "\n"
                f".. autoclass:: {name}.{kind}\n"
                "   :members:\n"
                # What stands in other files of the folder is its as well.
                "   :inherited-members: Capability\n"
                "   :exclude-members: login_gate, forget, sweep\n"
                "```\n"
            )
        return self.parse_text_to_nodes(
            "\n".join(parts), allow_section_headings=True
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of what is ours."""
    app.connect("source-read", adapt)
    app.connect("autodoc-process-signature", sign)
    app.add_directive("capabilities", ListCapabilities)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
