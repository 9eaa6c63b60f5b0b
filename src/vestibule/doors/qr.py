"""QR codes, drawn into the page itself."""

import segno
from markupsafe import Markup

# White around it, of which readers need so much (ISO/IEC 18004, 9.1).
QUIET = 4


def drawn(text: str) -> Markup:
    """Draw a text as SVG: black on white, whatever colours the page has.

    It has no styles, which our policy for contents would refuse.
    """
    code = segno.make_qr(text, error="m")
    # Nothing in it was typed by anybody: it is a drawing.
    return Markup(  # noqa: S704
        code.svg_inline(
            border=QUIET,
            dark="#000",
            light="#fff",
            omitsize=True,
            svgclass="qr",
            lineclass=None,
        )
    )
