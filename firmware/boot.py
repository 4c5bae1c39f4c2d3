"""Starts the pump in the background, then gets out of the way.

Whatever runs afterwards, main.py, the prompt or a script, the pump goes on delivering.
"""

import gc
import sys

import micropython

import pump
from pump.rp2040 import retained_memory
from pump.rp2040.left_over import LeftOver

# Collecting often keeps what stays together, and what is free in one piece: a long text finds
# no room among scattered leavings.
_WHILE_LOADING_BYTES = 8192
_IN_HEAP_BYTES = 20480
# Code in an image leaves more free, and a collection, 16 ms, is a good part of all the processor
# does at a basal rate: one in half a minute is enough.
_FROZEN_BYTES = 65536


def _start():
    is_in_heap = sys.path[0] != ".frozen"
    gc.threshold(_WHILE_LOADING_BYTES)
    if is_in_heap:
        # The heap will fill up to where the boot before left its memory.
        left_over = LeftOver()
        memory = retained_memory.reserve()
    import pump_board

    from pump.link.lines import REQUEST_MAX
    from pump.link.prompt import Prompt
    from pump.link.server import Server
    from pump.rp2040 import assembly, on_demand
    from pump.rp2040.usb_console import UsbConsole

    prepared = assembly.prepare(pump_board)
    if not is_in_heap:
        # Until here what was committed before a soft reset went on being delivered.
        left_over = LeftOver()
        memory = retained_memory.reserve()
    controller, service, panel = assembly.build(pump_board, prepared, memory, left_over)
    console = UsbConsole(service)
    server = Server(controller, console.write, service.refused, service.failed_console)
    console.serves(server.steps, REQUEST_MAX)
    pump.attach(Prompt(controller, service.run, console.serve), panel)
    on_demand.let_go()
    gc.threshold(_IN_HEAP_BYTES if is_in_heap else _FROZEN_BYTES)


# A Ctrl-C that arrives now, as mpremote sends one, must not leave the pump half built.
micropython.kbd_intr(-1)
try:
    _start()
finally:
    micropython.kbd_intr(3)
