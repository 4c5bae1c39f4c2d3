"""Starts the pump in the background, then gets out of the way.

Whatever runs afterwards, main.py, the prompt or a script, the pump goes on delivering.
"""

import micropython
import pump_board

import pump
from pump.rp2040 import assembly


def _start():
    controller, service, panel = assembly.build(pump_board)

    from pump.link.prompt import Prompt
    from pump.link.server import Server
    from pump.rp2040.usb_console import UsbConsole

    console = UsbConsole(service)
    console.serves(Server(controller, console.write).feed)
    pump.attach(Prompt(controller, service.run, console.serve), panel)


# A Ctrl-C that arrives now, as mpremote sends one, must not leave the pump half built.
micropython.kbd_intr(-1)
try:
    _start()
finally:
    micropython.kbd_intr(3)
