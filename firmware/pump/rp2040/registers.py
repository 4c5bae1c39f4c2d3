"""Addresses of the RP2040's registers that MicroPython has no class for, or none that survives
a soft reset. Names and offsets are those of the RP2040 datasheet, sections 2.3, 2.5, 3.7, 4.6, 4.7.
"""

from micropython import const

SET_ALIAS = const(0x2000)
CLEAR_ALIAS = const(0x3000)

PIO0_BASE = const(0x50200000)
PIO1_BASE = const(0x50300000)
PIO_CTRL = const(0x000)
PIO_FDEBUG = const(0x008)
PIO_FLEVEL = const(0x00C)
PIO_DBG_PADOUT = const(0x03C)
PIO_TXF0 = const(0x010)
PIO_RXF0 = const(0x020)
PIO_INSTR_MEM0 = const(0x048)
PIO_SM0_CLKDIV = const(0x0C8)
PIO_SM_STRIDE = const(0x18)
# Offsets from a state machine's CLKDIV.
SM_EXECCTRL = const(0x04)
SM_SHIFTCTRL = const(0x08)
SM_ADDR = const(0x0C)
SM_INSTR = const(0x10)
SM_PINCTRL = const(0x14)

DMA_BASE = const(0x50000000)
DMA_CHANNEL_STRIDE = const(0x40)
DMA_READ_ADDR = const(0x00)
DMA_WRITE_ADDR = const(0x04)
DMA_TRANS_COUNT = const(0x08)
DMA_CTRL_TRIG = const(0x0C)
DMA_CHAN_ABORT = const(0x444)
DREQ_PIO0_TX0 = const(0)
DREQ_PIO0_RX1 = const(5)

TIMER_TIMERAWH = const(0x40054024)
TIMER_TIMERAWL = const(0x40054028)

IO_BANK0_BASE = const(0x40014000)
FUNCSEL_PIO0 = const(6)
FUNCSEL_PIO1 = const(7)

SIO_GPIO_OUT = const(0xD0000010)
SIO_GPIO_OE = const(0xD0000020)

WATCHDOG_REASON = const(0x40058008)
WATCHDOG_SCRATCH0 = const(0x4005800C)
WATCHDOG_SCRATCH4 = const(0x4005801C)
