// MicroPython's view of the board. The pins are in pump_board.py and pins.csv.
#define MICROPY_HW_BOARD_NAME               "Titrate pump, Pico W, TMC2209"

// As on a Pico: without the radio the image is as small, and a Pico W's flash is the same 2 MiB.
#define MICROPY_HW_FLASH_STORAGE_BYTES      (1408 * 1024)

// The USB vendor and product numbers stay MicroPython's, 2e8a:0005; at most 40 characters each.
#define MICROPY_HW_USB_MANUFACTURER_STRING  "Titrate"
#define MICROPY_HW_USB_PRODUCT_FS_STRING    "Titrate pump, Pico W, TMC2209"
