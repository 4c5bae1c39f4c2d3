"""The board pico_tmc2209: what is wired where, and what the wired parts need.

The only place where a pin of this board has its number. Nothing here touches hardware, so the
host reads the same file.
"""

# Names ending in _GPIO are the RP2040's GPIO numbers; ../../tests/host/test_boards.py holds
# pins.csv and the wiring table in README.md to them.
STEP_GPIO = 2
DIR_GPIO = 3
ENABLE_N_GPIO = 4
DIAG_GPIO = 5
SYRINGE_PRESENT_GPIO = 6
TMC_TX_GPIO = 8
TMC_RX_GPIO = 9
LED_RED_GPIO = 10
LED_GREEN_GPIO = 11
LED_BLUE_GPIO = 12
BUZZER_GPIO = 13
BUTTON_BOLUS_GPIO = 14
BUTTON_STOP_GPIO = 15
I2C_SDA_GPIO = 16
I2C_SCL_GPIO = 17
HX711_DATA_GPIO = 18
HX711_CLOCK_GPIO = 19
LIMIT_END_GPIO = 20
LIMIT_HOME_GPIO = 21
BUTTON_PAIR_GPIO = 22
LED_ONBOARD_GPIO = 25
SUPPLY_ADC_GPIO = 26
FORCE_ADC_GPIO = 27

# The RP2040's own units behind those pins (RP2040 datasheet, table "GPIO functions").
TMC_UART = 1
I2C = 0

# The TMC2209 steps at a rising edge of STEP (TMC2209 datasheet, "STEP/DIR interface, timing").
# High and low must each last one driver clock and 20 ns. Its own clock is 12 MHz nominal; 120 ns
# suffices down to 10 MHz.
STEP_HIGH_MIN_NS = 120
STEP_LOW_MIN_NS = 120
# The datasheet asks for 20 ns on each side of the edge; the inputs' spike filters, of up to 30 ns
# each, may differ by the rest.
DIR_SETUP_MIN_NS = 50
DIR_HOLD_MIN_NS = 50
# The level of DIR that pushes the plunger in, with the motor plugged in as README.md says.
DIR_INFUSE_LEVEL = 1
# With current applied the driver must stand still for 130 ms once, to tune itself to the motor
# (same datasheet, "StealthChop2, automatic tuning", phase AT#1).
ENABLE_SETTLE_MS = 130
# Both microstep inputs are tied high: 16 microsteps without any set-up, and this address.
TMC_ADDRESS = 3
TMC_SENSE_MILLIOHM = 110

# The level at which each thing means what its name says.
ENABLE_ACTIVE_LEVEL = 0
DIAG_ACTIVE_LEVEL = 1
LED_ACTIVE_LEVEL = 1
BUZZER_ACTIVE_LEVEL = 1
# Buttons and the syringe switch close to ground, against the RP2040's pull-up: a broken wire
# reads as not pressed, and as no syringe.
BUTTON_ACTIVE_LEVEL = 0
SYRINGE_PRESENT_LEVEL = 0
# The limit switches are normally closed to ground: a broken wire reads as the limit reached.
LIMIT_ACTIVE_LEVEL = 1

# The motor supply over the voltage at SUPPLY_ADC, as a ratio: 100 kilohm above 10 kilohm.
SUPPLY_DIVIDER = (11, 1)

# The syringe and drivetrain this board is built with, where a programme does not name others.
SYRINGE_BORE_UM = 14_500
SYRINGE_CAPACITY_NL = 10_000_000
SYRINGE_TRAVEL_UM = 60_000
LEAD_UM = 2_000
FULL_STEPS_PER_REV = 200
MICROSTEPS = 16
GEAR = (1, 1)

# The flash storage (mpconfigboard.h says how large it is) begins with the pump's journal, 512 KiB;
# the file system has the rest. _boot.py mounts it there.
SECTOR_BYTES = 4096
JOURNAL_SECTORS = 128
