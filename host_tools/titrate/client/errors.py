"""What can come of talking to a pump, besides done."""

EXIT_DONE = 0
EXIT_WRONG_INPUT = 2
EXIT_REFUSED = 3
EXIT_UNKNOWN = 4


class TitrateError(Exception):
    """Base of all errors of the client and the command line.

    Attributes:
        outcome: wrong_input, refused, unknown or no_answer, as in the JSON output.
        exit_status: exit status of the `titrate` command.
        code: short fixed word that a program can test.
        sentence: one sentence for a person.
    """

    outcome = "wrong_input"
    exit_status = EXIT_WRONG_INPUT
    code = "wrong_input"

    def __init__(self, sentence: str, code: str = ""):
        super().__init__(sentence)
        self.sentence = sentence
        if code:
            self.code = code

    def details(self) -> dict[str, object]:
        """What else the JSON output says about it."""
        return {}


class WrongInput(TitrateError):
    """Something is wrong with what was asked for, before the pump saw it."""


class Refused(TitrateError):
    """The pump refused: nothing has changed."""

    outcome = "refused"
    exit_status = EXIT_REFUSED
    code = "refused"


class MoveFailed(TitrateError):
    """A move of the drive did not end as it was to; the drive is at rest."""

    outcome = "failed"
    exit_status = EXIT_REFUSED
    code = "move_failed"


class NoAnswer(TitrateError):
    """No pump answered; nothing that changes it was sent."""

    outcome = "no_answer"
    exit_status = EXIT_UNKNOWN
    code = "no_answer"


class OutcomeUnknown(TitrateError):
    """The request was sent, and it is not known whether it took effect.

    Attributes:
        request_id: what `titrate outcome` and Pump.outcome() settle it by.
    """

    outcome = "unknown"
    exit_status = EXIT_UNKNOWN
    code = "unknown"

    def __init__(self, sentence: str, request_id: str, code: str = ""):
        super().__init__(sentence, code)
        self.request_id = request_id

    def details(self) -> dict[str, object]:
        """The request id, for `titrate outcome`."""
        return {"request_id": self.request_id}


class Disconnected(NoAnswer):
    """The port is gone: the cable was pulled, or the pump restarted or lost power."""

    code = "disconnected"
