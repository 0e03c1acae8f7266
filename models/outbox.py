"""Where a mail lies that was written into a file instead of being sent."""

from pathlib import Path
from urllib.parse import quote

# In the data directory.
DIRECTORY = "mail"


def mail_file(directory: Path, key: str) -> Path:
    """The file of the mail with this key. Different keys never share one."""
    # A plus sign in a key becomes %2B, so the one put for the slash is unmistakable.
    return directory / f"{quote(key, safe=' ').replace('%2F', '+')}.eml"
