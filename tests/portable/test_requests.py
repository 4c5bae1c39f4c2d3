"""Requests: what is journalled of each, its outcome after a power cut, what a refusal says."""

import unittest

from bench_case import FAST, STEP_NL, Case, fast_programme, logged, proposed, status
from bench_pump import MONDAY_S, BenchPump
from pump.core import moves, ratio
from pump.core.bolus_rules import BOLUSES_MAX
from pump.core.delivery import TICKS_PER_S
from pump.core.errors import NotNow, OutOfRange
from pump.core.modes import Demand, Vtbi
from pump.core.programme import digest
from pump.core.ranges import LAST_INSTANT_S

DEMAND = Demand((10000, 1), 2, 60, 300, 3)
WITH_DEMAND = fast_programme(demand=DEMAND)
PROMPTED = "ffffffff"
NOBODY = "00000000"


def confirmed(bench, programme, **how):
    return bench.controller.confirm(digest(proposed(bench, programme)), **how)


# In the order in which they are possible, one after the other, and the state that follows.
STORY = (
    ("confirm", lambda bench, **rid: confirmed(bench, WITH_DEMAND, **rid), moves.STOPPED),
    ("start", lambda bench, **rid: bench.controller.start(**rid), moves.RUNNING),
    ("bolus", lambda bench, **rid: bench.controller.bolus((20000, 1), 10, **rid), moves.RUNNING),
    ("demand", lambda bench, **rid: bench.controller.demand(**rid), moves.RUNNING),
    ("cancel_bolus", lambda bench, **rid: bench.controller.cancel_bolus(**rid), moves.RUNNING),
    ("rate", lambda bench, **rid: bench.controller.rate((9000000, 1), **rid), moves.RUNNING),
    (
        "confirm at a time",
        lambda bench, **rid: confirmed(bench, FAST, at_s=MONDAY_S + 3600, **rid),
        moves.RUNNING,
    ),
    (
        "cancel_following",
        lambda bench, **rid: bench.controller.cancel_following(**rid),
        moves.RUNNING,
    ),
    ("minimum", lambda bench, **rid: bench.controller.minimum(**rid), moves.MINIMUM),
    ("pause", lambda bench, **rid: bench.controller.pause(**rid), moves.PAUSED),
    ("resume", lambda bench, **rid: bench.controller.resume(**rid), moves.RUNNING),
    ("stop", lambda bench, **rid: bench.controller.stop(**rid), moves.STOPPED),
    ("refill", lambda bench, **rid: bench.controller.refill((8000000, 1), **rid), moves.STOPPED),
    ("prime", lambda bench, **rid: bench.controller.prime((10000, 1), **rid), moves.PRIMING),
)


def told(with_requests):
    """A bench after the story, with the answer to each request."""
    bench = BenchPump().programme(WITH_DEMAND)
    bench.generator.edges = None
    answers = []
    for number, (_, call, _) in enumerate(STORY):
        rid = {"request_id": f"{number + 1:08x}"} if with_requests else {}
        answers.append(dict(call(bench, **rid)))
        bench.run_s(1)
    return bench, answers


class OutcomeTest(Case):
    def test_the_outcome_of_whatever_touches_delivery_is_known_after_a_power_cut(self):
        bench, _ = told(True)
        again = bench.after_power_cut().controller
        for number, (name, _, _) in enumerate(STORY):
            self.assertEqual((name, again.outcome_of(f"{number + 1:08x}")), (name, "done"))
        told_of = [(row["request_id"], row["outcome"]) for row in logged(bench, "request_outcome")]
        self.assertEqual(told_of, [(f"{n + 1:08x}", "done") for n in range(len(STORY))])
        self.assertIsNone(again.outcome_of("0badcafe"))

    def test_what_touches_nothing_has_no_outcome_in_the_journal(self):
        bench = self.running()
        records = len(logged(bench, "request_outcome"))
        bench.controller.silence(request_id="0badcafe")
        bench.controller.test_alarm(request_id="1badcafe")
        proposed(bench, FAST)
        bench.controller.discard(request_id="2badcafe")
        self.assertEqual(len(logged(bench, "request_outcome")), records)

    def test_each_answers_with_the_state_that_follows_and_when_it_takes_effect(self):
        bench, answers = told(True)
        for (name, _, state), answer in zip(STORY, answers):
            self.assertEqual((name, answer["state"]), (name, state))
        # What changes the flow does so within a second and a half of being asked for.
        flows = ("start", "bolus", "demand", "cancel_bolus", "rate", "minimum", "pause", "stop")
        begun_s = MONDAY_S
        for number, ((name, _, _), answer) in enumerate(zip(STORY, answers)):
            if name in flows:
                after = answer["effective_ticks"] - (begun_s + number) * TICKS_PER_S
                self.assertTrue(0 <= after <= 3 * TICKS_PER_S // 2, (name, after))
        for name in ("confirm", "refill"):
            at = [row[0] for row in STORY].index(name)
            self.assertIsNone(answers[at]["effective_ticks"])

    def test_records_name_the_request_or_that_there_was_none(self):
        for with_requests in (True, False):
            bench, _ = told(with_requests)
            for name, number, otherwise in (
                ("started", 2, NOBODY),
                ("bolus_started", 3, PROMPTED),
                ("demand", 4, PROMPTED),
                ("following_confirmed", 7, NOBODY),
                ("following_dropped", 8, NOBODY),
                ("minimum_rate", 9, NOBODY),
                ("paused", 10, NOBODY),
                ("resumed", 11, NOBODY),
                ("stopped", 12, NOBODY),
                ("prime", 14, NOBODY),
            ):
                rid = f"{number:08x}" if with_requests else otherwise
                self.assertEqual((name, logged(bench, name)[0]["request_id"]), (name, rid))
            refills = [fields["request_id"] for fields in logged(bench, "refill")]
            self.assertEqual(refills, [NOBODY, f"{13:08x}" if with_requests else NOBODY])
            confirmations = [
                fields["request_id"] for fields in logged(bench, "programme_confirmed")
            ]
            rids = [f"{1:08x}", f"{6:08x}"] if with_requests else [NOBODY, NOBODY]
            self.assertEqual(confirmations, [NOBODY] + rids)

    def test_records_hold_what_was_asked_for(self):
        bench, _ = told(True)
        pump = bench.controller
        first = digest(proposed(bench, WITH_DEMAND))
        self.assertEqual(logged(bench, "started")[0]["digest"], first)
        boluses = [(row["volume_nl"], row["duration_s"]) for row in logged(bench, "bolus_started")]
        self.assertEqual(boluses, [((20000, 1), 10), ((10000, 1), 2)])
        self.assertEqual([row["reason"] for row in logged(bench, "bolus_cancelled")], ["asked"] * 2)
        self.assertEqual(logged(bench, "rate_changed"), [{"rate_nl_per_h": (9000000, 1)}])
        self.assertEqual(logged(bench, "stopped")[0]["reason"], "asked")
        self.assertEqual(logged(bench, "following_dropped")[0]["reason"], "asked")
        self.assertEqual(logged(bench, "prime")[0]["volume_nl"], (10000, 1))
        # What the reservoir was to hold when it was refilled: 9 mL less what was stepped by then.
        refilled = logged(bench, "refill")[1]
        self.assertEqual(refilled["volume_nl"], (8000000, 1))
        prime_steps = ratio.floor(ratio.divide((10000, 1), STEP_NL))
        bench.run_s(3)
        self.assertEqual(pump.state, moves.STOPPED)
        made = bench.made() - prime_steps
        left_nl = ratio.subtract((9000000, 1), ratio.scale(STEP_NL, made))
        self.assertEqual(refilled["expected_residual_nl"], left_nl)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, prime_steps))

    def test_what_a_pause_a_stop_or_the_minimum_rate_cancels_is_told_with_its_reason(self):
        for call, reason in (
            (lambda pump: pump.pause(), "paused"),
            (lambda pump: pump.stop(), "stopped"),
            (lambda pump: pump.minimum(), "minimum rate"),
        ):
            bench = self.running()
            bench.run_s(1)
            bench.controller.bolus((20000, 1), 10, request_id="0badcafe")
            bench.run_s(3)
            call(bench.controller)
            (cancelled,) = logged(bench, "bolus_cancelled")
            self.assertEqual((cancelled["request_id"], cancelled["reason"]), ("0badcafe", reason))
            # 3 s of 10, within the half second that was committed.
            given = cancelled["delivered_nl"]
            self.assertTrue(ratio.compare(given, (5000, 1)) > 0)
            self.assertTrue(ratio.compare(given, (7500, 1)) < 0)


class RefusalTest(Case):
    def test_what_is_not_possible_now_says_what_to_do(self):
        bare = BenchPump()
        empty = bare.controller
        for call, said in (
            (
                empty.cancel_following,
                "no programme is to follow at a time; there is nothing to cancel",
            ),
            (empty.revert, "no programme from before this one is kept; send it again"),
            (empty.start, "start is not possible while the pump is unprogrammed: confirm a "),
            (
                lambda: empty.propose_line(0, "x"),
                "no programme has been proposed; send one first",
            ),
            (
                lambda: empty.confirm("0" * 16),
                "no programme has been proposed; send one first",
            ),
        ):
            self.assertIn(said, self.refused(bare, NotNow, call))

        bench = self.running()
        pump = bench.controller
        for call, said in (
            (
                pump.cancel_following,
                "no programme is to follow at a time; there is nothing to cancel",
            ),
            (pump.demand, "the programme has no demand bolus; have it added to the profile"),
            (
                lambda: pump.acknowledge("empty"),
                "there is no active alarm empty; active: clock_lost",
            ),
            (
                pump.bootloader,
                "firmware is exchanged only while the pump is stopped; stop first",
            ),
        ):
            if "active:" in said:
                pump.active_alarms.raise_alarm("clock_lost", 0, "")
            self.assertEqual(self.refused(bench, NotNow, call), said)

        none = self.running(fast_programme(minimum_rate_nl_per_h=(0, 1)))
        self.assertEqual(
            self.refused(none, NotNow, none.controller.minimum),
            "the programme has no minimum rate; give it one or pause instead",
        )
        quiet = self.programmed()
        self.assertEqual(
            self.refused(quiet, NotNow, lambda: quiet.controller.acknowledge("empty")),
            "there is no active alarm empty; none is active",
        )

    def test_a_reservoir_at_its_reserve_starts_nothing(self):
        # The reserve is 200 uL; a step is 103.2 nL.
        for reservoir_nl, starts in ((200103, False), (200104, True)):
            bench = self.programmed(FAST, reservoir_nl)
            if starts:
                bench.controller.start()
                continue
            self.assertEqual(
                self.refused(bench, NotNow, bench.controller.start),
                "the reservoir is down to its reserve; refill, and say what it holds with refill",
            )

    def test_a_refill_is_at_most_what_the_syringe_holds(self):
        bench = self.programmed()
        pump = bench.controller
        self.assertEqual(
            self.refused(bench, OutOfRange, pump.refill, (10000001, 1)),
            "a refill of 10.000001 mL is more than the 10 mL that the syringe holds; say what it "
            "holds now",
        )
        pump.refill((10000000, 1))
        self.assertEqual(status(bench, "reservoir_nl"), (10000000, 1))

    def test_a_prime_has_a_microstep_at_least_and_a_rate_that_can_be_committed(self):
        bench = self.programmed()
        pump = bench.controller
        self.assertEqual(
            self.refused(bench, OutOfRange, pump.prime, (103, 1)),
            "a prime of 103 nL is less than one microstep of ~103.21 nL; ask for more",
        )
        # 40 uL committed ahead are 387 steps: twice that a second at most, 774 of 103.21 nL.
        for rate_nl_per_h, per_s in (((0, 1), 0), ((290000000, 1), 780)):
            self.assertEqual(
                self.refused(bench, OutOfRange, pump.prime, (10000, 1), rate_nl_per_h),
                "priming at "
                + ("0 mL/h" if per_s == 0 else "290 mL/h")
                + f" is {per_s} microsteps/s, but it must be above 0 and at most 774, as so much "
                "may be committed ahead; choose a lower rate",
            )
        pump.prime((10000, 1), (287000000, 1))
        wide = self.programmed(fast_programme(commit_ahead_nl=900000))
        # 8720 steps ahead: the drive's 10,000 a second are the limit.
        self.assertEqual(
            self.refused(wide, OutOfRange, wide.controller.prime, (10000, 1), (4000000000, 1)),
            "priming at 4000 mL/h is 10765 microsteps/s, but it must be above 0 and at most "
            "10000; choose a lower rate",
        )

    def test_a_purge_empties_the_reservoir_down_to_its_reserve(self):
        bench = self.programmed(FAST, 250000)
        pump = bench.controller
        pump.purge((36000000, 1), request_id="0badcafe")
        # 50 uL above the reserve of 200 uL, at 36 mL/h in 5 s.
        self.assertEqual(
            logged(bench, "prime"), [{"request_id": "0badcafe", "volume_nl": (50000, 1)}]
        )
        self.assertEqual(pump.outcome_of("0badcafe"), "done")
        bench.run_s(4)
        self.assertEqual(pump.state, moves.PRIMING)
        bench.run_s(3)
        self.assertEqual(pump.state, moves.STOPPED)
        steps = ratio.floor(ratio.divide((50000, 1), STEP_NL))
        self.assertEqual(bench.made(), steps)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, steps))
        self.assertEqual(status(bench, "delivered_nl"), ratio.ZERO)
        # Less than a step is left of it; below the reserve there is nothing.
        self.assertIn("ask for more", self.refused(bench, OutOfRange, pump.purge))
        pump.refill((100000, 1))
        self.assertEqual(
            self.refused(bench, OutOfRange, pump.purge),
            "a prime is more than the 0 mL left above the reserve; refill, and say what it holds "
            "with refill",
        )

    def test_while_it_delivers_a_pump_is_not_purged(self):
        bench = self.running()
        said = self.refused(bench, NotNow, bench.controller.purge)
        self.assertIn("purge is not possible while the pump is running: ", said)

    def test_no_more_boluses_run_at_once_than_can_be(self):
        bench = self.running(fast_programme(demand=Demand((1000, 1), 2, 60, 300, 3)))
        pump = bench.controller
        bench.run_s(1)
        for _ in range(BOLUSES_MAX - 1):
            pump.bolus((1000, 1), 60)
        pump.demand()
        # They waited 2 s for it.
        bench.run_s(65)
        for _ in range(BOLUSES_MAX):
            pump.bolus((1000, 1), 60)
        bench.run_s(1)
        self.assertEqual(
            self.refused(bench, NotNow, pump.demand),
            "as many boluses as can be are running; wait until one has ended",
        )

    def test_the_clock_takes_a_hundred_years(self):
        bench = self.programmed()
        # 2000-01-01 and 36525 days, 25 leap days among them: 2100-01-01T00:00:00.
        self.assertEqual(LAST_INSTANT_S, 36525 * 86400 - 1)
        for now_s in (-1, 36525 * 86400):
            self.assertEqual(
                self.refused(bench, OutOfRange, bench.controller.set_clock, now_s),
                "the clock takes times from the year 2000 to 2099; set it again",
            )
        bench.controller.set_clock(LAST_INSTANT_S)
        bench.controller.set_clock(0)
        self.assertEqual(dict(bench.controller.clock()), {"clock_s": 0, "clock_known": True})

    def test_a_programme_of_a_smaller_syringe_is_not_taken_for_a_fuller_one(self):
        bench = self.programmed()
        smaller = fast_programme(capacity_nl=8999999)
        code = digest(proposed(bench, smaller))
        self.assertEqual(
            self.refused(bench, OutOfRange, bench.controller.confirm, code),
            "the reservoir holds 9 mL, more than the programme's syringe; tell the pump what it "
            "holds with refill",
        )
        confirmed(bench, fast_programme(capacity_nl=9000000))

    def test_the_drivetrain_is_not_changed_while_the_pump_delivers(self):
        bench = self.running()
        other = fast_programme(calibration=(101, 100))
        code = digest(proposed(bench, other))
        self.assertEqual(
            self.refused(bench, NotNow, bench.controller.confirm, code),
            "syringe, drivetrain and calibration are not changed while the pump delivers; stop "
            "first",
        )
        bench.controller.stop()
        bench.run_s(2)
        bench.controller.confirm(code)
        self.assertEqual(bench.controller.ledger.microstep_nl, other.microstep_nl())

    def test_a_volume_to_be_infused_is_not_changed_while_its_kvo_rate_is_delivered(self):
        def limited(volume_nl):
            return fast_programme(vtbi=Vtbi((volume_nl, 1), "kvo", (360000, 1), 600))

        bench = self.running(limited(20000))
        bench.run_s(8)
        self.assertEqual(bench.controller.state, moves.KVO)
        code = digest(proposed(bench, limited(30000)))
        self.assertEqual(
            self.refused(bench, NotNow, bench.controller.confirm, code),
            "the volume to be infused is not changed while its KVO rate is delivered; stop first, "
            "then start to deliver the new one",
        )
        confirmed(bench, limited(20000))

    def test_running_boluses_and_a_new_basal_are_together_within_the_maximum_rate(self):
        bench = self.running()
        pump = bench.controller
        bench.run_s(1)
        # 50 uL in 20 s are 9 mL/h; the maximum rate is 36 mL/h.
        pump.bolus((50000, 1), 20)
        bench.run_s(2)
        said = self.refused(bench, NotNow, pump.rate, (27000001, 1))
        self.assertIn("with the boluses that are running this makes up to ", said)
        self.assertIn("(36.000001 mL/h), above the programme's limit of ", said)
        self.assertIn("(36 mL/h); cancel them or wait until they have ended", said)
        pump.rate((27000000, 1))

    def test_what_is_active_is_acknowledged_by_name_or_all_at_once(self):
        bench = self.programmed()
        pump = bench.controller
        for code in ("clock_lost", "service_due", "empty"):
            pump.active_alarms.raise_alarm(code, 0, "")
        pump.acknowledge("empty")
        names = [fields["alarm"] for fields in logged(bench, "alarm_acknowledged")]
        self.assertEqual(names, ["empty"])
        pump.acknowledge("all")
        names = [fields["alarm"] for fields in logged(bench, "alarm_acknowledged")]
        self.assertEqual(names, ["empty", "clock_lost", "service_due"])


class VtbiTest(Case):
    """20 uL to be infused at 18 mL/h: 193 microsteps in 4 s."""

    LIMITED = fast_programme(vtbi=Vtbi((20000, 1), "stop", (0, 1), 600))

    def made_after(self, interrupt, go_on):
        bench = self.running(self.LIMITED)
        bench.run_s(2)
        interrupt(bench.controller)
        bench.run_s(2)
        before = bench.made()
        go_on(bench.controller)
        bench.run_s(12)
        self.assertEqual(bench.controller.state, moves.STOPPED)
        self.assertEqual(logged(bench, "stopped")[-1]["reason"], "infused")
        return bench.made(), bench.made() - before

    def test_after_a_pause_or_the_minimum_rate_what_is_left_of_it_is_delivered(self):
        for interrupt, go_on in (
            (lambda pump: pump.pause(), lambda pump: pump.resume()),
            (lambda pump: pump.minimum(), lambda pump: pump.start()),
        ):
            self.assertEqual(self.made_after(interrupt, go_on)[0], 193)

    def test_after_a_stop_it_is_begun_anew(self):
        anew = self.made_after(lambda pump: pump.stop(), lambda pump: pump.start())[1]
        self.assertTrue(193 <= anew <= 194)


class ReadingTest(Case):
    def test_a_pump_without_a_programme_says_who_it_is_and_counts_from_nothing(self):
        bench = BenchPump()
        pump = bench.controller
        said = dict(pump.hello())
        self.assertEqual(said["board"], "bench")
        self.assertEqual(said["state"], moves.UNPROGRAMMED)
        self.assertEqual(said["locked"], False)
        bench.wait_ms(7000)
        self.assertEqual(dict(pump.hello())["uptime_s"], 7)
        self.assertEqual((pump.moved(), pump.witnessed()), (0, 0))
        self.assertEqual((pump.programme_text, pump.programme_digest), ("", ""))
        self.assertIsNone(pump.concentration_mcg_per_ml)
        self.assertEqual(
            list(pump.keys()), [[("locked", False), ("awaits", pump.lock.awaits_name)]]
        )

    def test_the_text_in_force_is_told_line_by_line_with_its_digest(self):
        bench = self.programmed()
        pump = bench.controller
        self.assertEqual(pump.concentration_mcg_per_ml, (500, 1))
        rows = [dict(row) for row in pump.programme()]
        text = "".join([row["text"] + "\n" for row in rows if "text" in row])
        self.assertEqual(text, pump.programme_text)
        self.assertEqual(pump.programme_digest, digest(text))
        self.assertEqual(rows[-1]["digest"], digest(text))

    def test_a_review_shows_old_and_new_and_the_digest_to_confirm_by(self):
        bench = self.programmed()
        text = proposed(bench, fast_programme(days=(((0, (9000000, 1)),),)))
        rows = [dict(row) for row in bench.controller.review() if row]
        shown = [(row["old"], row["new"]) for row in rows if row.get("setting", "")[:5] == "basal"]
        self.assertEqual(shown, [("216 mg/day (18 mL/h)", "108 mg/day (9 mL/h)")])
        self.assertEqual(rows[-1], {"digest": digest(text)})

    def test_a_pump_without_a_drug_library_says_so(self):
        rows = [dict(row) for row in BenchPump().controller.library()]
        self.assertEqual(rows, [{"digest": "", "library": "none"}])

    def test_the_log_is_read_from_a_number_on_or_from_its_end(self):
        bench = self.running()
        pump = bench.controller
        pump.recorder.fault("step_mismatch", "one")

        def codes(*asked):
            rows = [dict(row) for row in pump.log(*asked)]
            return [row["code"] for row in rows[:-1]], rows[-1]["next_sequence"]

        events, following = codes(1, 100, False)
        expected = ["programme_confirmed", "in_force", "refill", "daily_dose", "started"]
        self.assertEqual(events, expected)
        self.assertEqual(following, pump.recorder.events.next_sequence)
        self.assertEqual(codes(3, 1, False), (["refill"], 4))
        self.assertEqual(codes(None, 1, False), (["started"], following))
        self.assertEqual(codes(None, 9, True)[0], ["fault"])

    def test_the_programme_from_before_can_be_proposed_again(self):
        bench = self.programmed()
        pump = bench.controller
        first = pump.programme_digest
        confirmed(bench, fast_programme(name="Second"))
        self.assertEqual(dict(pump.revert()), {"digest": first})
        pump.confirm(first)
        self.assertEqual(pump.programme_digest, first)
        self.assertEqual(pump.prescription.name, FAST.name)


if __name__ == "__main__":
    unittest.main()
