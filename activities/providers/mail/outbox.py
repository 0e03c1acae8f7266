"""Mail into a directory, one `.eml` file each: for demos and tests, and to read with any client."""

import os
from email.policy import SMTP, SMTPUTF8
from pathlib import Path
from tempfile import NamedTemporaryFile

from activities.providers.mail.composing import compose
from activities.providers.mail.protocol import Mail, MailUnclear
from models.outbox import mail_file


class OutboxTransport:
    """Writes mails into a directory; a `MailTransport`.

    A mail whose key is already there is left as it is.

    Args:
        directory: made when it isn't there; only its owner may read it.
    """

    name = "outbox"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, key: str) -> Path:
        """Where the mail with this key is written. Different keys never share a file."""
        return mail_file(self._directory, key)

    def send(self, mail: Mail) -> None:
        """Writes the mail, whole or not at all.

        Raises:
            MailRefused: the recipient's address is not one.
            MailUnclear: the directory can't be written to.
        """
        path = self.path(mail.key)
        message = compose(mail)
        content = message.as_bytes(policy=SMTP if mail.recipient.isascii() else SMTPUTF8)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                _write(path, content)
        except OSError as error:
            raise MailUnclear(
                f"the outbox can't be written to: {error.strerror or 'unknown error'}"
            ) from None


def _write(path: Path, content: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
