"""The controller over real journals, with a step generator that is a machine of its own."""

import unittest

from bench_programme import DAY_S, EVERY_DAY, HOUR_S, bench_programme
from bench_pump import MONDAY_S, BenchPump
from pump.core import alarms, moves, ratio, retained
from pump.core.errors import BadText, Damaged, NotNow, OutOfRange, PumpError
from pump.core.programme import canonical_text, digest
from pump.core.sectors import FlashError
from pump.link import lines
from ram_sectors import RamSectors


def fast_programme(**changes):
    """18 mL/h: 48.45 steps a second of 103.2 nL, so that much happens in little time."""
    settings = {
        "days": (((0, (18000000, 1)),),),
        "minimum_rate_nl_per_h": (3600000, 1),
        "max_rate_nl_per_h": (36000000, 1),
        "commit_ahead_nl": 40000,
    }
    settings.update(changes)
    return bench_programme(**settings)


FAST = fast_programme()
STEP_NL = FAST.microstep_nl()


def status(bench, key):
    return dict(bench.controller.status())[key]


def active(bench):
    return sorted([row.code for row in bench.controller.active_alarms.rows()])


def logged(bench, name):
    """Fields of the records of a name, the oldest first."""
    found = []
    for record in bench.controller.recorder.events.records():
        if record.name() == name:
            found.append(record.fields())
    return found


def proposed(bench, programme):
    """Propose a programme, whole."""
    text = canonical_text(programme)
    pieces = text.split("\n")[:-1]
    bench.controller.propose(len(pieces), lines.checksum(text.encode()))
    for number, piece in enumerate(pieces):
        bench.controller.propose_line(number, piece)
    return text


class Case(unittest.TestCase):
    """Benches, and the claim that a refused request changes nothing."""

    def programmed(self, programme=FAST, reservoir_nl=9000000):
        bench = BenchPump().programme(programme, reservoir_nl)
        bench.generator.edges = None
        return bench

    def running(self, programme=FAST, reservoir_nl=9000000):
        bench = self.programmed(programme, reservoir_nl)
        bench.controller.start()
        return bench

    def refused(self, bench, error, call, *args, **named):
        """The request raises; state, book, delivery and programme are what they were."""
        pump = bench.controller
        before = (retained.text_of(pump), pump.programme_text, pump.feeder and pump.feeder.planned)
        records = pump.recorder.events.next_sequence
        with self.assertRaises(error) as caught:
            call(*args, **named)
        after = (retained.text_of(pump), pump.programme_text, pump.feeder and pump.feeder.planned)
        self.assertEqual(after, before)
        self.assertEqual(pump.recorder.events.next_sequence, records)
        self.assertTrue(len(caught.exception.sentence) > 20)
        return caught.exception.sentence


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
        rows = [dict(row) for row in bench.controller.review()]
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
        bench.run_s(5)
        half = fast_programme(days=(((0, (9000000, 1)),),))
        text = proposed(bench, half)
        answer = dict(pump.confirm(digest(text)))
        changed = answer["effective_ticks"]
        bench.run_s(5)
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
        bench.run_s(10)
        bench.controller.stop()
        bench.run_s(5)
        delivered_nl = status(bench, "delivered_nl")
        reservoir_nl = status(bench, "reservoir_nl")
        self.assertEqual(delivered_nl, ratio.scale(STEP_NL, bench.made()))
        text = proposed(bench, bench_programme(microsteps=8))
        bench.controller.confirm(digest(text))
        self.assertEqual(status(bench, "delivered_nl"), delivered_nl)
        self.assertEqual(status(bench, "reservoir_nl"), reservoir_nl)
        made = bench.made()
        bench.controller.start()
        bench.run_s(60)
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
        bench.run_s(5)
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

    def test_a_rate_of_zero_is_a_rate(self):
        bench = self.running()
        bench.controller.rate((0, 1))
        bench.run_s(3)
        made = bench.made()
        bench.run_s(20)
        self.assertEqual(bench.made(), made)
        self.assertEqual(active(bench), [])


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

    def test_reading_changes_nothing_in_any_state(self):
        for state in moves.MOVES:
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
        for state in moves.MOVES:
            bench = self.in_state(state)
            if state in (moves.UNPROGRAMMED, moves.STOPPED):
                bench.controller.bootloader()
            else:
                self.refused(bench, NotNow, bench.controller.bootloader)

    def test_a_programme_without_a_minimum_rate_has_none_to_run_at(self):
        bench = self.running(fast_programme(minimum_rate_nl_per_h=(0, 1)))
        self.refused(bench, NotNow, bench.controller.minimum)


class DeliveryTest(Case):
    def test_steps_are_those_of_the_programme_from_the_instant_that_was_answered(self):
        bench = self.programmed()
        answer = dict(bench.controller.start())
        bench.run_s(30)
        ticks = bench.clock.now_ticks() - answer["effective_ticks"]
        volume_nl = ratio.ratio(18000000 * ticks, HOUR_S * 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(status(bench, "stepped"), bench.made())
        self.assertEqual(status(bench, "witnessed"), bench.made())
        self.assertEqual(status(bench, "asked"), bench.made())
        self.assertEqual(status(bench, "delivered_nl"), ratio.scale(STEP_NL, bench.made()))

    def test_pause_and_resume_carry_the_remainder(self):
        bench = self.programmed()
        pump = bench.controller
        asked = 0
        resumed = dict(pump.start())["effective_ticks"]
        for _ in range(5):
            bench.run_s(2)
            paused = dict(pump.pause())["effective_ticks"]
            asked += paused - resumed
            bench.run_s(4)
            resumed = dict(pump.resume())["effective_ticks"]
        paused = dict(pump.stop())["effective_ticks"]
        asked += paused - resumed
        bench.run_s(5)
        volume_nl = ratio.ratio(18000000 * asked, HOUR_S * 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))

    def test_a_step_that_the_witness_did_not_see_halts_the_pump_with_an_alarm(self):
        bench = self.running()
        bench.run_s(3)
        real = bench.generator.witnessed
        bench.generator.witnessed = lambda: real() - 2
        bench.run_s(2)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertIn("step_mismatch", active(bench))
        made = bench.made()
        bench.run_s(20)
        self.assertEqual(bench.made(), made)

    def test_after_a_halt_a_person_looks_stops_and_starts_again(self):
        bench = self.running()
        bench.run_s(3)
        real = bench.generator.witnessed
        bench.generator.witnessed = lambda: real() - 2
        bench.run_s(3)
        pump = bench.controller
        pump.acknowledge("step_mismatch")
        pump.stop()
        bench.run_s(2)
        self.assertEqual(active(bench), [])
        pump.start()
        made = bench.made()
        bench.run_s(30)
        self.assertEqual((pump.state, active(bench)), (moves.RUNNING, []))
        self.assertGreater(bench.made(), made + 1000)

    def test_after_the_end_nothing_is_delivered_and_an_alarm_says_so(self):
        end_s = MONDAY_S + 60
        bench = self.running(fast_programme(end_s=end_s))
        bench.run_s(2)
        self.assertEqual(active(bench), ["end_of_programme_near"])
        bench.run_s(59)
        self.assertEqual(active(bench), ["end_of_programme"])
        made = bench.made()
        bench.run_s(60)
        self.assertEqual(bench.made(), made)
        # Another programme that goes on ends the alarm.
        text = proposed(bench, FAST)
        bench.controller.confirm(digest(text))
        bench.run_s(60)
        self.assertEqual(active(bench), [])
        self.assertGreater(bench.made(), made + 2000)


class BolusTest(Case):
    def test_a_bolus_is_delivered_whole_on_top_of_the_basal(self):
        bench = self.programmed()
        pump = bench.controller
        started = dict(pump.start())["effective_ticks"]
        bench.run_s(2)
        pump.bolus((100000, 1), 30)
        self.assertEqual(status(bench, "bolus_remaining_nl"), (100000, 1))
        bench.run_s(60)
        ticks = bench.clock.now_ticks() - started
        volume_nl = ratio.add(ratio.ratio(18000000 * ticks, HOUR_S * 125000000), (100000, 1))
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(status(bench, "bolus_remaining_nl"), (0, 1))
        self.assertEqual(len(logged(bench, "bolus_started")), 1)
        self.assertEqual(logged(bench, "bolus_finished")[0]["volume_nl"], (100000, 1))

    def test_what_a_programme_does_not_allow_is_refused_with_the_limit(self):
        bench = self.running()
        bolus = bench.controller.bolus
        # 200 uL are 100 mcg.
        sentence = self.refused(bench, OutOfRange, bolus, (200001, 1), 3600)
        self.assertIn("100 mcg", sentence)
        # 18 mL/h more than the basal of 18 mL/h are 5 uL a second.
        self.refused(bench, OutOfRange, bolus, (100001, 1), 20)
        bolus((100000, 1), 20)

    def test_a_bolus_on_a_bolus_counts_towards_the_highest_rate(self):
        bench = self.running()
        bench.controller.bolus((100000, 1), 20)
        self.refused(bench, OutOfRange, bench.controller.bolus, (1000, 1), 60)
        bench.run_s(23)
        bench.controller.bolus((1000, 1), 60)

    def test_a_scheduled_bolus_that_is_to_come_counts_towards_the_highest_rate(self):
        # From 00:01 on 15 mL/h more for 10 min; 3 mL/h are left, 200 uL in 4 min.
        bench = self.running(fast_programme(boluses=((60, EVERY_DAY, (2500000, 1), 600),)))
        bench.run_s(5)
        self.refused(bench, OutOfRange, bench.controller.bolus, (200000, 1), 239)
        bench.controller.bolus((200000, 1), 240)

    def test_a_bolus_of_less_than_a_microstep_or_of_no_duration_is_refused(self):
        bench = self.running()
        bolus = bench.controller.bolus
        sentence = self.refused(bench, OutOfRange, bolus, (103, 1), 10)
        self.assertIn("microstep", sentence)
        bolus((104, 1), 10)
        self.refused(bench, OutOfRange, bolus, (1000, 1), 0)
        self.refused(bench, OutOfRange, bolus, (1000, 1), DAY_S + 1)
        bolus((1000, 1), DAY_S)

    def test_a_bolus_of_more_than_is_left_above_the_reserve_is_refused(self):
        bench = self.running(FAST, 300000)
        bench.run_s(1)
        sentence = self.refused(bench, OutOfRange, bench.controller.bolus, (100000, 1), 3600)
        self.assertIn("reserve", sentence)

    def test_cancelling_ends_all_boluses_and_keeps_the_basal(self):
        bench = self.programmed()
        pump = bench.controller
        started = dict(pump.start())["effective_ticks"]
        begun = dict(pump.bolus((100000, 1), 100))["effective_ticks"]
        bench.run_s(10)
        cancelled = dict(pump.cancel_bolus())["effective_ticks"]
        bench.run_s(30)
        basal = ratio.ratio(18000000 * (bench.clock.now_ticks() - started), HOUR_S)
        bolus = ratio.ratio(100000 * (cancelled - begun), 100)
        volume_nl = ratio.scale(ratio.add(basal, bolus), 1, 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(
            logged(bench, "bolus_cancelled")[0]["delivered_nl"],
            ratio.scale(bolus, 1, 125000000),
        )

    def test_stop_pause_and_minimum_rate_cancel_what_is_left_of_a_bolus(self):
        for name in ("stop", "pause", "minimum"):
            bench = self.running()
            bench.controller.bolus((100000, 1), 100)
            bench.run_s(5)
            getattr(bench.controller, name)()
            self.assertEqual(len(logged(bench, "bolus_cancelled")), 1)
            self.assertEqual(status(bench, "bolus_remaining_nl"), (0, 1))

    def test_boluses_are_refused_before_they_are_too_many_to_be_kept_over_a_reset(self):
        bench = self.running()
        refused = 0
        for number in range(40):
            try:
                bench.controller.bolus((1000, 7), 80000, f"{number:08x}")
            except NotNow:
                refused += 1
        self.assertTrue(0 < refused < 40)
        self.assertEqual(len(bench.controller.delivery.boluses), 40 - refused)


class ReservoirTest(Case):
    def test_a_refill_above_the_syringes_capacity_is_refused(self):
        bench = self.programmed()
        self.refused(bench, OutOfRange, bench.controller.refill, (10000001, 1))
        bench.controller.refill((10000000, 1))
        self.assertEqual(status(bench, "reservoir_nl"), (10000000, 1))

    def test_a_refill_notes_what_was_expected_to_be_left(self):
        bench = self.running()
        bench.run_s(10)
        left_nl = status(bench, "reservoir_nl")
        bench.controller.refill((9500000, 1))
        self.assertEqual(logged(bench, "refill")[-1]["expected_residual_nl"], left_nl)

    def test_a_prime_is_taken_from_the_reservoir_and_not_delivered(self):
        bench = self.programmed()
        bench.controller.prime((500000, 1))
        self.assertEqual(bench.controller.state, moves.PRIMING)
        # 500 uL at 36 mL/h take 50 s.
        bench.run_s(55)
        self.assertEqual(bench.controller.state, moves.STOPPED)
        steps = ratio.floor(ratio.divide((500000, 1), STEP_NL))
        self.assertEqual(bench.made(), steps)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, steps))
        self.assertEqual(status(bench, "delivered_nl"), (0, 1))
        self.assertEqual(
            status(bench, "reservoir_nl"),
            ratio.subtract((9000000, 1), ratio.scale(STEP_NL, steps)),
        )
        bench.controller.start()
        bench.run_s(10)
        self.assertEqual(status(bench, "delivered_nl"), ratio.scale(STEP_NL, bench.made() - steps))

    def test_a_prime_that_is_stopped_counts_what_was_made_as_primed(self):
        bench = self.programmed()
        bench.controller.prime((500000, 1))
        bench.run_s(10)
        bench.controller.stop()
        bench.run_s(10)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, bench.made()))
        self.assertEqual(status(bench, "delivered_nl"), (0, 1))

    def test_steps_of_the_delivery_before_it_do_not_count_as_primed(self):
        bench = self.running()
        bench.run_s(3)
        # The prime begins when the steps in hand are done.
        stopped = dict(bench.controller.stop())["effective_ticks"]
        bench.controller.prime((100000, 1))
        bench.run_s(30)
        ticks = stopped - bench.controller.pump_clock.now_ticks()
        self.assertLess(ticks, 0)
        steps = ratio.floor(ratio.divide((100000, 1), STEP_NL))
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, steps))

    def test_a_prime_of_more_than_is_there_is_refused(self):
        bench = self.programmed(FAST, 300000)
        self.refused(bench, OutOfRange, bench.controller.prime, (100001, 1))

    def test_empty_stops_at_the_last_whole_step_above_the_reserve(self):
        bench = self.running(FAST, 300000)
        bench.run_s(40)
        steps = ratio.floor(ratio.divide((100000, 1), STEP_NL))
        self.assertEqual(bench.made(), steps)
        self.assertEqual(bench.controller.state, moves.EMPTY)
        self.assertIn("empty", active(bench))
        left_nl = status(bench, "reservoir_nl")
        self.assertTrue(ratio.compare(left_nl, (200000, 1)) >= 0)
        self.assertTrue(ratio.compare(left_nl, ratio.add((200000, 1), STEP_NL)) < 0)

    def test_after_empty_a_refill_and_a_resume_go_on_and_the_alarm_ends(self):
        bench = self.running(FAST, 300000)
        bench.run_s(40)
        pump = bench.controller
        self.refused(bench, NotNow, pump.start)
        pump.refill((9000000, 1))
        self.assertEqual(pump.state, moves.PAUSED)
        pump.acknowledge("empty")
        pump.resume()
        made = bench.made()
        bench.run_s(30)
        self.assertGreater(bench.made(), made + 1000)
        self.assertEqual(active(bench), [])

    def test_a_start_at_the_reserve_is_refused(self):
        bench = self.programmed(FAST, 200000)
        self.refused(bench, NotNow, bench.controller.start)

    def test_low_reservoir_is_told_and_the_rate_is_kept(self):
        # The low threshold, 1 mL, is reached after 20 uL, 4 s.
        bench = self.running(FAST, 1020000)
        bench.run_s(3)
        self.assertEqual(active(bench), [])
        rate_nl_per_h = status(bench, "rate_nl_per_h")
        bench.run_s(4)
        self.assertEqual(active(bench), ["low_reservoir"])
        self.assertEqual(status(bench, "rate_nl_per_h"), rate_nl_per_h)
        self.assertEqual(bench.controller.state, moves.RUNNING)
        bench.controller.refill((9000000, 1))
        bench.run_s(2)
        self.assertEqual(active(bench), [])

    def test_low_and_empty_are_told_ahead_from_the_programme(self):
        # 25 uL/h, 9 mL: 320 h to the low threshold, 352 h to the reserve.
        bench = self.running(bench_programme())
        self.assertTrue(-2 <= status(bench, "low_in_s") - 320 * HOUR_S <= 0)
        self.assertTrue(-2 <= status(bench, "empty_in_s") - 352 * HOUR_S <= 0)
        # A bolus of 100 uL brings both 4 h closer.
        bench.controller.bolus((100000, 1), 600)
        self.assertTrue(-2 <= status(bench, "low_in_s") - 316 * HOUR_S <= 0)
        self.assertTrue(-2 <= status(bench, "empty_in_s") - 348 * HOUR_S <= 0)

    def test_low_in_time_is_told_and_ends_with_a_refill(self):
        # 18 mL/h: 8.8 mL last for 1760 s.
        bench = self.running(fast_programme(reservoir_low_s=1755))
        bench.run_s(2)
        self.assertEqual(active(bench), [])
        bench.run_s(8)
        self.assertEqual(active(bench), ["low_reservoir_time"])
        bench.controller.stop()
        bench.controller.refill((10000000, 1))
        bench.run_s(2)
        self.assertEqual(active(bench), [])

    def test_what_was_filled_is_left_delivered_or_primed_at_all_times(self):
        bench = self.programmed(FAST, 5000000)
        pump = bench.controller
        for call, args in (
            (pump.prime, ((30000, 1),)),
            (pump.start, ()),
            (pump.bolus, ((50000, 1), 60)),
            (pump.pause, ()),
            (pump.resume, ()),
            (pump.minimum, ()),
            (pump.stop, ()),
            (pump.prime, ((70000, 1),)),
            (pump.stop, ()),
        ):
            call(*args)
            for _ in range(4):
                bench.run_s(1)
                total_nl = ratio.add(status(bench, "delivered_nl"), status(bench, "primed_nl"))
                total_nl = ratio.add(total_nl, status(bench, "reservoir_nl"))
                self.assertEqual(total_nl, (5000000, 1))
                self.assertEqual(
                    ratio.subtract((5000000, 1), status(bench, "reservoir_nl")),
                    ratio.scale(STEP_NL, bench.made()),
                )


class ClockTest(Case):
    def test_setting_the_clock_while_running_moves_no_step(self):
        bench = self.programmed()
        started = dict(bench.controller.start())["effective_ticks"]
        bench.run_s(3)
        for by_s in (3600, -86400 * 3, 17):
            old_s = bench.clock.now_s()
            answer = dict(bench.controller.set_clock(old_s + by_s))
            self.assertEqual(answer["clock_s"], old_s + by_s)
            bench.run_s(3)
            started += (bench.clock.now_s() - 3 - old_s) * 125000000
        ticks = bench.clock.now_ticks() - started
        volume_nl = ratio.ratio(18000000 * ticks, HOUR_S * 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(active(bench), [])
        self.assertEqual(len(logged(bench, "clock_set")), 3)

    def test_low_and_empty_are_told_anew_when_the_clock_is_set(self):
        # 50 uL/h from noon to midnight, nothing else; at 11:00 an hour until it begins.
        programme = bench_programme(days=(((0, (0, 1)), (12 * HOUR_S, (50000, 1))),))
        bench = self.running(programme, 250000)
        bench.run_s(5)
        self.assertTrue(0 <= 13 * HOUR_S - 5 - status(bench, "empty_in_s") <= 1)
        # Set to 13:00, it has begun and empties by 14:00.
        bench.controller.set_clock(MONDAY_S + 13 * HOUR_S)
        self.assertTrue(0 <= status(bench, "empty_in_s") - HOUR_S <= 2)
        self.assertEqual(status(bench, "rate_nl_per_h"), (50000, 1))
        bench.run_s(5)
        # Set back to 11:59, it begins anew at noon.
        bench.controller.set_clock(MONDAY_S + 12 * HOUR_S - 60)
        self.assertTrue(0 <= status(bench, "next_change_s") - 60 <= 1)
        bench.run_s(65)
        self.assertEqual(logged(bench, "rate_changed"), [{"rate_nl_per_h": (50000, 1)}])

    def test_a_clock_outside_its_years_is_refused(self):
        bench = self.running()
        for now_s in (-1, 3155760001):
            self.refused(bench, OutOfRange, bench.controller.set_clock, now_s)


class ReminderTest(Case):
    def test_a_programme_that_was_not_started_is_called_to_mind_after_15_min(self):
        bench = self.programmed()
        bench.run_s(1)
        bench.wait_ms(898000)
        bench.run_s(1)
        self.assertEqual(active(bench), [])
        bench.run_s(2)
        self.assertEqual(active(bench), ["not_started"])
        bench.controller.start()
        bench.run_s(1)
        self.assertEqual(active(bench), [])

    def test_a_pause_is_called_to_mind_after_15_min(self):
        bench = self.running()
        bench.controller.pause()
        bench.run_s(1)
        bench.wait_ms(898000)
        bench.run_s(1)
        self.assertEqual(active(bench), [])
        bench.run_s(2)
        self.assertEqual(active(bench), ["paused_too_long"])
        self.assertEqual(bench.controller.active_alarms.highest().priority, alarms.HIGH)
        bench.controller.resume()
        bench.run_s(1)
        self.assertEqual(active(bench), [])

    def test_an_alarm_that_is_not_there_cannot_be_acknowledged(self):
        bench = self.programmed()
        self.refused(bench, NotNow, bench.controller.acknowledge, "empty")


class RepeatTest(Case):
    def test_what_was_done_is_known_by_its_request_id(self):
        bench = self.running()
        pump = bench.controller
        self.assertIsNone(pump.outcome_of("0badcafe"))
        pump.bolus((1000, 1), 60, "0badcafe")
        self.assertEqual(pump.outcome_of("0badcafe"), "done")

    def test_it_is_known_after_a_power_cut_too(self):
        bench = self.running()
        bench.controller.bolus((1000, 1), 60, "0badcafe")
        again = bench.after_power_cut()
        self.assertEqual(again.controller.outcome_of("0badcafe"), "done")

    def test_the_last_64_requests_are_remembered(self):
        bench = self.running()
        for number in range(70):
            bench.controller.refill((9000000, 1), f"{number:08x}")
        known = [n for n in range(70) if bench.controller.outcome_of(f"{n:08x}")]
        self.assertEqual(known, list(range(6, 70)))


class JournalTest(Case):
    def test_delivery_goes_on_when_nothing_can_be_written_and_an_alarm_says_so(self):
        bench = self.running()
        bench.run_s(2)
        real = bench.sectors.program
        bench.sectors.program = self.no_flash
        bench.controller.bolus((1000, 1), 60)
        made = bench.made()
        bench.run_s(10)
        self.assertGreater(bench.made(), made + 400)
        self.assertIn("journal_failing", active(bench))
        bench.sectors.program = real
        bench.run_s(5)
        bench.controller.acknowledge("journal_failing")
        bench.run_s(1)
        self.assertEqual(active(bench), [])

    def no_flash(self, sector, offset, data):
        raise FlashError("The flash does not answer.")

    def test_a_day_of_checkpoints_and_changes_fits_and_raises_no_alarm(self):
        # Rates and boluses with ugly fractions, as the remainder carries them.
        programme = bench_programme(
            days=(((0, (25000, 7)), (HOUR_S, (1000003, 9973)), (2 * HOUR_S, (99991, 65537))),),
            boluses=((600, EVERY_DAY, (1000000, 8191), 777),),
            concentration_mcg_per_ml=(10000, 4999),
        )
        bench = BenchPump(RamSectors(32)).programme(programme)
        bench.controller.start()
        for number in range(4):
            bench.run_s(200)
            bench.controller.bolus((100007, 101 + 2 * number), 997 + 2 * number)
            bench.run_s(100)
            bench.controller.cancel_bolus()
        bench.run_s(200)
        self.assertEqual(active(bench), [])


if __name__ == "__main__":
    unittest.main()
