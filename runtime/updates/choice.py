"""The one place that reads `UPDATES`."""

from core.clock import SystemClock
from database.operations.processes import polling_lease_ops
from runtime.context import ProcessContext
from runtime.lifecycle import announce
from runtime.polling_watch import PollingWatch
from runtime.updates.polling import LongPolling, show_turn
from runtime.updates.polling_turn import PollingTurn
from runtime.updates.source import ServedBot, UpdateSource


def source_of(base: ProcessContext, served: ServedBot) -> UpdateSource:
    """Return how the updates of this bot are taken, as `UPDATES` says; starts nothing."""
    bot = served.bot
    bot.session.middleware(PollingWatch(served.name, base.alerts, base.clock, base.tasks))
    # in real time: a lease is about the machine
    on_change = show_turn(served.name, bot.id, base.update_states, announce)
    turn = PollingTurn(bot.id, polling_lease_ops, SystemClock(), on_change=on_change)
    return LongPolling(served, turn)
