"""Bots for jobs in a process of their own, without the app or beside it.

Importing this imports aiogram. Such a process has a share of the bot's calls, as the app has, and gives it back at its
end. Pauses are shared: the stored ones are restored before the first call, those of the app are heeded meanwhile, and
those of this process are stored.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from core.clock import SystemClock
from core.supervisor import Supervisor
from database.backups.files import backup_folder
from database.operations import incident_ops, pause_ops
from database.operations.rates import share_ops
from database.secret_file import OWNERS, read_secret
from database.team import Team
from monitoring.alerts import Alerts, first_that_reaches
from monitoring.webhook import AlertWebhook
from schedulers.context import OwnerResources, TelegramResources
from schedulers.run_once import JobConfig
from sender.bots import build_bot
from sender.limiting.pauses import Pauses
from sender.limiting.send_limiter import SendLimiter
from sender.limiting.sharing.shared_ceilings import SharedCeilings
from sender.owners import owner_notifier
from views.catalogues import speaking_to_member


@asynccontextmanager
async def telegram(config: JobConfig) -> AsyncIterator[TelegramResources]:
    """Yield both bots; close their connections when the block ends. The database must be open.

    Raises StoreUnavailable.
    """
    clock = SystemClock()
    user_limiter, admin_limiter = (SendLimiter(config.rate_per_s, config.bulk_rate_per_s, clock) for _ in range(2))
    user_bot = build_bot(config.user_token.get_secret_value(), config.api_url, user_limiter)
    admin_bot = build_bot(config.admin_token.get_secret_value(), config.api_url, admin_limiter)
    webhook = AlertWebhook(config.alert_webhook_url, clock) if config.alert_webhook_url.get_secret_value() else None
    team = Team(config.owner_ids, partial(read_secret, config.data_dir, OWNERS), clock)
    # open incidents are rows: owners are notified once, by the process that finds it first
    speaking = partial(speaking_to_member, team)
    send_to_owners = first_that_reaches(
        *(owner_notifier(bot, team.owner_ids, speaking) for bot in (admin_bot, user_bot))
    )
    alerts = Alerts(send_to_owners, store=incident_ops, sink=webhook, clock=clock)
    folder = backup_folder(config.data_dir)
    owners = OwnerResources(
        admin_bot,
        user_limiter,
        admin_limiter,
        team.owner_ids,
        speaking,
        folder,
        config.backup_keep,
        config.backup_encrypt_to,
        config.storage_channel_id,
    )
    pauses, tasks = Pauses(clock, pause_ops), Supervisor()
    ceilings = SharedCeilings(clock, share_ops, share_ops.new_process(), pauses.read_noted)
    try:
        for bot, limiter in ((user_bot, user_limiter), (admin_bot, admin_limiter)):
            await pauses.restore(bot.id, limiter)
            pauses.watch(bot.id, limiter)
            await ceilings.join(bot.id, limiter)
        tasks.keep_running(pauses.write, "pauses", clock)
        tasks.keep_running(pauses.follow, "pauses of others", clock)
        tasks.keep_running(ceilings.run, "shares of calls", clock)
        yield TelegramResources(user_bot, alerts, owners, config.is_posted)
    finally:
        if webhook is not None:
            await webhook.close()
        await user_bot.session.close()
        await admin_bot.session.close()
        await tasks.close()
        await ceilings.close()
        await pauses.close()
