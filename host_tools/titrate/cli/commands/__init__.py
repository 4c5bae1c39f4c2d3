"""The commands of `titrate`, in the order in which its help lists them."""

from titrate.cli.commands.alarm import ack, alarms, silence
from titrate.cli.commands.check import check
from titrate.cli.commands.clock import clock
from titrate.cli.commands.delivery import (
    bolus,
    minimum,
    pause,
    prime,
    rate,
    refill,
    resume,
    start,
    stop,
)
from titrate.cli.commands.firmware import deploy, flash
from titrate.cli.commands.log import log
from titrate.cli.commands.outcome import outcome
from titrate.cli.commands.ports import ports
from titrate.cli.commands.program import program, programme
from titrate.cli.commands.simulate import simulate
from titrate.cli.commands.status import status, watch
from titrate.cli.commands.virtual import virtual

ALL = (
    ports,
    status,
    watch,
    check,
    simulate,
    program,
    programme,
    start,
    pause,
    resume,
    stop,
    minimum,
    rate,
    bolus,
    prime,
    refill,
    alarms,
    ack,
    silence,
    log,
    clock,
    outcome,
    virtual,
    flash,
    deploy,
)
