"""Keeps the step generator fed from the delivery, within the bound on what is committed.

Words that were committed cannot be changed once the hardware has fetched them.
A change therefore takes effect at the first word boundary that is still in hand,
less than 2.2 s ahead; that instant is exact and is told to whoever asked.
"""

from pump.core import ratio
from pump.core.compat import const, heap_lock, heap_unlock
from pump.core.delivery import MODE_STOPPED, TICKS_PER_MS, TICKS_PER_S, TICKS_PER_US
from pump.core.train import HEAD_WAIT, SLICE_TICKS, Segment, Train
from pump.core.word_ring import COUNT_MASK, WORDS

COMMIT_AHEAD_S = const(6)
# From asking for a start to the first word: time to work out what is wanted, which takes up to
# 100 ms where a volume to be infused is to end, and to make segments and words, in 60 ms.
START_LEAD_TICKS = const(43750000)  # 350 ms
CHANGE_LEAD_TICKS = const(31250000)  # 250 ms
# The same where it has been worked out already; 70 ms of it are needed.
_RESTART_LEAD_TICKS = const(11250000)  # 90 ms
# What was asked for holds less than this after it: the words in hand, counted in whole seconds.
CHANGE_WITHIN_S = const(3)
# Made before the first one begins, in 20 ms; the rest while these are being executed.
_FIRST_WORDS = const(16)
# The PIO's queue holds 4 words and the head of a fifth; one more may begin meanwhile. With
# fewer than these to go, the parking word may have been fetched: nothing can be put any more.
_FETCHED_WORDS = const(6)
# What may be committed is made of this many words at least, where it lasts for seconds only: a
# look that comes late by a flash erase still finds more in hand than was fetched.
_COMMITTED_WORDS = const(32)
_SHORTEST_WORD_TICKS = const(2097152)  # 17 ms
# Where so many whole words or more may be committed, the bound need not be reached to the step.
_WHOLE_WORDS = const(8)
# Late steps are made up for at no more than 1000 steps a second.
_CATCH_UP_TICKS = const(125000)
# How far the state machine's place and the clock may lie apart: one word boundary read late.
_PLACE_TOLERANCE_TICKS = const(1250000)  # 10 ms
_SPARE_TICKS = const(4)
_TICKS_PER_HOUR = 3600 * TICKS_PER_S


class Feeder:
    """Feeds one step generator from one Delivery.

    Args:
        delivery: the Delivery.
        generator: the step generator: attribute ring (a WordRing), begun() -> words begun,
            start(at_ticks), stop() at once, and finish(), which waits until all words are done.

    Attributes:
        commit_steps: the most steps that may be committed ahead, at least 2.
        last_step: the count of planned steps not to be passed (the reservoir's last), or None.
        planned: steps committed since the delivery was made; what was stepped is this
            less what is still waiting.
        is_running: whether words are to be kept flowing.
        is_full: whether those in hand reach as far ahead as any may, COMMIT_AHEAD_S.
    """

    def __init__(self, delivery, generator):
        self.delivery = delivery
        self.generator = generator
        self.ring = generator.ring
        self.commit_steps = 2
        self.last_step = None
        self.train = Train(
            generator.ring, _CATCH_UP_TICKS, generator.ring.step_cycles + _SPARE_TICKS
        )
        self.planned = 0
        self.is_running = False
        self.is_full = False
        self._is_stepping = False
        self._next_segment_ticks = None
        self._segment_starts = []
        # The word in work when place() last looked, when it begins, the steps made before it.
        self._word = 0
        self._word_begins_ticks = 0
        self._stepped_before = 0

    # -- what was done -------------------------------------------------------------

    def place(self, now_ticks: int):
        """Where the step generator is.

        Returns:
            (stepped, is_on_time, is_parked): steps made by now; whether the word in work
            is the one that belongs to this time; whether all words are done.
        """
        if not self._is_stepping:
            return self.planned, True, True
        ring = self.ring
        begun = self.generator.begun()
        if ring.waiting(begun) < 0:
            is_on_time = now_ticks >= self.train.cursor_ticks() - _PLACE_TOLERANCE_TICKS
            return self.planned, is_on_time, True
        if begun == 0 and self._word == 0:
            is_on_time = now_ticks < self._word_begins_ticks + _PLACE_TOLERANCE_TICKS
            return self._stepped_before, is_on_time, False
        word = (begun - 1) & COUNT_MASK
        if self._word != word:
            ring.pass_words(self._word, word)
            self._word = word
            self._stepped_before += ring.passed_steps
            self._word_begins_ticks += ring.passed_ticks
        begins_ticks = self._word_begins_ticks
        head = ring.head(self._word)
        interval = ring.interval(self._word)
        count = (head >> 1) + 1
        is_on_time = (
            begins_ticks - _PLACE_TOLERANCE_TICKS
            <= now_ticks
            <= begins_ticks + count * interval + _PLACE_TOLERANCE_TICKS
        )
        stepped = self._stepped_before
        if not head & HEAD_WAIT:
            stepped += min(max((now_ticks - begins_ticks) // interval, 0), count)
        return stepped, is_on_time, False

    def in_hand_ms(self, now_ticks: int) -> int:
        """For how long the words in hand last, in ms; 0 when there are none."""
        if not self._is_stepping:
            return 0
        return max(0, self.train.cursor_ticks() - now_ticks) // TICKS_PER_MS

    def is_behind(self, now_ticks: int) -> bool:
        """Whether steps are late and being made up for, faster than they fall due."""
        at_ticks = max(now_ticks, self.delivery.anchor_ticks)
        return self.delivery.due(at_ticks)[0] > self.place(now_ticks)[0] + 1

    # -- keeping words flowing -------------------------------------------------------

    def begin(self, now_ticks: int, prepare, lead_ticks: int = START_LEAD_TICKS) -> int:
        """Start the step generator from rest, or go on from the words still in hand.

        Words that are about to end are waited for, 1.7 s at most: their steps are planned.

        Args:
            prepare: called with the tick at which the first word is to begin; it changes the
                delivery to what is wanted from then on.
            lead_ticks: until then, if nothing is in hand.

        Returns:
            that tick.
        """
        if self.is_flowing(now_ticks):
            return self.change(now_ticks, prepare)
        now_ticks = max(now_ticks, self.settle())
        self.generator.stop()
        # A change that was made just before a reset holds from its own instant on.
        origin_ticks = max(now_ticks + lead_ticks, self.delivery.anchor_ticks)
        origin_ticks += -origin_ticks % TICKS_PER_US
        holds_from_ticks = origin_ticks
        prepare(holds_from_ticks)
        self.is_running = self.delivery.mode != MODE_STOPPED
        self._is_stepping = False
        if not self.is_running:
            return holds_from_ticks
        planned = self.planned
        while True:
            self.planned = planned
            self.ring.clear()
            self._word = 0
            self._word_begins_ticks = origin_ticks
            self._stepped_before = planned
            self.train.begin(origin_ticks)
            self._plan_from(origin_ticks)
            self._fill(now_ticks, _FIRST_WORDS)
            late_ticks = self.generator.start(origin_ticks)
            if late_ticks is None:
                break
            # Held up while making words: what has fallen due meanwhile is made up for.
            now_ticks = late_ticks
            origin_ticks = now_ticks + 2 * _RESTART_LEAD_TICKS
            origin_ticks += -origin_ticks % TICKS_PER_US
        self._is_stepping = True
        self._fill(now_ticks)
        return holds_from_ticks

    def go_on(self, now_ticks: int) -> None:
        """Start the step generator again for what the delivery asks for already."""
        self.begin(now_ticks, _nothing, _RESTART_LEAD_TICKS)

    def settle(self) -> int:
        """Wait until all words in hand are done.

        Returns:
            the tick at which they are.
        """
        if not self._is_stepping:
            return 0
        self.generator.finish()
        return self.train.cursor_ticks()

    def is_flowing(self, now_ticks: int) -> bool:
        """Whether words are in hand for long enough to go on without a new start."""
        return (
            self._is_stepping
            and self._can_append()
            and self.train.cursor_ticks() > now_ticks + CHANGE_LEAD_TICKS
        )

    def _can_append(self) -> bool:
        """Whether the step generator has not yet fetched the parking word."""
        return self.ring.waiting(self.generator.begun()) >= _FETCHED_WORDS

    def change(self, now_ticks: int, prepare) -> int:
        """Change the delivery at the first instant that is not yet committed.

        Args:
            prepare: as for begin().

        Returns:
            the tick from which the change holds.
        """
        if not self.is_flowing(now_ticks):
            return self.begin(now_ticks, prepare)
        boundary_ticks = self._withdraw(now_ticks + CHANGE_LEAD_TICKS)
        prepare(boundary_ticks)
        self._go_on_from(boundary_ticks, now_ticks)
        return boundary_ticks

    def shift_clock(self, now_ticks: int, prepare) -> None:
        """Set pump time: like change(), but from the boundary on times are told anew.

        Args:
            prepare: called with the boundary on the old time; it moves the clock and the
                delivery, and returns by how many ticks.
        """
        boundary_ticks = max(now_ticks, self.delivery.anchor_ticks)
        if self._is_stepping:
            boundary_ticks = max(boundary_ticks, self._withdraw(now_ticks + CHANGE_LEAD_TICKS))
        moved_ticks = prepare(boundary_ticks)
        self.train.origin_ticks += moved_ticks
        self._word_begins_ticks += moved_ticks
        if self._is_stepping:
            self._go_on_from(boundary_ticks + moved_ticks, now_ticks + moved_ticks)

    def halt(self, now_ticks: int) -> int:
        """Stop the step generator at once, between two edges.

        Returns:
            steps made, as place() counts them.
        """
        self.generator.stop()
        stepped = self.place(now_ticks)[0]
        self.planned = stepped
        self.is_running = False
        self._is_stepping = False
        return stepped

    def service(self, now_ticks: int):
        """Commit what the bound allows; call at least every COMMIT_AHEAD_S / 2.

        Returns:
            what place() returned before anything was committed.
        """
        place = self.place(now_ticks)
        if not self.is_running:
            return place
        while self._segment_starts and self._segment_starts[0] <= now_ticks:
            self.delivery.advance(self._segment_starts.pop(0))
        self._fill(now_ticks, stepped=place[0])
        return place

    def _withdraw(self, not_before_ticks: int) -> int:
        """Take back every word that may still be taken back and begins at or after a time.

        Returns:
            the tick at which the words that are left end; what fell due on time by then is in them.
        """
        ring = self.ring
        cursor_ticks = self.train.cursor_ticks()
        number = ring.written
        # By that time, when all has been worked out, enough must not have begun yet to go on from.
        not_needed = self._words_from(not_before_ticks) - _FETCHED_WORDS
        anchor_ticks = self.delivery.anchor_ticks
        if anchor_ticks > not_before_ticks:
            # What was changed before holds from its own instant on.
            not_needed = min(not_needed, self._words_from(anchor_ticks))
        for _ in range(not_needed):
            number -= 1
            head = ring.head(number)
            count = (head >> 1) + 1
            cursor_ticks -= count * ring.interval(number)
            if not head & HEAD_WAIT:
                self.planned -= count
        while number != ring.written and self._is_about_to_step(cursor_ticks):
            head = ring.head(number)
            count = (head >> 1) + 1
            if not head & HEAD_WAIT:
                self.planned += count
            cursor_ticks += count * ring.interval(number)
            number = (number + 1) & COUNT_MASK
        ring.withdraw_to(number)
        return cursor_ticks

    def _words_from(self, at_ticks: int) -> int:
        """How many words in hand begin at a time or later."""
        ring = self.ring
        begins_ticks = self.train.cursor_ticks()
        waiting = max(0, ring.waiting(self.generator.begun()))
        for count in range(waiting):
            number = ring.written - count - 1
            begins_ticks -= ((ring.head(number) >> 1) + 1) * ring.interval(number)
            if begins_ticks < at_ticks:
                return count
        return waiting

    def _is_about_to_step(self, at_ticks: int) -> bool:
        """Whether a step fell due just before a time, and its edge comes just after.

        An edge comes less than 1 us after its exact instant, and a word may begin in between.
        """
        delivery = self.delivery
        before_ticks = max(at_ticks - TICKS_PER_US, delivery.anchor_ticks)
        return delivery.due(before_ticks)[0] <= self.planned < delivery.due(at_ticks)[0]

    def _silence_ticks(self) -> int:
        """For how long there has been no step when the words in hand end."""
        ring = self.ring
        number = ring.written
        ticks = 0
        while number != self._word:
            number = (number - 1) & COUNT_MASK
            head = ring.head(number)
            if not head & HEAD_WAIT:
                break
            ticks += ((head >> 1) + 1) * ring.interval(number)
        return ticks

    def _go_on_from(self, boundary_ticks: int, now_ticks: int) -> None:
        self.train.move_cursor_to(boundary_ticks, self._silence_ticks())
        self._plan_from(boundary_ticks)
        self.is_running = self.delivery.mode != MODE_STOPPED
        self._fill(now_ticks)

    def _plan_from(self, from_ticks: int) -> None:
        """Make the first segment of what the delivery asks for from a tick on."""
        delivery = self.delivery
        delivery.advance(from_ticks)
        first = ratio.subtract((self.planned + 1 - delivery.steps, 1), delivery.remainder)
        self._next_segment_ticks = from_ticks
        self._segment_starts = []
        self._prepare(first)

    def _prepare(self, first) -> None:
        """Make the segment that begins at _next_segment_ticks and hand it to the train.

        Args:
            first: ratio, microsteps from that instant to the next step.
        """
        from_ticks = self._next_segment_ticks
        rate_nl_per_h, end_ticks = self.delivery.segment_at(from_ticks)
        self._next_segment_ticks = end_ticks
        if end_ticks is None and not rate_nl_per_h[0]:
            # Nothing more will ever be asked for: the words in hand run out.
            return
        length_ticks = None if end_ticks is None else end_ticks - from_ticks
        if not rate_nl_per_h[0] and first[0] <= 0:
            self._make_up(from_ticks, ratio.floor((-first[0], first[1])) + 1, length_ticks)
        elif rate_nl_per_h[0]:
            step = self.delivery.microstep_nl
            period = ratio.ratio(
                step[0] * rate_nl_per_h[1] * _TICKS_PER_HOUR, step[1] * rate_nl_per_h[0]
            )
            self.train.following = Segment(
                period, ratio.multiply(first, period), length_ticks, self._word_ticks_max(period)
            )
        else:
            self.train.following = Segment(None, None, length_ticks)

    def _make_up(self, from_ticks: int, owed: int, length_ticks: int) -> None:
        """Make the segment of steps that fell due before a stretch in which none does.

        Args:
            from_ticks: when the stretch begins.
            owed: how many.
            length_ticks: of the stretch; what they leave of it comes as a segment of its own.
        """
        if owed * _CATCH_UP_TICKS < length_ticks:
            length_ticks = owed * _CATCH_UP_TICKS
            self._next_segment_ticks = from_ticks + length_ticks
        period = ratio.ratio(length_ticks, owed)
        self.train.following = Segment(period, period, length_ticks, self._word_ticks_max(period))

    def _word_ticks_max(self, period) -> int:
        """How long a word may last when steps come with a period, a ratio in ticks."""
        lasts_ticks = self.commit_steps * period[0] // period[1]
        ticks = SLICE_TICKS
        while ticks > _SHORTEST_WORD_TICKS and _COMMITTED_WORDS * ticks > lasts_ticks:
            ticks >>= 1
        return ticks

    def _fill(self, now_ticks: int, words: int = WORDS, stepped: int | None = None) -> None:
        """Commit what the bound allows, and no more than so many words.

        Args:
            stepped: steps made by now, where place() has told already.
        """
        train = self.train
        before = self.ring.written
        if self.delivery.mode == MODE_STOPPED:
            # Nothing more is asked for: the words in hand run out and the machine parks.
            return
        if stepped is None:
            stepped = self.place(now_ticks)[0]
        if self._is_stepping and not self._can_append():
            # It parks; whoever looks after it starts anew, and what is owed is made up for.
            return
        until_slices = train.slices_until(now_ticks + COMMIT_AHEAD_S * TICKS_PER_S)
        while True:
            if train.following is None and self._next_segment_ticks is not None:
                self._follow()
            written = self.ring.written
            words_max = WORDS - 2 - ((written - self._word) & COUNT_MASK)
            words_max = min(words_max, words - ((written - before) & COUNT_MASK))
            steps_max = self.commit_steps - (self.planned - stepped)
            if self.commit_steps >= _WHOLE_WORDS << 1:
                whole = train.steps_of_word()
                if whole * _WHOLE_WORDS <= self.commit_steps:
                    # The rest of one is left to the next look: it would take six words.
                    steps_max &= -whole
            if self.last_step is not None:
                steps_max = min(steps_max, self.last_step - self.planned)
            self.is_full = train.cursor_hi >= until_slices
            if words_max <= 0 or steps_max <= 0 or self.is_full:
                return
            heap_lock()
            try:
                train.fill(until_slices, steps_max, words_max)
            finally:
                heap_unlock()
            made = train.new_steps
            train.new_steps = 0
            self.planned += made
            if train.following is not None or self._next_segment_ticks is None:
                self.is_full = train.cursor_hi >= until_slices
                return

    def _follow(self) -> None:
        """Prepare the segment after the one in work."""
        _, remainder = self.delivery.due(self._next_segment_ticks)
        self._segment_starts.append(self._next_segment_ticks)
        self._prepare(ratio.subtract(ratio.ONE, remainder))


def _nothing(from_ticks: int) -> None:
    """The delivery stays as it is."""
