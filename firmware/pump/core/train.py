"""Segments of constant rate turned into words for the step generator, without allocating.

A word is a pair (head, interval): head is 2 * (count - 1) for count steps, each
`interval` ticks after the one before it, or 2 * (count - 1) + 1 for count
intervals of silence. Every number stays below 2^30, so that on the Pico filling
goes on when the heap is full, locked or being collected.

Exactness: an edge comes at the first tick at or after its exact instant, or,
where several steps share one word, less than 1 us after it, and never before it:
by any moment the edges are the whole part of what is asked for. The remainder
is carried as whole numbers in limbs of 28 bits; nothing is ever rounded away.
"""

from pump.core.compat import const

SLICE_TICKS = const(16777216)  # 2^24 ticks, 134 ms: no word lasts longer than two of these
_SLICE_BITS = const(24)
_SLICE_MASK = const(16777215)
_LIMB_BITS = const(28)
_LIMB_MASK = const(268435455)
# A word of n steps is late by less than n ticks at its last edge. Where that is more than so many,
# 0.7 us, half as many steps make the word.
_LATE_TICKS_MAX = const(88)
_JOIN_MAX = const(7)
# 64 steps are never late by more.
_JOIN_ALWAYS_IN_TIME = const(6)
_FOREVER_SLICES = const(536870911)
_FOREVER_TICKS = 536870911 << 24

HEAD_WAIT = const(1)
# Silence for 146 years: the state machine parks here when nothing more was committed.
PARK_HEAD = const(1073741823)
PARK_INTERVAL = const(1073741823)


def _split(ticks: int):
    """Whole ticks as (slices, ticks within the slice), with slices rounded down."""
    return ticks >> _SLICE_BITS, ticks & _SLICE_MASK


def _limbs(value: int, count: int):
    """A whole number as a list of limbs of 28 bits, lowest first."""
    limbs = []
    for _ in range(count):
        limbs.append(value & _LIMB_MASK)
        value >>= _LIMB_BITS
    return limbs


class Segment:
    """A stretch of constant rate in the numbers that Train works with.

    Making one allocates and uses large integers; using one does neither.

    Args:
        period: ratio, ticks from one step to the next, or None when there are no steps.
        gap: ratio, ticks from the segment's beginning to its first step (may be below 0
            when steps are late); ignored without steps.
        length_ticks: how long the segment lasts, or None for ever.
        word_ticks_max: silences and words of several steps last no longer than this, single
            steps no longer than twice as much; at most SLICE_TICKS.
    """

    def __init__(self, period, gap, length_ticks, word_ticks_max: int = SLICE_TICKS):
        if length_ticks is None:
            # Not as a pair: freezing makes long integers of the numbers in a constant tuple,
            # and adding to one of those allocates.
            self.left_hi = _FOREVER_SLICES
            self.left_lo = 0
        else:
            self.left_hi, self.left_lo = _split(length_ticks)
            if self.left_hi > _FOREVER_SLICES:
                self.left_hi = _FOREVER_SLICES
        self.has_steps = period is not None
        self.word_ticks_max = word_ticks_max
        self.is_steady = False
        self.gap_hi = 0
        self.gap_lo = 0
        self.join = 0
        self.catch_up_ticks = SLICE_TICKS
        if period is None:
            return
        whole_denominator = period[1]
        if gap[1] != whole_denominator:
            common = _lcm(whole_denominator, gap[1])
        else:
            common = whole_denominator
        period_parts = period[0] * (common // period[1])
        gap_parts = gap[0] * (common // gap[1])
        count = 1
        while common >> (_LIMB_BITS * count):
            count += 1
        self.limb_count = count
        self.modulus = _limbs(common, count)
        gap_ticks, gap_rest = gap_parts // common, gap_parts % common
        # What is further off than for ever never comes within a segment.
        self.gap_hi, self.gap_lo = _split(min(gap_ticks, _FOREVER_TICKS))
        self.rest = _limbs(gap_rest, count)
        self.scratch = [0] * count
        self.period_hi, self.period_lo = _split(min(period_parts // common, _FOREVER_TICKS))
        self.period_rest = _limbs(period_parts % common, count)
        # Late steps come at most an eighth faster than the rate where that is fast by itself.
        self.catch_up_ticks = min(period_parts * 7 // (common * 8), SLICE_TICKS)
        # For a word of 2^j steps: the distance from its first to its last step.
        self.span_hi = []
        self.span_lo = []
        self.span_rest = []
        while True:
            parts = period_parts * ((1 << self.join) - 1)
            hi, lo = _split(parts // common)
            self.span_hi.append(hi)
            self.span_lo.append(lo)
            self.span_rest.append(_limbs(parts % common, count))
            longer = period_parts << (self.join + 1)
            if self.join == _JOIN_MAX or longer > word_ticks_max * common:
                break
            self.join += 1
        if not self.join:
            return
        # For Train._put_steady(): from the last step of a word of 2^join steps to that of the
        # next one, and from a last step back to a first; the same for half a word.
        self.stride_ticks, self.stride_rest = self._stride(period_parts << self.join, common)
        self.back_ticks, self.back_rest = self._stride(
            -period_parts * ((1 << self.join) - 1), common
        )
        if self.join > _JOIN_ALWAYS_IN_TIME:
            half_parts = period_parts << self.join >> 1
            self.half_ticks, self.half_rest = self._stride(half_parts, common)
            self.half_back_ticks, self.half_back_rest = self._stride(-half_parts, common)
            self.half_scratch = [0] * count

    def _stride(self, parts: int, common: int):
        """Parts of a tick as (whole ticks, rest in limbs), with ticks rounded down."""
        ticks = max(-_FOREVER_TICKS, min(parts // common, _FOREVER_TICKS))
        return ticks, _limbs(parts % common, self.limb_count)


def _lcm(a: int, b: int) -> int:
    x, y = a, b
    while y:
        x, y = y, x % y
    return a // x * b


class Train:
    """Makes words from segments into a ring, and knows exactly how far they reach.

    Args:
        ring: object with put(head, interval), which makes a word known to the step
            generator, and put_silences(count, interval) for words of one silence each.
        step_ticks_min: the least number of ticks between two steps when steps are
            late and are made up for, unless the rate itself is faster.
        word_ticks_min: the shortest word that the step generator can make. A wait that
            would be shorter is left to the next word; a step that would come sooner
            after a wait is late by at most this much, well under 1 us.

    Attributes:
        origin_ticks: pump time at which the first word begins.
        cursor_hi, cursor_lo: how far the words reach from there, in slices and ticks.
        new_steps: steps put into words since the owner last took this number to zero.
        segment, following: the segment in work and the one after it, or None.
    """

    def __init__(self, ring, step_ticks_min: int, word_ticks_min: int):
        self.ring = ring
        self.step_ticks_min = step_ticks_min
        self.word_ticks_min = word_ticks_min
        self.origin_ticks = 0
        self.cursor_hi = 0
        self.cursor_lo = 0
        self.new_steps = 0
        self.segment: Segment | None = None
        self.following: Segment | None = None
        # The last step of the word in work: its whole ticks, and the tick it is made at.
        self._last_hi = 0
        self._last_lo = 0
        self._end_hi = 0
        self._end_lo = 0
        # How long ago the last step was made, and how soon after it a late one may come: that
        # goes by the fastest rate since.
        self._since_step_ticks = SLICE_TICKS
        self._catch_up_ticks = step_ticks_min

    def begin(self, origin_ticks: int) -> None:
        """Start afresh: no words, the first one to begin at origin_ticks."""
        self.origin_ticks = origin_ticks
        self.cursor_hi = 0
        self.cursor_lo = 0
        self.new_steps = 0
        self.segment = None
        self.following = None
        self._since_step_ticks = SLICE_TICKS
        self._catch_up_ticks = self.step_ticks_min

    def cursor_ticks(self) -> int:
        """Pump time up to which words are made."""
        return self.origin_ticks + (self.cursor_hi << _SLICE_BITS) + self.cursor_lo

    def move_cursor_to(self, ticks: int, since_step_ticks: int) -> None:
        """Take the cursor back to an earlier time, after words were withdrawn from the ring.

        Args:
            ticks: pump time at which the last word left ends.
            since_step_ticks: for how long there has been no step by then.
        """
        self.cursor_hi, self.cursor_lo = _split(ticks - self.origin_ticks)
        self._since_step_ticks = min(since_step_ticks, SLICE_TICKS)
        self.segment = None
        self.following = None

    def slices_until(self, ticks: int) -> int:
        """The number for fill() that makes words reach at least to a pump time."""
        return ((ticks - self.origin_ticks) >> _SLICE_BITS) + 1

    def steps_of_word(self) -> int:
        """Steps of the longest words of the segment in work, a power of two; 1 before the first."""
        segment = self.segment
        return 1 << segment.join if segment is not None and segment.is_steady else 1

    def fill(self, until_slices: int, steps_max: int, words_max: int) -> None:
        """Make words until they reach far enough; allocates nothing.

        Stops when the cursor has reached until_slices slices from the origin, when
        steps_max steps or words_max words were made, or when no segment is left.
        """
        ring = self.ring
        while self.cursor_hi < until_slices and words_max > 0:
            segment = self.segment
            if segment is None:
                if self.following is None:
                    return
                segment = self._take_following()
            wait_ticks = segment.word_ticks_max
            if segment.gap_hi > 1 and segment.left_hi > 0 and wait_ticks == SLICE_TICKS:
                words_max = self._put_waits(segment, until_slices, words_max)
                continue
            if segment.is_steady and segment.join > 0 and segment.left_hi > 2:
                steps_before = self.new_steps
                words = self._put_steady(segment, until_slices, steps_max, words_max)
                if words:
                    steps_max -= self.new_steps - steps_before
                    words_max -= words
                    continue
            if segment.has_steps:
                join = self._steps_that_fit(segment, steps_max)
                if join >= 0:
                    count = 1 << join
                    interval = self._interval(segment, join)
                    if interval >= 0:
                        if count > steps_max:
                            return
                        ring.put((count - 1) << 1, interval)
                        self._account_steps(segment, 1 << join, interval << join)
                        steps_max -= count
                    else:
                        ring.put(HEAD_WAIT, wait_ticks)
                        self._account_wait(segment, wait_ticks)
                    words_max -= 1
                    continue
            if segment.left_hi > 0:
                ring.put(HEAD_WAIT, wait_ticks)
                self._account_wait(segment, wait_ticks)
                words_max -= 1
            elif segment.left_hi == 0 and segment.left_lo >= self.word_ticks_min:
                ring.put(HEAD_WAIT, segment.left_lo)
                self._account_wait(segment, segment.left_lo)
                words_max -= 1
            else:
                if self.following is None:
                    return
                self._enter_following(segment)

    def _put_waits(self, segment, until_slices: int, words_max: int) -> int:
        """Make the whole slices of silence before the next step; returns the rest of words_max."""
        words = segment.gap_hi - 1
        if words > segment.left_hi:
            words = segment.left_hi
        if words > until_slices - self.cursor_hi:
            words = until_slices - self.cursor_hi
        if words > words_max:
            words = words_max
        self.ring.put_silences(words, SLICE_TICKS)
        segment.gap_hi -= words
        if segment.left_hi < _FOREVER_SLICES:
            segment.left_hi -= words
        self.cursor_hi += words
        segment.is_steady = False
        self._since_step_ticks = SLICE_TICKS
        return words_max - words

    def _put_steady(self, segment, until_slices: int, steps_max: int, words_max: int) -> int:
        """Make the words of 2^join steps that follow on such a word, one addition each.

        As one by one, but that the last step of each is carried on instead of its first, and
        everything fits into small integers, for no word is longer than two slices. A word
        that would be too late at its last step has half as many.

        Args:
            segment: the one in work, steady; the others as for fill().

        Returns:
            how many words.
        """
        if not -1 <= segment.gap_hi <= 1:
            return 0
        ring = self.ring
        join = segment.join
        steps = 1 << join
        head = (steps - 1) << 1
        rest = segment.scratch
        limbs = segment.limb_count
        modulus = segment.modulus
        stride_rest = segment.stride_rest
        stride_ticks = segment.stride_ticks
        ticks_max = segment.word_ticks_max << 1
        least = max(self._catch_up_ticks - self._since_step_ticks, self.word_ticks_min)
        last = (segment.gap_hi << _SLICE_BITS) + segment.gap_lo - segment.back_ticks
        # Back again: without a rest that is the span itself, else a tick less and the rest's rest.
        last += _add(rest, segment.rest, segment.span_rest[join], modulus, limbs)
        last -= _is_part(segment.back_rest)
        # Carried in locals, like what _advance() does, since this is what the processor is busy
        # with at high rates.
        cursor_hi = self.cursor_hi
        cursor_lo = self.cursor_lo
        left_hi = segment.left_hi
        left_lo = segment.left_lo
        words = 0
        made = 0
        while (
            words < words_max
            and steps <= steps_max - made
            and left_hi > 2
            and cursor_hi < until_slices
        ):
            end = last
            if rest[0] or _is_part(rest):
                end += 1
            ticks = -((-end) >> join)
            if ticks < least or end >= ticks_max:
                break
            if (ticks << join) - end <= _LATE_TICKS_MAX:
                ring.put(head, ticks)
                made += steps
                ticks <<= join
                last += stride_ticks - ticks + _add(rest, rest, stride_rest, modulus, limbs)
            else:
                half = segment.half_scratch
                end = last + segment.half_back_ticks
                end += _add(half, rest, segment.half_back_rest, modulus, limbs)
                end += _is_part(half)
                ticks = -((-end) >> (join - 1))
                if ticks < least:
                    break
                ring.put(steps - 2, ticks)
                made += steps >> 1
                ticks <<= join - 1
                last += segment.half_ticks - ticks
                last += _add(rest, rest, segment.half_rest, modulus, limbs)
            words += 1
            if words == 1:
                self._since_step_ticks = 0
                self._catch_up_ticks = min(segment.catch_up_ticks, self.step_ticks_min)
                least = max(self._catch_up_ticks, self.word_ticks_min)
            cursor_lo += ticks
            cursor_hi += cursor_lo >> _SLICE_BITS
            cursor_lo &= _SLICE_MASK
            left_lo -= ticks
            left_hi += left_lo >> _SLICE_BITS
            left_lo &= _SLICE_MASK
        if words:
            self.cursor_hi = cursor_hi
            self.cursor_lo = cursor_lo
            if segment.left_hi < _FOREVER_SLICES:
                segment.left_hi = left_hi
                segment.left_lo = left_lo
            self.new_steps += made
            last += segment.back_ticks
            last += _add(segment.rest, rest, segment.back_rest, modulus, limbs)
            segment.gap_hi = last >> _SLICE_BITS
            segment.gap_lo = last & _SLICE_MASK
        return words

    def _steps_that_fit(self, segment, steps_max: int) -> int:
        """The largest j so that the next 2^j steps may share a word, or -1 when the next
        step does not come within the segment. Leaves the last step's instant in scratch.
        """
        join = 0
        if segment.is_steady or (segment.gap_hi < 0 and self._since_step_ticks == 0):
            join = min(segment.join, _JOIN_ALWAYS_IN_TIME)
        while join > 0 and (1 << join) > steps_max:
            join -= 1
        while join >= 0:
            carry = _add(
                segment.scratch,
                segment.rest,
                segment.span_rest[join],
                segment.modulus,
                segment.limb_count,
            )
            low = segment.gap_lo + segment.span_lo[join] + carry
            self._last_hi = segment.gap_hi + segment.span_hi[join] + (low >> _SLICE_BITS)
            self._last_lo = low & _SLICE_MASK
            # A step is made at the first tick at or after its instant.
            low += _is_part(segment.scratch)
            self._end_hi = segment.gap_hi + segment.span_hi[join] + (low >> _SLICE_BITS)
            self._end_lo = low & _SLICE_MASK
            if self._end_hi < segment.left_hi or (
                self._end_hi == segment.left_hi and self._end_lo <= segment.left_lo
            ):
                return join
            join -= 1
        return -1

    def _interval(self, segment, join: int) -> int:
        """Ticks between the 2^join steps of a word, or -1 when silence comes first."""
        if self._end_hi > 1:
            return -1
        ticks = 0
        if self._end_hi >= 0:
            end_ticks = (self._end_hi << _SLICE_BITS) + self._end_lo
            if end_ticks >= segment.word_ticks_max << 1:
                return -1
            ticks = -((-end_ticks) >> join)
        least = self._catch_up_ticks - self._since_step_ticks
        if least < self.word_ticks_min:
            least = self.word_ticks_min
        if ticks < least:
            # Late steps are made up for no faster than the motor can follow. Each is late by
            # more than the one after it, so that none of a word comes early when its last does not.
            segment.is_steady = False
            return least
        segment.is_steady = True
        return ticks

    def _account_steps(self, segment, count: int, ticks: int) -> None:
        carry = _add(
            segment.rest,
            segment.scratch,
            segment.period_rest,
            segment.modulus,
            segment.limb_count,
        )
        low = self._last_lo + segment.period_lo + carry - ticks
        segment.gap_hi = self._last_hi + segment.period_hi + (low >> _SLICE_BITS)
        segment.gap_lo = low & _SLICE_MASK
        self.new_steps += count
        self._since_step_ticks = 0
        self._catch_up_ticks = min(segment.catch_up_ticks, self.step_ticks_min)
        self._advance(segment, ticks)

    def _account_wait(self, segment, ticks: int) -> None:
        low = segment.gap_lo - ticks
        segment.gap_hi += low >> _SLICE_BITS
        segment.gap_lo = low & _SLICE_MASK
        segment.is_steady = False
        self._since_step_ticks += ticks
        if self._since_step_ticks > SLICE_TICKS:
            self._since_step_ticks = SLICE_TICKS
        self._advance(segment, ticks)

    def _advance(self, segment, ticks: int) -> None:
        low = self.cursor_lo + ticks
        self.cursor_hi += low >> _SLICE_BITS
        self.cursor_lo = low & _SLICE_MASK
        low = segment.left_lo - ticks
        if segment.left_hi < _FOREVER_SLICES:
            segment.left_hi += low >> _SLICE_BITS
            segment.left_lo = low & _SLICE_MASK

    def _enter_following(self, segment) -> None:
        """Go on with the following segment; it began where the present one ended, which
        is a little after or before the cursor.
        """
        following = self.following
        low = following.left_lo + segment.left_lo
        following.left_hi += segment.left_hi + (low >> _SLICE_BITS)
        following.left_lo = low & _SLICE_MASK
        low = following.gap_lo + segment.left_lo
        following.gap_hi += segment.left_hi + (low >> _SLICE_BITS)
        following.gap_lo = low & _SLICE_MASK
        self._take_following()

    def _take_following(self):
        segment = self.following
        self.segment = segment
        self.following = None
        if segment.catch_up_ticks < self._catch_up_ticks:
            self._catch_up_ticks = segment.catch_up_ticks
        return segment


def _is_part(rest) -> int:
    """1 when limbs are above zero, else 0."""
    for limb in rest:
        if limb:
            return 1
    return 0


def _add(target, a, b, modulus, count: int) -> int:
    """target = (a + b) mod modulus in limbs; returns 1 when the modulus was passed, else 0."""
    if count == 2:
        # What most rates have.
        low = a[0] + b[0]
        high = a[1] + b[1] + (low >> _LIMB_BITS)
        low = (low & _LIMB_MASK) - modulus[0]
        borrow = low >> _LIMB_BITS
        if high - modulus[1] + borrow < 0:
            target[0] = low + modulus[0]
            target[1] = high
            return 0
        target[0] = low & _LIMB_MASK
        target[1] = high - modulus[1] + borrow
        return 1
    carry = 0
    index = 0
    while index < count:
        value = a[index] + b[index] + carry
        target[index] = value & _LIMB_MASK
        carry = value >> _LIMB_BITS
        index += 1
    if not carry:
        index = count - 1
        while index >= 0:
            if target[index] != modulus[index]:
                if target[index] < modulus[index]:
                    return 0
                break
            index -= 1
    borrow = 0
    index = 0
    while index < count:
        value = target[index] - modulus[index] + borrow
        target[index] = value & _LIMB_MASK
        borrow = value >> _LIMB_BITS
        index += 1
    return 1
