"""The library's JSON Schema, made from its declaration: schema.json is what it gives."""

from functools import lru_cache

from jsonschema import Draft202012Validator

from titrate.library.declarations import LIBRARY
from titrate.profile.schema import as_text, schema_of


@lru_cache(maxsize=1)
def validator() -> Draft202012Validator:
    """The schema, ready to check libraries with."""
    return Draft202012Validator(schema_of(LIBRARY, "Titrate drug library"))


def text() -> str:
    """The content of schema.json."""
    return as_text(schema_of(LIBRARY, "Titrate drug library"))
