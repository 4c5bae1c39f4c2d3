"""Portable tests on MicroPython for the RP2040, the whole chip emulated.

All of them run on its instruction set in tests/host, at speed. Here are the ones that the whole
chip gets through in seconds, on the very image that boards get: MicroPython alone, with the pump's
modules as files, so that no pump runs beside the tests.
"""

import unittest

import pytest

MODULES = ("test_geometry", "test_ratio")
# Emulated seconds, far more than a module takes: a limit for what hangs.
LIMIT_S = 60

RUN = """
import unittest
print("ran %d, failed %d" % unittest.run_module({module!r}))
"""


@pytest.fixture
def pico(boot, stock_uf2, portable_files):
    return boot(stock_uf2, files=portable_files)


@pytest.mark.parametrize("module", MODULES)
def test_passes_on_the_rp2040(module, pico):
    out, err = pico.exec_raw(RUN.format(module=module), limit_s=LIMIT_S)
    tests = unittest.defaultTestLoader.loadTestsFromName(module).countTestCases()
    assert (out.splitlines()[-1:], err) == ([f"ran {tests}, failed 0"], ""), out


def test_small_integers_have_30_bits_and_floats_24(pico):
    """So the tests above ran where an overflow or a float would have shown."""
    program = "import word_size\nprint(word_size.small_integer_bits(), word_size.float_bits())"
    assert pico.exec_raw(program, limit_s=LIMIT_S) == ("30 24\n", "")
