"""The words, drawings and files that staff pages are made of."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

import web
from models.messages import (
    CarrierStatus,
    Disposition,
    EventKind,
    Grade,
    Reason,
    RefundStatus,
    Resolution,
    ReturnKind,
    ReturnStatus,
    TaskKind,
    Wait,
)
from models.rules.quote_lines import QuoteKind
from models.rules.reasons import LABELS
from web.access import Permission, Role
from web.staff import words
from web.staff.icons import icon

WEB = Path(web.__file__).parent
TEMPLATES = sorted((WEB / "templates" / "staff").glob("*.html"))


@pytest.mark.parametrize(
    ("names", "table"),
    [
        (ReturnStatus, words.STATUSES),
        (TaskKind, words.TASKS),
        (Reason, LABELS),
        (Resolution, words.RESOLUTIONS),
        (ReturnKind, words.KINDS),
        (Grade, words.GRADES),
        (Disposition, words.DISPOSITIONS),
        (RefundStatus, words.REFUNDS),
        (CarrierStatus, words.SCANS),
        (Role, words.ROLES),
        (Permission, words.PERMISSIONS),
    ],
)
def test_every_word_of_the_domain_has_a_label(
    names: type[StrEnum], table: dict[str, object]
) -> None:
    assert set(table) == set(names)


def test_every_deadline_and_quote_kind_has_a_label() -> None:
    assert set(words.DEADLINES) == set(Wait)
    assert set(words.QUOTE_KINDS) >= set(QuoteKind)
    assert set(words.EVENTS) <= set(EventKind)


@pytest.mark.parametrize("task", words.TASKS.values(), ids=words.TASKS)
def test_every_task_has_an_icon_that_exists(task: words.TaskWords) -> None:
    assert "<path" in icon(task.icon)


def test_a_word_nobody_named_is_still_readable() -> None:
    assert words.plain("late_fee") == "Late fee"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_keep_to_the_content_policy(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_use_icons_that_exist(template: Path) -> None:
    text = template.read_text()
    named = re.findall(r'(?:icon|fold)\("([a-z0-9-]+)"', text)
    named += re.findall(r'notice\([^()]+, "([a-z0-9-]+)"\)', text)
    assert all(icon(name) for name in named)


@pytest.mark.parametrize("file", ["redress.css", "redress.js"])
def test_own_files_load_nothing_from_another_host(file: str) -> None:
    assert "//" not in re.sub(r"^\s*//.*$", "", (WEB / "static" / file).read_text(), flags=re.M)
