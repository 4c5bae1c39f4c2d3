"""The portable tests in MicroPython: with the desktop's numbers, and with those of the RP2040.

At the end, proof that MicroPython's unittest of ours can fail.
"""

import subprocess
import unittest
from pathlib import Path

import pytest

import run as portable
from bits32 import Bits32

PORTABLE = Path(portable.__file__).parent


def run(micropython: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [micropython, *arguments], capture_output=True, text=True, timeout=600, check=False
    )


def test_every_portable_test_file_is_on_the_list():
    assert sorted(portable.MODULES) == sorted(path.stem for path in PORTABLE.glob("test_*.py"))


def count_in(module: str) -> int:
    """How many tests CPython finds in a module: no other interpreter may run fewer."""
    return unittest.defaultTestLoader.loadTestsFromName(module).countTestCases()


@pytest.mark.parametrize("module", portable.MODULES)
def test_passes_on_unix_micropython(module, micropython):
    done = run(micropython, str(PORTABLE / "run.py"), module)
    assert done.returncode == 0, done.stdout + done.stderr
    tests = count_in(module)
    assert done.stdout.endswith(f"Ran {tests} test{'s' * (tests != 1)}\nOK\n"), done.stdout


RUN = """
import unittest
print("\\nran %d, failed %d" % unittest.run_module({module!r}))
"""


@pytest.fixture(scope="module")
def bits32(root, portable_files) -> Bits32:
    return Bits32(root / "build/bits32", portable_files)


def passes(module: str, ran: tuple[int, str]) -> None:
    status, printed = ran
    assert (status, printed.splitlines()[-1:]) == (0, [f"ran {count_in(module)}, failed 0"]), (
        printed
    )


@pytest.mark.parametrize("module", portable.MODULES)
def test_passes_on_32_bit_micropython(module, bits32):
    passes(module, bits32.run(RUN.format(module=module)))


# What makes the steps and the numbers behind them.
ON_THE_PROCESSOR = (
    "test_geometry",
    "test_ledger",
    "test_link_lines",
    "test_quantity",
    "test_ratio",
    "test_schedule",
    "test_train",
)


@pytest.mark.parametrize("module", ON_THE_PROCESSOR)
def test_passes_in_the_instructions_of_the_rp2040s_processor(module, bits32):
    passes(module, bits32.run(RUN.format(module=module), on_thumb=True))


WORD_SIZES = "import word_size\nprint(word_size.small_integer_bits(), word_size.float_bits())"


def test_desktop_micropython_has_62_bits_and_the_other_two_have_30(micropython, bits32):
    path = f"import sys\nsys.path.insert(0, {str(PORTABLE)!r})\n"
    assert run(micropython, "-c", path + WORD_SIZES).stdout == "62 53\n"
    assert bits32.run(WORD_SIZES) == (0, "30 24\n")
    assert bits32.run(WORD_SIZES, on_thumb=True) == (0, "30 24\n")


@pytest.mark.parametrize("on_thumb", [False, True])
def test_a_failing_test_fails_the_32_bit_run_too(on_thumb, bits32):
    source = "exec(%r, globals())" % (PASSING + "    def test_fails(self):\n        1 // 0\n")
    program = source + "\nimport unittest\nprint('failed', unittest.run_module('__main__')[1])"
    status, printed = bits32.run("import unittest\n" + program, on_thumb=on_thumb)
    assert (status, printed.splitlines()[-1]) == (0, "failed 1")


PASSING = """
import unittest

class Passing(unittest.TestCase):
    def test_passes(self):
        with self.assertRaises(ValueError) as caught:
            int("x")
        self.assertIsInstance(caught.exception, ValueError)
        self.assertRaises(ZeroDivisionError, divmod, 1, 0)
"""

WAYS_TO_FAIL = {
    "unequal": "self.assertEqual(1, 2)",
    "equal": "self.assertNotEqual(1, 1)",
    "untrue": "self.assertTrue(0)",
    "true": "self.assertFalse(1)",
    "not_the_same": "self.assertIs([], [])",
    "the_same": "self.assertIsNot(None, None)",
    "something": "self.assertIsNone(0)",
    "nothing": "self.assertIsNotNone(None)",
    "not_in": "self.assertIn(3, (1, 2))",
    "in": "self.assertNotIn(1, (1, 2))",
    "other_class": "self.assertIsInstance(1, str)",
    "not_less": "self.assertLess(1, 1)",
    "more": "self.assertLessEqual(2, 1)",
    "not_more": "self.assertGreater(1, 1)",
    "less": "self.assertGreaterEqual(1, 2)",
    "not_raised": "self.assertRaises(ValueError, int, '1')",
    "other_error": "self.assertRaises(ValueError, divmod, 1, 0)",
    "not_raised_within": "\n        with self.assertRaises(ValueError):\n            pass",
    "other_error_within": "\n        with self.assertRaises(ValueError):\n            1 // 0",
    "sub_test": "\n        with self.subTest(n=1):\n            self.fail()",
    "error": "1 // 0",
    "unknown_assertion": "self.assertSomethingNewer(1)",
}


def fails(micropython: Path, folder: Path, source: str) -> str:
    """Run one module of tests; return what was printed, having checked that the run failed."""
    (folder / "subject.py").write_text(source)
    micro = PORTABLE / "micro"
    program = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(micro)!r}]; "
    done = run(micropython, "-c", program + "import unittest; unittest.main(['subject'])")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "\nOK\n" not in done.stdout
    return done.stdout


@pytest.mark.parametrize("way", WAYS_TO_FAIL)
def test_a_failing_test_fails_the_run_once_and_with_its_traceback(way, micropython, tmp_path):
    source = PASSING + f"    def test_fails(self):\n        {WAYS_TO_FAIL[way]}\n"
    printed = fails(micropython, tmp_path, source)
    assert printed.endswith("Ran 2 tests\nFAILED (failures=1)\n")
    assert "Traceback" in printed
    assert "Passing.test_fails" in printed


@pytest.mark.parametrize("moment", ["setUp", "tearDown"])
def test_a_failing_setup_or_teardown_fails_the_run(moment, micropython, tmp_path):
    source = PASSING + f"    def {moment}(self):\n        self.fail()\n"
    assert "Ran 1 test\n" in fails(micropython, tmp_path, source)


def test_a_module_that_cannot_be_imported_fails_the_run(micropython, tmp_path):
    assert "ImportError" in fails(micropython, tmp_path, "import no_such_module\n" + PASSING)


def test_a_module_without_a_test_fails_the_run(micropython, tmp_path):
    assert "holds no test" in fails(micropython, tmp_path, "import unittest\n")
