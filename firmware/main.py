"""Serves the console on USB serial. Ctrl-C leaves it; the pump goes on delivering."""

import pump

pump.console()
