"""The one place that reads `UPDATES`."""

from runtime.context import ProcessContext
from runtime.polling_watch import PollingWatch
from runtime.updates.polling import LongPolling
from runtime.updates.source import ServedBot, UpdateSource


def source_of(base: ProcessContext, served: ServedBot) -> UpdateSource:
    """Return how the updates of this bot are taken, as `UPDATES` says; starts nothing."""
    served.bot.session.middleware(PollingWatch(served.name, base.alerts, base.clock, base.tasks))
    return LongPolling(served)
