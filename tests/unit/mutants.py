"""Small wrong changes to a module, and whether the tests notice them."""

import ast
import copy
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SECONDS = 120
_NOTHING_RUN = (3, 4, 5)
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
# Loads the mutant under the module's name, before anybody imports the module, and runs tests.
_RUNNER = """
import importlib, importlib.util, sys
name, file, *tests = sys.argv[1:]
package, _, short = name.rpartition(".")
parent = importlib.import_module(package)
spec = importlib.util.spec_from_file_location(name, file)
module = importlib.util.module_from_spec(spec)
sys.modules[name] = module
spec.loader.exec_module(module)
setattr(parent, short, module)
import pytest
code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not prove", *tests])
sys.stdout.flush()
import os
os._exit(int(code))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A module with one change. `what` says which, in words."""

    module: str
    line: int
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.what}"


def mutants_of(module: str) -> list[Mutant]:
    """Every mutant of a module that our operators make."""
    tree = ast.parse(_path(module).read_text())
    return [
        Mutant(module=module, line=line, what=what, source=ast.unparse(changed))
        for line, what, changed in _changes(tree)
    ]


def unchanged(module: str) -> Mutant:
    """The module itself, which every test must pass."""
    return Mutant(module=module, line=0, what="nothing", source=_path(module).read_text())


def killed(mutant: Mutant, tests: Sequence[str], directory: Path) -> bool:
    """Whether a test fails with it; one that never ends counts as failed.

    Raises:
        RuntimeError: no test ran.
    """
    directory.mkdir(exist_ok=True)
    file = directory / f"{mutant.module.rpartition('.')[2]}.py"
    file.write_text(mutant.source)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _RUNNER, mutant.module, str(file), *tests],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode in _NOTHING_RUN:
        raise RuntimeError(f"{mutant}: no test ran.\n{done.stdout}{done.stderr}")
    return done.returncode != 0


def _path(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def _changes(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Each change on a tree of its own: the nodes of copies come in the same order."""
    # Whether a dataclass is frozen or slotted is no rule.
    outside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        for part in ast.walk(decorator)
    }
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in outside:
            continue
        for what, change in _of(node):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[place]
            before = ast.unparse(target)
            replacement = change(target)
            if replacement is not target:
                _replace(changed, target, replacement)
            line = int(getattr(node, "lineno", 0))
            told = f"{what}: {before[:60]} → {ast.unparse(replacement)[:60]}"
            yield line, told.replace("\n", " "), ast.fix_missing_locations(changed)


def _of(node: ast.AST) -> Iterator[tuple[str, "_Change"]]:
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            if type(operator) in _COMPARISONS:
                yield "comparison", _Flip(index)
    elif isinstance(node, ast.BoolOp):
        yield "and for or" if isinstance(node.op, ast.Or) else "or for and", _swap
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not removed", _without_not
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "opposite", _opposite
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield "one more", _Add(1)
        yield "one less", _Add(-1)
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield "condition negated", _negate


class _Change:
    def __call__(self, node: ast.AST) -> ast.AST:
        raise NotImplementedError


class _Flip(_Change):
    def __init__(self, index: int) -> None:
        self._index = index

    def __call__(self, node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Compare)
        node.ops[self._index] = _COMPARISONS[type(node.ops[self._index])]()
        return node


class _Add(_Change):
    def __init__(self, more: int) -> None:
        self._more = more

    def __call__(self, node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Constant)
        assert isinstance(node.value, int)
        node.value = node.value + self._more
        return node


class _Negate(_Change):
    def __call__(self, node: ast.AST) -> ast.AST:
        assert isinstance(node, (ast.If, ast.IfExp, ast.While))
        node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        return node


class _Swap(_Change):
    def __call__(self, node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.BoolOp)
        node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        return node


class _WithoutNot(_Change):
    def __call__(self, node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.UnaryOp)
        return node.operand


class _Opposite(_Change):
    def __call__(self, node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Constant)
        node.value = not node.value
        return node


_negate, _swap, _without_not, _opposite = _Negate(), _Swap(), _WithoutNot(), _Opposite()


def _replace(tree: ast.AST, target: ast.AST, replacement: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, replacement)
            elif isinstance(value, list) and any(item is target for item in value):
                setattr(parent, name, [replacement if item is target else item for item in value])
