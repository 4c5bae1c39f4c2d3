"""PIO instructions as 16-bit words, from the encodings in the RP2040 datasheet, section 3.4."""

X, Y, ISR, PINDIRS = 1, 2, 6, 4
ALWAYS, NOT_X, X_DEC, NOT_Y, Y_DEC = 0, 1, 2, 3, 4


def jmp(condition: int, address: int, delay: int = 0) -> int:
    return delay << 8 | condition << 5 | address


def wait_pin(polarity: int, delay: int = 0) -> int:
    return 1 << 13 | delay << 8 | polarity << 7 | 1 << 5


def wait_irq(number: int) -> int:
    return 1 << 13 | 1 << 7 | 2 << 5 | number


def shift_in(source: int, count: int) -> int:
    return 2 << 13 | source << 5 | count & 31


def out(destination: int, count: int, delay: int = 0) -> int:
    return 3 << 13 | delay << 8 | destination << 5 | count & 31


def push(block: bool = False) -> int:
    return 4 << 13 | block << 5


def pull(block: bool = True) -> int:
    return 4 << 13 | 1 << 7 | block << 5


def mov(destination: int, source: int, operation: int = 0) -> int:
    return 5 << 13 | destination << 5 | operation << 3 | source


def irq(number: int, *, wait: bool = False, clear: bool = False) -> int:
    return 6 << 13 | clear << 6 | wait << 5 | number


def set_pins(value: int, delay: int = 0) -> int:
    return 7 << 13 | delay << 8 | value


def set_pindirs(value: int) -> int:
    return 7 << 13 | PINDIRS << 5 | value


def set_x(value: int, delay: int = 0) -> int:
    return 7 << 13 | delay << 8 | X << 5 | value


def side(word: int, level: int) -> int:
    """Add a side-set of one bit, no delay."""
    return word | level << 12
