"""Holds on both streams of a camera, so that the evidence of a finding does not run away."""

from edge_agent.vision.lookback import Stock

LAG_S = 1.0
"""A main stream so far behind the other one still shows the same."""


class Hold:
    """What one finding needs of the streams until it is released; more than once does no harm."""

    def __init__(self, own: Stock, main: Stock | None, *, begin_s: float, end_s: float) -> None:
        """Pin an interval, which may lie in the future; `main` is the main stream's stock, if up.

        The stocks stay those of now: a stream that comes back later begins another ring.
        """
        self.own = own
        self.main = main
        self._pins = [(stock, stock.ring.pin(begin_s, end_s)) for stock in (own, main) if stock]

    def best(self, begin_s: float, end_s: float) -> Stock:
        """Return the main stream where it shows all of the interval that the other one does."""
        return better(self.own, self.main, begin_s, end_s)

    def end(self) -> None:
        """Nothing more comes: keep only what is pinned."""
        for stock in filter(None, (self.own, self.main)):
            stock.ring.end()

    def release(self) -> None:
        """Let the rings forget."""
        while self._pins:
            stock, pin = self._pins.pop()
            stock.ring.unpin(pin)


def better(own: Stock, main: Stock | None, begin_s: float, end_s: float) -> Stock:
    """Return the main stream where it shows all of the interval that the other one does.

    Small pictures of then are worth more than large ones of later.
    """
    if main is None or main.ring.newest_s < min(end_s, own.ring.newest_s) - LAG_S:
        return own
    reaches = main.ring.since_s(end_s) <= max(begin_s, own.ring.since_s(end_s))
    return main if reaches else own
