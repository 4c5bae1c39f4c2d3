"""Writes every STEP edge to a CSV file: `t_ns,dir`, one line an edge."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from titrate.virtual.edges import StepLog


class StepCsv:
    """Moves edges out of `steps` into the file at `path`, which it starts anew."""

    def __init__(self, path: Path, steps: StepLog) -> None:
        self._steps = steps
        self._file = path.open("w", encoding="ascii")
        self._file.write("t_ns,dir\n")
        self._file.flush()

    def write(self) -> None:
        """Write and forget what there is."""
        if self._steps:
            self._file.writelines(f"{t_ns},{direction}\n" for t_ns, direction in self._steps)
            self._steps.clear()
            self._file.flush()

    def __enter__(self) -> StepCsv:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.write()
        self._file.close()
