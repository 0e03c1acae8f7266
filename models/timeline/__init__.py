"""The timeline in words: what happened as one plain English sentence, and who did it.

The database keeps facts only (kind and data); every face that shows a timeline says it with these.
"""

from models.timeline.amounts import money, units
from models.timeline.facts import Lookups
from models.timeline.names import task_words, who
from models.timeline.sentences import sentence

__all__ = ["Lookups", "money", "sentence", "task_words", "units", "who"]
