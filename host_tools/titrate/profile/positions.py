"""The line on which each key of a TOML text stands.

tomllib, which says what a text means, does not say where; the syntax tree of tree-sitter's
TOML grammar does. Only texts that tomllib has taken come here.
"""

import tomllib

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Path = tuple[str | int, ...]

_PARSER = Parser(Language(tree_sitter_toml.language()))


class Positions:
    """Lines of the keys, tables and list items of a TOML text."""

    def __init__(self, text: str):
        self._lines: dict[Path, int] = {(): 1}
        self._counts: dict[Path, int] = {}
        root = _PARSER.parse(text.encode()).root_node
        # Where the grammar does not follow tomllib, all is said to be on line 1.
        for node in [] if root.has_error else root.named_children:
            if node.type == "pair":
                self._pair((), node)
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def line(self, path: Path) -> int:
        """The line of a key, or of the nearest table around it when it is not there."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _table(self, node: Node) -> None:
        header, *rest = _parts(node)
        path = self._within((), _words(header))
        if node.type == "table_array_element":
            count = self._counts.get(path, 0)
            self._counts[path] = count + 1
            self._note(path, node)
            path = (*path, count)
        self._note(path, node)
        for pair in rest:
            self._pair(path, pair)

    def _pair(self, path: Path, node: Node) -> None:
        key, value = _parts(node)
        path = self._within(path, _words(key))
        self._note(path, key)
        self._value(path, value)

    def _value(self, path: Path, node: Node) -> None:
        children = _parts(node)
        if node.type == "inline_table":
            for child in children:
                self._pair(path, child)
        elif node.type == "array":
            for index, child in enumerate(children):
                self._note((*path, index), child)
                self._value((*path, index), child)

    def _within(self, path: Path, words: list[str]) -> Path:
        """The path of a key; one that goes through a list of tables means its last item."""
        for position, word in enumerate(words):
            path = (*path, word)
            if position < len(words) - 1 and path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _note(self, path: Path, node: Node) -> None:
        line = node.start_point.row + 1
        while path and path not in self._lines:
            self._lines[path] = line
            path = path[:-1]


def _parts(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def key_text(path: Path) -> str:
    """A path as a person writes it: "basal.steps[2].rate", counted from 1."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part + 1}]"
        else:
            shown += ("." if shown else "") + part
    return shown or "profile"


def _words(node: Node) -> list[str]:
    """The parts of a key, without quotes."""
    if node.type == "dotted_key":
        return [word for child in node.named_children for word in _words(child)]
    text = (node.text or b"").decode()
    return [next(iter(tomllib.loads(text + "=0")))]
