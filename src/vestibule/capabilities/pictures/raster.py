"""PNG and JPEG: decoded, scaled down, turned upright, and written anew.

Nothing but pixels reaches the result: no place where a photo was taken, no
profile, no text, no thumbnail, and nothing behind the end of the file.
"""

import struct
from io import BytesIO

from PIL import Image, ImageCms, MpoImagePlugin, TiffImagePlugin
from PIL.Image import Transpose

from vestibule.ground.pictures import (
    KEPT_SIDE,
    LONGEST_SIDE,
    Drawn,
    NoPicture,
)

SIGNATURES = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}

# How a camera was held. Source: EXIF 2.32, tag Orientation.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}

# What Pillow would load when it first meets it must be there by then: in
# the process that decodes, no file can be opened any more.
Image.preinit()
LOADED = (MpoImagePlugin, TiffImagePlugin)
# What Pillow says of files that are none; it asserts that there is a palette.
UNREADABLE = (OSError, SyntaxError, ValueError, MemoryError, AssertionError)


def is_raster(content: bytes) -> bool:
    """Tell whether a file begins as PNG or JPEG does."""
    return content.startswith(tuple(SIGNATURES.values()))


def is_blank(drawn: bytes) -> bool:
    """Tell whether nothing can be seen on a PNG with transparency."""
    with Image.open(BytesIO(drawn), formats=("PNG",)) as image:
        return image.convert("RGBA").getchannel("A").getbbox() is None


def redraw(content: bytes) -> Drawn:
    """Decode a picture, by its content alone, and write it anew.

    Raises:
        NoPicture: it has too many pixels or cannot be read.
    """
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as image:
            # Attack: a small file that unpacks to gigabytes.
            if max(image.size) > LONGEST_SIDE:
                raise NoPicture("pixels")
            turn = _turn(image)
            small = _in_srgb(_scaled(image))
            kind = "png" if image.format == "PNG" else "jpg"
            if turn is not None:
                small = small.transpose(turn)
            return _written(small, kind)
    except Image.DecompressionBombError as error:
        raise NoPicture("pixels") from error
    except UNREADABLE as error:
        raise NoPicture("unreadable") from error


def _turn(image: Image.Image) -> Transpose | None:
    """Say how to turn a photo upright; not at all, if that is unclear."""
    try:
        return _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    except (SyntaxError, ValueError, LookupError, TypeError, struct.error):
        return None


def _scaled(image: Image.Image) -> Image.Image:
    """Scale a picture down, in a form that scaling does not spoil."""
    image.draft(None, (2 * KEPT_SIDE, 2 * KEPT_SIDE))
    colours = image
    if image.mode.startswith("I"):
        # Sixteen bits of grey would otherwise be cut off at eight.
        colours = image.convert("I").point(lambda grey: grey * (1 / 256))
    if image.has_transparency_data:
        colours = colours.convert("RGBA")
    elif image.mode not in ("RGB", "CMYK"):
        colours = colours.convert("RGB")
    # Grey may have a profile, too, but not one for what it became.
    if image.mode not in ("RGB", "RGBA", "CMYK"):
        colours.info.pop("icc_profile", None)
    colours.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    return colours


def _in_srgb(image: Image.Image) -> Image.Image:
    """Bring colours to what screens take them for without a profile."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    profile = image.info.get("icc_profile")
    if profile:
        try:
            made = ImageCms.profileToProfile(
                image,
                BytesIO(profile),
                ImageCms.createProfile("sRGB"),
                outputMode=mode,
            )
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            made = None
        image = made or image
    return image.convert(mode)


def _written(image: Image.Image, kind: str) -> Drawn:
    """Write the pixels, and nothing else that Pillow still knows."""
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    written = BytesIO()
    if kind == "png":
        clean.save(written, "PNG", optimize=True)
    else:
        clean.save(written, "JPEG", quality=85, optimize=True)
    return Drawn(kind, *clean.size, written.getvalue())
