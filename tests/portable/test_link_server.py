"""The pump's end of the line, with the real controller behind it."""

import binascii
import unittest

from bench_pump import BenchPump
from pump.core import journal, report
from pump.core import programme as programmes
from pump.core.alarms import ALARMS
from pump.link import commands, dictionary, kinds, lines, vocabulary
from pump.link.server import Server

# 300 mcg/day at 500 mcg/mL is 0.6 mL/day, 25 uL/h; a bolus may have 100 mcg, which is 200 uL.
TEXT = programmes.canonical_text(
    programmes.Programme(
        name="Bench",
        bore_um=14500,
        capacity_nl=10000000,
        travel_um=60000,
        lead_um=2000,
        full_steps_per_rev=200,
        microsteps=16,
        gear=(1, 1),
        calibration=(1, 1),
        drug="baclofen",
        concentration_mcg_per_ml=(500, 1),
        days=(((0, (25000, 1)),),),
        week=(0,) * 7,
        boluses=(),
        minimum_rate_nl_per_h=(2500, 1),
        start_s=None,
        end_s=None,
        reservoir_low_nl=1000000,
        reservoir_low_s=0,
        reservoir_reserve_nl=200000,
        max_rate_nl_per_h=(2000000, 1),
        max_bolus_nl=(200000, 1),
        commit_ahead_nl=2000,
    )
)


class Bench:
    """A BenchPump with a Server, and what the server wrote."""

    def __init__(self):
        self.pump = BenchPump()
        self.written = ""
        self.server = Server(self.pump.controller, self._write)
        self.number = 0

    def _write(self, text):
        self.written += text

    def feed(self, data):
        """What the server writes on receiving bytes, as lines."""
        self.written = ""
        self.server.feed(data)
        return self.written.split("\n")[:-1]

    def request(self, name, pairs=(), rid=None):
        """A request's line, with a SEQ of its own and, unless given, a RID of its own."""
        self.number += 1
        rid = rid or f"{self.number:08x}"
        return (lines.encode(":", self.number, rid, name, pairs) + "\n").encode()

    def ask(self, name, pairs=(), rid=None):
        """The answer and the data lines of a request."""
        found = [lines.decode(raw.encode()) for raw in self.feed(self.request(name, pairs, rid))]
        return found[-1], found[:-1]

    def status(self, key):
        return dict(self.pump.controller.status())[key]

    def programmed(self):
        """A bench whose pump has the programme and a full reservoir."""
        pieces = TEXT.split("\n")[:-1]
        self.ask("propose", [("pieces", len(pieces)), ("crc", lines.checksum(TEXT.encode()))])
        for n, piece in enumerate(pieces):
            self.ask("propose_line", [("n", n), ("text", piece)])
        digest = self.ask("review")[0].get("digest")
        self.ask("confirm", [("digest", digest)])
        self.ask("refill", [("volume", "9 mL")])
        return self

    def running(self):
        """A bench whose pump delivers."""
        self.programmed().ask("start")
        return self


class Answers(unittest.TestCase):
    def test_sectors_of_the_journal_hold_what_the_log_tells(self):
        bench = Bench().running()
        for _ in range(70):
            bench.ask("pause")
            bench.ask("resume")
        told = []
        following = "0"
        while True:
            answer, rows = bench.ask("log", [("from_sequence", following), ("count", "50")])
            told += [row.pairs for row in rows]
            if not rows:
                break
            following = answer.get("next_sequence")
        sectors = {}
        first = None
        while True:
            pairs = [("count", "1")] + ([("from_sector", first)] if first else [])
            answer, rows = bench.ask("log_sectors", pairs)
            for row in rows:
                at = int(row.get("at"))
                piece = binascii.a2b_base64(row.get("data"))
                sector = sectors.setdefault(row.get("sector"), bytearray(b"\xff" * 4096))
                sector[at : at + len(piece)] = piece
            first = answer.get("next_sector")
            if not first:
                break
        self.assertTrue(len(sectors) >= 2)
        found = []
        for number in sorted(sectors, key=int):
            for record in journal.records_of(sectors[number], int(number)):
                row = report.log_row(record)
                found.append([(key, lines.value_text(value)) for key, value in row])
        self.assertTrue(len(found) > 200)
        self.assertEqual(found, told)

    def test_with_every_alarm_of_the_table_at_once_the_status_still_tells_them_all(self):
        """Hazards: H18."""
        bench = Bench().running()
        for code in ALARMS:
            bench.pump.controller.active_alarms.raise_alarm(code, 0)
        answer = bench.ask("status")[0]
        self.assertEqual(answer.word, "done")
        told = [alarm.split(":")[0] for alarm in answer.get("alarms").split(",")]
        self.assertEqual(sorted(told), sorted(ALARMS))

    def test_a_sector_that_is_asked_for_by_a_record_holds_it_and_no_blank_piece_comes(self):
        bench = Bench().running()
        for _ in range(70):
            bench.ask("pause")
        sequence = bench.pump.controller.recorder.events.next_sequence - 1
        rows = bench.ask("log_sectors", [("from_sequence", str(sequence))])[1]
        first = int(rows[0].get("sector"))
        newest = bench.pump.controller.recorder.events.sectors_from(0)[-1]
        self.assertTrue(newest - 1 <= first <= newest)
        for row in rows:
            self.assertTrue(binascii.a2b_base64(row.get("data")).strip(b"\xff"))
        answer, rows = bench.ask("log_sectors", [("from_sector", str(newest + 1))])
        self.assertEqual((answer.word, rows, answer.get("next_sector")), ("done", [], ""))

    def test_hello_tells_who_is_there_and_which_dictionary(self):
        answer, rows = Bench().ask("hello")
        self.assertEqual((answer.word, rows), ("done", []))
        self.assertEqual(answer.get("product"), "titrate")
        self.assertEqual(answer.get("protocol"), "1")
        self.assertEqual(answer.get("dictionary"), dictionary.digest())
        self.assertEqual(answer.get("state"), "unprogrammed")

    def test_every_reply_has_the_keys_of_the_table_in_their_order(self):
        bench = Bench().running()
        bench.pump.controller.active_alarms.raise_alarm("low_reservoir", 0)
        for name in ("hello", "status", "clock", "alarms", "log", "programme", "dictionary"):
            command = commands.require(name)
            answer, rows = bench.ask(name)
            keys = [key for key, _ in answer.pairs if key != "rows"]
            self.assertEqual(keys, list(command.replies))
            if command.rows:
                self.assertTrue(rows)
                self.assertEqual(answer.get("rows"), str(len(rows)))
            for row in rows:
                self.assertEqual([k for k, _ in row.pairs], list(command.rows))

    def test_a_dose_becomes_a_volume_at_the_programmed_concentration(self):
        bench = Bench().running()
        answer, _ = bench.ask("bolus", [("volume", "50 mcg"), ("duration", "10 min")])
        self.assertEqual((answer.word, answer.get("state")), ("done", "running"))
        # 50 mcg at 500 mcg/mL is 0.1 mL.
        (bolus,) = bench.pump.controller.delivery.boluses
        self.assertEqual(bolus.volume_nl, (100000, 1))

    def test_a_programme_is_in_force_only_after_its_digest_was_confirmed(self):
        bench = Bench()
        pieces = TEXT.split("\n")[:-1]
        bench.ask("propose", [("pieces", len(pieces)), ("crc", lines.checksum(TEXT.encode()))])
        for n, piece in enumerate(pieces):
            bench.ask("propose_line", [("n", n), ("text", piece)])
        answer, rows = bench.ask("review")
        self.assertEqual(answer.get("digest"), programmes.digest(TEXT))
        self.assertIn("name", [row.get("setting") for row in rows])
        self.assertEqual(bench.ask("confirm", [("digest", "0" * 16)])[0].word, "refused")
        self.assertEqual(bench.status("state"), "unprogrammed")
        self.assertEqual(bench.ask("confirm", [("digest", answer.get("digest"))])[0].word, "done")
        self.assertEqual(bench.status("programme_digest"), programmes.digest(TEXT))
        _, rows = bench.ask("programme")
        self.assertEqual("".join([row.get("text") + "\n" for row in rows]), TEXT)


class Refusals(unittest.TestCase):
    def refused(self, bench, name, pairs, code, *words):
        before = bench.pump.controller.status()
        answer, rows = bench.ask(name, pairs)
        self.assertEqual((answer.word, answer.get("code"), rows), ("refused", code, []))
        for word in words:
            self.assertIn(word, answer.get("sentence"))
        self.assertEqual(bench.pump.controller.status(), before)

    def test_what_is_not_in_order_is_refused_with_its_limit_and_changes_nothing(self):
        """Hazards: H10."""
        bench = Bench().running()
        over = ("duration", "10 min")
        self.refused(bench, "bolsu", [], "unknown_command", "bolsu", "help")
        self.refused(bench, "bolus", [("volume", "50 mcg")], "missing_argument", "duration")
        self.refused(bench, "pause", [("now", 1)], "unknown_argument", "now", "none")
        self.refused(bench, "bolus", [("volume", "50"), over], "bad_text", "unit")
        self.refused(bench, "bolus", [("volume", "50 mcg/day"), over], "bad_text")
        self.refused(bench, "bolus", [("volume", "101 mcg"), over], "dose_limit", "100 mcg")
        self.refused(bench, "refill", [("volume", "11 mL")], "out_of_range", "10 mL")
        self.refused(bench, "refill", [("volume", "50 mcg")], "bad_text")
        self.refused(bench, "log", [("count", "51")], "out_of_range", "1 to 50")
        self.refused(bench, "log", [("count", "-1")], "bad_text", "1 to 50")
        self.refused(bench, "log", [("count", "1" * 11)], "bad_text")
        self.refused(bench, "log", [("faults", "maybe")], "bad_text", "yes or no")
        date = "2026-02-30T00:00:00"
        self.refused(bench, "set_clock", [("now", date)], "bad_text", date, "write one that it has")
        self.refused(bench, "confirm", [("digest", "0" * 15)], "bad_text", "16 digits")
        self.refused(bench, "outcome", [("rid", "0A1B2C3D")], "bad_text", "0-9 a-f")
        self.refused(
            bench, "propose", [("pieces", 0), ("crc", "0" * 8)], "out_of_range", "1 to 999"
        )
        self.refused(bench, "propose", [("pieces", 1), ("crc", "123")], "bad_text", "8 digits")
        self.refused(bench, "acknowledge", [("code", "No!")], "bad_text", "small letters")
        self.refused(bench, "propose_line", [("n", 0), ("text", "")], "out_of_range", "1 to 200")
        self.refused(bench, "propose_line", [("n", 0), ("text", "\t")], "bad_text", "ASCII")
        self.refused(bench, "resume", [], "not_now", "running")

    def test_an_amount_that_was_meant_otherwise_is_refused_with_what_to_write(self):
        """Hazards: H10."""
        bench = Bench().running()
        for rate, code, words in (
            ("25", "bad_text", ("bare number", '"300 mcg/day"')),
            # Meant were 25 mcg/h: 2 mL/h is the programme's maximum rate.
            ("25 mL/h", "out_of_range", ("25 mL/h", "limit", "2 mL/h", "check that a volume")),
            ("-5 mcg/h", "bad_text", ("sign", "write the number without it")),
            ("25.1234567890123 mcg/h", "bad_text", ("12 digits", "write fewer")),
            ("25 drops/h", "bad_text", ("unknown unit", "mL per min, h or day")),
            ("25 mcg", "bad_text", ("is a dose, but", '"300 mcg/day"')),
            ("", "bad_text", ("nothing was given", '"300 mcg/day"')),
        ):
            self.refused(bench, "rate", [("rate", rate)], code, *words)
        for volume, duration, code, words in (
            ("50 mcg/h", "10 min", "bad_text", ("is a dose rate, but", '"50 mcg"')),
            ("0 mcg", "10 min", "out_of_range", ("less than one microstep", "ask for more")),
            ("-5 mcg", "10 min", "bad_text", ("sign", "without it")),
            ("5 mL", "10 min", "dose_limit", ("5 mL", "limit of 100 mcg", "ask for less")),
            ("5 mcg", "10", "bad_text", ("bare number", '"10 min"')),
            ("5 mcg", "0 min", "out_of_range", ("1 s to 24 h", "choose")),
            ("5 mcg", "25 h", "out_of_range", ("1 s to 24 h", "choose")),
        ):
            pairs = [("volume", volume), ("duration", duration)]
            self.refused(bench, "bolus", pairs, code, *words)
        for volume, code, words in (
            ("18", "bad_text", ("bare number", '"18 mL"')),
            ("18 cups", "bad_text", ("unknown unit", "nL, uL or mL")),
            ("-1 mL", "bad_text", ("sign", "without it")),
            ("99 mL", "out_of_range", ("99 mL", "10 mL", "say what it holds")),
        ):
            self.refused(bench, "refill", [("volume", volume)], code, *words)
        self.refused(bench, "prime", [("volume", "0.2 mL")], "not_now", "prime", "stop first")
        self.refused(bench, "purge", [], "not_now", "purge is not possible", "stop first")
        bench.ask("stop")
        for volume, rate, code, words in (
            ("0.2", None, "bad_text", ("bare number",)),
            ("5 mcg", None, "bad_text", ("is a dose, but a volume",)),
            ("0 mL", None, "out_of_range", ("less than one microstep", "ask for more")),
            ("500 mL", None, "out_of_range", ("8.8 mL left above the reserve", "refill")),
            ("0.2 mL", "0 mL/h", "out_of_range", ("above 0", "at most")),
            ("0.2 mL", "500 mL/h", "out_of_range", ("at most", "choose a lower rate")),
        ):
            pairs = [("volume", volume)] + ([("rate", rate)] if rate else [])
            self.refused(bench, "prime", pairs, code, *words)

    def test_a_dose_without_a_concentration_is_refused(self):
        self.refused(Bench(), "rate", [("rate", "300 mcg/day")], "bad_text", "concentration")

    def test_a_damaged_line_is_answered_by_an_event_and_changes_nothing(self):
        bench = Bench().running()
        before = bench.pump.controller.status()
        whole = bench.request("stop")
        for data, code in (
            (whole[:-2] + b"\n", "no_crc"),
            (whole.replace(b"stop", b"stap"), "bad_crc"),
            (whole[:5] + b"\x02" + whole[5:], "not_printable"),
            (b":" + b"1" * 320 + b"\n", "too_long"),
            (b":" + b"1" * 1000 + b"\n", "too_long"),
        ):
            (written,) = bench.feed(data)
            event = lines.decode(written.encode())
            self.assertEqual((event.kind, event.word), ("!", code))
            self.assertTrue(event.get("sentence"))
        self.assertEqual(bench.pump.controller.status(), before)

    def test_events_are_numbered_so_that_a_lost_one_shows(self):
        bench = Bench()
        numbers = [lines.decode(bench.feed(b":x\n")[0].encode()).number for _ in range(3)]
        self.assertEqual(numbers, [0, 1, 2])


class Repeats(unittest.TestCase):
    BOLUS = (("volume", "50 mcg"), ("duration", "10 min"))

    def test_a_bolus_that_is_repeated_letter_for_letter_is_given_once(self):
        bench = Bench().running()
        request = bench.request("bolus", self.BOLUS)
        first = bench.feed(request)
        for _ in range(3):
            self.assertEqual(bench.feed(request), first)
        self.assertEqual(len(bench.pump.controller.delivery.boluses), 1)

    def test_a_long_answer_is_written_a_line_at_a_time(self):
        bench = Bench()
        counts = [
            bench.written.count("\n") for _ in bench.server.steps(bench.request("dictionary"))
        ]
        self.assertTrue(len(counts) > 20)
        self.assertEqual(counts, list(range(1, len(counts) + 1)))
        # The answer itself comes last.
        self.assertEqual(bench.written.count("\n"), len(counts) + 1)

    def test_a_bolus_that_is_repeated_under_another_seq_is_given_once(self):
        bench = Bench().running()
        bench.ask("bolus", self.BOLUS, "0a1b2c3d")
        for _ in range(3):
            self.assertEqual(bench.ask("bolus", self.BOLUS, "0a1b2c3d")[0].word, "done")
            bench.ask("status")
        self.assertEqual(len(bench.pump.controller.delivery.boluses), 1)

    def test_a_bolus_that_is_asked_for_twice_is_given_twice(self):
        bench = Bench().running()
        bench.ask("bolus", self.BOLUS)
        bench.ask("bolus", self.BOLUS)
        self.assertEqual(len(bench.pump.controller.delivery.boluses), 2)

    def test_a_refusal_is_repeated_though_it_would_be_possible_now(self):
        bench = Bench().programmed()
        request = bench.request("bolus", self.BOLUS)
        first = bench.feed(request)
        self.assertIn("refused", first[0])
        bench.pump.controller.start()
        self.assertEqual(bench.feed(request), first)
        self.assertEqual(bench.pump.controller.delivery.boluses, [])

    def test_the_outcome_of_a_request_can_be_asked_for(self):
        bench = Bench().running()
        bench.ask("bolus", self.BOLUS, "0a1b2c3d")
        bench.ask("silence", (), "11111111")
        bench.ask("resume", (), "22222222")
        for rid, found in (
            ("0a1b2c3d", "done"),
            ("11111111", "done"),
            ("22222222", "never"),
            ("33333333", "never"),
        ):
            self.assertEqual(bench.ask("outcome", [("rid", rid)])[0].get("found"), found)

    def test_the_outcome_of_a_bolus_is_known_after_a_power_cut(self):
        bench = Bench().running()
        bench.ask("bolus", self.BOLUS, "0a1b2c3d")
        again = Bench()
        again.pump = BenchPump(bench.pump.sectors)
        again.server = Server(again.pump.controller, again._write)
        self.assertEqual(again.ask("outcome", [("rid", "0a1b2c3d")])[0].get("found"), "done")
        self.assertEqual(again.ask("bolus", self.BOLUS, "0a1b2c3d")[0].word, "done")
        self.assertEqual(again.pump.controller.delivery.boluses, [])

    def test_a_failure_inside_is_neither_done_nor_refused(self):
        bench = Bench().running()
        bench.pump.controller.feeder = None
        answer, _ = bench.ask("pause")
        self.assertEqual((answer.word, answer.get("code")), ("unknown", "internal_error"))
        self.assertEqual(bench.ask("hello")[0].word, "done")


class Typing(unittest.TestCase):
    def test_every_command_that_only_reads_is_answered_in_plain_words(self):
        bench = Bench().running()
        self.assertIn("state               running", bench.feed(b"status\r"))
        self.assertIn("concentration       500 mcg/mL", bench.feed(b"status\r\n"))
        self.assertIn("clock               2026-06-01T00:00:00", bench.feed(b"clock\n"))
        self.assertIn("name Bench", bench.feed(b"programme\n"))
        typed, started, outcome = bench.feed(b"log count=2\n")
        self.assertEqual(typed, "log count=2")
        self.assertIn("2026-06-01T00:00:00  started  request_id=", started)
        self.assertIn("request_outcome", outcome)
        for command in commands.COMMANDS:
            if not command.changes and command.name not in ("outcome", "review", "challenge"):
                for line in bench.feed(command.name.encode() + b"\n"):
                    self.assertFalse(line[:1] == "?", line)

    def test_a_command_that_changes_something_is_refused_with_the_way_to_do_it(self):
        bench = Bench().running()
        before = bench.pump.controller.status()
        for command in commands.COMMANDS:
            if command.changes:
                echo, answer = bench.feed(command.name.encode() + b"\n")
                self.assertEqual(echo, command.name)
                self.assertEqual(answer[:2], "? ")
                self.assertIn("titrate " + command.host, answer)
        self.assertEqual(bench.pump.controller.status(), before)
        self.assertIn(
            "mpremote resume exec \"import pump; pump.bolus('50 mcg', minutes=10)\"",
            bench.feed(b"bolus 50\n")[1],
        )

    def test_help_lists_what_can_be_typed_and_explains_every_command(self):
        bench = Bench()
        listed = "\n".join(bench.feed(b"help\n"))
        for command in commands.COMMANDS:
            if command.device:
                self.assertIn("  " + command.name + " ", listed)
            explained = "\n".join(bench.feed(b"help " + command.name.encode() + b"\n"))
            self.assertIn(command.help, explained)
            for arg in command.args:
                self.assertIn(arg.help, explained)

    def test_an_unknown_word_gets_a_sentence(self):
        self.assertEqual(
            Bench().feed(b"hepl\n")[1],
            '? there is no command "hepl"; nothing was done, help lists the commands',
        )
        self.assertIn("too many words", Bench().feed(b"clock now\n")[1])

    def test_a_terminal_that_echoes_does_not_go_round_for_ever(self):
        bench = Bench()
        for line in bench.feed(b"hepl\n:1 cut\n")[1:]:
            self.assertEqual(bench.feed(line.encode() + b"\n")[1:], [])


class Table(unittest.TestCase):
    def test_names_are_words_and_none_stands_twice(self):
        names = [command.name for command in commands.COMMANDS]
        self.assertEqual(len(names), len(set(names)))
        for command in commands.COMMANDS:
            for keys in (
                [arg.name for arg in command.args],
                command.replies,
                command.rows,
            ):
                self.assertEqual(len(keys), len(set(keys)))
                for key in keys:
                    self.assertTrue(lines.is_word(key), key)

    def test_every_kind_is_declared_and_every_declared_kind_is_used(self):
        arguments = set()
        keys = set()
        for command in commands.COMMANDS:
            arguments.update([arg.kind for arg in command.args])
            keys.update(command.replies)
            keys.update(command.rows)
        self.assertEqual(arguments, {kind for kind, _ in vocabulary.ARGUMENT_KINDS})
        self.assertEqual(keys, set(vocabulary.KEYS))
        replies = {kind for kind, _ in vocabulary.KEYS.values()}
        self.assertEqual(replies, {kind for kind, _ in vocabulary.REPLY_KINDS})
        self.assertEqual(vocabulary.kind_of("of_a_newer_pump"), "text")

    def test_every_example_is_in_order(self):
        for command in commands.COMMANDS:
            for arg in command.args:
                self.assertIsNotNone(kinds.read(arg, arg.example, (500, 1)))

    def test_only_a_command_that_changes_something_has_a_request_id(self):
        bench = Bench()
        for name in ("hello", "status"):
            bench.ask(name, (), "0a1b2c3d")
        self.assertEqual(bench.ask("outcome", [("rid", "0a1b2c3d")])[0].get("found"), "never")

    def test_the_digest_changes_with_the_table_and_not_with_its_words(self):
        before = dictionary.digest()
        self.assertEqual(len(before), 16)
        log = commands.require("log")
        count = log.args[1]
        name, kind, words, example, minimum, maximum, default = count
        self.assertEqual(self.digest_with(log, count), before)
        other = commands.Arg(name, kind, words + "!", example, minimum, maximum, default)
        self.assertEqual(self.digest_with(log, other), before)
        other = commands.Arg(name, kind, words, example, minimum, maximum + 1, default)
        self.assertNotEqual(self.digest_with(log, other), before)

    def digest_with(self, command, arg):
        """The digest when the second argument of a command is another one."""
        table = commands.COMMANDS
        args = (command.args[0], arg) + command.args[2:]
        changed = commands.Command(*(command[:4] + (args,) + command[5:]))
        try:
            commands.COMMANDS = tuple([changed if one is command else one for one in table])
            return dictionary.digest()
        finally:
            commands.COMMANDS = table

    def test_a_pump_without_a_command_is_refused_at_once(self):
        with self.assertRaises(AttributeError):
            Server(object(), print)


class Memory(unittest.TestCase):
    def test_ten_thousand_bytes_of_noise_leave_nothing_behind(self):
        bench = Bench().running()
        before = bench.pump.controller.status()
        state = 1
        noise = bytearray()
        for _ in range(10000):
            # The linear congruential generator of "Numerical Recipes", 2nd edition, 7.1.
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            noise.append(state >> 24)
        for at in range(0, len(noise), 97):
            bench.feed(bytes(noise[at : at + 97]))
        bench.feed(b"\n")
        self.assertEqual(bench.pump.controller.status(), before)
        self.assertEqual(bench.ask("hello")[0].word, "done")


if __name__ == "__main__":
    unittest.main()
