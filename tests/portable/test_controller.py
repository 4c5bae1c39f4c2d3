"""What the controller does on request, in which state, over real journals."""

import unittest

from bench_case import FAST, STEP_NL, Case, active, fast_programme, proposed, status
from bench_programme import HOUR_S, bench_programme
from bench_pump import BenchPump
from pump.core import moves, ratio, retained
from pump.core.errors import BadText, Damaged, NotNow, OutOfRange, PumpError
from pump.core.programme import canonical_text, digest
from pump.core.sectors import FlashError
from pump.link import lines


class ProgrammingTest(Case):
    def test_a_programme_is_in_force_once_its_digest_is_confirmed(self):
        bench = BenchPump()
        text = proposed(bench, FAST)
        self.assertEqual(bench.controller.state, moves.UNPROGRAMMED)
        bench.controller.confirm(digest(text))
        self.assertEqual(bench.controller.state, moves.STOPPED)
        self.assertEqual(bench.controller.programme_text, text)
        self.assertEqual(bench.controller.prescription, FAST)
        self.assertIsNone(bench.controller.proposal)

    def test_the_review_tells_what_changes_and_by_which_digest_it_is_confirmed(self):
        bench = self.programmed()
        new = fast_programme(days=(((0, (9000000, 1)),),))
        text = proposed(bench, new)
        rows = [dict(row) for row in bench.controller.review() if row]
        self.assertEqual(rows[-1], {"digest": digest(text)})
        changed = [row for row in rows[:-1] if row["setting"] != "warning"]
        # The rate and with it the daily dose: 18 and 9 mL/h of 500 mcg/mL.
        self.assertEqual(len(changed), 2)
        self.assertIn("18 mL/h", changed[0]["old"])
        self.assertIn("9 mL/h", changed[0]["new"])
        for row in changed:
            self.assertIn("216 mg", row["old"])
            self.assertIn("108 mg", row["new"])

    def test_another_digest_confirms_nothing(self):
        """Hazards: H20."""
        bench = self.running()
        text = proposed(bench, bench_programme())
        sentence = self.refused(bench, NotNow, bench.controller.confirm, "0123456789abcdef")
        self.assertIn(digest(text), sentence)
        self.refused(bench, NotNow, bench.controller.confirm, digest(canonical_text(FAST)))

    def test_nothing_is_confirmed_or_reviewed_without_a_proposal(self):
        bench = self.programmed()
        self.refused(bench, NotNow, bench.controller.confirm, bench.controller.programme_digest)
        self.refused(bench, NotNow, bench.controller.propose_line, 0, "name A")
        self.refused(bench, NotNow, list, bench.controller.review())

    def test_a_missing_piece_is_named(self):
        bench = self.running()
        text = canonical_text(bench_programme())
        pieces = text.split("\n")[:-1]
        bench.controller.propose(len(pieces), lines.checksum(text.encode()))
        for number, piece in enumerate(pieces):
            if number != 7:
                bench.controller.propose_line(number, piece)
        sentence = self.refused(bench, NotNow, bench.controller.confirm, digest(text))
        self.assertIn("piece 7", sentence)

    def test_a_text_that_does_not_fit_its_check_sum_is_not_taken(self):
        bench = self.running()
        text = canonical_text(bench_programme())
        other = text.replace("25000", "25001")
        self.assertNotEqual(other, text)
        pieces = other.split("\n")[:-1]
        bench.controller.propose(len(pieces), lines.checksum(text.encode()))
        for number, piece in enumerate(pieces):
            bench.controller.propose_line(number, piece)
        for what in (digest(text), digest(other)):
            self.refused(bench, Damaged, bench.controller.confirm, what)

    def test_a_piece_may_come_twice_but_not_differently_and_none_but_those_announced(self):
        bench = self.programmed()
        bench.controller.propose(3, "00000000")
        bench.controller.propose_line(1, "name A")
        bench.controller.propose_line(1, "name A")
        self.refused(bench, BadText, bench.controller.propose_line, 1, "name B")
        self.refused(bench, BadText, bench.controller.propose_line, 3, "name A")

    def test_a_value_out_of_its_range_is_refused_whatever_the_host_has_checked(self):
        """Hazards: H10."""
        bench = self.running()
        text = proposed(bench, bench_programme(bore_um=499))
        self.refused(bench, OutOfRange, bench.controller.confirm, digest(text))
        self.refused(bench, OutOfRange, list, bench.controller.review())

    def test_a_discarded_proposal_cannot_be_confirmed(self):
        bench = self.programmed()
        text = proposed(bench, bench_programme())
        bench.controller.discard()
        self.refused(bench, NotNow, bench.controller.confirm, digest(text))

    def test_a_proposal_is_called_to_mind_after_5_min_and_forgotten_after_10(self):
        """Hazards: H11."""
        bench = self.programmed()
        proposed(bench, bench_programme())
        bench.run_s(1)
        bench.wait_ms(297000)
        bench.run_s(1)
        self.assertNotIn("waiting_for_input", active(bench))
        bench.run_s(2)
        self.assertIn("waiting_for_input", active(bench))
        bench.wait_ms(300000)
        bench.run_s(1)
        self.assertNotIn("waiting_for_input", active(bench))
        self.assertIsNone(bench.controller.proposal)

    def test_when_flash_fails_the_old_programme_stays_in_force_and_runs_on(self):
        bench = self.running()
        text = proposed(bench, bench_programme(name="Other"))
        made = bench.made()
        real = bench.sectors.program
        bench.sectors.program = self.no_flash
        pump = bench.controller
        with self.assertRaises(PumpError):
            pump.confirm(digest(text))
        bench.sectors.program = real
        self.assertEqual(pump.programme_text, canonical_text(FAST))
        self.assertEqual(pump.state, moves.RUNNING)
        bench.run_s(3)
        self.assertGreater(bench.made(), made + 100)
        # Once flash works, it is taken.
        pump.confirm(digest(text))
        self.assertEqual(pump.programme_text, text)

    def no_flash(self, sector, offset, data):
        raise FlashError("The flash does not answer.")

    def test_a_new_programme_takes_over_while_running_and_loses_no_step(self):
        bench = self.running()
        pump = bench.controller
        begun = pump.delivery.anchor_ticks
        bench.run_s(3)
        half = fast_programme(days=(((0, (9000000, 1)),),))
        text = proposed(bench, half)
        answer = dict(pump.confirm(digest(text)))
        changed = answer["effective_ticks"]
        bench.run_s(4)
        # 18 mL/h until then, 9 mL/h from then on.
        ticks = 2 * (changed - begun) + bench.clock.now_ticks() - changed
        volume_nl = ratio.ratio(9000000 * ticks, HOUR_S * 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))

    def test_syringe_and_drive_are_not_exchanged_while_delivering(self):
        bench = self.running()
        for change in ({"microsteps": 8}, {"calibration": (101, 100)}, {"bore_um": 14600}):
            text = proposed(bench, bench_programme(**change))
            self.refused(bench, NotNow, bench.controller.confirm, digest(text))

    def test_another_drive_keeps_the_volumes_that_were_counted(self):
        bench = self.running()
        bench.run_s(4)
        bench.controller.stop()
        bench.run_s(3)
        delivered_nl = status(bench, "delivered_nl")
        reservoir_nl = status(bench, "reservoir_nl")
        self.assertEqual(delivered_nl, ratio.scale(STEP_NL, bench.made()))
        text = proposed(bench, fast_programme(microsteps=8))
        bench.controller.confirm(digest(text))
        self.assertEqual(status(bench, "delivered_nl"), delivered_nl)
        self.assertEqual(status(bench, "reservoir_nl"), reservoir_nl)
        made = bench.made()
        bench.controller.start()
        bench.run_s(4)
        # Twice the volume a step.
        more_nl = ratio.subtract(status(bench, "delivered_nl"), delivered_nl)
        self.assertEqual(more_nl, ratio.scale(STEP_NL, 2 * (bench.made() - made)))

    def test_steps_that_are_still_being_made_count_in_the_old_drive(self):
        # Confirmed right after the stop, while up to 2 s of steps are in hand.
        bench = self.running()
        bench.run_s(3)
        bench.controller.stop()
        text = proposed(bench, bench_programme(microsteps=8))
        bench.controller.confirm(digest(text))
        bench.run_s(3)
        self.assertEqual(status(bench, "delivered_nl"), ratio.scale(STEP_NL, bench.made()))

    def test_a_syringe_smaller_than_what_the_reservoir_holds_is_refused(self):
        bench = self.programmed()
        text = proposed(bench, bench_programme(capacity_nl=5000000, travel_um=31000, bore_um=14500))
        self.refused(bench, OutOfRange, bench.controller.confirm, digest(text))


class RateTest(Case):
    def test_a_rate_becomes_the_programmes_flat_day(self):
        bench = self.running()
        bench.controller.rate((9000000, 1))
        programme = bench.controller.prescription
        self.assertEqual((programme.days, programme.week), ((((0, (9000000, 1)),),), (0,) * 7))
        self.assertEqual(status(bench, "rate_nl_per_h"), (9000000, 1))
        self.assertEqual(bench.controller.programme_digest, digest(bench.controller.programme_text))

    def test_a_rate_above_the_programmes_limit_is_refused(self):
        bench = self.running()
        self.refused(bench, OutOfRange, bench.controller.rate, (36000001, 1))
        bench.controller.rate((36000000, 1))

    def test_a_rate_of_zero_is_refused_for_it_would_stop_the_therapy_unseen(self):
        bench = self.running()
        self.refused(bench, OutOfRange, bench.controller.rate, (0, 1))


REQUESTS = (
    "confirm",
    "rate",
    "start",
    "minimum",
    "pause",
    "resume",
    "stop",
    "bolus",
    "cancel_bolus",
    "prime",
    "refill",
)


class StateTest(Case):
    """Every request in every state."""

    def in_state(self, state):
        if state == moves.UNPROGRAMMED:
            return BenchPump()
        bench = self.programmed()
        pump = bench.controller
        if state == moves.STOPPED:
            return bench
        if state == moves.PRIMING:
            pump.prime((1000000, 1))
            bench.run_s(1)
            return bench
        if state == moves.EMPTY:
            # 10 uL above the reserve last for 2 s.
            pump.refill((210000, 1))
        pump.start()
        bench.run_s(1)
        if state == moves.MINIMUM:
            pump.minimum()
        elif state == moves.PAUSED:
            pump.pause()
        elif state == moves.EMPTY:
            bench.run_s(5)
        elif state == moves.HALTED:
            pump.halt("test")
        return bench

    def request(self, bench, name):
        pump = bench.controller
        if name == "confirm":
            text = proposed(bench, FAST)
            return pump.confirm, (digest(text),)
        return {
            "rate": (pump.rate, ((9000000, 1),)),
            "start": (pump.start, ()),
            "minimum": (pump.minimum, ()),
            "pause": (pump.pause, ()),
            "resume": (pump.resume, ()),
            "stop": (pump.stop, ()),
            "bolus": (pump.bolus, ((10000, 1), 60)),
            "cancel_bolus": (pump.cancel_bolus, ()),
            "prime": (pump.prime, ((2000000, 1),)),
            "refill": (pump.refill, ((8000000, 1),)),
        }[name]

    def check_state(self, state):
        refusing = self.in_state(state)
        self.assertEqual(refusing.controller.state, state)
        for name in REQUESTS:
            following = moves.MOVES[state].get(name)
            with self.subTest(state=state, name=name):
                if following is None:
                    call, args = self.request(refusing, name)
                    self.refused(refusing, NotNow, call, *args)
                else:
                    self.check_move(self.in_state(state), name, following)

    def check_move(self, bench, name, following):
        call, args = self.request(bench, name)
        answer = dict(call(*args))
        self.assertEqual(answer["state"], following)
        self.assertEqual(bench.controller.state, following)
        # Steps in hand are made within 2 s.
        bench.run_s(2)
        made = bench.made()
        bench.run_s(2)
        self.assertEqual(bench.made() > made, following in moves.DELIVERING)
        self.assertEqual(bench.made(), status(bench, "stepped"))

    def test_requests_without_a_programme(self):
        self.check_state(moves.UNPROGRAMMED)

    def test_requests_while_stopped(self):
        self.check_state(moves.STOPPED)

    def test_requests_while_running(self):
        self.check_state(moves.RUNNING)

    def test_requests_at_the_minimum_rate(self):
        self.check_state(moves.MINIMUM)

    def test_requests_while_paused(self):
        self.check_state(moves.PAUSED)

    def test_requests_while_priming(self):
        self.check_state(moves.PRIMING)

    def test_requests_when_empty(self):
        self.check_state(moves.EMPTY)

    def test_requests_when_halted(self):
        self.check_state(moves.HALTED)

    def test_reading_changes_nothing(self):
        for state in (moves.UNPROGRAMMED, moves.RUNNING):
            bench = self.in_state(state)
            pump = bench.controller
            before = retained.text_of(pump)
            pump.hello()
            pump.status()
            list(pump.alarms())
            list(pump.log(None, 10, False))
            list(pump.log(0, 10, True))
            list(pump.programme())
            pump.clock()
            self.assertEqual(retained.text_of(pump), before)

    def test_firmware_is_exchanged_only_while_nothing_is_delivered(self):
        for state in (moves.UNPROGRAMMED, moves.STOPPED):
            bench = self.in_state(state)
            bench.controller.bootloader()
            self.assertTrue(bench.controller.wants_bootloader)
        for state in (moves.RUNNING, moves.PAUSED):
            bench = self.in_state(state)
            self.refused(bench, NotNow, bench.controller.bootloader)
            self.assertFalse(bench.controller.wants_bootloader)

    def test_a_programme_without_a_minimum_rate_has_none_to_run_at(self):
        bench = self.running(fast_programme(minimum_rate_nl_per_h=(0, 1)))
        self.refused(bench, NotNow, bench.controller.minimum)


class RepeatTest(Case):
    def test_what_was_done_is_known_by_its_request_id(self):
        bench = self.running()
        pump = bench.controller
        self.assertIsNone(pump.outcome_of("0badcafe"))
        pump.bolus((1000, 1), 60, request_id="0badcafe")
        self.assertEqual(pump.outcome_of("0badcafe"), "done")

    def test_it_is_known_after_a_power_cut_too(self):
        bench = self.running()
        bench.controller.bolus((1000, 1), 60, request_id="0badcafe")
        again = bench.after_power_cut()
        self.assertEqual(again.controller.outcome_of("0badcafe"), "done")

    def test_the_last_64_requests_are_remembered(self):
        bench = self.running()
        for number in range(70):
            bench.controller.refill((9000000, 1), f"{number:08x}")
        known = [n for n in range(70) if bench.controller.outcome_of(f"{n:08x}")]
        self.assertEqual(known, list(range(6, 70)))


if __name__ == "__main__":
    unittest.main()
