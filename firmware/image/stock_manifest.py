# What MicroPython's own image for the Raspberry Pi Pico freezes, without the drivers that come
# from its library repository. `titrate deploy` is tried against this image.
freeze("$(PORT_DIR)/modules", ("_boot.py", "_boot_fat.py", "rp2.py"))
include("$(MPY_DIR)/extmod/asyncio")
