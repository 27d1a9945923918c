"""How long a command may take, by its kind."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds from the call to the answer; the server is asked to stop by then as well (`maxTimeMS`)."""

    #: of a command about one document, which somebody may be waiting for
    hot_s: float = 2.0
    #: of a page, a count, a sum, and of a batch
    page_s: float = 10.0
    #: of every command on the bulk connections, the wait for one of them included
    bulk_s: float = 60.0

    def on_bulk(self) -> "TimeLimits":
        """The limits of the bulk connections: the same for every command."""
        return TimeLimits(self.bulk_s, self.bulk_s, self.bulk_s)
