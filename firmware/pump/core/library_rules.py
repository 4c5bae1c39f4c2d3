"""What the drug library says of a programme or a bolus: hard and soft findings.

A finding is (code, is_hard, sentence); the code names the limit. A hard one is refused; a soft
one needs a reason. Nothing here changes anything.

Increases are judged against the daily dose that was in force 24 h ago, so that several small
ones in a row are one; the daily dose is the highest 24 hours of the week. An increase is one
at a refill when the reservoir was refilled within the last 24 h and the dose was not raised
since.
"""

from pump.core import ratio
from pump.core.day import daily_volume_nl
from pump.core.dose_history import Dose, DoseHistory, amount, dose_of
from pump.core.dose_window import highest_day_nl
from pump.core.library import (
    AT_MOST,
    BOUND,
    GROUPS,
    HARD,
    KIND,
    STRENGTH,
    VALUE,
    WHAT,
    WHATS,
    Drug,
    Limit,
    basis,
    groups_text,
    show,
)
from pump.core.programme import PATIENT_GROUPS
from pump.core.quantity import format_concentration, format_instant, format_time_of_day, quote
from pump.core.schedule import DAY_S, factor_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.core.modes import Bridge
    from pump.core.programme import Programme

_RAISES = ("increase", "increase_step", "increase_at_refill", "increase_interval")


class Rules:
    """What a library says of one drug.

    Args:
        title: name and version of the library.
        drug: the Drug, or None when the library has none of that name.
        names: all drugs of the library.
        history: what was dosed lately; None where that is not known, as on the host, and then
            changes are not judged.
        now_s, is_known: pump time, and whether it can be trusted.
        beside: (Programme, whether within 24 h) that is to follow or goes before, or None.
        left: the Bridge of the programme in force that another one is to end, or None.
    """

    def __init__(
        self,
        title: str,
        drug: "Drug | None",
        names: list[str],
        history: "DoseHistory | None" = None,
        now_s: int = 0,
        is_known: bool = True,
        beside: "tuple[Programme, bool] | None" = None,
        left: "Bridge | None" = None,
    ):
        self._title = title
        self._drug = drug
        self._names = names
        self._history = history
        self._now_s = now_s
        self._is_known = is_known
        self._beside = beside
        self._left = left

    def of_programme(self, programme: "Programme") -> list[tuple[str, bool, str]]:
        """All findings of a programme that passes limits.check(), hard ones first."""
        found = self._of_drug(programme)
        if found:
            return found
        new = dose_of(programme, self._now_s, self._is_known, True)
        found = self._of_daily_dose(programme, new) + self._of_bridge(programme, new)
        peak = amount(new.peak_nl_per_h, new.concentration)
        found += self._of_value(programme, "basal_rate", peak, "the highest basal rate is")
        for at_s, _, volume_nl, duration_s in programme.boluses:
            at = "the bolus at " + format_time_of_day(at_s)
            found += self._of_bolus(programme, volume_nl, duration_s, at)
        if programme.intermittent is not None:
            _, _, volume_nl, duration_s = programme.intermittent
            found += self._of_bolus(programme, volume_nl, duration_s, "the intermittent bolus")
        if programme.demand is not None:
            found += self._of_demand(programme)
        found += self._of_stability(programme)
        found += self._of_course(programme)
        if self._history is not None:
            # What a course raises later is judged by its own steps.
            now = dose_of(programme, self._now_s, self._is_known)
            found += self._of_change(programme, now)
        return [each for each in found if each[1]] + [each for each in found if not each[1]]

    def of_bolus(
        self, programme: "Programme", volume_nl, duration_s: int
    ) -> list[tuple[str, bool, str]]:
        """All findings of a bolus that is asked for now, on top of a programme."""
        found = self._of_drug(programme)
        if found:
            return found
        found = self._of_bolus(programme, volume_nl, duration_s, "the bolus")
        if self._history is not None:
            most = self._most_with(programme)
            total = ratio.add(most, amount(volume_nl, programme.concentration_mcg_per_ml))
            said = "with it, the boluses of the last 24 h and a full day of basal a day comes to"
            found += self._of_value(programme, "daily_dose", total, said, only=AT_MOST)
        return [each for each in found if each[1]] + [each for each in found if not each[1]]

    def of_clock(self, programme: "Programme", more_nl) -> list[tuple[str, bool, str]]:
        """Findings of setting the clock, which can add so much to the 24 hours around it."""
        found = self._of_drug(programme)
        if found:
            return []
        more = amount(more_nl, programme.concentration_mcg_per_ml)
        said = "with the clock set so, a day may come to"
        tail = "stop the pump first, or set it in smaller steps a day apart"
        total = ratio.add(self._most_with(programme), more)
        return self._of_value(programme, "daily_dose", total, said, AT_MOST, tail)

    def _most_with(self, programme: "Programme"):
        """The most that 24 hours hold of a programme in force and the doses before and after it."""
        news = [dose_of(programme, self._now_s, self._is_known, True)]
        if self._beside is not None and self._beside[1]:
            news.append(dose_of(self._beside[0], self._now_s, self._is_known, True))
        return self._history.most_in_a_day(
            self._drug, self._now_s, self._is_known, tuple(news), self._bridges(programme)
        )

    # -- drug and strength -----------------------------------------------------------------

    def _of_drug(self, programme: "Programme"):
        drug = self._drug
        if drug is None:
            name = quote(programme.drug) if programme.drug else "a liquid without a name"
            return [
                (
                    "drug",
                    True,
                    name
                    + " is not in the drug library "
                    + self._title
                    + ": there are "
                    + ", ".join(self._names)
                    + "; write one of these names, or install a library that has it",
                )
            ]
        concentration = programme.concentration_mcg_per_ml
        if drug.by_volume:
            if concentration is None:
                return []
            said = drug.name + " is dosed by volume: leave its concentration out"
            return [("concentration", True, said)]
        if concentration is None:
            said = drug.name + " is dosed by dose: write its concentration"
            return [("concentration", True, said)]
        if concentration in drug.strengths:
            return []
        known = [format_concentration(strength) for strength in drug.strengths]
        if drug.dilution is not None:
            low, high, source = drug.dilution
            if ratio.compare(low, concentration) <= 0 <= ratio.compare(high, concentration):
                return []
            known.append(
                "any dilution from "
                + format_concentration(low)
                + " to "
                + format_concentration(high)
                + " ("
                + source
                + ")"
            )
        return [
            (
                "concentration",
                True,
                drug.name
                + " at "
                + format_concentration(concentration)
                + " is not in the drug library "
                + self._title
                + ": there are "
                + ", ".join(known)
                + "; check the label of what was filled in",
            )
        ]

    # -- single values ---------------------------------------------------------------------

    def _of_daily_dose(self, programme: "Programme", new: Dose):
        """The programme's own highest day against all limits; with what went before, hard ones."""
        found = self._of_value(programme, "daily_dose", new.daily, "the highest day is")
        bridges = self._bridges(programme)
        history = self._history
        if history is None and bridges:
            history = DoseHistory()
        news: tuple[Dose, ...] = (new,)
        said = "with the doses and boluses of the last 24 h a day may come to"
        if history is not None and self._beside is not None:
            other, is_near = self._beside
            dose = dose_of(other, self._now_s, self._is_known, True)
            if is_near:
                news = (new, dose)
                said = "with the programme before or after it and the boluses a day may come to"
            else:
                most = DoseHistory().most_in_a_day(
                    self._drug, self._now_s, self._is_known, (new, dose), bridges
                )
                after = "when the programme that follows begins a day may come to"
                found += self._hard_daily_dose(programme, most, after)
        if history is not None and not [each for each in found if each[1]]:
            most = history.most_in_a_day(self._drug, self._now_s, self._is_known, news, bridges)
            found += self._hard_daily_dose(programme, most, said)
        return found

    def _hard_daily_dose(self, programme: "Programme", most, said: str):
        found = self._of_value(programme, "daily_dose", most, said, only=AT_MOST)
        return [each for each in found if each[1]]

    def _of_bridge(self, programme: "Programme", new: Dose):
        """What is said of the rate at which the old drug leaves the path."""
        if programme.bridge is None:
            return []
        bridge = self._amounts_of_bridge(programme.bridge)
        day = ratio.scale(bridge[0], 24)
        if ratio.compare(day, new.daily) == 0:
            # The dose stays what it is, and that was judged.
            return self._of_value(programme, "basal_rate", bridge[0], "the bridge's rate is")
        whose = ""
        only = ""
        tail = "correct its rate"
        if programme.bridge.old_mcg_per_ml == ratio.ZERO and not self._drug.by_volume:
            only = AT_MOST
            whose = " of " + format_concentration(self._strongest()) + ", the strongest of "
            whose += self._drug.name + " as its own is not said,"
            tail = "write the old concentration of the bridge, or correct its rate"
        found = self._of_value(
            programme, "basal_rate", bridge[0], "the bridge's rate" + whose + " is", tail=tail
        )
        said = "at the bridge's rate" + whose + " a day comes to"
        return found + self._of_value(programme, "daily_dose", day, said, only, tail)

    def _bridges(self, programme: "Programme"):
        """(amount an hour, amount) of a programme's bridge, and of those of the last 24 h."""
        found = []
        if self._history is not None:
            found = self._history.bridges_of(self._drug, self._now_s, self._is_known)
        for bridge in (self._left, programme.bridge):
            if bridge is not None:
                found.append(bridge)
        return [self._amounts_of_bridge(bridge) for bridge in found]

    def _amounts_of_bridge(self, mode):
        """An old concentration that is not known counts as the strongest of the drug."""
        old = None
        if not self._drug.by_volume:
            old = mode.old_mcg_per_ml if mode.old_mcg_per_ml[0] else self._strongest()
        return amount(mode.rate_nl_per_h, old), amount(mode.volume_nl, old)

    def _strongest(self):
        drug = self._drug
        strongest = drug.strengths[-1] if drug.strengths else ratio.ZERO
        if drug.dilution is not None and ratio.compare(drug.dilution[1], strongest) > 0:
            strongest = drug.dilution[1]
        return strongest

    def _of_bolus(self, programme, volume_nl, duration_s: int, at: str):
        volume = amount(volume_nl, programme.concentration_mcg_per_ml)
        found = self._of_value(programme, "bolus_dose", volume, at + " is")
        found += self._of_value(programme, "bolus_duration", (duration_s, 1), at + " lasts")
        return found

    def _of_demand(self, programme):
        """What is said of boluses on demand: how many a day at most, how large, how far apart."""
        volume_nl, duration_s, lockout_s, period_s, period_max = programme.demand
        per_day = (-(-DAY_S // period_s) * period_max, 1)
        volume = amount(volume_nl, programme.concentration_mcg_per_ml)
        lockout = (lockout_s, 1)
        found = self._of_bolus(programme, volume_nl, duration_s, "the demand bolus")
        found += self._of_value(programme, "demand_per_day", per_day, "demand boluses a day may be")
        found += self._of_value(programme, "demand_dose", volume, "the demand bolus is")
        return found + self._of_value(programme, "demand_lockout", lockout, "the lockout is")

    def _of_stability(self, programme: "Programme"):
        week_nl = ratio.ZERO
        for weekday in range(7):
            week_nl = ratio.add(week_nl, daily_volume_nl(programme, weekday))
        if not week_nl[0]:
            return []
        full_nl = (programme.capacity_nl - programme.reservoir_reserve_nl, 1)
        lasts_s = (ratio.floor(ratio.scale(ratio.divide(full_nl, week_nl), 7 * DAY_S)), 1)
        hours = ratio.scale((lasts_s[0] // 3600, 1), 3600)
        value = hours if lasts_s[0] >= DAY_S else lasts_s
        said = "a full reservoir lasts for"
        tail = "fill in less, or refill it earlier"
        return self._of_value(programme, "stability", value, said, tail=tail)

    def _of_value(self, programme, what: str, value, said: str, only: str = "", tail: str = ""):
        """Findings of one value; of soft ones all, of a hard one only that."""
        drug = self._drug
        found = []
        for limit in self._limits(programme, what):
            if only and limit[BOUND] != only:
                continue
            order = ratio.compare(value, limit[VALUE])
            if order <= 0 if limit[BOUND] == AT_MOST else order >= 0:
                continue
            sentence = (
                said
                + " "
                + show(drug, what, value)
                + ": the "
                + limit[KIND]
                + " limit of "
                + WHATS[what][0]
                + " is at "
                + ("most " if limit[BOUND] == AT_MOST else "least ")
                + show(drug, what, limit[VALUE])
                + self._whom(limit)
                + " ("
                + basis(limit)
                + ")"
                + "; "
                + (tail or ("correct it" if limit[KIND] == HARD else "correct it or say why"))
            )
            if limit[KIND] == HARD:
                return [(what, True, sentence)]
            found.append((what, False, sentence))
        return found

    def _whom(self, limit) -> str:
        whom = ""
        if limit[GROUPS]:
            whom = " for " + groups_text(limit[GROUPS]).replace(",", ", ")
        if limit[STRENGTH] is not None:
            whom += " at " + format_concentration(limit[STRENGTH])
        return whom

    def _limits(self, programme, what: str):
        """The limits of a thing that apply.

        One for the programme's strength goes before one for any strength; without a patient
        group, the strictest of all groups counts.
        """
        group = programme.patient_group
        mask = 1 << PATIENT_GROUPS.index(group) if group else 0
        found: list[Limit] = []
        for limit in self._drug.limits:
            if limit[WHAT] != what:
                continue
            if limit[STRENGTH] not in (None, programme.concentration_mcg_per_ml):
                continue
            if group and limit[GROUPS] and not limit[GROUPS] & mask:
                continue
            if not group and limit[GROUPS]:
                if _is_looser_than_another(limit, found):
                    continue
                found = [each for each in found if not _is_looser(each, limit)]
            found.append(limit)
        special = [each[KIND] + each[BOUND] for each in found if each[STRENGTH] is not None]
        return [
            each
            for each in found
            if each[STRENGTH] is not None or each[KIND] + each[BOUND] not in special
        ]

    # -- changes ---------------------------------------------------------------------------

    def _of_course(self, programme: "Programme"):
        """What is said of the steps by which a course raises the basal.

        Each is judged against what the course has 24 h before it; a rise from nothing as a
        first dose. Lowering is what a taper is for.
        """
        steepest = highest = restart = (ratio.ZERO, 0, ratio.ZERO)
        for at_s, factor in programme.course:
            if at_s <= self._now_s:
                continue
            before = factor_at(programme, max(0, at_s - DAY_S))
            if ratio.compare(factor, before) <= 0:
                continue
            rise = ratio.subtract(factor, before)
            if not before[0]:
                restart = _larger(restart, (factor, at_s, before))
                continue
            steepest = _larger(steepest, (_percent(rise, before), at_s, before))
            highest = _larger(highest, (rise, at_s, before))
        found = []
        percent, at_s, _ = steepest
        if at_s:
            said = "by " + format_instant(at_s) + " the course raises the basal in 24 h by"
            found += self._of_value(programme, "increase", percent, said)
        rise, at_s, before = highest
        if at_s:
            gain = ratio.subtract(
                self._daily(programme, ratio.add(before, rise)), self._daily(programme, before)
            )
            said = "by " + format_instant(at_s) + " the course raises the dose in 24 h by"
            found += self._of_value(programme, "increase_step", gain, said)
        factor, at_s, _ = restart
        if at_s:
            daily = self._daily(programme, factor)
            said = "at " + format_instant(at_s) + " the course begins again with"
            found += self._of_value(programme, "first_daily_dose", daily, said)
        return found

    def _daily(self, programme: "Programme", factor):
        return amount(highest_day_nl(programme, factor), programme.concentration_mcg_per_ml)

    def _of_change(self, programme: "Programme", new: Dose):
        drug = self._drug
        before = self._history.of(drug)
        daily = new.daily
        if not before or not before[-1].daily[0]:
            return self._of_value(programme, "first_daily_dose", daily, "the first daily dose is")
        order = ratio.compare(daily, before[-1].daily)
        if order == 0:
            return []
        if not (self._is_known and before[-1].is_known):
            return self._of_unknown_time(programme, order > 0)
        recent = self._history.in_force_within(drug, self._now_s, True, DAY_S)
        if order < 0:
            highest = recent[0].highest
            for dose in recent:
                highest = ratio.higher(highest, dose.highest)
            percent = _percent(ratio.subtract(highest, daily), highest)
            said = "from " + show(drug, "daily_dose", highest) + " in 24 h this is a decrease by"
            return self._of_value(programme, "decrease", percent, said)
        return self._of_increase(programme, new, before, recent)

    def _of_increase(self, programme, new: Dose, before, recent):
        drug = self._drug
        daily = new.daily
        refilled = self._history.refilled
        raised = _last_raised(before)
        what = "increase"
        reference = recent[0].lowest
        if (
            refilled is not None
            and refilled[1]
            and refilled[0] > self._now_s - DAY_S
            and raised.at_s <= refilled[0]
        ):
            what = "increase_at_refill"
            reference = before[-1].daily
            if not self._limits(programme, what):
                what = "increase"
        if not reference[0]:
            return self._of_value(programme, "first_daily_dose", daily, "the first daily dose is")
        gain = ratio.subtract(daily, reference)
        said = "from " + show(drug, "daily_dose", reference)
        at = " at a refill" if what == "increase_at_refill" else " in 24 h"
        found = self._of_value(
            programme, what, _percent(gain, reference), said + at + " this is an increase by"
        )
        found += self._of_value(programme, "increase_step", gain, said + " this is an increase by")
        since = (max(0, self._now_s - raised.at_s), 1)
        if not raised.is_known:
            return found + self._of_unknown_time(programme, True)
        said = "the time since the dose was last raised or begun is"
        return found + self._of_value(programme, "increase_interval", since, said)

    def _of_unknown_time(self, programme, is_increase: bool):
        for what in _RAISES if is_increase else ("decrease",):
            if self._limits(programme, what):
                return [
                    (
                        what,
                        False,
                        "the clock is not known, so it cannot be judged how much the dose has "
                        + "changed in 24 h; set the clock, or look it up",
                    )
                ]
        return []


def _larger(one, other):
    """The one of two that begins with the larger ratio."""
    return other if ratio.compare(other[0], one[0]) > 0 else one


def _is_looser(limit, than) -> bool:
    if limit[KIND] != than[KIND] or limit[BOUND] != than[BOUND] or not limit[GROUPS]:
        return False
    if limit[STRENGTH] != than[STRENGTH]:
        return False
    order = ratio.compare(limit[VALUE], than[VALUE])
    return order >= 0 if limit[BOUND] == AT_MOST else order <= 0


def _is_looser_than_another(limit, others) -> bool:
    for other in others:
        if other[GROUPS] and _is_looser(limit, other):
            return True
    return False


def _last_raised(doses):
    """The last of the doses that was above the one before it; the first if none was."""
    found = doses[0]
    for index in range(1, len(doses)):
        if ratio.compare(doses[index].daily, doses[index - 1].lowest) > 0:
            found = doses[index]
    return found


def _percent(part, whole) -> tuple[int, int]:
    return ratio.scale(ratio.divide(part, whole), 100)
