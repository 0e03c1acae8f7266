"""Photos as they are kept: made anew as JPEG, so that nothing but the picture is left of them."""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_FILE = 10 * 1024 * 1024
LONGEST_SIDE = 2000
# Of the previews on a return's page, sharp on screens with two pixels to a point.
PREVIEW_SIDE = 360
_MOST_PIXELS = 60_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 85
# What Pillow raises for files that are broken or only pretend to be pictures.
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ArithmeticError,
    LookupError,
)


class PhotoRefused(Exception):
    """A file can't be kept as a photo; the message says what to send instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanPhoto:
    """A JPEG without place, time and camera, at most 2000 pixels wide and high, and a small one."""

    jpeg: bytes
    width: int
    height: int
    preview: bytes


def clean_photo(data: bytes) -> CleanPhoto:
    """Makes a photo anew of the file that somebody sent.

    Raises:
        PhotoRefused: it is empty, too large, or no JPEG, PNG or WebP picture.
    """
    if not data:
        raise PhotoRefused("The photo is empty; choose a file.")
    if len(data) > LARGEST_FILE:
        raise PhotoRefused("A photo can have at most 10 MB; send a smaller one.")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise PhotoRefused("This picture has too many pixels; send a smaller one.")
            picture = _upright(opened)
            made = io.BytesIO()
            picture.save(made, "JPEG", quality=_QUALITY, optimize=True)
    except _BROKEN:
        raise PhotoRefused(
            "This file is no JPEG, PNG or WebP picture; send one of these."
        ) from None
    return CleanPhoto(
        jpeg=made.getvalue(),
        width=picture.width,
        height=picture.height,
        preview=_small(picture),
    )


def make_preview(jpeg: bytes) -> bytes:
    """The small picture of a photo that was kept without one."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as opened:
        return _small(opened)


def _small(picture: Image.Image) -> bytes:
    small = picture.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    made = io.BytesIO()
    small.save(made, "JPEG", quality=_QUALITY, optimize=True)
    return made.getvalue()


def _upright(opened: Image.Image) -> Image.Image:
    """The picture alone, turned as it was taken, on white where it is transparent."""
    turned = ImageOps.exif_transpose(opened).convert("RGBA")
    turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    picture = Image.new("RGB", turned.size, "white")
    picture.paste(turned, mask=turned.getchannel("A"))
    return picture
