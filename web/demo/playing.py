"""Plays the demo's returns, several at a time.

Each is found again by a name that never changes, so that a second run goes on where the
first was interrupted, and changes nothing when all is there.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from sqlalchemy import select

from models.database import Database
from models.messages import FINAL_STATUSES
from models.tables import Return, Submission
from web.demo.stage import CUSTOMER, Scene, Stage, Stopped, Stuck
from web.demo.steps import steps_done
from web.demo.telling import REFERENCE_PREFIX, Story
from web.gateway import new_rma
from web.requests import GatewayError, Unavailable

_AT_ONCE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What is left to play of a story. `rma` None: nobody has asked for it yet."""

    story: Story
    rma: str | None
    recorded: bool
    done: int
    to_claim: bool

    @property
    def left(self) -> int:
        """How many calls that is."""
        return (not self.recorded) + len(self.story.steps) - self.done + self.to_claim


def read_chapters(stage: Stage, stories: Sequence[Story]) -> list[Chapter]:
    """What is left to play of these stories; nothing of one that is complete.

    What people did to a return after its story was complete doesn't count against it.
    """
    submitted, recorded = _find(stage.database)
    chapters = []
    for story in stories:
        rma = recorded.get(story.reference)
        if rma is None:
            asked = submitted.get(story.reference)
            chapter = Chapter(
                story=story,
                rma=asked,
                recorded=False,
                done=0,
                to_claim=story.claimed is not None,
            )
        else:
            scene = Scene(stage, rma)
            chapter = Chapter(
                story=story,
                rma=rma,
                recorded=True,
                done=steps_done(story.steps, scene.told()),
                to_claim=story.claimed is not None and not scene.was_claimed(story.claimed[0]),
            )
        if chapter.left:
            chapters.append(chapter)
    return chapters


def _find(database: Database) -> tuple[dict[str, str], dict[str, str]]:
    """The demo's returns that are asked for and not yet recorded, and those that are recorded.

    A request moves from the first to the second in one transaction, so the first is read first.
    """
    with database.read() as session:
        submitted = {
            str(row.body.get("reference")): row.rma for row in session.scalars(select(Submission))
        }
    with database.read() as session:
        rows = session.execute(
            select(Return.reference, Return.rma).where(
                Return.reference.startswith(REFERENCE_PREFIX)
            )
        )
        return submitted, {str(reference): rma for reference, rma in rows}


class Player:
    """Plays stories, several at a time."""

    def __init__(self, stage: Stage, advance: Callable[[], None]) -> None:
        """Takes the stage, and what is called after each call of the gateway, from any thread."""
        self._stage = stage
        self._advance = advance

    def play(self, chapters: Sequence[Chapter]) -> list[str]:
        """Plays them, and waits until each is where its story ends.

        Returns:
            A sentence for each story that was refused, and so is not complete.

        Raises:
            Stuck: a return does not go on.
            Unavailable: Temporal can't be reached.
        """
        refused, played = [], {}
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="demo") as pool:
            futures = {pool.submit(self._play, chapter): chapter.story for chapter in chapters}
            try:
                for future in as_completed(futures):
                    story = futures[future]
                    try:
                        played[future.result()] = story
                    except Unavailable:
                        raise
                    except GatewayError as error:
                        refused.append(f"{story.reference}: {error.detail}")
                self._settle(played)
            except BaseException:
                self._stage.stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        return refused

    def _play(self, chapter: Chapter) -> str:
        if self._stage.stop.is_set():
            raise Stopped
        story = chapter.story
        scene = Scene(self._stage, chapter.rma or new_rma())
        if not chapter.recorded:
            self._request(scene, story)
        for number, step in enumerate(story.steps[chapter.done :], start=chapter.done + 1):
            step.play(scene, f"{story.reference}/{number}")
            self._wait_for_step(scene, story, number)
        if story.claimed is not None and chapter.to_claim:
            kind, role = story.claimed
            self._stage.gateway.claim_task(scene.open_task(kind), scene.actor(role))
            self._advance()
        return scene.rma

    def _request(self, scene: Scene, story: Story) -> None:
        actor = CUSTOMER if story.asked_by is None else scene.actor(story.asked_by)
        self._stage.gateway.request_return(
            story.request, actor, rma=scene.rma, deadlines=story.deadlines
        )
        self._stage.wait(
            lambda: scene.told() or None, f"{story.reference} was asked for and is not recorded"
        )
        self._advance()

    def _wait_for_step(self, scene: Scene, story: Story, number: int) -> None:
        def look() -> bool | None:
            return steps_done(story.steps, scene.told()) >= number or None

        step = type(story.steps[number - 1]).__name__.lower()
        what = f"{story.reference} (return {scene.rma}) waits for its step {number}, {step}"
        self._stage.wait(look, what)
        self._advance()

    def _settle(self, played: Mapping[str, Story]) -> None:
        """Waits until each return has come where its story ends."""
        waiting = dict(played)

        def look() -> bool | None:
            with self._stage.database.read() as session:
                query = select(Return.rma, Return.status).where(Return.rma.in_(waiting))
                for rma, status in session.execute(query).all():
                    # Nothing more happens to one that has ended, be it otherwise than planned.
                    if status == waiting[rma].ends or status in FINAL_STATUSES:
                        del waiting[rma]
            return not waiting or None

        try:
            self._stage.wait(look, "")
        except Stuck:
            late = [f"return {rma} should be {story.ends}" for rma, story in waiting.items()]
            raise Stuck("; ".join(late)) from None
