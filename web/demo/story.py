"""The returns of the demo, the long ones first: together they show every status that can last.

"inspected" is left out: the money is granted in the moment in which the inspection is recorded.
"""

from web.demo.ended_returns import ENDED_RETURNS
from web.demo.open_returns import OPEN_RETURNS
from web.demo.paid_returns import PAID_RETURNS

STORY = tuple(
    sorted(
        (*OPEN_RETURNS, *PAID_RETURNS, *ENDED_RETURNS),
        key=lambda story: len(story.steps),
        reverse=True,
    )
)
