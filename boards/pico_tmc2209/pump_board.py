"""A Pico or Pico W with a TMC2209 driver: what is wired where, and what the wired parts need.

The only place where a pin of this board has its number; what stands beside it is where its wire
goes. Nothing here touches hardware, so the host reads the same file, and makes pins.csv, the
wiring table, its picture and the limits from it (python -m titrate.boards).
"""

# Names ending in _GPIO are the RP2040's GPIO numbers.
STEP_GPIO = 2  # driver STEP
DIR_GPIO = 3  # driver DIR; high pushes the plunger in
ENABLE_N_GPIO = 4  # driver EN, and 10 kohm to 3V3
DIAG_GPIO = 5  # driver DIAG; high is a stall or a driver fault
SYRINGE_PRESENT_GPIO = 6  # switch under the barrel clamp, closed to ground with a syringe in
TMC_TX_GPIO = 8  # 1 kohm, then driver PDN_UART
TMC_RX_GPIO = 9  # driver PDN_UART
LED_RED_GPIO = 10  # LED through 330 ohm to ground
LED_GREEN_GPIO = 11  # LED through 330 ohm to ground
LED_BLUE_GPIO = 12  # LED through 330 ohm to ground
BUZZER_GPIO = 13  # NPN transistor through 1 kohm; piezo without its own oscillator, from 5 V
BUTTON_BOLUS_GPIO = 14  # push button to ground
BUTTON_STOP_GPIO = 15  # push button to ground
I2C_SDA_GPIO = 16  # clock module and display, SDA, both at 3.3 V
I2C_SCL_GPIO = 17  # clock module and display, SCL
HX711_DATA_GPIO = 18  # force sensor amplifier DT, at 3.3 V
HX711_CLOCK_GPIO = 19  # force sensor amplifier SCK
LIMIT_END_GPIO = 20  # switch at the empty end, normally closed to ground
LIMIT_HOME_GPIO = 21  # switch at the full end, normally closed to ground
BUTTON_PAIR_GPIO = 22  # push button to ground, inside the case
SUPPLY_ADC_GPIO = 26  # motor supply through 100 kohm; 10 kohm and 100 nF to ground
FORCE_ADC_GPIO = 27  # analogue force sensor, 0-3.3 V, in place of the HX711

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
# Motor current in mA rms, in motion and at rest while it is held; over the UART these are set, and
# VREF is without effect. What the motor's label says, or less.
TMC_RUN_MA = 700
TMC_HOLD_MA = 350
# A stall is told when StallGuard4 reads no more than twice this, 0-255; 0 is never. It depends on
# motor and load: README.md says how to find it. Slower than about a turn a second it reads
# nothing that could be relied on (same datasheet, "Limits of StallGuard4 operation").
TMC_STALL_THRESHOLD = 10
TMC_STALL_FULL_STEPS_PER_S = 200

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
# Microsteps a second that the motor follows from rest with a screw to turn.
STEPS_PER_S_MAX = 2000
# Microsteps a second up a ramp: six turns a second, 12.5 mm/s, where a NEMA 17 motor on 12 V still
# has most of its torque. The driver would follow 4,000,000 (see STEP_HIGH_MIN_NS).
STEPS_PER_S_FAST_MAX = 20_000
# Microsteps a second, a second: half a second to there, 12.5 turns a second squared, which leaves
# the motor most of its torque for the screw.
ACCELERATION_STEPS_PER_S2 = 40_000
# How far a brass nut on a TR8x2 screw plays; taken up after each way back.
BACKLASH_UM = 50
# From the home switch to the plunger of a full syringe.
HOME_TO_FULL_UM = 5_000

# The flash storage (mpconfigboard.h says how large it is) begins with the pump's journal, 608 KiB;
# the file system has the rest. _boot.py mounts it there.
SECTOR_BYTES = 4096
JOURNAL_SECTORS = 152
