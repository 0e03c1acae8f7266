"""Photos are made anew, so that only the picture is left of what somebody sent."""

import io

import pytest
from PIL import Image

from models.documents.photos import LARGEST_FILE, PhotoRefused, clean_photo


def picture(
    form: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **more: object
) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, "red").save(made, form, **more)
    return made.getvalue()


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_pictures_become_jpegs(form: str) -> None:
    made = clean_photo(picture(form))
    assert opened(made.jpeg).format == "JPEG"
    assert (made.width, made.height) == (40, 30)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "I;16"])
def test_every_kind_of_pixel_is_read(mode: str) -> None:
    made = io.BytesIO()
    Image.new(mode, (8, 8)).save(made, "PNG")
    assert opened(clean_photo(made.getvalue()).jpeg).mode == "RGB"


def test_place_time_and_camera_are_left_behind_but_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    made = clean_photo(picture("JPEG", exif=exif, comment=b"At home"))
    assert (made.width, made.height) == (30, 40)
    assert dict(opened(made.jpeg).getexif()) == {}
    assert b"Exif" not in made.jpeg
    assert b"At home" not in made.jpeg


def test_large_ones_are_made_smaller() -> None:
    made = clean_photo(picture("PNG", (4000, 1000)))
    assert opened(made.preview).size == (360, 90)
    assert (made.width, made.height) == (2000, 500)


def test_what_is_transparent_becomes_white() -> None:
    made = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(made, "PNG")
    assert opened(clean_photo(made.getvalue()).jpeg).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\0" * (LARGEST_FILE + 1), "at most 10 MB"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no JPEG, PNG or WebP"),
        (b"%PDF-1.7", "no JPEG, PNG or WebP"),
        (picture("GIF"), "no JPEG, PNG or WebP"),
        (picture("BMP"), "no JPEG, PNG or WebP"),
        (picture("JPEG", (400, 300))[:200], "no JPEG, PNG or WebP"),
        (picture("PNG")[:40], "no JPEG, PNG or WebP"),
        (picture("WEBP")[:30], "no JPEG, PNG or WebP"),
        (picture("PNG", (9000, 9000), "1"), "too many pixels"),
        (picture("PNG", (20000, 20000), "1"), "no JPEG, PNG or WebP"),
    ],
)
def test_anything_else_is_refused_in_plain_words(data: bytes, words: str) -> None:
    with pytest.raises(PhotoRefused, match=words):
        clean_photo(data)
