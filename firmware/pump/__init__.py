"""The pump at the prompt: `import pump` and ask, while it goes on delivering.

    pump.status()                       how it is
    pump.rate("300 mcg/day")            one flat basal rate from now on
    pump.bolus("50 mcg", minutes=10)    a bolus on top
    pump.pause()   pump.resume()        and pump.start(), pump.stop(), pump.minimum()
    pump.prime("200 uL")   pump.refill("18 mL")
    pump.alarms()   pump.log()   pump.programme()   pump.clock()
    pump.help()                         all of it

boot.py builds the pump and attaches it here; nothing is built by importing.
"""

from pump.core.errors import NotNow

_attached = None
_kept = ()


def attach(prompt, *kept) -> None:
    """Make a running pump answer to this module's functions; boot.py does so.

    Args:
        prompt: what answers.
        kept: whatever else must stay in memory.
    """
    global _attached, _kept
    _attached = prompt
    _kept = kept


def __getattr__(name: str):
    if name[0] == "_":
        raise AttributeError(name)
    if _attached is None:
        raise NotNow("no pump runs here; boot.py of a Titrate board starts one")
    return getattr(_attached, name)
