"""Runs the portable tests in whatever interpreter runs this file.

    python3 tests/portable/run.py [MODULE ...]
    .venv/bin/micropython tests/portable/run.py [MODULE ...]

The exit status is 0 when every test passed.
"""

import sys

# Every test_*.py here, by name: a module that is not listed would run on CPython only.
MODULES = (
    "test_alarm_effects",
    "test_alarms",
    "test_annunciation",
    "test_clock_module",
    "test_contact",
    "test_controller",
    "test_controller_delivery",
    "test_delivery",
    "test_delivery_modes",
    "test_display",
    "test_drive_moves",
    "test_driver_watch",
    "test_drug_guard",
    "test_equipment",
    "test_feeder",
    "test_following",
    "test_geometry",
    "test_in_force",
    "test_inputs",
    "test_journal",
    "test_journal_format",
    "test_ledger",
    "test_library",
    "test_limits",
    "test_link_lines",
    "test_link_server",
    "test_lock",
    "test_modes",
    "test_moves",
    "test_power_loss",
    "test_press",
    "test_prime_ramp",
    "test_programme",
    "test_quantity",
    "test_ramp",
    "test_ratio",
    "test_recovery",
    "test_requests",
    "test_schedule",
    "test_slots",
    "test_tmc2209",
    "test_train",
    "test_watches",
)


def _here():
    return __file__.rsplit("/", 1)[0] if "/" in __file__ else "."


def main(modules):
    """Run the named modules, all of them if none is named."""
    here = _here()
    sys.path.insert(0, here)
    sys.path.insert(0, here + "/../../firmware")
    if sys.implementation.name == "micropython":
        sys.path.insert(0, here + "/micro")
        import unittest

        unittest.main(modules)
    else:
        import unittest

        suite = unittest.defaultTestLoader.loadTestsFromNames(modules)
        result = unittest.TextTestRunner().run(suite)
        sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main(sys.argv[1:] or MODULES)
