"""What was dosed lately, as far as the drug library's limits ask for it.

Kept in working memory and found again in the journal after a reset. A time is pump time; after
the clock was lost it is not known how long ago something was, and then it counts as recent.
"""

from binascii import crc32
from collections import namedtuple

from pump.core import ratio, records
from pump.core.compat import const
from pump.core.dose import dose_ng
from pump.core.dose_window import (
    all_boluses_nl,
    highest_basal_nl_per_h,
    highest_day_nl,
    highest_factor,
)
from pump.core.feeder import CHANGE_WITHIN_S
from pump.core.journal_times import JournalTimes
from pump.core.modes import Bridge
from pump.core.schedule import DAY_S, HOUR_S, factor_at

# The longest time between two increases that a library may ask for is judged within these. How
# many changes of the dose are told apart; of more, the two oldest count as one.
KEPT = const(16)
# A bolus lasts a day at most, and a window that it is in reaches a day further back.
_KEPT_S = const(172800)
# How many are told apart; of more, two that are alike count as one.
BOLUSES_KEPT = const(48)
_RECORDS_MAX = const(400)
_LOOKED_AT = (
    records.CLOCK_SET,
    records.DAILY_DOSE,
    records.REFILL,
    records.BRIDGE_LEFT,
    records.DEMAND,
    records.BOLUS_STARTED,
)
# Setting the clock by so much counts as nothing: a day is not told apart from one so much longer.
_CLOCK_SLACK_S = const(60)
# Drugs that are dosed by volume have no concentration: one nanolitre counts as one nanogram.
_BY_VOLUME = (1000, 1)


class Dose:
    """What is dosed from a time on.

    Attributes:
        at_s, is_known: since when, and whether the clock was known then.
        drug: its name.
        concentration: ratio, mcg/mL, or None.
        daily_nl: ratio, the most in any 24 hours.
        peak_nl_per_h: ratio, the highest basal rate.
        boluses_nl: ratio, all scheduled boluses once.
        mark: 8 hexadecimal digits that tell one schedule from another.
        lowest, highest: ratios, the daily dose; apart where several changes count as one.
        is_mixed: whether those were of several drugs, of each of which it counts whole.
    """

    def __init__(self, at_s: int, is_known: bool, drug, concentration, daily, peak, boluses, mark):
        self.at_s = at_s
        self.is_known = is_known
        self.drug = drug
        self.concentration = concentration
        self.daily_nl = daily
        self.peak_nl_per_h = peak
        self.boluses_nl = boluses
        self.mark = mark
        self.lowest = self.highest = self.daily
        self.is_mixed = False

    @property
    def daily(self) -> tuple[int, int]:
        """The most in any 24 hours: ng, or nL for what is dosed by volume."""
        return amount(self.daily_nl, self.concentration)

    def is_of(self, drug) -> bool:
        """Whether it counts as a dose of a drug of the library."""
        return self.is_mixed or drug.answers_to(self.drug)

    def same_as(self, other: "Dose") -> bool:
        """Whether the same is dosed."""
        return self.values() == other.values()

    def values(self) -> tuple[object, ...]:
        """As records.DAILY_DOSE takes them."""
        return (
            self.drug,
            self.concentration or ratio.ZERO,
            self.daily_nl,
            self.peak_nl_per_h,
            self.boluses_nl,
            self.mark,
        )


def dose_of(programme, at_s: int, is_known: bool, is_ahead: bool = False) -> Dose:
    """What a programme doses, volumes rounded up to 0.001 nL as the journal holds them.

    Args:
        programme: the programme.
        at_s, is_known: since when, pump time, and whether the clock was known.
        is_ahead: the highest of all that its course still asks for, instead of what it asks
            for at that time.
    """
    factor = highest_factor(programme, at_s) if is_ahead else factor_at(programme, at_s)
    return Dose(
        at_s,
        is_known,
        programme.drug,
        programme.concentration_mcg_per_ml,
        _rounded_up(highest_day_nl(programme, factor)),
        highest_basal_nl_per_h(programme, factor),
        _rounded_up(all_boluses_nl(programme)),
        mark(programme),
    )


def amount(volume_nl: tuple[int, int], concentration) -> tuple[int, int]:
    """A volume as the library counts it: ng, or nL where there is no concentration."""
    return dose_ng(volume_nl, concentration or _BY_VOLUME)


def more_by_clock(dose: Dose, moved_s: int) -> tuple[int, int]:
    """What setting the clock by so much can add to the 24 hours around it, nL rounded up.

    Set back, the clock shows a time again, and its basal comes again; set ahead, basal and
    boluses of what would have come later come earlier. No more than a day at the highest rate.
    """
    length_s = min(abs(moved_s), DAY_S)
    if length_s <= _CLOCK_SLACK_S:
        return ratio.ZERO
    more_nl = ratio.scale(dose.peak_nl_per_h, length_s, HOUR_S)
    at_peak_nl = ratio.add(ratio.scale(dose.peak_nl_per_h, 24), dose.boluses_nl)
    room_nl = ratio.subtract(at_peak_nl, dose.daily_nl)
    if ratio.compare(room_nl, more_nl) < 0:
        more_nl = room_nl if room_nl[0] > 0 else ratio.ZERO
    if moved_s > 0:
        more_nl = ratio.add(more_nl, dose.boluses_nl)
    return _rounded_up(more_nl)


# A bolus that was asked for; see DoseHistory.
Asked = namedtuple("Asked", ("end_s", "is_known", "drug", "concentration", "volume_nl"))
# A modes.Bridge whose programme was changed for another one at a time.
Left = namedtuple("Left", ("at_s", "is_known", "drug", "bridge"))


class DoseHistory:
    """The last changes of the daily dose, the boluses asked for, and the last refill.

    Attributes:
        doses: Dose each, the oldest first; the last one is what is dosed now.
        boluses: Asked each, the oldest first.
        bridges: Left each, the oldest first; the bridge of the programme in force is not in it.
        refilled: (at_s, is_known) of the last refill, or None.
    """

    def __init__(self) -> None:
        self.doses: list[Dose] = []
        self.boluses: list[Asked] = []
        self.bridges: list[Left] = []
        self.refilled: tuple[int, bool] | None = None

    def note_dose(self, dose: Dose) -> bool:
        """Something is dosed from now on; returns whether that is another dose than before."""
        if self.doses and self.doses[-1].same_as(dose):
            return False
        self.doses.append(dose)
        self._keep_few(dose.at_s, dose.is_known)
        return True

    def _keep_few(self, now_s: int, is_known: bool) -> None:
        """Of too many doses, forget those that no window reaches, and let the oldest be one."""
        while len(self.doses) > KEPT:
            second = self.doses[1]
            if not (is_known and second.is_known and second.at_s <= now_s - _KEPT_S):
                self.doses[1] = _as_one(self.doses[0], second)
            del self.doses[0]

    def note_bolus(self, end_s: int, is_known: bool, drug: str, concentration, volume_nl) -> None:
        """A bolus was asked for; it counts whole, even should it be cancelled."""
        from_s = end_s - _KEPT_S
        self.boluses = [
            each for each in self.boluses if not (is_known and each[1]) or each[0] > from_s
        ]
        self.boluses.append(Asked(end_s, is_known, drug, concentration, volume_nl))
        if len(self.boluses) > BOLUSES_KEPT:
            self._put_two_together()

    def _put_two_together(self) -> None:
        """Let the two oldest boluses that are alike count as one, which never counts less.

        It holds the volume of both, rounded up to 0.001 nL, and counts for as long as the later
        one does. Where no two are of the same drug and concentration, the two oldest of all are
        taken for boluses of the second one's.
        """
        found = (0, 1)
        places: dict[tuple[object, ...], int] = {}
        for place, each in enumerate(self.boluses):
            what = (each.drug, each.concentration)
            if what in places:
                found = (places[what], place)
                break
            places[what] = place
        first, second = self.boluses[found[0]], self.boluses[found[1]]
        self.boluses[found[1]] = Asked(
            max(first.end_s, second.end_s),
            first.is_known and second.is_known,
            second.drug,
            second.concentration,
            _rounded_up(ratio.add(first.volume_nl, second.volume_nl)),
        )
        del self.boluses[found[0]]

    def hold_back(self, from_s: int, length_s: int) -> None:
        """A demand bolus begins: what others still have to give comes so much later."""
        held = []
        for end_s, is_known, drug, concentration, volume_nl in self.boluses:
            if end_s + CHANGE_WITHIN_S > from_s:
                end_s += length_s
            held.append(Asked(end_s, is_known, drug, concentration, volume_nl))
        self.boluses = held

    def note_bridge(self, at_s: int, is_known: bool, drug: str, bridge: Bridge) -> None:
        """The programme of a bridge that had begun is left; it counts whole for a day."""
        from_s = at_s - DAY_S
        self.bridges = [
            each for each in self.bridges if not (is_known and each[1]) or each[0] > from_s
        ]
        self.bridges.append(Left(at_s, is_known, drug, bridge))

    def requested(self, drug: str, from_s: int, is_known: bool) -> "list[tuple[int, int]]":
        """The amount of each bolus of a drug that was asked for and ends after a time."""
        found = []
        for end_s, was_known, of, concentration, volume_nl in self.boluses:
            if of == drug and (not (is_known and was_known) or end_s > from_s):
                found.append(amount(volume_nl, concentration))
        return found

    def in_force_since(self, drug: str, from_s: int, is_known: bool) -> "list[Dose]":
        """The doses of a drug by its name that were in force at any time since another."""
        found: list[Dose] = []
        for dose in reversed(self.doses):
            if dose.is_mixed or dose.drug == drug:
                found.append(dose)
            if is_known and dose.is_known and dose.at_s <= from_s:
                break
        return found

    def bridges_of(self, drug, now_s: int, is_known: bool) -> "list[Bridge]":
        """The bridges of a drug of the library that were left in the last 24 h."""
        return [
            each[3]
            for each in self.bridges
            if drug.answers_to(each[2]) and self._is_recent(each, now_s, is_known)
        ]

    def note_refill(self, at_s: int, is_known: bool) -> None:
        """The reservoir was refilled."""
        self.refilled = (at_s, is_known)

    def shift(self, moved_s: int, was_known: bool) -> None:
        """The clock was set: how long ago things were stays as it is.

        Args:
            moved_s: by how much it was moved.
            was_known: whether it was known before; if not, what was noted while it was known
                keeps its time.
        """
        if self.refilled is not None and (was_known or not self.refilled[1]):
            self.refilled = (self.refilled[0] + moved_s, True)
        moved = []
        for end_s, is_known, drug, concentration, volume_nl in self.boluses:
            if was_known or not is_known:
                end_s += moved_s
            moved.append(Asked(end_s, True, drug, concentration, volume_nl))
        self.boluses = moved
        self.bridges = [
            Left(at_s + moved_s if was_known or not is_known else at_s, True, drug, bridge)
            for at_s, is_known, drug, bridge in self.bridges
        ]
        for dose in self.doses:
            if was_known or not dose.is_known:
                dose.at_s += moved_s
                dose.is_known = True

    def of(self, drug) -> "list[Dose]":
        """The doses of one drug of the library since it was last changed for another."""
        found: list[Dose] = []
        for dose in reversed(self.doses):
            if not dose.is_of(drug):
                break
            found.insert(0, dose)
        return found

    def in_force_within(self, drug, now_s: int, is_known: bool, length_s: int) -> "list[Dose]":
        """The doses of a drug that were in force at any time since so long ago."""
        found: list[Dose] = []
        for dose in reversed(self.doses):
            if dose.is_of(drug):
                found.insert(0, dose)
            if is_known and dose.is_known and dose.at_s <= now_s - length_s:
                break
        return found

    def most_in_a_day(
        self, drug, now_s: int, is_known: bool, news: "tuple[Dose, ...]" = (), bridges=()
    ):
        """An upper bound of what any 24 hours hold that touch what is dosed from now on.

        Within one programme it is its highest day. A window across a change holds parts of
        two or more: no more than all their highest days together, and no more than 24 hours
        of the highest basal rate among them and all their boluses. Boluses that were asked
        for count whole when they end in the last 24 hours or later, on top of a full window
        of basal: what has been delivered already is no measure, as the basal goes on (proven
        flaw of the first rule of the Open PCA Pump, DOI 10.1017/S1471068424000280).

        Args:
            drug: the library's Drug.
            news: each Dose that is to follow, one after the other.
            bridges: (amount an hour, amount) of each bridge that is given before or between them.

        Returns:
            ratio, ng or nL.
        """
        doses = self.in_force_within(drug, now_s, is_known, DAY_S)
        for new in news:
            if not (doses and doses[-1].same_as(new)):
                doses.append(new)
        days = peak = boluses = ratio.ZERO
        for dose in doses:
            days = ratio.add(days, dose.daily)
            boluses = ratio.add(boluses, amount(dose.boluses_nl, dose.concentration))
            peak = ratio.higher(peak, _peak(dose))
        for bridge in bridges:
            days = ratio.add(days, bridge[1])
            peak = ratio.higher(peak, bridge[0])
        at_peak = ratio.add(ratio.scale(peak, 24), boluses)
        most = at_peak if ratio.compare(at_peak, days) < 0 else days
        for bolus in self.boluses:
            if drug.answers_to(bolus[2]) and self._is_recent(bolus, now_s, is_known):
                most = ratio.add(most, amount(bolus[4], bolus[3]))
        return most

    def _is_recent(self, mark, now_s: int, is_known: bool) -> bool:
        return not (is_known and mark[1]) or mark[0] > now_s - DAY_S

    def load(self, events) -> None:
        """Find it again in the journal of events."""
        # Boluses whose drug is that of the next older dose.
        waiting: list[tuple[int, bool, tuple[int, int]]] = []
        waiting_bridges: list[tuple[int, bool, Bridge]] = []
        # Times never look further back than they are, see JournalTimes: what is too old is so.
        newest = None
        newest_s = number = 0
        times = JournalTimes()
        # (when, how long) others waited for a demand bolus, the oldest first.
        waits: list[tuple[int, int]] = []
        # The clock was set: (when, by how much), until it is told whether it was known before.
        moved: tuple[int, int] | None = None
        # Those of which that counts, waiting for the dose that was in force.
        clocks: list[tuple[int, int]] = []
        is_demand = False
        for record in events.look_back(_LOOKED_AT, records.CLOCK_SET):
            time_s, is_known = times.time_of(record)
            if newest is None:
                newest = record.sequence
                newest_s = time_s
            if newest - record.sequence >= _RECORDS_MAX and time_s <= newest_s - _KEPT_S:
                break
            number = record.sequence
            if moved is not None and (record.clock_known or moved[1] < 0):
                clocks.append(moved)
            moved = None
            if record.kind == records.CLOCK_SET:
                fields = record.fields()
                moved = (time_s, fields["new_s"] - fields["old_s"])
            elif record.kind == records.DAILY_DOSE:
                self._load_dose(record, time_s, is_known)
                for set_s, moved_s in clocks:
                    more_nl = more_by_clock(self.doses[0], moved_s)
                    if more_nl[0]:
                        waiting.append((set_s, True, more_nl))
                clocks = []
                self._load_boluses(waiting, waiting_bridges)
                self._keep_few(newest_s, True)
            elif record.kind == records.REFILL and self.refilled is None:
                self.refilled = (time_s, is_known)
            elif record.kind == records.BRIDGE_LEFT:
                fields = record.fields()
                bridge = Bridge(
                    fields["volume_nl"], fields["rate_nl_per_h"], fields["old_mcg_per_ml"]
                )
                waiting_bridges.insert(0, (time_s, is_known, bridge))
            elif record.kind == records.DEMAND:
                is_demand = True
            elif record.kind == records.BOLUS_STARTED:
                # As it is written: a day may hold a thousand, and they are in the daily dose.
                if record.payload[:4] == records.NO_REQUEST_BYTES:
                    continue
                fields = record.fields()
                end_s = time_s + fields["duration_s"]
                for wait_from_s, wait_s in waits:
                    if end_s + CHANGE_WITHIN_S > wait_from_s:
                        end_s += wait_s
                waiting.insert(0, (end_s, is_known, fields["volume_nl"]))
                if is_demand:
                    waits.insert(0, (time_s, fields["duration_s"]))
                    is_demand = False
        if newest is None:
            return
        if not self.doses or self.doses[0].at_s > newest_s - _KEPT_S:
            record = events.last(records.DAILY_DOSE, number)
            if record is not None:
                self._load_dose(record, record.time_s, record.clock_known)
        self._load_boluses(waiting, waiting_bridges)
        self._keep_few(newest_s, True)

    def _load_dose(self, record, at_s: int, is_known: bool) -> None:
        fields = record.fields()
        concentration = fields["concentration_mcg_per_ml"]
        dose = Dose(
            at_s,
            is_known,
            fields["drug"],
            concentration if concentration[0] else None,
            fields["daily_nl"],
            fields["peak_nl_per_h"],
            fields["boluses_nl"],
            fields["schedule"],
        )
        self.doses.insert(0, dose)

    def _load_boluses(self, waiting, waiting_bridges) -> None:
        """Boluses and bridges that were given under the oldest dose that is known."""
        drug = self.doses[0].drug if self.doses else ""
        concentration = self.doses[0].concentration if self.doses else None
        found = []
        for end_s, is_known, volume_nl in waiting:
            found.append(Asked(end_s, is_known, drug, concentration, volume_nl))
        self.boluses = found + self.boluses
        while len(self.boluses) > BOLUSES_KEPT:
            self._put_two_together()
        del waiting[:]
        left = [Left(at_s, is_known, drug, bridge) for at_s, is_known, bridge in waiting_bridges]
        self.bridges = left + self.bridges
        del waiting_bridges[:]


def mark(programme) -> str:
    """8 hexadecimal digits that tell its schedule from another: CRC32 of all steps and boluses."""
    crc = crc32(str(programme.week).encode())
    for day in programme.days:
        for step in day:
            crc = crc32(str(step).encode(), crc)
    for bolus in programme.boluses:
        crc = crc32(str(bolus).encode(), crc)
    if programme.intermittent is not None:
        crc = crc32(str(tuple(programme.intermittent)).encode(), crc)
    return f"{crc:08x}"


def _as_one(first: Dose, second: Dose) -> Dose:
    """What two doses that followed one another come to, and never less.

    Volumes are those of a liquid of which one nanolitre holds one nanogram, so that doses of
    several concentrations add up. Where there was none of the drug among others, the lowest dose
    is the lowest above none: an increase is judged from it.
    """
    one = Dose(
        second.at_s,
        first.is_known and second.is_known,
        second.drug,
        None,
        ratio.add(first.daily, second.daily),
        ratio.higher(_peak(first), _peak(second)),
        ratio.add(_boluses(first), _boluses(second)),
        second.mark if first.mark == second.mark else "",
    )
    one.highest = ratio.higher(first.highest, second.highest)
    one.lowest = first.lowest
    if not first.lowest[0] or second.lowest[0] and ratio.compare(second.lowest, first.lowest) < 0:
        one.lowest = second.lowest
    one.is_mixed = first.is_mixed or second.is_mixed or first.drug != second.drug
    return one


def _peak(dose: Dose) -> tuple[int, int]:
    return amount(dose.peak_nl_per_h, dose.concentration)


def _boluses(dose: Dose) -> tuple[int, int]:
    return amount(dose.boluses_nl, dose.concentration)


def _rounded_up(volume_nl: tuple[int, int]) -> tuple[int, int]:
    return ratio.ratio(ratio.ceil(ratio.scale(volume_nl, 1000)), 1000)
