"""The embedded font of all documents, and what to do with letters it doesn't have."""

from importlib.resources import as_file, files
from threading import Lock
from typing import Final

from anyascii import anyascii
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR: Final = "SourceSans"
BOLD: Final = "SourceSans-Bold"


def _register(name: str, file: str) -> TTFont:
    with as_file(files("font_source_sans_pro") / "files" / file) as path:
        font = TTFont(name, str(path), shapable=False)
    pdfmetrics.registerFont(font)
    return font


# Source Sans has the Latin, Greek and Cyrillic letters, and is embedded in the page.
_LETTERS: Final = frozenset(_register(REGULAR, "SourceSansPro-Regular.ttf").face.charToGlyph)
_register(BOLD, "SourceSansPro-Bold.ttf")

# A font's reading position is shared by all pages being written, so one at a time.
drawing = Lock()


def printable(text: str) -> str:
    """The text on one line and in letters the font has; what it lacks in Latin letters."""
    letters = (char if char.isspace() or ord(char) in _LETTERS else anyascii(char) for char in text)
    return " ".join("".join(letters).split())
