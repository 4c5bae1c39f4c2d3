"""Drug libraries: TOML files that a pharmacist reads and edits, checked and given to a pump.

The format is declared in declarations.py; its reference page is host_tools/docs/library.md.
What a library says of a programme is in pump.core.library_rules, for host and pump alike.
"""

from titrate.library.judging import Findings, judge_bolus, judge_programme
from titrate.library.loader import (
    Change,
    LibraryFile,
    load_library,
    parse_library,
    standard_path,
)

__all__ = [
    "Change",
    "Findings",
    "LibraryFile",
    "judge_bolus",
    "judge_programme",
    "load_library",
    "parse_library",
    "standard_path",
]
