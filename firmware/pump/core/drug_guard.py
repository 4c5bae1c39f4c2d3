"""The drug library in use, and what it lets through: programmes, boluses, a start.

The library's text stays in flash. For each question it is read and checked anew, and only the
entry of the drug asked about is kept meanwhile.
"""

from pump.core import moves, ratio, records
from pump.core.compat import const
from pump.core.dose_history import DoseHistory, dose_of, more_by_clock
from pump.core.errors import BadText, Damaged, NotNow, OutOfRange, PumpError
from pump.core.feeder import CHANGE_WITHIN_S
from pump.core.schedule import DAY_S

NONE = "none"
DAMAGED = "damaged"
REASON_MIN = const(4)


class DrugGuard:
    """Judges what one Controller is asked for by the drug library that is installed.

    Attributes:
        history: the DoseHistory.
        title: name and version of the library, NONE or DAMAGED.
        digest: its digest, or "".
    """

    def __init__(self, pump):
        self._pump = pump
        self._slots = pump.recorder.library
        self.history = DoseHistory()
        self.title = NONE
        self.digest = ""

    # -- at the start ----------------------------------------------------------------------

    def load(self) -> None:
        """Find the library that is installed; a damaged one raises its alarm."""
        try:
            stored = self._pump.recorder.confirmed(self._slots, records.LIBRARY_CONFIRMED)
            if stored is not None:
                self._take(stored)
        except PumpError as error:
            self._note_damage(error)

    def load_history(self) -> None:
        """Find in the journal what was dosed lately."""
        self.history = DoseHistory()
        try:
            self.history.load(self._pump.recorder.events)
        except PumpError:
            # The journal's own alarm names it; what is not known is judged as not known.
            self.history = DoseHistory()

    # -- installing ------------------------------------------------------------------------

    def install(self, text: str, request_id) -> None:
        """Put a library that has been checked in use, whole, across a power loss."""
        recorder = self._pump.recorder
        stored = self._slots.write(text)
        self._take(stored)
        recorder.event(
            records.LIBRARY_CONFIRMED,
            request_id or records.NO_REQUEST,
            stored.digest,
            stored.sequence,
            self.title,
        )
        self._pump.active_alarms.clear("library_damaged", self._pump.pump_clock.uptime_s())

    def text(self) -> str:
        """The library's canonical text, "" when none is installed.

        Raises:
            Damaged: it cannot be read.
        """
        if self.title == NONE:
            return ""
        return self._read().text

    # -- judging ---------------------------------------------------------------------------

    def of_programme(self, programme, after=None):
        """(warnings, findings) of a programme: sentences, and see library_rules.py.

        Args:
            after: the Programme in force after which it is to come at a time; None: from now on.

        Raises:
            Damaged: it has a drug, and the library is damaged.
        """
        beside = self._following(0) if after is None else (after, True)
        rules = self._rules(programme, beside)
        if rules is not None:
            return [], rules.of_programme(programme)
        if self.title == DAMAGED:
            return ["the drug library is damaged: install it again"], []
        if not programme.drug:
            return [], []
        return [
            "no drug library is installed: check dose and concentration against the prescription"
        ], []

    def rows_of_programme(self, programme):
        """What a person reviews: (setting, old, new); a soft limit has its code as old.

        Raises:
            OutOfRange: a hard limit; code "hard_limit".
            Damaged: as of_programme().
        """
        warnings, findings = self.of_programme(programme)
        self.require_hard(findings)
        rows = [("warning", "", sentence) for sentence in warnings]
        return rows + [("soft limit", code, sentence) for code, _, sentence in findings]

    def of_library(self, text: str):
        """What a person reviews of a proposed library: what it would refuse that is in force."""
        programme = self._pump.prescription
        if programme is None:
            return []
        from pump.core import library, library_rules

        title, drug, names = library.find(text, programme.drug)
        findings = library_rules.Rules(title, drug, names).of_programme(programme)
        return [
            ("warning", "", "it would refuse the programme in force: " + sentence)
            for _, is_hard, sentence in findings
            if is_hard
        ]

    def of_bolus(self, volume_nl, duration_s: int):
        """Findings of a bolus that is asked for now."""
        programme = self._pump.prescription
        rules = self._rules(programme, self._following(duration_s))
        return [] if rules is None else rules.of_bolus(programme, volume_nl, duration_s)

    def more_by_clock(self, moved_s: int):
        """What setting the clock by so much can add to the 24 hours around it, nL.

        Raises:
            OutOfRange: a pump that delivers would go beyond a hard limit.
        """
        pump = self._pump
        if not self.history.doses or pump.prescription is None:
            return ratio.ZERO
        if moved_s > 0 and not pump.pump_clock.is_known:
            # So much time has passed, as far as anyone knows.
            return ratio.ZERO
        more_nl = more_by_clock(self.history.doses[-1], moved_s)
        if more_nl[0] and pump.state in moves.DELIVERING and self.title != DAMAGED:
            rules = self._rules(pump.prescription, self._following(0))
            if rules is not None:
                self.require_hard(rules.of_clock(pump.prescription, more_nl))
        return more_nl

    def require(self, findings, reason: str) -> None:
        """Let findings through, or refuse.

        Args:
            findings: see library_rules.py.
            reason: why a person goes beyond soft limits, "" when none was given.

        Raises:
            OutOfRange: a hard limit; code "hard_limit".
            NotNow: a soft limit and no reason; code "reason_needed".
            BadText: a reason that the journal cannot hold.
        """
        soft = []
        for _, is_hard, sentence in findings:
            if is_hard:
                raise OutOfRange(sentence, "hard_limit")
            soft.append(sentence)
        if reason and (len(reason) < REASON_MIN or reason != records.shorten(reason)):
            raise BadText(
                "the reason has "
                + str(len(reason))
                + " characters: the limit is "
                + str(REASON_MIN)
                + " to "
                + str(records.TEXT_MAX)
                + " printable ASCII characters"
            )
        if soft and not reason:
            raise NotNow(
                ". ".join(soft) + ". To go on all the same, give a reason, which is journalled",
                "reason_needed",
            )

    def note_reason(self, findings, reason: str, request_id) -> None:
        """Journal which soft limits were gone beyond, and why."""
        for code, _, _ in findings:
            self._pump.recorder.event(
                records.LIMIT_OVERRIDDEN, request_id or records.NO_REQUEST, code, reason
            )

    def require_start(self, programme) -> None:
        """Refuse to begin what a damaged library cannot vouch for, or the library forbids.

        Raises:
            Damaged, OutOfRange: with what to do.
        """
        self.require_hard(self.of_programme(programme)[1])

    def require_hard(self, findings) -> None:
        """Refuse what is beyond a hard limit, and let everything else through.

        Raises:
            OutOfRange: with the limit; code "hard_limit".
        """
        self.require([finding for finding in findings if finding[1]], "")

    # -- what is dosed ---------------------------------------------------------------------

    def note_dose(self) -> None:
        """The programme in force is what is dosed from now on."""
        pump = self._pump
        clock = pump.pump_clock
        dose = dose_of(pump.prescription, clock.now_s(), clock.is_known)
        if self.history.note_dose(dose):
            pump.recorder.event(records.DAILY_DOSE, *dose.values())

    def note_bolus(self, volume_nl, duration_s: int) -> None:
        """A bolus begins now."""
        clock = self._pump.pump_clock
        programme = self._pump.prescription
        self.history.note_bolus(
            clock.now_s() + duration_s,
            clock.is_known,
            programme.drug,
            programme.concentration_mcg_per_ml,
            volume_nl,
        )

    def note_bridge(self, programme) -> None:
        """Another programme takes the place of the one in force: its bridge ends."""
        bridge = self._left(programme)
        if bridge is not None:
            clock = self._pump.pump_clock
            self._pump.recorder.event(records.BRIDGE_LEFT, *bridge)
            drug = self._pump.prescription.drug
            self.history.note_bridge(clock.now_s(), clock.is_known, drug, bridge)

    def note_refill(self) -> None:
        """The reservoir was refilled now."""
        clock = self._pump.pump_clock
        self.history.note_refill(clock.now_s(), clock.is_known)

    # -- inside ----------------------------------------------------------------------------

    def _following(self, duration_s: int):
        """(programme that is to follow, whether within a day of the end of a bolus), or None."""
        pump = self._pump
        if pump.delivery is None or pump.delivery.following is None:
            return None
        from_s, programme = pump.delivery.following
        ends_s = pump.pump_clock.now_s() + duration_s + CHANGE_WITHIN_S
        return programme, from_s <= ends_s + DAY_S

    def _left(self, programme):
        """The bridge in force, if it has begun and does not go on in another programme."""
        now = self._pump.prescription
        if now is None or now.bridge is None:
            return None
        is_the_same = (
            now.bridge == programme.bridge
            and now.concentration_mcg_per_ml == programme.concentration_mcg_per_ml
        )
        delivery = self._pump.delivery
        has_begun = (
            delivery.bridge_end_ticks is not None or delivery.bridge_left_nl != now.bridge.volume_nl
        )
        return now.bridge if has_begun and not is_the_same else None

    def _rules(self, programme, beside=None):
        """The rules for a programme's drug, or None when no library says anything of it."""
        if self.title == NONE:
            return None
        if self.title == DAMAGED and not programme.drug:
            return None
        from pump.core import library, library_rules

        text = self._read().text
        title, drug, names = library.find(text, programme.drug)
        clock = self._pump.pump_clock
        return library_rules.Rules(
            title,
            drug,
            names,
            self.history,
            clock.now_s(),
            clock.is_known,
            beside,
            self._left(programme),
        )

    def _read(self):
        try:
            if self.title != DAMAGED:
                return self._slots.read()
        except PumpError as error:
            self._note_damage(error)
        raise Damaged(
            "the drug library is damaged, so no drug can be judged by it: install it again with"
            " titrate library install",
            "library_damaged",
        )

    def _take(self, stored) -> None:
        from pump.core import library

        self.title = library.find(stored.text, "")[0]
        self.digest = stored.digest

    def _note_damage(self, error) -> None:
        pump = self._pump
        self.title = DAMAGED
        self.digest = ""
        pump.active_alarms.raise_alarm(
            "library_damaged", pump.pump_clock.uptime_s(), error.sentence
        )
        pump.recorder.fault("library_damaged", error.sentence)
