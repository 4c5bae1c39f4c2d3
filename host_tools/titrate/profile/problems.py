"""What is wrong with a profile, as a person is told: file, line, key, one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from jsonschema.exceptions import ValidationError

from pump.core.errors import BadText
from pump.core.quantity import quote
from pump.core.ranges import LIMITS
from titrate.profile.declarations import PROFILE
from titrate.profile.forms import Either, List, Table, Whole
from titrate.profile.kinds import Kind
from titrate.profile.positions import Path, Positions, key_text

_Declared = Kind | Whole | Either | List | Table

_RANGES = {limit.name: limit for limit in LIMITS}


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        line: in the file, from 1.
        sentence: where it is (table and key), what was found, what was expected, what to do.
    """

    line: int
    sentence: str


class ProfileError(Exception):
    """A profile that cannot be used.

    Attributes:
        path: the file, as it was named.
        problems: what is wrong with it, in the order of its lines.
    """

    def __init__(self, path: str, problems: Iterable[Problem]):
        self.path = path
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """Each problem as "file:line: sentence"."""
        return [f"{self.path}:{problem.line}: {problem.sentence}" for problem in self.problems]


def refuse_all(path: str, positions: Positions, problems: Iterable[tuple[Path, str]]) -> None:
    """Refuse a file for everything that is wrong with it; nothing, when that is nothing.

    Args:
        path: the file, as it was named.
        positions: where its keys stand.
        problems: paths of keys and sentences.

    Raises:
        ProfileError: there are problems.
    """
    found = [Problem(positions.line(place), sentence) for place, sentence in problems]
    if found:
        raise ProfileError(path, found)


def from_schema(errors: Iterable[ValidationError], root: Table = PROFILE) -> list[tuple[Path, str]]:
    """What a validator found, as paths of keys and sentences.

    The declaration knows what stands at a path, so the sentence comes from there and not from
    the validator's words.

    Args:
        errors: as a validator of the schema gives them.
        root: the declaration that the schema was made from.
    """
    found = []
    for error in errors:
        path = tuple(error.absolute_path)
        found += _from_error(root, _declared(root, path), path, error)
    return found


def _from_error(
    root: Table, declared: _Declared, path: Path, error: ValidationError
) -> list[tuple[Path, str]]:
    if isinstance(declared, Either) and isinstance(error.instance, dict | list):
        structure = [each for each in error.context or () if each.schema_path[0] == 1]
        wrong_type = any(each.validator == "type" and not each.path for each in structure)
        if structure and not wrong_type:
            return [
                problem
                for each in structure
                for problem in _from_error(
                    root,
                    _declared(root, (*path, *each.path)) if each.path else declared.other,
                    (*path, *each.path),
                    each,
                )
            ]
    return [
        ((*path, *rest), f"{key_text((*path, *rest))}: {sentence}")
        for rest, sentence in _sentences(root, declared, error)
    ]


def _sentences(root: Table, declared: _Declared, error: ValidationError) -> list[tuple[Path, str]]:
    """(rest of the path, sentence) for one error at something declared."""
    value = error.instance
    if isinstance(declared, Either):
        return [((), _refusal(declared.text, str(value)))]
    if isinstance(declared, Kind):
        return [((), _refusal(declared, value))]
    if isinstance(declared, Whole):
        limit = _RANGES[declared.limit]
        return [
            (
                (),
                f"{quote(value)} is not a whole number from {limit.minimum[0]} to "
                f"{limit.maximum[0]}: {limit.title}, {limit.why}",
            )
        ]
    if isinstance(declared, List):
        if isinstance(value, list):
            return [((), f"there are {len(value)} entries: the limit is 1 to {declared.maximum}")]
        return [((), f"{quote(value)} is not a list: write [ ... ] or [[...]]")]
    if not isinstance(value, dict):
        return [((), _not_a_table(root, error, value))]
    return _keys(declared, error, value)


def _refusal(kind: Kind, value: object) -> str:
    try:
        kind.read(value)
    except BadText as refusal:
        return refusal.sentence
    return f'{quote(value)} is not {kind.title}: write for example "{kind.example}"'


def _not_a_table(root: Table, error: ValidationError, value: object) -> str:
    name = str(error.absolute_path[-1]) if error.absolute_path else ""
    parent = _declared(root, tuple(error.absolute_path)[:-1])
    if isinstance(parent, Table) and parent.others is not None:
        known = [key.name for key in parent.keys]
        if name not in known:
            return _unknown(name, known)
    return f"{quote(value)} is not a table: write [{name}] and its keys below"


def _keys(table: Table, error: ValidationError, value: dict[str, object]) -> list[tuple[Path, str]]:
    known = {key.name: key for key in table.keys}
    if error.validator == "required":
        return [
            ((), f"{name} is missing: write for example {key.example_text()}")
            for name, key in known.items()
            if key.required and name not in value and f"'{name}'" in error.message
        ]
    if error.validator == "propertyNames":
        return [((), f"{error.message}: a table is named with small letters, digits, - and _")]
    return [((name,), _unknown(name, list(known))) for name in value if name not in known]


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    guess = f"did you mean {close[0]}? " if close else ""
    return f"the key is not known: {guess}there are " + ", ".join(known)


def _declared(root: Table, path: Path) -> _Declared:
    """What a declaration has at a path of keys and indices."""
    found: _Declared = root
    for part in path:
        if isinstance(found, Either):
            found = found.other
        if isinstance(found, List):
            found = found.item
        elif isinstance(found, Table):
            keys = {key.name: key.value for key in found.keys}
            found = keys.get(str(part)) or found.others or found
    return found
