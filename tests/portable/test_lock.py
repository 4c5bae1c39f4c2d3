"""Who may change the pump: paired keys over the real server and controller."""

from binascii import hexlify

from bench_case import Case, active, logged
from bench_keys import ROLES, SECRETS, answered, paired, signed
from pump.core import message_code, paired_keys
from pump.core.errors import BadText, NotNow
from pump.core.sectors import SECTOR_BYTES
from pump.link import commands
from pump.link.prompt import Prompt
from test_link_server import Bench

KEYS_AT = 32  # the sector in which the bench's slots for keys begin: see bench_pump.py


def running(*names):
    """A pump that delivers, on a line, with the keys of these names."""
    link = Bench().running()
    paired(link.pump, *names)
    return link


class MessageCode(Case):
    def test_it_is_that_of_rfc_4231(self):
        # Test cases 1 and 2.
        for key, message, code in (
            (
                b"\x0b" * 20,
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ):
            self.assertEqual(hexlify(message_code.of(key, message)).decode(), code)

    def test_codes_are_the_same_only_when_every_byte_is(self):
        code = bytes(range(16))
        self.assertTrue(message_code.is_same(code, bytes(range(16))))
        for other in (code[:-1], code + b"\x00", b"", b"\x01" + code[1:], code[:-1] + b"\x00"):
            self.assertFalse(message_code.is_same(code, other))


class Keys(Case):
    def test_what_keeps_them_reads_back_and_nothing_else_is_read(self):
        keys = {name: paired_keys.PairedKey(name, ROLES[name], SECRETS[name]) for name in SECRETS}
        text = paired_keys.text_of(keys)
        self.assertEqual(paired_keys.text_of(paired_keys.parse(text)), text)
        self.assertEqual(paired_keys.parse("titrate-keys 1\n"), {})
        for wrong in (
            "",
            text[:-1],
            text.replace("keys 1", "keys 2"),
            text.replace("operator", "owner"),
            text.replace("00010203", "0001020"),
            text + "key\n",
        ):
            with self.assertRaises(BadText):
                paired_keys.parse(wrong)

    def test_a_role_may_what_those_before_it_may(self):
        may = [
            [paired_keys.PairedKey("x", one, b"").may(other) for other in paired_keys.ROLES]
            for one in paired_keys.ROLES
        ]
        self.assertEqual(may, [[True, False, False], [True, True, False], [True, True, True]])


class Pairing(Case):
    def test_a_pump_without_a_key_is_open(self):
        link = Bench().running()
        self.assertEqual(link.status("locked"), False)
        self.assertEqual(link.ask("pause")[0].word, "done")
        answer, rows = link.ask("keys")
        self.assertEqual((answer.get("locked"), rows), ("no", []))

    def test_a_key_is_paired_when_the_button_is_pressed(self):
        """Hazards: H24."""
        link = Bench().running()
        secret = hexlify(SECRETS["bench"]).decode()
        asked = [("name", "bench"), ("role", "programmer"), ("key", secret)]
        self.assertEqual(link.ask("pair", asked)[0].get("wait_s"), "30")
        self.assertEqual(link.ask("keys")[0].get("awaits"), "bench")
        self.assertIn("pairing", active(link.pump))
        self.assertEqual(link.ask("pause")[0].word, "done")
        link.pump.controller.lock.confirm_pairing()
        self.assertNotIn("pairing", active(link.pump))
        answer, rows = link.ask("keys")
        self.assertEqual((answer.get("locked"), answer.get("awaits")), ("yes", ""))
        # The first 4 bytes of the HMAC of "titrate fingerprint" with it, by OpenSSL.
        self.assertEqual(
            rows[0].pairs,
            [("name", "bench"), ("role", "programmer"), ("fingerprint", "18facb12")],
        )
        self.assertEqual(
            [record["what"] for record in logged(link.pump, "keys_changed")],
            ["paired bench programmer"],
        )
        self.assertEqual(link.ask("resume")[0].get("code"), "key_needed")

    def test_without_the_button_nothing_is_paired_after_30_s(self):
        link = Bench().running()
        bench = link.pump
        bench.controller.pair("bench", "programmer", "ab" * 32)
        bench.run_s(29)
        self.assertEqual(bench.controller.lock.awaits_name, "bench")
        bench.run_s(2)
        self.assertEqual(bench.controller.lock.awaits_name, "")
        self.assertNotIn("pairing", active(bench))
        self.assertFalse(bench.controller.lock.is_locked)
        self.assertEqual(logged(bench, "keys_changed"), [])

    def test_what_is_no_key_is_refused_and_never_repeated(self):
        bench = self.running()
        for name, role, key, error in (
            ("bench", "owner", "ab" * 32, NotNow),
            ("a" * 17, "service", "ab" * 32, NotNow),
            ("bench", "service", "ab" * 31, BadText),
            ("bench", "service", "xy" * 32, BadText),
        ):
            sentence = self.refused(bench, error, bench.controller.pair, name, role, key)
            self.assertNotIn(key[:8], sentence)
        link = Bench()
        asked = [("name", "bench"), ("role", "service"), ("key", "AB" * 32)]
        answer = link.ask("pair", asked)[0]
        self.assertEqual((answer.word, answer.get("code")), ("refused", "bad_text"))
        self.assertNotIn("ABAB", answer.get("sentence"))

    def test_one_key_waits_at_a_time_and_eight_are_kept(self):
        bench = self.running()
        pump = bench.controller
        pump.pair("one", "service", "ab" * 32)
        sentence = self.refused(bench, NotNow, pump.pair, "two", "service", "cd" * 32)
        self.assertIn("wait 30 s", sentence)
        pump.lock.confirm_pairing()
        for number in range(7):
            pump.pair("more_" + str(number), "operator", "cd" * 32)
            pump.lock.confirm_pairing()
        self.refused(bench, NotNow, pump.pair, "ninth", "operator", "cd" * 32)
        pump.pair("one", "operator", "ef" * 32)
        pump.lock.confirm_pairing()
        self.assertEqual(len(pump.lock.rows()), 8)
        self.assertIn(("one", "operator"), [row[:2] for row in pump.lock.rows()])

    def test_keys_outlive_a_power_cut_and_resets(self):
        link = running("bench", "boss")
        link.pump.run_s(1)
        rows = link.pump.controller.lock.rows()
        for again in (link.pump.after_soft_reset(), link.pump.after_power_cut()):
            self.assertTrue(again.controller.lock.is_locked)
            self.assertEqual(again.controller.lock.rows(), rows)


class Locked(Case):
    def test_no_change_is_made_without_a_key(self):
        """Hazards: H24."""
        link = running("boss")
        before = link.pump.controller.status()
        for command in commands.COMMANDS:
            if not command.changes or command.role == commands.ANYONE:
                continue
            pairs = [(arg.name, arg.example) for arg in command.args]
            answer = link.ask(command.name, pairs)[0]
            self.assertEqual((answer.word, answer.get("code")), ("refused", "key_needed"))
        self.assertEqual(link.pump.controller.status(), before)

    def test_reading_stays_open(self):
        link = running("boss")
        for name in ("hello", "status", "alarms", "log", "programme", "keys", "dictionary"):
            self.assertEqual(link.ask(name)[0].word, "done")

    def test_a_change_with_its_key_is_made_once_however_often_it_is_sent(self):
        link = running("bench")
        line = signed(link, "bench", "bolus", [("volume", "20 uL"), ("duration", "10 min")])
        for _ in range(3):
            self.assertEqual(answered(link, line).word, "done")
        link.ask("status")
        other = link.request("status")
        self.assertEqual(answered(link, other).word, "done")
        self.assertEqual(answered(link, line).word, "done")
        self.assertEqual(len(logged(link.pump, "bolus_started")), 1)

    def test_what_was_overheard_opens_nothing_again(self):
        """Hazards: H24."""
        link = running("bench")
        challenge = link.ask("challenge", [("by", "bench")])[0].get("challenge")
        line = signed(link, "bench", "pause", challenge=challenge)
        self.assertEqual(answered(link, line).word, "done")
        # The same code under another request id, and a new request over the old challenge.
        for again in (
            link.request("resume", [("by", "bench"), ("mac", "0" * 32)]),
            signed(link, "bench", "resume", challenge=challenge),
        ):
            self.assertEqual(answered(link, again).get("code"), "no_challenge")
        self.assertEqual(link.status("state"), "paused")

    def test_what_is_changed_on_the_way_does_not_fit(self):
        """Hazards: H24."""
        link = running("bench")
        line = signed(link, "bench", "bolus", [("volume", "20 uL"), ("duration", "10 min")])
        body = line[: line.rfind(b" *")].replace(b"20%20uL", b"90%20uL")
        from pump.link import lines

        forged = body + b" *" + lines.checksum(body).encode() + b"\n"
        answer = answered(link, forged)
        self.assertEqual((answer.word, answer.get("code")), ("refused", "wrong_key"))
        self.assertEqual(logged(link.pump, "bolus_started"), [])
        self.assertIn("wrong_key", active(link.pump))
        faults = [record.fields() for record in link.pump.controller.recorder.faults.records()]
        self.assertEqual(
            [(f["code"], f["detail"]) for f in faults], [("wrong_key", "bench, tries 1")]
        )
        # The challenge is used up by it.
        self.assertEqual(answered(link, line).get("code"), "no_challenge")

    def test_a_challenge_lasts_60_s(self):
        link = running("bench")
        for seconds, expected in ((60, "done"), (61, "refused")):
            line = signed(link, "bench", "silence")
            link.pump.run_s(seconds)
            self.assertEqual(answered(link, line).word, expected)

    def test_wrong_keys_are_slowed_and_a_right_one_is_taken_after_the_wait(self):
        """Faults: F18."""
        link = running("bench")
        wrong = bytes(32)
        for _ in range(2):
            self.assertEqual(
                answered(link, signed(link, "bench", "pause", secret=wrong)).get("code"),
                "wrong_key",
            )
        # 2, 4, 8, 16, 32 s, then 64 s each.
        for wait_s in (2, 4, 8, 16, 32, 64, 64):
            line = signed(link, "bench", "pause", secret=wrong)
            self.assertEqual(answered(link, line).get("code"), "wrong_key")
            link.pump.run_s(wait_s - 1)
            answer = link.ask("challenge", [("by", "bench")])[0]
            self.assertEqual(answer.get("code"), "closed")
            self.assertIn("for 1 s", answer.get("sentence"))
            link.pump.run_s(1)
        faults = [record.fields() for record in link.pump.controller.recorder.faults.records()]
        self.assertEqual(
            [fault["detail"] for fault in faults],
            ["bench, tries 1", "bench, tries 2", "bench, tries 4", "bench, tries 8"],
        )
        self.assertEqual(answered(link, signed(link, "bench", "pause")).word, "done")
        self.assertEqual(link.status("state"), "paused")

    def test_each_role_does_what_is_its_own(self):
        """Hazards: H24."""
        link = running("nurse", "bench", "boss")
        bolus = [("volume", "20 uL"), ("duration", "10 min")]
        for name, word, pairs, code in (
            ("nurse", "bolus", bolus, ""),
            ("nurse", "cancel_bolus", (), ""),
            ("nurse", "bolus", bolus + [("reason", "it was asked for")], "role"),
            ("nurse", "rate", [("rate", "20 uL/h")], "role"),
            ("nurse", "stop", (), "role"),
            ("nurse", "pause", (), ""),
            ("nurse", "resume", (), ""),
            ("bench", "rate", [("rate", "20 uL/h")], ""),
            ("bench", "unpair", [("name", "nurse")], "role"),
            ("bench", "bootloader", (), "role"),
            ("boss", "stop", (), ""),
            ("boss", "unpair", [("name", "nurse")], ""),
        ):
            answer = answered(link, signed(link, name, word, pairs))
            self.assertEqual(answer.get("code"), code, (name, word))
        self.assertEqual(link.ask("challenge", [("by", "nurse")])[0].get("code"), "no_key")

    def test_with_its_last_key_gone_the_pump_is_open(self):
        link = running("boss")
        self.assertEqual(
            answered(link, signed(link, "boss", "unpair", [("name", "boss")])).word, "done"
        )
        self.assertEqual(link.ask("pause")[0].word, "done")
        self.assertFalse(link.pump.after_power_cut().controller.lock.is_locked)

    def test_the_prompt_of_a_locked_pump_reads_and_changes_nothing(self):
        link = running("boss")
        said = []

        def run(function, *args):
            try:
                said.extend(function(*args))
            except NotNow as error:
                said.append(error.code)
            return ()

        prompt = Prompt(link.pump.controller, run, None)
        prompt.clock()
        self.assertIn("2026-06-01T00:00:00", said[0])
        before = link.pump.controller.status()
        prompt.rate("20 uL/h")
        prompt.bolus("20 uL", minutes=10)
        self.assertEqual(said[-2:], ["key_needed", "key_needed"])
        self.assertEqual(link.pump.controller.status(), before)

    def test_no_secret_is_told_or_logged(self):
        link = running("bench")
        answered(link, signed(link, "bench", "pause", secret=bytes(32)))
        told = ""
        for name in ("status", "keys", "alarms", "log"):
            told += "".join(link.feed(link.request(name)))
        for secret in SECRETS.values():
            self.assertNotIn(hexlify(secret).decode()[:16], told)


class Damage(Case):
    def damaged(self, link):
        for sector in range(KEYS_AT, KEYS_AT + 4):
            if bytes(link.pump.sectors.data[sector][:7]) == b"titrate":
                link.pump.sectors.data[sector][40] ^= 1
        return link.pump.after_power_cut()

    def test_damaged_keys_leave_the_pump_locked_until_one_is_paired(self):
        """Hazards: H24."""
        again = self.damaged(running("bench"))
        pump = again.controller
        self.assertIn("keys_damaged", active(again))
        self.assertTrue(pump.lock.is_locked)
        self.assertEqual(pump.lock.rows(), [])
        self.assertEqual(pump.state, "running")
        with self.assertRaises(NotNow) as caught:
            pump.authorise("operator", "bench", "00" * 16, b"")
        self.assertEqual(caught.exception.code, "no_key")
        paired(again, "boss")
        pump.acknowledge("keys_damaged")
        self.assertNotIn("keys_damaged", active(again))
        self.assertEqual([row[0] for row in pump.lock.rows()], ["boss"])

    def test_older_keys_do_not_pass_for_those_that_were_paired_last(self):
        link = running("bench", "boss")
        newest = KEYS_AT + 2
        self.assertIn(b"boss", bytes(link.pump.sectors.data[newest + 1]))
        for sector in (newest, newest + 1):
            link.pump.sectors.data[sector][:] = b"\xff" * SECTOR_BYTES
        again = link.pump.after_power_cut()
        self.assertIn("keys_damaged", active(again))
        self.assertTrue(again.controller.lock.is_locked)
