"""The commands of `titrate`, in the order in which its help lists them."""

from titrate.cli.commands.accuracy import accuracy
from titrate.cli.commands.alarm import ack, alarms, silence
from titrate.cli.commands.calibrate import calibrate
from titrate.cli.commands.check import check
from titrate.cli.commands.clock import clock
from titrate.cli.commands.delivery import (
    bolus,
    demand,
    minimum,
    pause,
    prime,
    purge,
    rate,
    refill,
    resume,
    start,
    stop,
)
from titrate.cli.commands.firmware import deploy, flash
from titrate.cli.commands.keys import keys, pair, unpair
from titrate.cli.commands.library import library
from titrate.cli.commands.log import log
from titrate.cli.commands.outcome import outcome
from titrate.cli.commands.plan import plan
from titrate.cli.commands.ports import ports
from titrate.cli.commands.program import program, programme, revert
from titrate.cli.commands.simulate import simulate
from titrate.cli.commands.status import status, watch
from titrate.cli.commands.travel import home, jog, load, unload
from titrate.cli.commands.virtual import virtual

ALL = (
    ports,
    status,
    watch,
    check,
    plan,
    simulate,
    accuracy,
    calibrate,
    program,
    revert,
    programme,
    library,
    start,
    pause,
    resume,
    stop,
    minimum,
    rate,
    bolus,
    demand,
    prime,
    purge,
    refill,
    home,
    jog,
    unload,
    load,
    alarms,
    ack,
    silence,
    log,
    clock,
    outcome,
    pair,
    unpair,
    keys,
    virtual,
    flash,
    deploy,
)
