"""The one place that reads `UPDATES`."""

from functools import partial

from config import Settings
from core.clock import MachineClock
from database.operations.processes import polling_lease_ops
from runtime.context import ProcessContext
from runtime.lifecycle import CannotStart, announce
from runtime.polling_watch import PollingWatch
from runtime.updates.polling import LongPolling, show_turn
from runtime.updates.polling_turn import PollingTurn
from runtime.updates.source import ServedBot, UpdateSource
from runtime.updates.turn_alerts import TurnAlerts
from runtime.updates.webhook import POSTED, Webhook, remove_own_webhook
from sender.updates.update_ages import UpdateAges
from sender.updates.webhook import WebhookReceiver, secret_from_token
from sender.updates.webhook_address import address_of

#: the bots whose updates any process may have. An album or a batch sent to the admin bot is gathered by one process
POSTABLE = frozenset({"user_bot"})


def source_of(base: ProcessContext, served: ServedBot) -> UpdateSource:
    """Return how the updates of this bot are taken, as `UPDATES` says; starts nothing."""
    if base.settings.UPDATES == "webhook" and served.name in POSTABLE:
        return _webhook(base, served)
    bot = served.bot
    bot.session.middleware(PollingWatch(served.name, base.alerts, base.clock, base.tasks))
    # in real time: a lease is about the machine, which may be suspended
    clock, states = MachineClock(), base.update_states
    on_change = show_turn(served.name, bot.id, states, announce)
    on_signs = TurnAlerts(
        served.name, bot.id, base.alerts, base.tasks, states=states, clock=clock, zone=base.settings.zone
    )
    turn = PollingTurn(bot.id, polling_lease_ops, clock, on_change=on_change, on_signs=on_signs)
    return LongPolling(served, turn, before_polls=partial(remove_own_webhook, bot, base.clock))


def _webhook(base: ProcessContext, served: ServedBot) -> Webhook:
    settings, bot = base.settings, served.bot
    secret = settings.WEBHOOK_SECRET.get_secret_value() or secret_from_token(bot.token)
    receiver = WebhookReceiver(
        bot,
        served.dispatcher,
        served.acknowledger,
        secret=secret,
        ages=UpdateAges(base.clock.now),
        is_database_away=lambda: base.outage_retry.is_away,
    )
    base.update_states[served.name] = POSTED
    address = address_of(settings.PUBLIC_BASE_URL, bot.id, secret)
    return Webhook(served, receiver, base.receivers, address, polling_lease_ops.find, MachineClock())


def refuse_without_web_app(settings: Settings) -> None:
    """Raises CannotStart when updates are to be posted to a process that has no web app."""
    if settings.UPDATES == "webhook":
        raise CannotStart(
            "UPDATES: Telegram posts to the web app, which only `python main.py` runs beside the user bot; "
            "start that, or set UPDATES=polling",
            status=2,
        )
