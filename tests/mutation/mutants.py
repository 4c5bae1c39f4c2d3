"""Mutants of a source file: each is the file with one small thing wrong in it.

The operators are mutmut's. Four things are done differently here:

- Constants at the top of a file and the attributes of classes are changed too.
- "*", "//" and "%" become "//", "*" and "//": the "/" that mutmut puts there is refused by a rule
  of the house (tests/host/test_arrows.py), whatever else is tested.
- Tables called _ROWS are left alone: what stands in them is data, shown in the reference pages.
- Words in a sentence for people are left alone: text that holds a space. Codes, keys and other
  text without a space are changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

_DIVISIONS = {
    cst.Multiply: cst.FloorDivide,
    cst.FloorDivide: cst.Multiply,
    cst.Modulo: cst.FloorDivide,
}
_NEVER = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
_NEVER_ASSIGNED = ("TYPE_CHECKING", "_ROWS")
# A wrong number of arguments there fails at once, whatever else is tested.
_NEVER_CALLS = ("len", "isinstance")


@dataclass(frozen=True)
class Mutant:
    """One mutant.

    Attributes:
        path: the file that it is of.
        where: class and function, or "" for the file itself.
        lines: the lines of the statement that is changed, for finding the tests that run it.
        is_at_import: whether the change is carried out when the file is imported.
        was, now: the lines that differ, without the spaces around them.
        source: the whole file with the change.
    """

    path: Path
    where: str
    lines: range
    is_at_import: bool
    was: tuple[str, ...]
    now: tuple[str, ...]
    source: str

    @property
    def key(self) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
        """What names it as long as the lines stay as they are."""
        return self.path.stem, self.where, self.was, self.now

    def diff(self) -> str:
        """As a person reads it."""
        head = f"{self.path.stem}.py:{self.lines.start} {self.where}"
        return "\n".join([head, *(f"  - {x}" for x in self.was), *(f"  + {x}" for x in self.now)])


def mutants_of(path: Path) -> list[Mutant]:
    """All mutants of a file, each different source once, in the order of the file."""
    source = path.read_text()
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    visitor = _Visitor()
    wrapper.visit(visitor)
    cut = _Cutter(source, wrapper.module)
    found: list[Mutant] = []
    seen = {source}
    for change in visitor.changes:
        text = cut.replaced(change)
        if text not in seen:
            seen.add(text)
            was, now = _differing(source, text)
            place = (path, change.where, change.lines, change.is_at_import)
            found.append(Mutant(*place, was, now, text))
    return found


def _differing(old: str, new: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of two texts between what they begin and what they end with alike."""
    was, now = old.splitlines(), new.splitlines()
    shorter = min(len(was), len(now))
    start = next((at for at in range(shorter) if was[at] != now[at]), shorter)
    same = range(shorter - start)
    end = next((at for at in same if was[-1 - at] != now[-1 - at]), len(same))
    return (
        tuple(line.strip() for line in was[start : len(was) - end]),
        tuple(line.strip() for line in now[start : len(now) - end]),
    )


@dataclass(frozen=True)
class _Change:
    old: cst.CSTNode
    new: cst.CSTNode
    at: CodeRange
    where: str
    lines: range
    is_at_import: bool


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[_Change] = []
        self._names: list[str] = []
        self._statements: list[range] = []
        self._functions = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_left_alone(node):
            return False
        at = self.get_metadata(PositionProvider, node, None)
        if isinstance(node, cst.BaseStatement) and at:
            last = at.end.line
            if isinstance(node, cst.BaseCompoundStatement):
                first_inside = self.get_metadata(PositionProvider, node.body, None)
                last = first_inside.start.line if first_inside else at.start.line
            self._statements.append(range(at.start.line, last + 1))
        if at and self._statements:
            for new in _changed(node):
                where = ".".join(self._names)
                is_at_import = self._functions == 0
                self.changes.append(
                    _Change(node, new, at, where, self._statements[-1], is_at_import)
                )
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.append(node.name.value)
            self._functions += isinstance(node, cst.FunctionDef)
        elif isinstance(node, cst.Parameters):
            # What an argument is when it is left out is worked out before the function is run.
            self._functions -= 1
        return True

    def on_leave(self, node: cst.CSTNode) -> None:
        if _is_left_alone(node):
            return
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.pop()
            self._functions -= isinstance(node, cst.FunctionDef)
        elif isinstance(node, cst.Parameters):
            self._functions += 1
        if isinstance(node, cst.BaseStatement) and self._statements:
            self._statements.pop()


def _is_left_alone(node: cst.CSTNode) -> bool:
    if isinstance(node, _NEVER):
        return True
    if isinstance(node, cst.If):
        return isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING"
    if isinstance(node, cst.Assign):
        target = node.targets[0].target
        return isinstance(target, cst.Name) and target.value in _NEVER_ASSIGNED
    if isinstance(node, cst.Call):
        return _calls(node, *_NEVER_CALLS)
    return isinstance(node, cst.SimpleString) and " " in node.value


def _calls(node: cst.Call, *names: str) -> bool:
    return isinstance(node.func, cst.Name) and node.func.value in names


def _changed(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.BinaryOperation) and type(node.operator) in _DIVISIONS:
        yield node.with_changes(operator=_DIVISIONS[type(node.operator)]())
        return
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Name)
        and node.func.value == "const"
    ):
        return
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)


class _Cutter:
    """Puts changed nodes into a source, by their places where these are exact."""

    def __init__(self, source: str, module: cst.Module):
        self._source = source
        self._module = module
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def replaced(self, change: _Change) -> str:
        """The source with one change."""
        start = self._starts[change.at.start.line - 1] + change.at.start.column
        end = self._starts[change.at.end.line - 1] + change.at.end.column
        old, new = change.old, change.new
        if getattr(old, "lpar", ()) and getattr(new, "lpar", ()) == old.lpar:
            # The place of a node is without the parentheses around it.
            old = old.with_changes(lpar=(), rpar=())
            new = new.with_changes(lpar=(), rpar=())
        was = self._module.code_for_node(old)
        now = self._module.code_for_node(new)
        if self._source[start:end].split() == was.split():
            if isinstance(old, cst.BaseCompOp):
                now = now.strip()
            return self._source[:start] + now + self._source[end:]
        changed = self._module.visit(_Replacer(change.old, change.new))
        assert isinstance(changed, cst.Module)
        return changed.code


class _Replacer(cst.CSTTransformer):
    def __init__(self, old: cst.CSTNode, new: cst.CSTNode):
        super().__init__()
        self._old = old
        self._new = new

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node is not self._old

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:
        return self._new if original_node is self._old else updated_node
