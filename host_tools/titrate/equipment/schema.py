"""The equipment's JSON Schema, made from its declaration: schema.json is what it gives."""

from functools import lru_cache

from jsonschema import Draft202012Validator

from titrate.equipment.declarations import EQUIPMENT
from titrate.profile.schema import as_text, schema_of

_TITLE = "Titrate equipment"


@lru_cache(maxsize=1)
def validator() -> Draft202012Validator:
    """The schema, ready to check equipment files with."""
    return Draft202012Validator(schema_of(EQUIPMENT, _TITLE))


def text() -> str:
    """The content of schema.json."""
    return as_text(schema_of(EQUIPMENT, _TITLE))
