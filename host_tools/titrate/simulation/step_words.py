"""The words that the pump's train makes from a programme, without a pump.

Runs on CPython and on MicroPython alike, so that the two can be compared word for word.
"""

from pump.core import ratio
from pump.core.delivery import MODE_SCHEDULE, TICKS_PER_S, Delivery
from pump.core.train import HEAD_WAIT, Segment, Train

# The shortest word of the standard board's step generator, and how fast the pump makes up for
# late steps. Neither comes into play here: no step is late, and no rate is that fast.
_WORD_TICKS_MIN = 30
_CATCH_UP_TICKS = 125000
_TICKS_PER_HOUR = 3600 * TICKS_PER_S
# More than any number of words or slices in a run.
_NO_LIMIT = 536870911


class WordTaker:
    """Stands where the train has a ring that hardware reads: hands on each word at once.

    Args:
        take: called with head and interval of each word, see pump.core.train.
    """

    def __init__(self, take):
        self.put = take

    def put_silences(self, count: int, interval: int) -> None:
        """Words of one silence each."""
        for _ in range(count):
            self.put(HEAD_WAIT, interval)


def make_words(programme, start_s: int, boluses, steps: int, take, demands=()) -> None:
    """Make the words of a programme's first steps.

    Args:
        programme: the Programme.
        start_s: when delivery is started, pump time; the first word begins then.
        boluses: pump.core.delivery.Bolus of each that is asked for.
        steps: how many are wanted; that many must come to be due.
        take: called with head and interval of each word.
        demands: Bolus of each that the others wait for.
    """
    start_ticks = start_s * TICKS_PER_S
    delivery = Delivery(programme, programme.microstep_nl(), start_ticks)
    delivery.begin_bridge()
    delivery.start(start_ticks, MODE_SCHEDULE)
    delivery.begin_vtbi()
    waiting = [(bolus, False) for bolus in boluses] + [(bolus, True) for bolus in demands]
    waiting.sort(key=_begin_of)
    # The pump never commits more than this at once, so no word of it has more steps.
    commit_steps = ratio.floor(ratio.divide((programme.commit_ahead_nl, 1), delivery.microstep_nl))
    train = Train(WordTaker(take), _CATCH_UP_TICKS, _WORD_TICKS_MIN)
    train.begin(start_ticks)
    made = 0
    while made < steps:
        if train.following is None:
            train.following = _next_segment(delivery, waiting)
        train.fill(_NO_LIMIT, min(commit_steps, steps - made), _NO_LIMIT)
        made += train.new_steps
        train.new_steps = 0


def _begin_of(pair):
    return pair[0].start_ticks


def _next_segment(delivery, waiting):
    """The segment that begins at the delivery's anchor, which is moved to its end.

    A bolus of `waiting` is put on top when its time has come.
    """
    from_ticks = delivery.anchor_ticks
    while waiting and waiting[0][0].start_ticks <= from_ticks:
        bolus, pre_empts = waiting.pop(0)
        if pre_empts:
            delivery.pre_empt(bolus)
        else:
            delivery.add_bolus(bolus)
    rate_nl_per_h, end_ticks = delivery.segment_at(from_ticks)
    if waiting:
        end_ticks = min(end_ticks, waiting[0][0].start_ticks)
    length_ticks = end_ticks - from_ticks
    if rate_nl_per_h[0]:
        step = delivery.microstep_nl
        period = ratio.ratio(
            step[0] * rate_nl_per_h[1] * _TICKS_PER_HOUR, step[1] * rate_nl_per_h[0]
        )
        to_first = ratio.subtract(ratio.ONE, delivery.remainder)
        segment = Segment(period, ratio.multiply(to_first, period), length_ticks)
    else:
        segment = Segment(None, None, length_ticks)
    delivery.advance(end_ticks)
    return segment
