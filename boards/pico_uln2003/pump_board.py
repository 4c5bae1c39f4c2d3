"""A Pico with a ULN2003 and a 28BYJ-48: what is wired where, and what the wired parts need.

The only place where a pin of this board has its number; what stands beside it is where its wire
goes. Nothing here touches hardware, so the host reads the same file, and makes pins.csv, the
wiring table, its picture and the limits from it (python -m titrate.boards).
"""

# Names ending in _GPIO are the RP2040's GPIO numbers.
#
# A state machine turns STEP and DIR into the four coils inside the RP2040.
STEP_GPIO = 2  # nothing: a point to measure at
DIR_GPIO = 3  # nothing: a point to measure at; high pushes the plunger in
COIL_1_GPIO = 4  # ULN2003 IN1, blue lead
COIL_2_GPIO = 5  # ULN2003 IN2, pink lead
COIL_3_GPIO = 6  # ULN2003 IN3, yellow lead
COIL_4_GPIO = 7  # ULN2003 IN4, orange lead
SYRINGE_PRESENT_GPIO = 8  # switch under the barrel clamp, closed to ground with a syringe in
LED_RED_GPIO = 10  # LED through 330 ohm to ground
LED_GREEN_GPIO = 11  # LED through 330 ohm to ground
LED_BLUE_GPIO = 12  # LED through 330 ohm to ground
BUZZER_GPIO = 13  # ULN2003 IN5; piezo without its own oscillator from 5 V to OUT5
BUTTON_BOLUS_GPIO = 14  # push button to ground
BUTTON_STOP_GPIO = 15  # push button to ground
I2C_SDA_GPIO = 16  # clock module and display, SDA, both at 3.3 V
I2C_SCL_GPIO = 17  # clock module and display, SCL
LIMIT_END_GPIO = 20  # switch at the empty end, normally closed to ground
LIMIT_HOME_GPIO = 21  # switch at the full end, normally closed to ground
BUTTON_PAIR_GPIO = 22  # push button to ground
SUPPLY_ADC_GPIO = 26  # motor supply through 100 kohm; 10 kohm and 100 nF to ground

# The RP2040's own unit behind those pins (RP2040 datasheet, table "GPIO functions").
I2C = 0

# The state machine needs 11 of its cycles of 8 ns for an edge, and sees it two later.
STEP_HIGH_MIN_NS = 120
STEP_LOW_MIN_NS = 120
DIR_SETUP_MIN_NS = 50
DIR_HOLD_MIN_NS = 120
# The level of DIR that pushes the plunger in, with the motor plugged in as README.md says.
DIR_INFUSE_LEVEL = 1
# The rotor swings into place for some tens of milliseconds.
ENABLE_SETTLE_MS = 50

# The level at which each thing means what its name says.
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

# The syringe and drivetrain this board is built with, where a programme does not name others. The
# rotor has 32 full steps a turn; its wheels of 32/9, 22/11, 26/9 and 31/10 teeth make 63.684.
SYRINGE_BORE_UM = 14_500
SYRINGE_CAPACITY_NL = 10_000_000
SYRINGE_TRAVEL_UM = 60_000
LEAD_UM = 2_000
FULL_STEPS_PER_REV = 32
MICROSTEPS = 2
GEAR = (283_712, 4_455)
# Half-steps a second that the motor follows from rest with a screw to turn; README.md says why.
STEPS_PER_S_MAX = 300
# Half-steps a second up a ramp: data sheets have the unloaded motor start at 600, so that it runs
# at that with a screw to turn.
STEPS_PER_S_FAST_MAX = 600
# Half-steps a second, a second: half a second to there.
ACCELERATION_STEPS_PER_S2 = 600
# How far a brass nut on a TR8x2 screw and the motor's gear play; taken up after each way back.
BACKLASH_UM = 100
# From the home switch to the plunger of a full syringe.
HOME_TO_FULL_UM = 5_000

# The flash storage (mpconfigboard.h says how large it is) begins with the pump's journal, 608 KiB;
# the file system has the rest. _boot.py mounts it there.
SECTOR_BYTES = 4096
JOURNAL_SECTORS = 152
