"""Lines of the console protocol: what they look like, and what is no line."""

import unittest

from pump.core.errors import BadText, Damaged, PumpError
from pump.link import lines
from pump.link.assembler import LineAssembler


class Encoding(unittest.TestCase):
    def test_the_check_sum_is_the_crc32_of_zlib(self):
        # The check value that the catalogue of CRC algorithms gives for CRC-32/ISO-HDLC.
        self.assertEqual(lines.checksum(b"123456789"), "CBF43926")

    def test_each_kind_has_the_form_that_the_protocol_page_shows(self):
        # The check sums were worked out with zlib.crc32 of CPython.
        for kind, number, rid, word, pairs, expected in (
            (":", 7, "0a1b2c3d", "pause", [], ":7 0a1b2c3d pause *D2D5A75C"),
            ("-", 9999, "", "", [("n", 1)], "-9999 n=1 *64C7548F"),
            ("=", 0, "", "done", [("state", "paused")], "=0 done state=paused *A0BCF4EC"),
            ("!", 3, "", "empty", [], "!3 empty *603CCD81"),
        ):
            self.assertEqual(lines.encode(kind, number, rid, word, pairs), expected)

    def test_values_are_written_in_one_way_each(self):
        for value, text in (
            ((1375, 3), "1375/3"),
            ((25000, 1), "25000"),
            (1099511627776, "1099511627776"),
            (None, ""),
            (True, "yes"),
            (False, "no"),
            ("as it is", "as it is"),
        ):
            self.assertEqual(lines.value_text(value), text)

    def test_a_space_a_percent_an_equals_and_a_star_are_escaped(self):
        self.assertEqual(lines.escape("50 mcg"), "50%20mcg")
        self.assertEqual(lines.escape("a=b*c%d"), "a%3Db%2Ac%25d")
        self.assertEqual(lines.escape("\x03\xb5"), "%03%C2%B5")
        self.assertEqual(lines.escape('!"~'), '!"~')

    def test_what_was_escaped_is_read_back(self):
        for text in ("", "50 mcg", "100%", "%25", "\x00\x03\n~ =*", "\xb5\u20ac"):
            self.assertEqual(lines.unescape(lines.escape(text)), text)

    def test_a_request_of_320_characters_fits_and_one_of_321_is_refused(self):
        room = 320 - len(lines.encode(":", 1, "0a1b2c3d", "x", [("text", "")]))
        fits = lines.encode(":", 1, "0a1b2c3d", "x", [("text", "a" * room)])
        self.assertEqual(len(fits), 320)
        self.assertEqual(lines.decode(fits.encode()).get("text"), "a" * room)
        with self.assertRaises(BadText) as caught:
            lines.encode(":", 1, "0a1b2c3d", "x", [("text", "a" * (room + 1))])
        self.assertEqual(caught.exception.code, "too_long")
        self.assertIn("320", caught.exception.sentence)


class Decoding(unittest.TestCase):
    def test_a_request_is_taken_apart(self):
        line = lines.decode(
            lines.encode(
                ":", 41, "0a1b2c3d", "bolus", [("volume", "50 mcg"), ("duration", "10 min")]
            ).encode()
        )
        self.assertEqual(
            (line.kind, line.number, line.rid, line.word, line.pairs),
            (":", 41, "0a1b2c3d", "bolus", [("volume", "50 mcg"), ("duration", "10 min")]),
        )
        self.assertEqual(line.get("duration"), "10 min")
        self.assertEqual(line.get("other", "none"), "none")

    def test_every_single_flipped_bit_is_found(self):
        whole = lines.encode(":", 41, "0a1b2c3d", "bolus", [("volume", "50 mcg")]).encode()
        for place in range(len(whole)):
            for bit in range(8):
                damaged = bytearray(whole)
                damaged[place] ^= 1 << bit
                with self.assertRaises(PumpError):
                    lines.decode(bytes(damaged))

    def test_every_cut_line_is_found(self):
        whole = lines.encode(":", 41, "0a1b2c3d", "bolus", [("volume", "50 mcg")]).encode()
        for length in range(len(whole)):
            with self.assertRaises(PumpError):
                lines.decode(whole[:length])

    def test_each_kind_of_damage_has_its_name(self):
        whole = lines.encode(":", 1, "0a1b2c3d", "status", []).encode()
        for raw, error, code in (
            (whole[:-1], Damaged, "no_crc"),
            (b"", Damaged, "no_crc"),
            (whole.replace(b"status", b"stotus"), Damaged, "bad_crc"),
            (whole + b"\x02", BadText, "not_printable"),
            (b"\xff" * 20, BadText, "not_printable"),
            (b":" + b"1" * lines.REQUEST_MAX, BadText, "too_long"),
            (b"=" + b"1" * lines.REPLY_MAX, BadText, "too_long"),
        ):
            with self.assertRaises(error) as caught:
                lines.decode(raw)
            self.assertEqual(caught.exception.code, code)

    def test_a_fitting_check_sum_does_not_excuse_a_wrong_form(self):
        for body in (
            "?1 done",
            ":",
            ": 0a1b2c3d status",
            ":1",
            ":1 0a1b2c3d",
            ":1 0A1B2C3D status",
            ":1 0a1b2c3 status",
            ":01 0a1b2c3d status",
            ":10000 0a1b2c3d status",
            ":-1 0a1b2c3d status",
            ":1 0a1b2c3d Status",
            ":1 0a1b2c3d  status",
            ":1 0a1b2c3d status ",
            ":1 0a1b2c3d status key",
            ":1 0a1b2c3d status =value",
            ":1 0a1b2c3d status key=a=b",
            ":1 0a1b2c3d status key=1 key=1",
            ":1 0a1b2c3d status key=%2",
            ":1 0a1b2c3d status key=%2f",
            ":1 0a1b2c3d status key=%FF",
            ":1 0a1b2c3d " + "s" * 33,
        ):
            raw = (body + " *" + lines.checksum(body.encode())).encode()
            with self.assertRaises(BadText) as caught:
                lines.decode(raw)
            self.assertEqual(caught.exception.code, "bad_line")


class Assembling(unittest.TestCase):
    def test_a_line_may_come_in_any_pieces_and_end_in_any_way(self):
        for data in (b"ab\ncd\n", b"ab\r\ncd\r\n", b"ab\rcd\r", b"\n\nab\n\r\r\ncd\n"):
            for size in range(1, len(data) + 1):
                assembler = LineAssembler(5)
                found = []
                for at in range(0, len(data), size):
                    found += assembler.feed(data[at : at + size])
                self.assertEqual(found, [b"ab", b"cd"])

    def test_requests_too_may_come_in_any_pieces_and_end_in_any_way(self):
        data = b":ab\n:cd\r\n:e\r:123456789\n\n:\nfg\n:hi\n"
        for size in range(1, len(data) + 1):
            assembler = LineAssembler(5)
            found = []
            for at in range(0, len(data), size):
                found += assembler.feed(data[at : at + size])
            self.assertEqual(found, [b":ab", b":cd", b":e", None, b":", b"fg", b":hi"])

    def test_a_line_over_the_limit_is_dropped_to_its_end_and_reported_once(self):
        assembler = LineAssembler(5)
        self.assertEqual(
            assembler.feed(b"12345\n123456789 123456789\n12345\n"), [b"12345", None, b"12345"]
        )
        self.assertEqual(assembler.feed(b"1234567"), [None])
        self.assertEqual(assembler.feed(b"89\nab\n"), [b"ab"])

    def test_a_backspace_mends_a_typed_line_but_no_request(self):
        self.assertEqual(LineAssembler(20).feed(b"stut\x7f\x08atus\n"), [b"status"])
        self.assertEqual(LineAssembler(20).feed(b"\x7f\x7fhelp\n"), [b"help"])
        self.assertEqual(LineAssembler(20).feed(b":1\x7f\n"), [b":1\x7f"])

    def test_what_a_person_types_is_echoed_and_a_request_is_not(self):
        assembler = LineAssembler(20)
        assembler.feed(b"he\x7felp\r")
        self.assertEqual(assembler.echo, "he\b \belp\n")
        assembler.feed(b":1 0a1b2c3d status\n")
        self.assertEqual(assembler.echo, "")


if __name__ == "__main__":
    unittest.main()
