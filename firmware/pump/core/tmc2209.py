"""The TMC2209 over its single wire: datagrams, and the registers that are read while it runs.

From the TMC2209 datasheet, rev. 1.03: chapter 4 for the datagrams, chapter 5 for the registers.
What is written to set a driver up is in tmc2209_settings.py, what its flags mean in
tmc2209_status.py.
"""

from pump.core.compat import const

REQUEST_BYTES = const(4)  # of a request to read
DATAGRAM_BYTES = const(8)  # of a write, and of the reply to a request

GSTAT = const(0x01)
IFCNT = const(0x02)  # writes that arrived sound, modulo 256
TSTEP = const(0x12)
MSCNT = const(0x6A)
DRV_STATUS = const(0x6F)

# Bits of GSTAT.
RESET = const(1 << 0)  # it was reset since this bit was cleared by writing 1 to it
DRIVER_ERROR = const(1 << 1)
CHARGE_PUMP_LOW = const(1 << 2)  # its outputs are off for lack of supply

# MSCNT goes through this many 1/256 microsteps in an electrical period, which is four full steps.
MSCNT_PERIOD = const(1024)

_SYNC = const(0x05)
_MASTER = const(0xFF)
_WRITE = const(0x80)

# The datasheet's CRC takes the bits of a byte from the lowest up and shifts left by the polynomial
# 0x07. Mirrored, it shifts right by 0xE0, and four bits at a time can be looked up; the second
# table mirrors the sum again.
_NIBBLE = b"\x00\x1c\x38\x24\x70\x6c\x48\x54\xe0\xfc\xd8\xc4\x90\x8c\xa8\xb4"
_MIRROR = b"\x00\x08\x04\x0c\x02\x0a\x06\x0e\x01\x09\x05\x0d\x03\x0b\x07\x0f"


def crc8(data, begin: int, end: int) -> int:
    """The check sum over the bytes of data from begin to before end; allocates nothing."""
    crc = 0
    for at in range(begin, end):
        crc ^= data[at]
        crc = (crc >> 4) ^ _NIBBLE[crc & 15]
        crc = (crc >> 4) ^ _NIBBLE[crc & 15]
    return (_MIRROR[crc & 15] << 4) | _MIRROR[crc >> 4]


def put_request(buffer: bytearray, address: int, register: int) -> None:
    """Make the 4 bytes that ask the driver with an address, 0-3, for a register."""
    buffer[0] = _SYNC
    buffer[1] = address
    buffer[2] = register
    buffer[3] = crc8(buffer, 0, 3)


def put_write(buffer: bytearray, address: int, register: int, value: int) -> None:
    """Make the 8 bytes that write 32 bits to a register of the driver with an address, 0-3."""
    buffer[0] = _SYNC
    buffer[1] = address
    buffer[2] = register | _WRITE
    for at in range(4):
        buffer[3 + at] = (value >> (24 - 8 * at)) & 0xFF
    buffer[7] = crc8(buffer, 0, 7)


def value_in(data, begin: int, register: int) -> int:
    """The 32 bits in the reply whose 8 bytes begin there; -1 when it is no sound reply of that
    register.
    """
    is_sound = (
        data[begin] & 0x0F == _SYNC
        and data[begin + 1] == _MASTER
        and data[begin + 2] == register
        and data[begin + 7] == crc8(data, begin, begin + 7)
    )
    if not is_sound:
        return -1
    high = (data[begin + 3] << 8) | data[begin + 4]
    return (high << 16) | (data[begin + 5] << 8) | data[begin + 6]
