"""The call that tells a request of the photo it may be waiting for."""

from contextlib import suppress

from models.messages import PhotoTaken, ReturnStatus
from web.access import Actor
from web.messenger import Messenger
from web.requests import Conflict


class PhotoGateway(Messenger):
    """Photos that the policy waits for."""

    def photo_added(self, rma: str, photo: str, actor: Actor) -> None:
        """Says that a photo for the request is kept; the policy may approve it at once.

        Raises:
            Unavailable: Temporal can't be reached; the photo is kept, so say it again.
        """
        if self._require(rma) is not ReturnStatus.REQUESTED:
            return
        # It may have been decided meanwhile.
        with suppress(Conflict):
            self._deliver(rma, PhotoTaken(id=photo, actor=actor.id))
