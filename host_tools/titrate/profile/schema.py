"""The profile's JSON Schema, made from its declaration.

schema.json beside this file is what it gives; editors that know JSON Schema check a profile
while it is typed. Rules that join several keys are checked when a profile is loaded.
"""

import json
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from pump.core.ranges import LIMITS
from titrate.profile.declarations import GROUP_NAME, PROFILE
from titrate.profile.forms import Either, Key, List, Table, Whole
from titrate.profile.kinds import Kind

_RANGES = {limit.name: limit for limit in LIMITS}


def schema() -> dict[str, Any]:
    """The JSON Schema of a profile, draft 2020-12."""
    return schema_of(PROFILE, "Titrate dosing profile")


def schema_of(table: Table, title: str) -> dict[str, Any]:
    """The JSON Schema, draft 2020-12, of a file whose top is a table."""
    return {
        "$schema": Draft202012Validator.META_SCHEMA["$id"],
        "title": title,
        **_table(table),
    }


def text() -> str:
    """The content of schema.json."""
    return as_text(schema())


def as_text(found: dict[str, Any]) -> str:
    """A schema as it is published."""
    return json.dumps(found, indent=2, ensure_ascii=True) + "\n"


@lru_cache(maxsize=1)
def validator() -> Draft202012Validator:
    """The schema, ready to check profiles with."""
    return Draft202012Validator(schema())


def _key(key: Key) -> dict[str, Any]:
    found = {"description": key.meaning, **_value(key.value)}
    if key.example and "examples" in found:
        found["examples"] = [key.example]
    return found


def _value(value: Kind | Whole | Either | List | Table) -> dict[str, Any]:
    if isinstance(value, Kind):
        return {"type": "string", "pattern": value.pattern, "examples": [value.example]}
    if isinstance(value, Whole):
        limit = _RANGES[value.limit]
        return {"type": "integer", "minimum": limit.minimum[0], "maximum": limit.maximum[0]}
    if isinstance(value, Either):
        return {"anyOf": [_value(value.text), _value(value.other)]}
    if isinstance(value, List):
        return {
            "type": "array",
            "items": _value(value.item),
            "minItems": 1,
            "maxItems": value.maximum,
        }
    return _table(value)


def _table(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "object",
        "properties": {key.name: _key(key) for key in table.keys},
        "required": [key.name for key in table.keys if key.required],
        "additionalProperties": False,
    }
    if table.others is not None:
        found["additionalProperties"] = _table(table.others)
        found["propertyNames"] = {"pattern": GROUP_NAME}
    return found
