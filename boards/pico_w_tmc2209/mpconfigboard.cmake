# The board as MicroPython's build sees it: a Raspberry Pi Pico W with Titrate frozen in. The radio
# has no part in the image: nothing here asks for MICROPY_PY_NETWORK_CYW43.
set(PICO_BOARD "pico_w")
set(PICO_PLATFORM "rp2040")

include(${MICROPY_BOARD_DIR}/../../firmware/image/titrate.cmake)
