"""The pump with a drug library: what it lets through, and what a power cut leaves."""

from bench_case import Case, active, logged, proposed, status
from bench_library import TEXT, installed, sent
from bench_programme import bench_programme
from pump.core import records
from pump.core.dose_history import DoseHistory
from pump.core.errors import BadText, Damaged, NotNow, OutOfRange
from pump.core.modes import Bridge
from pump.core.programme import digest
from pump.core.sectors import SECTOR_BYTES

LIBRARY_AT = 20  # the sector in which the bench's library slots begin: see bench_pump.py


def dosing(mcg_per_day, **changes):
    """A flat programme for an adult at 500 mcg/mL: 1 mcg/day is 250/3 nL/h."""
    whole = mcg_per_day % 3 == 0
    rate = (mcg_per_day * 250 // 3, 1) if whole else (mcg_per_day * 250, 3)
    settings = {"days": (((0, rate),),), "patient_group": "spinal-adult"}
    settings.update(changes)
    return bench_programme(**settings)


class GuardTest(Case):
    def confirmed(self, bench, programme, reason=""):
        bench.controller.confirm(digest(proposed(bench, programme)), reason)
        return bench

    def guarded(self, mcg_per_day=300):
        """Running at a dose, with a library, for two days."""
        bench = installed(self.programmed(dosing(mcg_per_day)))
        bench.controller.start()
        bench.clock.set(bench.clock.now_s() + 172800)
        bench.controller.guard.history.doses[0].at_s -= 172800
        return bench

    def test_without_a_library_the_review_says_so_and_nothing_is_judged(self):
        bench = self.programmed(dosing(2400, max_rate_nl_per_h=(2000000, 1)))
        self.assertEqual(status(bench, "library"), "none")
        proposed(bench, dosing(2100))
        rows = [dict(row) for row in bench.controller.review() if row]
        said = [row["new"] for row in rows if row.get("setting") == "warning"]
        self.assertTrue(any("no drug library is installed" in each for each in said), said)

    def test_a_library_is_reviewed_confirmed_and_kept_over_a_power_cut(self):
        bench = self.programmed(dosing(300))
        library = sent(bench, TEXT)
        rows = [dict(row) for row in bench.controller.review() if row]
        self.assertEqual(rows[0], {"setting": "library", "old": "", "new": "Bench 1.0"})
        self.assertEqual(rows[-1], {"digest": library})
        self.refused(bench, NotNow, bench.controller.confirm, "0" * 16)
        bench.controller.confirm(library)
        for each in (bench, bench.after_power_cut()):
            self.assertEqual(status(each, "library"), "Bench 1.0")
            self.assertEqual(status(each, "library_digest"), library)
            text = [dict(row).get("text") for row in each.controller.library()]
            self.assertEqual("\n".join(text[:-1]) + "\n", TEXT)
            self.assertEqual(logged(each, "library_confirmed")[0]["library"], "Bench 1.0")

    def test_a_library_that_is_not_sound_is_refused_whole(self):
        bench = installed(self.programmed(dosing(300)))
        sent(bench, TEXT.replace("soft max 800000", "soft max 9000000"))
        self.refused(bench, OutOfRange, list, bench.controller.review())
        sent(bench, TEXT.replace("end\n", ""))
        self.refused(bench, BadText, list, bench.controller.review())
        self.refused(bench, BadText, bench.controller.propose, 1, "00000000", "firmware")
        self.assertEqual(status(bench, "library"), "Bench 1.0")

    def test_beyond_a_hard_limit_nothing_is_put_in_force_with_or_without_a_reason(self):
        """Hazards: H21."""
        bench = self.guarded()
        too_much = digest(proposed(bench, dosing(2004)))
        sentence = self.refused(bench, OutOfRange, list, bench.controller.review())
        self.assertTrue("2003 mcg/day" in sentence and "B20" in sentence, sentence)
        for reason in ("", "I want it so"):
            self.refused(bench, OutOfRange, bench.controller.confirm, too_much, reason)
            self.refused(bench, OutOfRange, bench.controller.rate, (167001, 1), reason)
        # 201 mcg are 402 uL: above the library's 200 mcg.
        bench = self.guarded()
        bench.controller.prescription.max_bolus_nl = (1000000, 1)
        self.refused(bench, OutOfRange, bench.controller.bolus, (402000, 1), 1800, "I want it so")

    def test_beyond_a_soft_limit_a_reason_is_asked_for_and_journalled(self):
        bench = self.guarded()
        wanted = digest(proposed(bench, dosing(402)))
        rows = [dict(row) for row in bench.controller.review() if row]
        (soft,) = [row for row in rows if row.get("setting") == "soft limit"]
        self.assertEqual(soft["old"], "increase")
        self.assertTrue("an increase by 34 %" in soft["new"], soft)
        sentence = self.refused(bench, NotNow, bench.controller.confirm, wanted)
        self.assertTrue("give a reason" in sentence, sentence)
        for reason in ("no", "x" * 49, "a\nb\nc"):
            self.refused(bench, BadText, bench.controller.confirm, wanted, reason)
        bench.controller.confirm(wanted, "severe spasms", request_id="0badcafe")
        self.assertEqual(
            logged(bench, "limit_overridden"),
            [{"request_id": "0badcafe", "limit": "increase", "reason": "severe spasms"}],
        )
        self.assertEqual(bench.controller.programme_digest, wanted)

    def test_a_bolus_above_a_soft_limit_needs_a_reason_too(self):
        bench = self.guarded()
        bench.controller.prescription.max_bolus_nl = (1000000, 1)
        # 101 mcg are 202 uL.
        self.refused(bench, NotNow, bench.controller.bolus, (202000, 1), 1800)
        bench.controller.bolus((202000, 1), 1800, "as the test dose was")
        self.assertEqual(
            [row["limit"] for row in logged(bench, "limit_overridden")], ["bolus_dose"]
        )

    def test_what_was_dosed_is_known_after_a_power_cut(self):
        bench = self.guarded()
        bench.controller.bolus((20000, 1), 600)
        again = bench.after_power_cut()
        for each in (bench, again):
            history = each.controller.guard.history
            self.assertEqual([dose.daily for dose in history.doses], [(300000, 1)])
            ((_, _, drug, concentration, volume_nl),) = history.boluses
            self.assertEqual((drug, concentration, volume_nl), ("baclofen", (500, 1), (20000, 1)))
            self.assertTrue(history.refilled is not None)
        # The clock is lost: how long ago the dose was changed is not known.
        wanted = digest(proposed(again, dosing(303)))
        sentence = self.refused(again, NotNow, again.controller.confirm, wanted)
        self.assertTrue("the clock is not known" in sentence, sentence)

    def test_the_dose_in_force_is_known_when_it_is_just_where_the_look_back_ends(self):
        bench = self.guarded()
        events = bench.controller.recorder.events
        newest = events.last(records.DAILY_DOSE)
        now_s = newest.time_s + 3 * 86400
        # As many as are looked through at least, all of today.
        for _ in range(450):
            events.prepare()
            events.append(records.RATE_CHANGED, now_s, records.encode(records.RATE_CHANGED, (1, 1)))
        history = DoseHistory()
        history.load(events)
        self.assertEqual([dose.at_s for dose in history.doses], [newest.time_s])

    def test_what_a_bridge_gave_counts_against_the_programme_after_it(self):
        # 16 h of the old 500 mcg/mL at 80 mcg/h are 1280 mcg.
        bridge = Bridge((2560000, 1), (160000, 1), (500, 1))
        first = dosing(3, bridge=bridge, concentration_mcg_per_ml=(2000, 1))
        boluses = [(hour * 3600, 127, (75000, 1), 3600) for hour in range(10)]
        then = dosing(
            0, boluses=tuple(boluses), concentration_mcg_per_ml=(2000, 1), capacity_nl=9000000
        )
        bench = installed(self.programmed(bench_programme()))
        self.confirmed(bench, first, "bench")
        bench.controller.start()
        wanted = digest(proposed(bench, then))
        # 1280 mcg of the bridge, 120 mcg of a day at minimum rate, 10 boluses of 150 mcg.
        sentence = self.refused(bench, OutOfRange, bench.controller.confirm, wanted, "bench")
        self.assertTrue("may come to 2900 mcg/day" in sentence, sentence)
        self.confirmed(bench, dosing(300, concentration_mcg_per_ml=(2000, 1)), "bench")
        found = [bridge]
        for each in (bench, bench.after_power_cut()):
            history = each.controller.guard.history
            self.assertEqual([left.bridge for left in history.bridges], found)
        self.assertEqual(len(logged(bench, "bridge_left")), 1)

    def test_a_bolus_counts_against_the_programme_that_follows_within_a_day(self):
        bench = installed(self.programmed(dosing(300, max_bolus_nl=(400000, 1))))
        bench.controller.start()
        now_s = bench.clock.now_s()
        follows = digest(proposed(bench, dosing(1950, max_bolus_nl=(400000, 1))))
        bench.controller.confirm(follows, "bench", now_s + 7200)
        # 50 mcg go with 1950 mcg a day, 55 mcg come to 2005 mcg.
        sentence = self.refused(
            bench, OutOfRange, bench.controller.bolus, (110000, 1), 600, "bench"
        )
        self.assertTrue("2005 mcg/day" in sentence, sentence)
        bench.controller.bolus((100000, 1), 600, "bench")

    def test_a_change_is_judged_with_the_programme_that_follows_it(self):
        def with_boluses(*hours):
            # 200 mcg each.
            boluses = tuple([(hour * 3600, 127, (400000, 1), 3600) for hour in hours])
            return dosing(300, boluses=boluses, max_bolus_nl=(400000, 1))

        bench = installed(self.programmed(with_boluses(1, 2)))
        bench.controller.start()
        now_s = bench.clock.now_s()
        bench.controller.confirm(digest(proposed(bench, with_boluses(3, 4))), "bench", now_s + 7200)
        # 2, 6 and 2 boluses of 200 mcg on 300 mcg of basal may fall into a day: 2300 mcg.
        wanted = digest(proposed(bench, with_boluses(5, 6, 7, 8, 9, 10)))
        sentence = self.refused(bench, OutOfRange, bench.controller.confirm, wanted, "bench")
        self.assertTrue("may come to 2300 mcg/day" in sentence, sentence)
        bench.controller.cancel_following()
        bench.controller.confirm(wanted, "bench")

    def test_the_clock_is_not_set_to_give_more_than_a_hard_limit_in_a_day(self):
        # 12 h at 150 mcg/h and 12 h at nothing: 1800 mcg of at most 2003 mcg a day.
        days = (((0, (300000, 1)), (43200, (0, 1))),)
        text = TEXT.replace("limit basal_rate hard max 100000 site - - site\n", "")
        bench = installed(self.programmed(bench_programme()), text)
        self.confirmed(bench, dosing(0, days=days, minimum_rate_nl_per_h=(0, 1)), "bench")
        bench.controller.start()
        now_s = bench.clock.now_s()
        # 2 h at 150 mcg/h may come again; so may they come earlier.
        for moved_s in (-7200, 7200):
            sentence = self.refused(bench, OutOfRange, bench.controller.set_clock, now_s + moved_s)
            self.assertTrue("may come to 2100 mcg/day" in sentence, sentence)
            self.assertTrue("stop the pump first" in sentence, sentence)
        bench.controller.set_clock(now_s - 3600)
        # It is remembered, also after a power cut: another hour and a half is too much.
        self.refused(bench, OutOfRange, bench.controller.set_clock, now_s - 3600 - 1800)
        for each in (bench, bench.after_power_cut()):
            asked = [ask.volume_nl for ask in each.controller.guard.history.boluses]
            self.assertEqual(asked, [(300000, 1)])
        # A minute is no matter, and the clock of a pump that is stopped is set as one likes.
        bench.controller.set_clock(bench.clock.now_s() - 60)
        bench.controller.stop()
        bench.controller.set_clock(now_s + 7200)
        # But then it does not start before that is a day ago.
        self.refused(bench, OutOfRange, bench.controller.start)

    def test_a_flat_programme_lets_the_clock_be_set_by_any_time(self):
        bench = installed(self.programmed(bench_programme()))
        self.confirmed(bench, dosing(1800), "bench")
        bench.controller.start()
        for moved_s in (-7200, 86400, -30 * 86400):
            bench.controller.set_clock(bench.clock.now_s() + moved_s)
        self.assertEqual(bench.controller.guard.history.boluses, [])

    def test_a_dose_counts_from_when_it_is_delivered(self):
        bench = installed(self.programmed(dosing(300)))
        self.confirmed(bench, dosing(360))
        self.assertEqual(bench.controller.guard.history.doses, [])
        bench.controller.start()
        bench.controller.stop()
        bench.controller.start()
        self.assertEqual(len(logged(bench, "daily_dose")), 1)

    def test_a_damaged_library_lets_what_runs_go_on_and_nothing_new_begin(self):
        bench = self.guarded()
        for sector in range(LIBRARY_AT, LIBRARY_AT + 6):
            if bench.sectors.data[sector][0] == ord("t"):
                bench.sectors.data[sector][40] ^= 1
        wanted = digest(proposed(bench, dosing(306)))
        with self.assertRaises(Damaged):
            bench.controller.confirm(wanted)
        self.assertTrue("library_damaged" in active(bench))
        with self.assertRaises(Damaged):
            bench.controller.bolus((20000, 1), 600)
        for each in (bench, bench.after_power_cut()):
            self.assertEqual(status(each, "library"), "damaged")
            self.assertEqual(each.controller.state, "running")
            self.assertTrue("library_damaged" in active(each))
            made = each.made()
            each.run_s(60)
            self.assertTrue(each.made() > made)
        each.controller.stop()
        with self.assertRaises(Damaged):
            each.controller.start()
        installed(each)
        each.controller.acknowledge("library_damaged")
        self.assertFalse("library_damaged" in active(each))
        each.controller.start()

    def test_an_older_library_does_not_pass_for_the_newer_one(self):
        bench = installed(self.programmed(dosing(300)))
        installed(bench, TEXT.replace("version 1.0", "version 1.1"))
        newest = LIBRARY_AT + 3
        self.assertTrue(b"1.1" in bytes(bench.sectors.data[newest + 1][:60]))
        for sector in range(newest, newest + 3):
            bench.sectors.data[sector][:] = b"\xff" * SECTOR_BYTES
        again = bench.after_power_cut()
        self.assertEqual(status(again, "library"), "damaged")

    def test_a_start_is_judged_by_the_library_installed_meanwhile(self):
        bench = self.programmed(dosing(2100))
        installed(bench)
        self.refused(bench, OutOfRange, bench.controller.start)

    def test_dye_needs_no_dose_and_no_library(self):
        dye = bench_programme(drug="", concentration_mcg_per_ml=None)
        bench = installed(self.programmed(dye))
        bench.controller.start()
        self.assertEqual(bench.controller.state, "running")

    def test_a_library_is_not_installed_during_a_prime(self):
        bench = self.programmed(dosing(300))
        library = sent(bench, TEXT)
        bench.controller.prime((500000, 1))
        self.refused(bench, NotNow, bench.controller.confirm, library)
