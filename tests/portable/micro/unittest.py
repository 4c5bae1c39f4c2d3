"""The part of unittest that the portable tests use, for MicroPython, which has none.

A failure is counted once for each test (and once for each failed sub-test) with its
traceback, whatever raised it; a module that cannot be imported or holds no test is a
failure too. Names and meanings are those of CPython's unittest; what is missing here
raises AttributeError and so fails the test that asks for it.
"""

import sys


class TestCase:
    """A group of tests: methods whose names begin with test."""

    failureException = AssertionError  # noqa: N815 - unittest's own name

    def __init__(self):
        self._failures = 0

    def setUp(self):
        """Run before each test."""

    def tearDown(self):
        """Run after each test whose setUp passed."""

    def fail(self, msg=None):
        """Fail this test."""
        raise AssertionError(msg or "failed")

    def assertEqual(self, first, second, msg=None):
        if not first == second:
            self._fail(msg, repr(first) + " != " + repr(second))

    def assertNotEqual(self, first, second, msg=None):
        if not first != second:
            self._fail(msg, repr(first) + " == " + repr(second))

    def assertTrue(self, value, msg=None):
        if not value:
            self._fail(msg, repr(value) + " is not true")

    def assertFalse(self, value, msg=None):
        if value:
            self._fail(msg, repr(value) + " is not false")

    def assertIs(self, first, second, msg=None):
        if first is not second:
            self._fail(msg, repr(first) + " is not " + repr(second))

    def assertIsNot(self, first, second, msg=None):
        if first is second:
            self._fail(msg, "both are " + repr(first))

    def assertIsNone(self, value, msg=None):
        self.assertIs(value, None, msg)

    def assertIsNotNone(self, value, msg=None):
        self.assertIsNot(value, None, msg)

    def assertIn(self, member, container, msg=None):
        if member not in container:
            self._fail(msg, repr(member) + " not in " + repr(container))

    def assertNotIn(self, member, container, msg=None):
        if member in container:
            self._fail(msg, repr(member) + " in " + repr(container))

    def assertIsInstance(self, value, cls, msg=None):
        if not isinstance(value, cls):
            self._fail(msg, repr(value) + " is not an instance of " + repr(cls))

    def assertLess(self, first, second, msg=None):
        if not first < second:
            self._fail(msg, repr(first) + " is not less than " + repr(second))

    def assertLessEqual(self, first, second, msg=None):
        if not first <= second:
            self._fail(msg, repr(first) + " is greater than " + repr(second))

    def assertGreater(self, first, second, msg=None):
        if not first > second:
            self._fail(msg, repr(first) + " is not greater than " + repr(second))

    def assertGreaterEqual(self, first, second, msg=None):
        if not first >= second:
            self._fail(msg, repr(first) + " is less than " + repr(second))

    def assertRaises(self, expected, call=None, *args, **keywords):
        """With a call: it must raise. Without one: a context manager that catches it."""
        catcher = _Raises(expected)
        if call is None:
            return catcher
        with catcher:
            call(*args, **keywords)
        return None

    def subTest(self, msg=None, **params):
        """A context manager: a failure within it is counted, and the test goes on."""
        return _SubTest(self, msg, params)

    def _fail(self, msg, seen):
        raise AssertionError(seen if msg is None else seen + " : " + str(msg))


class _Raises:
    def __init__(self, expected):
        self._expected = expected
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _traceback):
        if kind is None:
            raise AssertionError("not raised: " + repr(self._expected))
        self.exception = error
        return issubclass(kind, self._expected)


class _SubTest:
    def __init__(self, case, msg, params):
        self._case = case
        self._label = " ".join(
            ([] if msg is None else [str(msg)]) + [k + "=" + repr(v) for k, v in params.items()]
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _traceback):
        if kind is None or not issubclass(kind, Exception):
            return False
        self._case._failures += 1
        _report("sub-test " + self._label, error)
        return True


def _report(name, error):
    print("FAIL: " + name)
    sys.print_exception(error)


def _run_test(case_class, method_name):
    """Run one test; return the number of failures in it."""
    name = case_class.__name__ + "." + method_name
    case = case_class()
    try:
        case.setUp()
    except Exception as error:
        _report(name + " (setUp)", error)
        return 1
    try:
        getattr(case, method_name)()
    except Exception as error:
        case._failures += 1
        _report(name, error)
    try:
        case.tearDown()
    except Exception as error:
        case._failures += 1
        _report(name + " (tearDown)", error)
    if case._failures:
        print("in " + name)
    return case._failures


def _case_classes(module):
    for name in sorted(dir(module)):
        found = getattr(module, name)
        if isinstance(found, type) and issubclass(found, TestCase) and found is not TestCase:
            yield found


def run_module(name):
    """Import the module and run its tests; return (tests run, failures)."""
    try:
        module = __import__(name)
    except Exception as error:
        _report("import " + name, error)
        return (0, 1)
    tests = failures = 0
    for case_class in _case_classes(module):
        for method_name in sorted(dir(case_class)):
            if method_name.startswith("test"):
                tests += 1
                failures += _run_test(case_class, method_name)
    if tests == 0:
        print("FAIL: " + name + " holds no test")
        failures += 1
    return (tests, failures)


def main(modules):
    """Run the named modules, close as unittest does, and leave with status 1 on any failure."""
    tests = failures = 0
    for name in modules:
        ran, failed = run_module(name)
        tests += ran
        failures += failed
    print("Ran " + str(tests) + (" test" if tests == 1 else " tests"))
    if failures:
        print("FAILED (failures=" + str(failures) + ")")
        sys.exit(1)
    print("OK")
