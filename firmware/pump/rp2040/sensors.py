"""The inputs of a board as pump.core.inputs reads them: switches, supply, chip, force."""

import machine

from pump.core import measures
from pump.core.measures import ADC, COUNTS_MAX, HX711, NONE
from pump.rp2040.switches import NAMES, Switches


class Sensors:
    """What a board has pins for; what of it is fitted, fit() says.

    Args:
        board: SUPPLY_ADC_GPIO and SUPPLY_DIVIDER, HX711_DATA_GPIO and HX711_CLOCK_GPIO,
            FORCE_ADC_GPIO, and what Switches asks for; each only where the board has it.

    Attributes:
        switches: the Switches.
        force_kind: the force sensor that is fitted, pump.core.measures.NONE, HX711 or ADC.
        force_counts_max: the most that it reads.
    """

    def __init__(self, board):
        self._board = board
        self.switches = Switches(board)
        self.force_kind = NONE
        self.force_counts_max = 0
        self._supply = self._chip = None
        self._read_force = self._reader_of(NONE)

    def fit(self, equipment) -> None:
        """Take an Equipment for which lacks() is empty."""
        self.switches.fit(equipment.limit_end, equipment.limit_home, equipment.syringe_switch)
        self.force_kind = equipment.force
        self.force_counts_max = COUNTS_MAX.get(equipment.force, 0)
        self._read_force = self._reader_of(equipment.force)

    def lacks(self, equipment) -> list[str]:
        """What of an Equipment this board has no pin for."""
        lacking = [name for name in NAMES if getattr(equipment, name) and not self.has(name)]
        if equipment.supply_low_mv is not None and not hasattr(self._board, "SUPPLY_ADC_GPIO"):
            lacking.append("supply")
        if equipment.force != NONE and equipment.force not in self.force_kinds():
            lacking.append("force " + equipment.force)
        return lacking

    def has(self, name: str) -> bool:
        """Whether the board has a pin for a switch."""
        return self.switches.gpio_of(name) is not None

    def supply_mv(self) -> int | None:
        """The supply's voltage in mV; None where the board does not measure it."""
        board = self._board
        if self._supply is None:
            gpio = getattr(board, "SUPPLY_ADC_GPIO", None)
            if gpio is None:
                return None
            self._supply = machine.ADC(machine.Pin(gpio))
        return measures.supply_mv(measures.mean(self._supply.read_u16), board.SUPPLY_DIVIDER)

    def chip_c(self) -> int:
        """The chip's temperature in whole degrees."""
        if self._chip is None:
            self._chip = machine.ADC(machine.ADC.CORE_TEMP)
        return measures.chip_c(measures.mean(self._chip.read_u16))

    def force_kinds(self) -> list[str]:
        """The kinds of force sensor that the board has pins for."""
        kinds = []
        if hasattr(self._board, "HX711_DATA_GPIO"):
            kinds.append(HX711)
        if hasattr(self._board, "FORCE_ADC_GPIO"):
            kinds.append(ADC)
        return kinds

    def force_counts(self, kind: str) -> int:
        """What a force sensor reads, fitted or not; or inputs.NOT_YET or STUCK."""
        read = self._read_force if kind == self.force_kind else self._reader_of(kind)
        return measures.mean(read) if kind == ADC else read()

    def _reader_of(self, kind: str):
        """What reads a force sensor once; None for NONE."""
        board = self._board
        if kind == HX711:
            from pump.rp2040.hx711 import Hx711

            return Hx711(board.HX711_DATA_GPIO, board.HX711_CLOCK_GPIO).counts
        return machine.ADC(machine.Pin(board.FORCE_ADC_GPIO)).read_u16 if kind == ADC else None
