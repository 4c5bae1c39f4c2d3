"""Runs tests against mutants: which tests run a line, and whether one of them fails.

Everything is imported once. A mutant lives in a forked process of its own, where its function gets
the changed code; where what is changed is carried out at import, the modules are imported again
there. Only tests that run a line of the changed statement are run, until one fails. A test is
stopped by the processor time that it uses, not by the clock on the wall, so that a loop without
end counts as noticed on a busy computer as on an idle one.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
import time
import types
import unittest
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import suite
from mutants import Mutant
from verdicts import ENDLESS, FAILED, SURVIVED

# A test may use so much more processor time than it did without a mutant.
_TIMES = 20
_SPARE_S = 1.0
# So many tests that have noticed others of the same function are tried before.
_OFTEN = 4
# So many lines around a mutant tell which tests are about it: they run what few others do.
_NEAR = 12
_MEMORY_BYTES = 2 << 30


@dataclass
class Known:
    """What is known of a test.

    Attributes:
        name: its file, class and method.
        is_portable: whether it is one of tests/portable.
        lines: (file name without ending, line) of each line of a mutated file that it runs.
        cpu_s: the processor time that it uses.
    """

    name: str
    is_portable: bool
    lines: set[tuple[str, int]]
    cpu_s: float


class Killer:
    """Judges mutants of files: by the portable tests, what is left by those of the host.

    Args:
        paths: the files.
        at_most: how many of the portable tests are run on a mutant, the likeliest, and no others;
            None for all that may notice it. With a number more may be noticed than is found.

    Attributes:
        tests: Known of every test.
    """

    def __init__(self, paths: list[Path], at_most: int | None = None):
        sys.dont_write_bytecode = True
        suite.prepare()
        self._paths = paths
        self._at_most = at_most
        self._cases = suite.portable()
        portable = len(self._cases)
        self._cases += suite.host() if at_most is None else []
        self.tests = [self._know(case, at < portable) for at, case in enumerate(self._cases)]
        self._by_line: dict[tuple[str, int], list[int]] = {}
        for number, test in enumerate(self.tests):
            for line in test.lines:
                self._by_line.setdefault(line, []).append(number)
        self._noticed: dict[str, Counter[int]] = {}
        gc.collect()
        gc.freeze()

    def _know(self, case: suite.Case, is_portable: bool) -> Known:
        from_s = time.process_time()
        _run(case)
        cpu_s = time.process_time() - from_s
        lines: set[tuple[str, int]] = set()
        names = {str(path): path.stem for path in self._paths}

        def trace(frame, event, _):
            stem = names.get(frame.f_code.co_filename)
            if stem is None:
                return None
            lines.add((stem, frame.f_lineno))
            return trace

        sys.settrace(trace)
        try:
            passed = _run(case)
        finally:
            sys.settrace(None)
        if not passed:
            raise SystemExit(f"{case.id()} fails without any mutant")
        return Known(case.id(), is_portable, lines, cpu_s)

    def tests_of(self, mutant: Mutant) -> list[int]:
        """The tests that may notice a mutant, the likeliest first."""
        stem = mutant.path.stem
        if mutant.is_at_import:
            found = {number for number, test in enumerate(self.tests) if test.is_portable}
        else:
            found = set()
            for line in mutant.lines:
                found.update(self._by_line.get((stem, line), ()))
        often = self._noticed.get(stem + mutant.where, Counter())
        near = range(mutant.lines.start - _NEAR, mutant.lines.stop + _NEAR)
        rarity: Counter[int] = Counter()
        for (file, line), runs in self._by_line.items():
            if file == stem and (line in near or mutant.is_at_import):
                for number in runs:
                    rarity[number] += 1 / len(runs)
        first = [number for number, _ in often.most_common(_OFTEN)]
        likeliest = sorted(
            found, key=lambda n: (n not in first, -rarity[n], self.tests[n].cpu_s, n)
        )
        portable = [number for number in likeliest if self.tests[number].is_portable]
        others = [number for number in likeliest if not self.tests[number].is_portable]
        return portable + others if self._at_most is None else portable[: self._at_most]

    def judge(self, mutant: Mutant) -> tuple[str, str]:
        """What became of a mutant, and the test that noticed it."""
        numbers = self.tests_of(mutant)
        if not numbers:
            return SURVIVED, ""
        reader, writer = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            self._try(mutant, numbers, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            said = pipe.read().split()
        status = os.waitpid(pid, 0)[1]
        last = int(said[-1]) if said else numbers[0]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return SURVIVED, ""
        self._noticed.setdefault(mutant.path.stem + mutant.where, Counter())[last] += 1
        is_endless = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGVTALRM
        return ENDLESS if is_endless else FAILED, self.tests[last].name

    def _try(self, mutant: Mutant, numbers: list[int], writer: int) -> None:
        """In the process of a mutant: ends with 0 when every test passed."""
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        status = 1
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, 10 * _SPARE_S)
            cases = self._cases
            if mutant.is_at_import or not _changed_in_place(mutant):
                cases = self._imported_again(mutant)
            for number in numbers:
                os.write(writer, b"%d\n" % number)
                limit_s = _SPARE_S + _TIMES * self.tests[number].cpu_s
                signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
                if not _run(cases[number]):
                    break
            else:
                status = 0
        finally:
            os._exit(status)

    def _imported_again(self, mutant: Mutant) -> list[suite.Case]:
        ours = tuple(str(path) for path in (suite.PORTABLE, suite.HOST, suite.FIRMWARE))
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(ours):
                del sys.modules[name]
        sys.meta_path.insert(0, _Finder(mutant))
        return suite.portable()


def _run(case: suite.Case) -> bool:
    result = unittest.TestResult()
    case.run(result)
    return result.testsRun > 0 and result.wasSuccessful()


def _changed_in_place(mutant: Mutant) -> bool:
    """Give the function that is changed its new code; False when it cannot be seen there."""
    owner: object = sys.modules[f"pump.core.{mutant.path.stem}"]
    code = compile(mutant.source, str(mutant.path), "exec")
    for name in mutant.where.split("."):
        owner = vars(owner)[name]
        if isinstance(owner, property):
            owner = owner.fget
        first = getattr(getattr(owner, "__code__", None), "co_firstlineno", None)
        code = next(
            part
            for part in code.co_consts
            if isinstance(part, types.CodeType)
            and part.co_name == name
            and first in (None, part.co_firstlineno)
        )
        if isinstance(owner, types.FunctionType):
            if owner.__code__ == code:
                return False
            owner.__code__ = code
            return True
    return False


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports the changed source in the place of the file."""

    def __init__(self, mutant: Mutant):
        self._mutant = mutant

    def find_spec(self, fullname, path=None, target=None):
        if fullname != f"pump.core.{self._mutant.path.stem}":
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def get_source(self, fullname: str) -> str:
        return self._mutant.source
