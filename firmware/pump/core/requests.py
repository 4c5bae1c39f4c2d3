"""What became of the last requests, so that a repeated one is answered and not done again."""

from pump.core.compat import const

REMEMBERED = const(64)


class RequestMemory:
    """The outcomes of the last REMEMBERED requests, the oldest forgotten first."""

    def __init__(self):
        self._outcomes = {}
        self._order = []

    def outcome_of(self, request_id):
        """None, or "done", or "refused code sentence"."""
        return self._outcomes.get(request_id)

    def keep(self, request_id, outcome: str) -> None:
        """Remember an outcome."""
        if request_id is None:
            return
        if request_id not in self._outcomes:
            if len(self._order) >= REMEMBERED:
                del self._outcomes[self._order.pop(0)]
            self._order.append(request_id)
        self._outcomes[request_id] = outcome
