"""A programme that takes the place of the one in force at a time that is to come.

It is kept in slots of its own, behind a line that says when, until it is in force.
"""

from pump.core import programme as programmes
from pump.core import records
from pump.core.compat import const
from pump.core.errors import BadText, Damaged, NotNow, OutOfRange

_KEY = "from_s "
_NONE = "none\n"
SOONEST_S = const(60)
LATEST_S = const(31622400)  # a year


def check(pump, programme, from_s: int) -> None:
    """Refuse a programme that cannot follow by itself, or a time that is not ahead.

    Raises:
        NotNow, OutOfRange: with what to do.
    """
    from pump.core.quantity import format_duration, format_instant

    now_s = pump.pump_clock.now_s()
    if not pump.pump_clock.is_known:
        raise NotNow("the clock is not known; set it before a change at a time is confirmed")
    if not now_s + SOONEST_S <= from_s <= now_s + LATEST_S:
        raise OutOfRange(
            format_instant(from_s)
            + " is not "
            + format_duration(SOONEST_S)
            + " to a year ahead of "
            + format_instant(now_s)
            + "; choose a time within that"
        )
    now = pump.prescription
    if now is None:
        raise NotNow(
            "no programme is in force that another could follow; confirm it without a time"
        )
    _check_alike(
        now, programme, "cannot change by itself at a time; confirm it when somebody is there"
    )


def check_goes_with(pump, programme) -> None:
    """Refuse a programme after which the one that is to follow could not come by itself.

    Raises:
        NotNow: with what to do.
    """
    from pump.core.quantity import format_instant

    if pump.delivery is not None and pump.delivery.following is not None:
        from_s, coming = pump.delivery.following
        _check_alike(
            coming,
            programme,
            "is another one in the programme that follows at "
            + format_instant(from_s)
            + "; cancel that first",
        )


def _check_alike(one, other, sentence: str) -> None:
    for title, is_same in (
        (
            "syringe, drivetrain or calibration",
            one.microstep_nl() == other.microstep_nl() and one.microsteps == other.microsteps,
        ),
        ("the syringe's capacity", one.capacity_nl == other.capacity_nl),
        ("the drug", one.drug == other.drug),
        (
            "the concentration",
            one.concentration_mcg_per_ml == other.concentration_mcg_per_ml,
        ),
        ("the bridge", one.bridge == other.bridge),
        ("the volume to be infused", one.vtbi == other.vtbi),
    ):
        if not is_same:
            raise NotNow(title + " " + sentence)


def keep(pump, programme, text: str, from_s: int, request_id) -> None:
    """Keep a checked programme across a power loss until its time comes."""
    slot = pump.recorder.following.write(_KEY + str(from_s) + "\n" + text).sequence
    pump.recorder.event(
        records.FOLLOWING_CONFIRMED,
        request_id or records.NO_REQUEST,
        programmes.digest(text),
        slot,
        from_s,
    )


def drop(pump, reason: str, request_id=None) -> None:
    """Forget it: another one is in force, or it is not wanted any more."""
    pump.recorder.following.write(_NONE)
    pump.recorder.event(
        records.FOLLOWING_DROPPED, request_id or records.NO_REQUEST, records.shorten(reason)
    )


def load(recorder, in_force: str, newest):
    """(from_s, Programme) as kept, or None.

    Args:
        in_force: digest of the programme in force.
        newest: number of the slot that the journal says was confirmed last, or None.

    Raises:
        PumpError: what was kept cannot be read.
    """
    try:
        stored = recorder.following.open_confirmed(newest)
    except Damaged as error:
        if error.code == "unformatted" and newest is None:
            # A new board, whose storage held other data.
            return None
        raise
    if stored is None or stored.text == _NONE:
        return None
    first, _, text = stored.text.partition("\n")
    if not first.startswith(_KEY):
        raise BadText("what was kept as the following programme is none")
    if programmes.digest(text) == in_force:
        # A reset came after it had come into force, before it was forgotten.
        return None
    programme = programmes.parse_canonical(text)
    programmes.check(programme)
    return int(first[len(_KEY) :]), programme


def tidy(pump) -> None:
    """Forget what is kept and not to follow any more, so that it never does."""
    if pump.delivery is not None and pump.delivery.following is None:
        try:
            if pump.recorder.following.read().text != _NONE:
                drop(pump, "in force")
        except Damaged:
            # Nothing is kept.
            pass
