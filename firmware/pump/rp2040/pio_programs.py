"""The PIO programs: one makes STEP pulses from words, one counts them, one turns them into coils.

Kept alone in a file because MicroPython's assembler replaces a module's globals while it works.
"""

from rp2 import PIO, asm_pio


def step_words(pulse_loops: int):
    """Assemble the program that makes steps.

    Every step of a word takes the same number of cycles, whether it is a word's first
    (4 cycles to fetch the word) or a later one (4 cycles to come round): 9 + hold + pulse,
    where hold is the word's second number and pulse is 1 + 8 * pulse_loops.
    A silence takes 8 + hold.

    The STEP pin rises 3 + 8 * pulse_loops cycles before a step's end. The program begins with
    a wait of just that, so that counted from the start of the machine each edge comes where
    the words before it and its own add up to.

    Args:
        pulse_loops: 1-32, how often 8 cycles of 8 ns the STEP pin stays high.
    """

    @asm_pio(
        set_init=PIO.OUT_LOW,
        out_shiftdir=PIO.SHIFT_RIGHT,
        autopull=True,
        pull_thresh=32,
        fifo_join=PIO.JOIN_TX,
    )
    def program():
        set(x, pulse_loops - 1)[2]
        label("lead in")
        jmp(x_dec, "lead in")[7]
        wrap_target()
        label("fetch")
        out(x, 1)
        out(y, 31)
        out(isr, 32)
        jmp(x_dec, "silence")
        label("step")
        mov(x, isr)
        label("hold")
        jmp(x_dec, "hold")
        set(pins, 1)
        set(x, pulse_loops - 1)
        label("pulse")
        jmp(x_dec, "pulse")[7]
        set(pins, 0)
        jmp(y_dec, "step again")
        wrap()
        label("step again")
        nop()[2]
        jmp("step")
        label("silence")
        mov(x, isr)
        label("hold silence")
        jmp(x_dec, "hold silence")
        jmp(y_dec, "silence again")
        jmp("fetch")
        label("silence again")
        nop()[3]
        jmp("silence")

    return program


def step_witness():
    """Assemble the program that counts rising edges on its input pin.

    After each edge the count so far, modulo 2^32, goes to the RX queue; x counts down from
    2^32 - 1, so its complement is the count.
    """

    @asm_pio()
    def program():
        wrap_target()
        wait(1, pin, 0)
        jmp(x_dec, "counted")
        label("counted")
        mov(isr, invert(x))
        push(noblock)
        wait(0, pin, 0)
        wrap()

    return program


def coil_half_steps():
    """Assemble the program that turns STEP and DIR into the half-step pattern of four coils.

    The output shift register holds the pattern of all eight half-steps, four bits each, and is
    turned round by four bits at each rising edge of STEP (the first input pin): to the right
    while DIR (the jump pin) is high, to the left while it is low. Its lowest four bits are on
    the pins 9 cycles after the edge is seen.
    """

    @asm_pio(in_shiftdir=PIO.SHIFT_RIGHT)
    def program():
        wrap_target()
        wait(1, pin, 0)
        mov(isr, osr)
        jmp(pin, "forward")
        in_(osr, 28)
        jmp("turned")
        label("forward")
        in_(osr, 4)
        label("turned")
        mov(osr, isr)
        mov(pins, osr)
        wait(0, pin, 0)
        wrap()

    return program
