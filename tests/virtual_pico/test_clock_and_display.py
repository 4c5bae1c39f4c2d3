"""The clock module and the display on I2C, with the image as shipped: a DS3231 and an SSD1306."""

from datetime import datetime, timedelta

import pytest
from matplotlib.image import imread
from pump_rig import NOW, PumpRig, programme, rate_for

from titrate.virtual import command
from titrate.virtual.devices.ds3231 import Ds3231
from titrate.virtual.devices.ssd1306 import WIDTH, Ssd1306
from titrate.virtual.pico import SECOND

SDA_GPIO, SCL_GPIO = 16, 17
STEPS_PER_S = 5
PRESCRIBED = programme(days=(((0, rate_for(STEPS_PER_S)),),))
BOOT_TO_DELIVERY_NS = 2 * SECOND
CHECKPOINT_S = 60
# The font as the firmware has it: eight columns of dots a character, the lowest bit on top.
GLYPHS = """
import framebuf
columns = bytearray(8)
canvas = framebuf.FrameBuffer(columns, 8, 8, framebuf.MONO_VLSB)
for code in range(32, 127):
    canvas.fill(0)
    canvas.text(chr(code), 0, 0)
    print(columns.hex())
"""


class Bench(PumpRig):
    """A pump with a clock module and a display."""

    def __init__(self, uf2):
        super().__init__(uf2)
        self.clock = Ds3231(lambda: self.pico.now_ns, ppm=2)
        self.display = Ssd1306()
        for device in (self.clock, self.display):
            self.pico.attach_i2c(0, device)
        self._glyphs = {}

    def learn_font(self):
        for code, columns in enumerate(self.on_device(GLYPHS).split(), 32):
            self._glyphs[bytes.fromhex(columns)] = chr(code)
        assert len(self._glyphs) == 95
        self.connect()

    def shown(self, top, width=8, height=8):
        """(text, whether inverted) on the display from a row of dots on, a character so large."""
        dots = self.display.dots()[top : top + height]
        # The last column of every character of the font is empty.
        is_inverted = all(row[width - 1] for row in dots)
        across, down = width // 8, height // 8
        text = ""
        for left in range(0, WIDTH, width):
            columns = bytearray(8)
            for x in range(width):
                for y in range(height):
                    dot = dots[y][left + x] ^ is_inverted
                    columns[x // across] |= dot << y // down
                    # Larger characters are made of whole larger dots.
                    assert dot == dots[y - y % down][left + x - x % across] ^ is_inverted
            text += self._glyphs[bytes(columns)]
        return text.rstrip(), is_inverted

    def bands(self):
        """The three upper bands: state, rate, reservoir."""
        return (
            self.shown(0, 16, 16)[0],
            self.shown(16, 8, 16)[0],
            self.shown(32, 8, 16)[0],
        )

    def alarms(self):
        return {code for code, _ in self.pump.status().alarms}

    def off_and_on(self, seconds):
        """Power goes for a time; it comes back and delivery with it."""
        self.pico.power_off()
        self.pico.advance_off(seconds * SECOND)
        edges, on_ns = len(self.pico.step_edges), self.pico.now_ns
        self.power_on()
        assert self.pico.run_until(lambda: len(self.pico.step_edges) > edges, BOOT_TO_DELIVERY_NS)
        assert self.pico.step_edges[edges][0] - on_ns <= BOOT_TO_DELIVERY_NS
        self.run_s(2)

    def time_shown(self):
        """What the pump's clock shows, and what the time is by the emulator's."""
        clock = self.pump.ask("clock").values
        return clock["clock_known"], clock["clock_s"]


@pytest.fixture(scope="module")
def running(uf2):
    """A pump that runs; how it found its clock module, which nobody had set, at the first start."""
    rig = Bench(uf2)
    rig.power_on()
    rig.first_start = (rig.time_shown()[0], rig.on_device("print(c.clock_lost_cause)").strip())
    rig.learn_font()
    rig.set_up(PRESCRIBED)
    rig.start()
    rig.run_s(4)
    yield rig
    rig.pico.power_off()


@pytest.fixture
def rig(running):
    """The running pump, with its console awake."""
    running.connect()
    return running


@pytest.mark.hazard("H5")
def test_a_module_that_had_stopped_is_not_believed_until_the_clock_is_set(rig):
    assert rig.first_start == (False, "the clock module had stopped and its time is not known")
    assert rig.time_shown()[0]
    assert not rig.clock.oscillator_stop_flag
    ahead = rig.clock.time() - datetime.fromisoformat(NOW)
    assert timedelta(0) < ahead < timedelta(seconds=60)


def test_the_display_shows_state_rate_reservoir_and_time(rig):
    # It follows the reservoir just after each minute.
    rig.run_until("2026-06-01T08:01:04")
    # 5 steps of 1.35534 nL a second of 500 mcg/mL, as whole nL/h; 0.98 mL above the reserve.
    assert rig.bands() == ("RUNNING", "292.776 mcg/day", "0.99 mL  1d 16h")
    assert rig.shown(48) == ("no alarm", False)
    assert rig.shown(56) == ("08:01", False)


def test_a_device_that_holds_the_line_is_clocked_until_it_lets_go(rig):
    clocks = []

    def clocked(_t_ns, level):
        clocks.append(level)
        if len(clocks) == 2 * 5:
            rig.pico.set_input(SDA_GPIO, None)

    rig.pico.on_edge(SCL_GPIO, clocked)
    rig.pico.set_input(SDA_GPIO, 0)
    rig.pause()
    rig.run_s(5)
    assert clocks == [0, 1] * 5
    assert rig.bands()[0] == "PAUSED"
    assert rig.alarms() == set()
    rig.resume()


@pytest.mark.hazard("H3", "H5")
def test_a_bus_that_hangs_is_told_and_moves_no_edge(rig):
    resets = rig.pico.resets
    rig.pico.set_input(SDA_GPIO, 0)
    for _ in range(3):
        # The hour's look at the clock comes now, and again.
        rig.on_device("c.clock_module.due_s = 0")
        rig.run_s(3)
    # The alarm is to be shown now, and a display is tried three times, 2 s apart.
    rig.run_s(8)
    rig.connect()
    assert rig.alarms() == {"clock_module_fault", "display_fault"}
    rig.pico.set_input(SDA_GPIO, None)
    rig.on_device("c.clock_module.due_s = 0")
    rig.run_s(3)
    rig.connect()
    # The display is left alone for some minutes yet.
    assert rig.alarms() == {"display_fault"}
    rig.check_exact()
    assert rig.pico.resets == resets


@pytest.mark.hazard("H5", "H22")
def test_over_a_power_cut_the_time_goes_on_and_the_log_has_its_length(rig):
    off_s = 7 * 3600 + 12
    was_known, was_s = rig.time_shown()
    was_ns = rig.pico.now_ns
    rig.off_and_on(off_s)
    assert rig.alarms() == {"interrupted"}
    is_known, now_s = rig.time_shown()
    passed_s = (rig.pico.now_ns - was_ns) / SECOND
    assert was_known and is_known
    # The module tells whole seconds, and its crystal is 2 ppm fast.
    assert abs(now_s - was_s - passed_s) <= 1.1
    lengths = [entry.detail for entry in rig.pump.log(count=20) if entry.code == "interruption"]
    length_s = int(lengths[-1].removeprefix("length_s="))
    assert off_s <= length_s <= off_s + CHECKPOINT_S + 3
    assert rig.bands()[0] == "RUNNING"
    # Inverted, and in tall letters.
    assert rig.shown(48, 8, 16) == ("INTERRUPTED", True)


def test_titrate_virtual_draws_a_display_that_nobody_has_set_up_as_dark(stock_uf2, tmp_path):
    picture = tmp_path / "display.png"
    command.run(
        stock_uf2,
        clock_module=True,
        display=picture,
        speed="max",
        announce=lambda _path: None,
        stop=lambda _pico: picture.exists(),
    )
    pixels = imread(picture)
    assert pixels.shape[:2] == (4 * 64, 4 * 128)
    assert len(set(pixels.flat)) == 1
