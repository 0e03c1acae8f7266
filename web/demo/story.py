"""The returns of the demo, the long ones first: together they show every status that can last.

"inspected" is left out: the money is granted in the moment in which the inspection is recorded.
"""

from models.messages import ReturnStatus
from web.demo.ended_returns import ENDED_RETURNS
from web.demo.open_returns import OPEN_RETURNS

SHOWN = frozenset(ReturnStatus) - {ReturnStatus.INSPECTED}
STORY = tuple(
    sorted((*OPEN_RETURNS, *ENDED_RETURNS), key=lambda story: len(story.steps), reverse=True)
)
