"""The pump's whole state in one line, for memory that survives a reset but not a power cut."""

from pump.core import ratio
from pump.core.delivery import Bolus

_FORMAT = "6"


def text_of(pump) -> str:
    """The state of a Controller as one line of ASCII."""
    ledger = pump.ledger
    words = [
        _FORMAT,
        pump.programme_digest or "-",
        pump.state,
        str(pump.pump_clock.offset_us),
        "1" if pump.pump_clock.is_known else "0",
        ratio.text(ledger.filled_nl),
        str(ledger.filled_at_moved),
        ratio.text(ledger.earlier_delivered_nl),
        ratio.text(ledger.earlier_primed_nl),
        str(ledger.primed_steps),
        str(ledger.lost_steps),
        _whole_text(ledger.prime_from_moved),
        str(pump.witness_base),
        ("1" if pump.awaits_person else "0") + ("1" if pump.was_cut_off else "0"),
        pump.moving.text(),
    ]
    delivery = pump.delivery
    if delivery is not None:
        words += [
            str(delivery.anchor_ticks),
            str(delivery.steps),
            ratio.text(delivery.remainder),
            str(delivery.mode),
            "1" if delivery.clock_known else "0",
            str(delivery.boluses_from_s),
            ratio.text(delivery.prime_rate_nl_per_h),
            str(delivery.prime_end_ticks),
            str(delivery.cycle_from_s),
            _whole_text(delivery.cycle_begun_s),
            ratio.text(delivery.bridge_left_nl),
            _whole_text(delivery.bridge_end_ticks),
            "-" if delivery.vtbi_at is None else ratio.text(delivery.vtbi_at),
            str(delivery.repeated_until_s),
        ]
        for bolus in delivery.boluses:
            words += [
                bolus.request_id,
                ratio.text(bolus.volume_nl),
                str(bolus.start_ticks),
                str(bolus.end_ticks),
                str(bolus.duration_ticks),
            ]
    return " ".join(words)


def _whole_text(value) -> str:
    return "-" if value is None else str(value)


def _whole(word: str):
    return None if word == "-" else int(word)


class RetainedState:
    """What text_of() wrote, read back.

    Raises:
        ValueError: it is not such a line, or of another format.
    """

    def __init__(self, text: str):
        words = text.split(" ")
        if words[0] != _FORMAT or len(words) not in range(15, 200):
            raise ValueError("not a retained state")
        self.programme_digest = "" if words[1] == "-" else words[1]
        self.state = words[2]
        self.offset_us = int(words[3])
        self.clock_known = words[4] == "1"
        self._ledger = words[5:12]
        self.witness_base = int(words[12])
        self.awaits_person = words[13][0] == "1"
        self.was_cut_off = words[13][1] == "1"
        # Microsteps made before a move that the reset ended, or None; then where the drive stands.
        before, _, self._travel = words[14].partition("/")
        self.moved_before = _whole(before)
        self._delivery = words[15:]

    def restore_ledger(self, ledger) -> None:
        """Put the book of the reservoir back as it was."""
        words = self._ledger
        ledger.filled_nl = ratio.parse(words[0])
        ledger.filled_at_moved = int(words[1])
        ledger.earlier_delivered_nl = ratio.parse(words[2])
        ledger.earlier_primed_nl = ratio.parse(words[3])
        ledger.primed_steps = int(words[4])
        ledger.lost_steps = int(words[5])
        ledger.prime_from_moved = _whole(words[6])

    def restore_travel(self, travel, programme) -> None:
        """Put back where the drive stands; not after a move that was cut off."""
        travel.restore(self._travel, programme)
        if self.moved_before is not None:
            travel.forget()

    def restore_delivery(self, delivery) -> None:
        """Put what was being delivered back as it was."""
        words = self._delivery
        delivery.anchor_ticks = int(words[0])
        delivery.steps = int(words[1])
        delivery.remainder = ratio.parse(words[2])
        delivery.mode = int(words[3])
        delivery.clock_known = words[4] == "1"
        delivery.boluses_from_s = int(words[5])
        delivery.prime_rate_nl_per_h = ratio.parse(words[6])
        delivery.prime_end_ticks = int(words[7])
        delivery.cycle_from_s = int(words[8])
        delivery.cycle_begun_s = _whole(words[9])
        delivery.bridge_left_nl = ratio.parse(words[10])
        delivery.bridge_end_ticks = _whole(words[11])
        delivery.vtbi_at = None if words[12] == "-" else ratio.parse(words[12])
        delivery.repeated_until_s = int(words[13])
        delivery.boluses = []
        for index in range(14, len(words), 5):
            delivery.boluses.append(
                Bolus(
                    words[index],
                    ratio.parse(words[index + 1]),
                    int(words[index + 2]),
                    int(words[index + 3]),
                    int(words[index + 4]),
                )
            )
        delivery.find_vtbi_end()
