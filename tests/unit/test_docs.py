"""The documents name what the code has: settings, commands, error codes, files."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import click
import pytest

from models.messages import Deadlines, TaskKind
from web.cli import redress
from web.staff.words import TASKS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Outside of code, [words](target).
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Where the codes of the API's errors are made, and in which argument of what call they stand.
SOURCES = [*(ROOT / "web").rglob("*.py"), *(ROOT / "models").rglob("*.py"), ROOT / "workflows"]
POSITIONS = {
    "conflict": 0,
    "invalid": 0,
    "refuse": 0,
    "problems.add": 0,
    "self.add": 0,
    "Problem": 1,
    "Coded": 1,
}


def read(name: str) -> str:
    return (ROOT / name).read_text()


def settings_read() -> set[str]:
    """The names that the settings' modules ask the environment for."""
    names = {f"REDRESS_{name.upper()}" for name in Deadlines.__dataclass_fields__}
    modules = (
        read("models/settings.py"),
        read("models/carrier_settings.py"),
        read("models/system_settings.py"),
    )
    for node in (node for module in modules for node in ast.walk(ast.parse(module))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "env"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            names.add(node.args[0].value)
    return names


def commands(group: click.Group, path: str) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


def error_codes() -> set[str]:
    """Every code that an error of the API can bear, as it stands in the code."""
    found: set[str] = set()
    for source in SOURCES:
        for file in [source] if source.is_file() else source.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                found |= _codes_of(node)
    return found


def _codes_of(node: ast.AST) -> set[str]:
    if isinstance(node, ast.ClassDef):
        # GatewayError and its kinds.
        given = [part for part in node.body if isinstance(part, ast.Assign)]
        return {
            part.value.value
            for part in given
            if getattr(part.targets[0], "id", "") == "code"
            and isinstance(part.value, ast.Constant)
            and part.value.value != "error"
        }
    if not isinstance(node, ast.Call):
        return set()
    name = ast.unparse(node.func)
    values = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
    position = POSITIONS.get(name, 99)
    values += node.args[position : position + 1]
    return {
        value.value
        for value in values
        if isinstance(value, ast.Constant)
        and isinstance(value.value, str)
        and re.fullmatch(r"[a-z][a-z_]+", value.value)
    }


def test_every_setting_stands_in_the_table_of_the_operators() -> None:
    names = settings_read()
    assert {"DATABASE_URL", "REDRESS_FOLLOW_UP_AFTER", "STRIPE_API_KEY"} <= names
    described = set(re.findall(r"^\| `([A-Z_]+)` \|", read("docs/ops.md"), re.MULTILINE))
    assert names - described == set(), "settings that docs/ops.md doesn't describe"
    assert described - names == set(), "settings in docs/ops.md that nothing reads"


def test_the_deadlines_in_the_table_are_the_defaults() -> None:
    rows = dict(re.findall(r"^\| `REDRESS_([A-Z_]+)` \| `(\d+)d` \|", read("docs/ops.md"), re.M))
    told = {name.lower(): int(days) * 86400 for name, days in rows.items()}
    deadlines = Deadlines()
    assert told == {name: getattr(deadlines, name) for name in Deadlines.__dataclass_fields__}


def test_every_command_is_told_to_the_operators() -> None:
    text = read("docs/ops.md")
    found = list(commands(redress, "redress"))
    assert "redress orders import" in found
    assert [command for command in found if command not in text] == []


def test_every_error_code_is_explained_to_the_integrators() -> None:
    codes = error_codes()
    assert {"window_passed", "already_decided", "still_running", "empty_rule", "conflict"} <= codes
    explained = set(re.findall(r"`([a-z_]+)`", read("docs/integrator.md")))
    assert sorted(codes - explained) == []


def told_codes() -> list[tuple[str, str]]:
    """The codes in the guide's two tables of errors, with the status or subject they stand at."""
    text = read("docs/integrator.md").split("\n## Errors\n")[1].split("\n## ")[0]
    found = []
    for status, codes in re.findall(r"^\| (\d{3}) \| (.*?) \| ", text, re.MULTILINE):
        found += [(status, code) for code in re.findall(r"`([a-z_]+)`", codes)]
    for about, codes in re.findall(r"^\| ([a-z][a-z ]+) \| (.*) \|$", text, re.MULTILINE):
        # In brackets stands what a code means.
        bare = re.sub(r"\([^)]*\)", "", codes)
        found += [(about, code) for code in re.findall(r"`([a-z_]+)`", bare)]
    return [(at, code) for at, code in found if at != "status"]  # The heading.


def test_every_error_code_of_the_tables_is_made_somewhere() -> None:
    made = {status.name.lower() for status in HTTPStatus} | error_codes()
    for source in SOURCES:
        for file in [source] if source.is_file() else source.rglob("*.py"):
            made |= {
                node.value
                for node in ast.walk(ast.parse(file.read_text()))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    told = told_codes()
    assert {("412", "precondition_failed"), ("photos", "photo")} <= set(told)
    # Said of several things, with the thing's name at the end.
    made |= {code for _, code in told if code.startswith(("duplicate_", "exchange_"))}
    assert sorted({code for _, code in told} - made) == []


def test_the_tables_of_errors_say_a_thing_once() -> None:
    assert [told for told, times in Counter(told_codes()).items() if times > 1] == []


@pytest.mark.parametrize("kind", TaskKind)
def test_every_kind_of_task_is_told_to_the_staff(kind: TaskKind) -> None:
    assert f"**{TASKS[kind].title}" in read("docs/staff.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    here = {"#" + re.sub(r"[^\w-]", "", name.lower().replace(" ", "-")) for name in headings}
    targets = [link for link in LINK.findall(text) if "://" not in link and link not in here]
    assert [link for link in targets if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_is_named_exists(document: Path) -> None:
    named = re.findall(r"tests/[\w/]+\.py", document.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []
