# Freezes the firmware. A board's own manifest includes this one and adds its pump_board.py.
#
# No optimisation level is given: line numbers stay in tracebacks, and assertions stay in.
from pathlib import Path

# The console and the pump start from here; MicroPython looks for these two among the frozen
# modules before the file system.
module("boot.py")
module("main.py")
# In one order everywhere; a folder's own order would make another image on another machine.
package("pump", files=sorted(str(path.relative_to("pump")) for path in Path("pump").rglob("*.py")))

# BOARD, VERSION and SOURCE_DIGEST, written at each build (image/write_pump_image.py).
module("pump_image.py", base_path="$(TITRATE_GENERATED_DIR)")

# The port's own modules, but with Titrate's _boot.py, which keeps off the pump's journal.
# asyncio is left out: nothing here uses it, and mpremote does not need it.
module("rp2.py", base_path="$(PORT_DIR)/modules")
module("_boot.py", base_path="image")
