"""What happened as one plain English sentence."""

from collections.abc import Mapping

from models.messages import EventKind
from models.timeline import course, goods, payments
from models.timeline.facts import Facts, Lookups, Words

_WORDS: Words = {**course.WORDS, **goods.WORDS, **payments.WORDS}


def sentence(kind: str, data: Mapping[str, object], lookups: Lookups | None = None) -> str:
    """What happened, without a full stop: "Refund of £56.70 paid to the card".

    Args:
        kind: an `EventKind`; an unknown one (written by a newer version) is spelt out as it is.
        data: the event's facts as `EventKind` lists them; missing ones are left out of the words.
        lookups: names the facts only refer to.
    """
    facts = Facts(data, lookups or Lookups())
    try:
        return _WORDS[EventKind(kind)](facts)
    except ValueError:
        return kind.replace("_", " ").capitalize()
