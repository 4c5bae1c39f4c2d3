"""Light and sound of alarms on the image as shipped: the pins with quiet signals, and with full.

The figures are those of firmware/docs/alarms.md; where they come from stands in
firmware/pump/core/annunciation.py.
"""

import pytest
from pump_rig import PumpRig

from titrate.equipment import parse_equipment
from titrate.virtual.devices.supply import Supply
from titrate.virtual.pico import MS, SECOND

# boards/pico_tmc2209
RED_GPIO, GREEN_GPIO, BLUE_GPIO, BUZZER_GPIO, SUPPLY_ADC_GPIO = 10, 11, 12, 13, 26
SUPPLY_DIVIDER = (11, 1)
# Equal temperament from a' = 440 Hz.
D4_HZ, G4_HZ, C5_HZ = 294, 392, 523
# A change of light or sound that falls into a look of the service waits for its end.
LATE_MS = 25
# Supply and chip are measured each 60 s, and looks are 2 s apart.
NOTICED_S = 62
EQUIPMENT = """name = "Bench"
signals = "{signals}"
[supply]
low = "11 V"
depleted = "10 V"
[temperature]
highest = "60 C"
"""


class Signals:
    """What a pump shows and sounds.

    Attributes:
        rig: the PumpRig.
        supply: at its converter.
    """

    def __init__(self, rig: PumpRig):
        self.rig = rig
        self.supply = Supply(rig.pico, SUPPLY_ADC_GPIO, SUPPLY_DIVIDER, 12_000)

    def choose(self, signals: str) -> None:
        """Confirm an equipment with these signals."""
        found = parse_equipment(EQUIPMENT.format(signals=signals))
        review = self.rig.pump.propose_equipment(found.canonical_text)
        assert review.digest == found.digest
        self.rig.pump.confirm(review.digest)

    def chosen(self) -> object:
        """The signals that the pump says it has."""
        return self.rig.pump.ask("alarms").values["signals"]

    def silent_s(self, limit_s: int) -> float:
        """Run until a tone begins; how long that took."""
        from_ns = self.rig.pico.now_ns
        assert self.rig.pico.run_until(lambda: self.tone_hz() > 0, limit_s * SECOND)
        return (self.rig.pico.now_ns - from_ns) / SECOND

    def tone_hz(self) -> int:
        """What the buzzer plays now, 0 for nothing."""
        return round(self.rig.pico.pwm_hz(BUZZER_GPIO))

    def heard(self, ms: int) -> list[tuple[int, int]]:
        """(tone in Hz, ms) of what is played; a part that is cut off at the end is left out."""
        parts = [[self.tone_hz(), 0]]
        for _ in range(ms):
            self.rig.pico.run_for(MS)
            parts[-1][1] += 1
            if self.tone_hz() != parts[-1][0]:
                parts.append([self.tone_hz(), 0])
        return [(tone_hz, part_ms) for tone_hz, part_ms in parts[:-1]]

    def flashes(self) -> tuple[float, float]:
        """(ms lit, ms dark) of red within 3 s, each flash like the other; no other light."""
        logs = [self.rig.pico.record_edges(gpio) for gpio in (RED_GPIO, GREEN_GPIO, BLUE_GPIO)]
        seen = [len(log) for log in logs]
        self.rig.run_s(3)
        assert [len(log) for log in logs[1:]] == seen[1:]
        edges = logs[0][seen[0] :]
        spans: dict[int, list[float]] = {0: [], 1: []}
        for (from_ns, level), (to_ns, _) in zip(edges, edges[1:], strict=False):
            spans[level].append((to_ns - from_ns) / MS)
        for lengths in spans.values():
            assert len(lengths) >= 5
            assert lengths == pytest.approx([lengths[0]] * len(lengths), abs=LATE_MS)
        return spans[1][0], spans[0][0]


def assert_heard(heard, expected):
    """Tone for tone the same, each as long as expected."""
    assert [tone_hz for tone_hz, _ in heard] == pytest.approx(
        [tone_hz for tone_hz, _ in expected], abs=1
    )
    assert [ms for _, ms in heard] == pytest.approx([ms for _, ms in expected], abs=LATE_MS)


@pytest.fixture(scope="module")
def quiet(new_rig) -> Signals:
    """A pump with quiet signals whose supply is used up, as the first tone begins."""
    signals = Signals(new_rig())
    signals.choose("quiet")
    assert signals.chosen() == "quiet"
    signals.rig.run_s(3)
    assert signals.tone_hz() == 0
    signals.supply.set_mv(9_900)
    signals.silent_s(NOTICED_S)
    return signals


@pytest.mark.hazard("H18")
def test_quiet_a_high_alarm_sounds_for_3_s_every_10_min_and_red_is_lit_a_fifth_of_the_time(quiet):
    begin_ns = quiet.rig.pico.now_ns
    assert_heard(quiet.heard(3_100), [(C5_HZ, 500), (G4_HZ, 500)] * 3)
    assert quiet.flashes() == pytest.approx((100, 400), abs=LATE_MS)
    quiet.silent_s(600)
    assert (quiet.rig.pico.now_ns - begin_ns) / MS == pytest.approx(600_000, abs=LATE_MS)
    assert_heard(quiet.heard(3_100), [(C5_HZ, 500), (G4_HZ, 500)] * 3)


@pytest.mark.hazard("H18")
def test_quiet_a_second_high_alarm_does_not_wait_for_the_first_ones_next_round(quiet):
    quiet.rig.run_s(4)
    assert quiet.tone_hz() == 0
    quiet.rig.pico.set_chip_temperature(72)
    quiet.silent_s(NOTICED_S)
    assert_heard(quiet.heard(3_100), [(C5_HZ, 500), (G4_HZ, 500)] * 3)
    quiet.rig.connect()
    assert ("over_temperature", "high") in quiet.rig.pump.status().alarms
    quiet.rig.pico.set_chip_temperature(27)


def test_quiet_stays_quiet_over_a_soft_reset_and_a_power_cut(quiet):
    quiet.rig.on_device("pass", soft_reset=True)
    quiet.rig.connect()
    quiet.rig.run_s(2)
    assert quiet.chosen() == "quiet"
    assert quiet.flashes() == pytest.approx((100, 400), abs=LATE_MS)
    quiet.rig.pico.power_off()
    quiet.rig.power_on()
    quiet.rig.run_s(2)
    assert quiet.chosen() == "quiet"
    assert quiet.flashes() == pytest.approx((100, 400), abs=LATE_MS)
    assert dict(quiet.rig.pump.status().alarms)["supply_depleted"] == "high"


def test_full_holds_from_its_confirmation_on_ten_pulses_and_red_half_of_the_time(quiet):
    quiet.choose("full")
    assert quiet.chosen() == "full"
    quiet.rig.run_s(2)
    assert quiet.flashes() == pytest.approx((250, 250), abs=LATE_MS)
    # To the beginning of a burst: 5 s without a tone come before it.
    while quiet.silent_s(6) < 1:
        quiet.rig.run_s(0.1)
    burst = [(C5_HZ, 150), (0, 75), (D4_HZ, 150), (0, 75), (G4_HZ, 150), (0, 300)]
    burst += [(C5_HZ, 150), (0, 75), (D4_HZ, 150)]
    assert_heard(quiet.heard(8_200), [*burst, (0, 550), *burst, (0, 5000)])
