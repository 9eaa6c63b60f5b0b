"""What a good picture looks like after it was drawn anew."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms

from paintings import BLUE, RED, is_like, opened, painted, svg
from vestibule.capabilities.pictures import raster, vector
from vestibule.ground.pictures import Drawn


def halves(kind: str, **more: Any) -> bytes:
    """Paint a picture that is red at its left and blue at its right."""
    image = Image.new("RGB", (80, 40), RED)
    image.paste(BLUE, (40, 0, 80, 40))
    written = BytesIO()
    image.save(written, kind, **more)
    return written.getvalue()


def at(drawn: Drawn, x: float, y: float) -> Any:
    """Take the colour at a place, in shares of width and height."""
    image = opened(drawn.content).convert("RGBA")
    assert (drawn.width, drawn.height) == image.size
    return image.getpixel(
        (int(x * (image.width - 1)), int(y * (image.height - 1)))
    )


@pytest.mark.asvs("5.2.2")
@pytest.mark.parametrize(
    ("size", "becomes"),
    [
        ((1, 1), (1, 1)),
        ((512, 512), (512, 512)),
        ((513, 20), (512, 20)),
        ((4096, 2048), (512, 256)),
        ((1000, 3000), (171, 512)),
        ((4096, 1), (512, 1)),
    ],
)
def test_large_pictures_become_smaller_and_small_ones_stay(
    size: tuple[int, int], becomes: tuple[int, int]
) -> None:
    for kind in ("PNG", "JPEG"):
        drawn = raster.redraw(painted(kind, size))

        assert opened(drawn.content).size == becomes
        assert (drawn.width, drawn.height) == becomes


@pytest.mark.parametrize(
    ("orientation", "red"),
    [
        (1, (0.1, 0.5)),
        (2, (0.9, 0.5)),
        (3, (0.9, 0.5)),
        (4, (0.1, 0.5)),
        (5, (0.5, 0.1)),
        (6, (0.5, 0.1)),
        (7, (0.5, 0.9)),
        (8, (0.5, 0.9)),
        (9, (0.1, 0.5)),
    ],
)
def test_photos_are_turned_upright(
    orientation: int, red: tuple[float, float]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    for kind in ("JPEG", "PNG"):
        drawn = raster.redraw(halves(kind, exif=exif))

        assert is_like(at(drawn, *red), RED)
        assert is_like(at(drawn, 1 - red[0], 1 - red[1]), BLUE)
        is_turned = orientation in (5, 6, 7, 8)
        assert (drawn.height > drawn.width) == is_turned


def test_what_is_transparent_stays_so() -> None:
    clear = painted(mode="RGBA", colour=(*RED, 0))
    grey = painted(mode="LA", colour=(9, 128))
    palette = painted(mode="P", colour=0, transparency=0)
    keyed = painted(colour=RED, transparency=RED)

    assert at(raster.redraw(clear), 0.5, 0.5)[3] == 0
    assert at(raster.redraw(grey), 0.5, 0.5) == (9, 9, 9, 128)
    assert at(raster.redraw(palette), 0.5, 0.5)[3] == 0
    assert at(raster.redraw(keyed), 0.5, 0.5)[3] == 0
    assert opened(raster.redraw(painted()).content).mode == "RGB"


def test_sixteen_bits_of_grey_become_eight() -> None:
    drawn = raster.redraw(painted(mode="I;16", colour=0x8040))

    assert at(drawn, 0.5, 0.5) == (0x80, 0x80, 0x80, 255)


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in (RED, BLUE)]
    written = BytesIO()
    frames[0].save(written, "PNG", save_all=True, append_images=frames[1:])

    drawn = raster.redraw(written.getvalue())

    assert is_like(at(drawn, 0.5, 0.5), RED)
    assert getattr(opened(drawn.content), "n_frames", 1) == 1


def test_colours_are_brought_to_what_screens_show_without_a_profile() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()

    same = raster.redraw(painted(icc_profile=srgb))
    assert is_like(at(same, 0.5, 0.5), RED)
    # A profile that does not fit is left out like one that is broken.
    for odd in (lab, b"broken", srgb[:200]):
        drawn = raster.redraw(painted(icc_profile=odd))
        assert is_like(at(drawn, 0.5, 0.5), RED)


def test_another_space_of_colours_is_not_taken_for_the_usual_one() -> None:
    # A profile that swaps red and blue is made of the usual one.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = (
        srgb.replace(b"rXYZ", b"tXYZ", 1)
        .replace(b"bXYZ", b"rXYZ", 1)
        .replace(b"tXYZ", b"bXYZ", 1)
    )

    drawn = raster.redraw(painted(colour=(250, 0, 0), icc_profile=swapped))

    assert is_like(at(drawn, 0.5, 0.5), (0, 0, 250))
    assert "icc_profile" not in opened(drawn.content).info


DRAWINGS: list[tuple[str, tuple[int, int, int, int]]] = [
    ('<rect width="40" height="20" fill="rgb(200,30,40)"/>', (*RED, 255)),
    ('<g style="fill:#c81e28"><path d="M0 0H40V20H0z"/></g>', (*RED, 255)),
    (
        "<style>/* from a program */ @charset 'x'; .a > rect, .b {fill : "
        '#c81e28 !important}</style><g class="a"><rect width="40" '
        'height="20"/></g>',
        (*RED, 255),
    ),
    (
        '<linearGradient id="g"><stop stop-color="#c81e28"/></linearGradient>'
        '<rect width="40" height="20" fill="url(#g)"/>',
        (*RED, 255),
    ),
    (
        '<defs><g id="x"><rect width="20" height="20" fill="#c81e28"/></g>'
        '</defs><use xmlns:l="http://www.w3.org/1999/xlink" l:href="#x" '
        'x="10"/>',
        (*RED, 255),
    ),
    (
        '<clipPath id="c"><rect width="9" height="9"/></clipPath>'
        '<rect width="40" height="20" clip-path="url(\'#c\')"/>',
        (0, 0, 0, 0),
    ),
    (
        '<mask id="m"><rect width="9" height="9" fill="#fff"/></mask>'
        '<rect width="40" height="20" mask="url(#m)"/>',
        (0, 0, 0, 0),
    ),
    (
        '<svg x="10" width="20" height="20" viewBox="0 0 1 1">'
        '<circle cx=".5" cy=".5" r=".5" fill="#c81e28"/></svg>',
        (*RED, 255),
    ),
    (
        '<rect class="curly" fill="#c81e28" width="40" height="20" '
        'transform="matrix(1 0 0 1 0 0)"/>',
        (*RED, 255),
    ),
]


@pytest.mark.parametrize(("body", "middle"), DRAWINGS)
def test_what_programs_draw_with_is_drawn(
    body: str, middle: tuple[int, int, int, int]
) -> None:
    drawn = vector.draw(svg(body))

    assert (drawn.kind, drawn.width, drawn.height) == ("png", 512, 256)
    assert at(drawn, 0.5, 0.5) == middle


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('viewBox="0 0 10 10"', (512, 512)),
        ('viewBox="-5,-5,10,20" width="3"', (256, 512)),
        ('width="40" height="20"', (512, 256)),
        ('width="1in" height="48px"', (512, 256)),
        ('width="2E1mm" height="4cm"', (256, 512)),
        ('width="100%" height="100%"', (512, 256)),
        ("", (512, 256)),
        ('viewBox="0 0 ten 10" width="9" height="9"', (512, 512)),
        ('viewBox="0 0 9999999 1"', (512, 1)),
    ],
)
def test_a_drawing_fills_the_size_that_is_kept(
    attributes: str, size: tuple[int, int]
) -> None:
    body = '<path d="M-99999-99999H9999999V99999H-99999z" fill="#c81e28"/>'

    drawn = vector.draw(svg(body, attributes))

    assert (drawn.width, drawn.height) == size
    assert at(drawn, 0, 0) == at(drawn, 1, 1) == (*RED, 255)
