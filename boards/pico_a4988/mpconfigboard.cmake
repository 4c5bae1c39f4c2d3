# The board as MicroPython's build sees it: a Raspberry Pi Pico with Titrate frozen in.
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")

include(${MICROPY_BOARD_DIR}/../../firmware/image/titrate.cmake)
