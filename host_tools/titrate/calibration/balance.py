"""A balance on a serial port that speaks MT-SICS, level 0.

Source: Mettler Toledo, "MT-SICS Interface Commands" reference manuals: a command is a line that
ends in CR LF; `S` asks for a stable weight and `SI` for one at once, and both are answered by
`S S <value> <unit>` (stable), `S D <value> <unit>` (dynamic), `S I` (not executable now, or never
stable), `S +` (overload) or `S -` (underload); `ES` is a syntax error, `EL` a wrong parameter.
"""

import re
from decimal import Decimal
from fractions import Fraction
from types import TracebackType

import serial

from titrate.client.errors import NoAnswer, WrongInput

# A balance waits for a stable reading by itself and gives up with "S I"; 40 s outlast that.
STABLE_S = 40.0
_GRAMS = {"g": Fraction(1), "mg": Fraction(1, 1000), "kg": Fraction(1000)}
_WEIGHT = re.compile(r"S ([SD])\s+(-?\d+(?:\.\d+)?)\s+(\S+)")
_REFUSALS = {
    "S I": "the balance did not come to rest, or is busy: shield it from draughts and try again",
    "S +": "the balance is overloaded: take weight off",
    "S -": "the balance is underloaded: put its pan on, and zero it",
    "ES": "the balance does not know the command: set its interface to MT-SICS",
    "EL": "the balance refused the command: set its interface to MT-SICS",
}


class Reading:
    """What a balance showed.

    Attributes:
        mass_g: in grams.
        resolution_g: its last digit, in grams.
        is_stable: whether it had come to rest.
    """

    def __init__(self, mass_g: Fraction, resolution_g: Fraction, is_stable: bool):
        self.mass_g = mass_g
        self.resolution_g = resolution_g
        self.is_stable = is_stable


def parse_answer(line: str) -> Reading:
    """Read a balance's answer to `S` or `SI`.

    Raises:
        WrongInput: it is no weight; the sentence says what the balance meant.
    """
    text = line.strip()
    found = _WEIGHT.fullmatch(text)
    if found and found[3] in _GRAMS:
        unit = _GRAMS[found[3]]
        exponent = Decimal(found[2]).as_tuple().exponent
        assert isinstance(exponent, int)
        return Reading(Fraction(found[2]) * unit, Fraction(10) ** exponent * unit, found[1] == "S")
    if found:
        raise WrongInput(f"the balance weighs in {found[3]}: set it to g or mg", "balance")
    sentence = _REFUSALS.get(text, f"the balance answered {text!r}, which is no weight of MT-SICS")
    raise WrongInput(sentence, "balance")


class Balance:
    """A balance on a port; to be used in a with statement.

    Args:
        port: device name.
        baud: bits a second, as set at the balance.

    Raises:
        NoAnswer: the port cannot be opened.
    """

    def __init__(self, port: str, baud: int = 9600):
        self._name = port
        try:
            self._port = serial.Serial(port, baud, timeout=STABLE_S, write_timeout=5)
        except (serial.SerialException, ValueError, OSError) as error:
            raise NoAnswer(f"the balance's port {port} cannot be opened: {error}") from error

    def read(self, is_stable: bool = True) -> Reading:
        """Weigh.

        Args:
            is_stable: wait until the balance has come to rest.

        Raises:
            NoAnswer: nothing came in time.
            WrongInput: the balance cannot weigh now; the sentence says why.
        """
        try:
            self._port.reset_input_buffer()
            self._port.write(b"S\r\n" if is_stable else b"SI\r\n")
            line = self._port.read_until(b"\n")
        except (serial.SerialException, OSError) as error:
            raise NoAnswer(f"the balance on {self._name} is gone: {error}") from error
        if not line.endswith(b"\n"):
            raise NoAnswer(
                f"the balance on {self._name} does not answer: check cable, speed (--baud), and "
                "that its interface is set to MT-SICS"
            )
        return parse_answer(line.decode("ascii", "replace"))

    def __enter__(self) -> "Balance":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._port.close()
