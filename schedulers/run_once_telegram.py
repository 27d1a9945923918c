"""The jobs that talk to Telegram, with bots of their own: for running them without the app, or beside it.

Importing this imports aiogram. A process of its own has a ceiling of its own: beside the app the two together may send
faster than Telegram wants, which then asks both to wait.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core import timetable
from database.backups.files import backup_folder
from database.operations import incident_ops
from monitoring.alerts import Alerts
from monitoring.webhook import AlertWebhook
from schedulers.registry import JobContext, JobScheduler
from schedulers.run_once import JobConfig
from schedulers.telegram_registry import (
    create_backup_scheduler,
    create_broadcast_deleter_scheduler,
    create_broadcast_sender_scheduler,
    create_health_check_scheduler,
    create_message_deleter_scheduler,
    to_owners,
)
from sender.bots import build_bot
from sender.owners import owner_teller
from sender.send_limiter import SendLimiter


@asynccontextmanager
async def schedulers(job_config: JobConfig, context: JobContext) -> AsyncIterator[dict[str, JobScheduler]]:
    """Their schedulers by name, and the bots' connections until the block ends. Opens none itself."""
    user_limiter, admin_limiter = (SendLimiter(job_config.rate_per_s, job_config.bulk_rate_per_s) for _ in range(2))
    user_bot = build_bot(job_config.user_token.get_secret_value(), job_config.api_url, user_limiter)
    admin_bot = build_bot(job_config.admin_token.get_secret_value(), job_config.api_url, admin_limiter)
    webhook = AlertWebhook(job_config.alert_webhook_url) if job_config.alert_webhook_url.get_secret_value() else None
    # what is told stands in the database: of an incident people hear once, whoever finds it
    alerts = Alerts(
        owner_teller(admin_bot, job_config.owner_ids), store=incident_ops, sink=webhook, clock=context.clock
    )
    folder, send = backup_folder(job_config.data_dir), to_owners(admin_bot, job_config.owner_ids)
    try:
        yield {
            timetable.MESSAGE_DELETER: create_message_deleter_scheduler(user_bot, context, alerts),
            timetable.BROADCAST_SENDER: create_broadcast_sender_scheduler(user_bot, user_limiter, context),
            timetable.BROADCAST_DELETER: create_broadcast_deleter_scheduler(user_bot, context),
            timetable.BACKUP: create_backup_scheduler(folder, job_config.backup_keep, send, context),
            timetable.HEALTH_CHECK: create_health_check_scheduler(user_bot, admin_bot, alerts, context),
        }
    finally:
        if webhook is not None:
            await webhook.close()
        await user_bot.session.close()
        await admin_bot.session.close()
