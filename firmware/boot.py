"""Starts the pump in the background, then gets out of the way.

Whatever runs afterwards, main.py, the prompt or a script, the pump goes on delivering.
"""

import gc

import micropython

import pump
from pump.rp2040 import retained_memory
from pump.rp2040.left_over import LeftOver

# Compiled files lie in the heap, unlike a frozen image: collecting often while they are
# loaded keeps what stays together, and leaves room in one piece.
_LOADING_BYTES = 8192


def _start():
    left_over = LeftOver()
    memory = retained_memory.reserve()

    gc.threshold(_LOADING_BYTES)
    import pump_board

    from pump.link.prompt import Prompt
    from pump.link.server import Server
    from pump.rp2040 import assembly
    from pump.rp2040.usb_console import UsbConsole

    controller, service, panel = assembly.build(pump_board, memory, left_over)
    console = UsbConsole(service)
    console.serves(Server(controller, console.write).feed)
    pump.attach(Prompt(controller, service.run, console.serve), panel)
    gc.threshold(-1)


# A Ctrl-C that arrives now, as mpremote sends one, must not leave the pump half built.
micropython.kbd_intr(-1)
try:
    _start()
finally:
    micropython.kbd_intr(3)
