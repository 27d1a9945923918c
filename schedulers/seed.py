"""The four schedulers under the names the product's seed fixed (DESIGN §2), each with its coroutine.

The coroutines run the job once, now; they need only the open database and report failures in the RunReport.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from core.jobs import RunReport
from monitoring.alerts import Alerts, Words
from schedulers import registry
from schedulers.admission import by_hand
from schedulers.context import JobContext, TelegramResources
from schedulers.factory import create_scheduler
from schedulers.job_scheduler import JobScheduler

if TYPE_CHECKING:
    from aiogram import Bot


class TokenCleanupScheduler(JobScheduler):
    """Token cleanup at TOKEN_CLEANUP_HOUR."""

    async def cleanup_expired_tokens(self) -> RunReport:
        """Delete expired used tokens now."""
        return await self.runner.run(by_hand())


class TokenCountResetScheduler(JobScheduler):
    """Reset of the daily token counts at midnight of TIMEZONE."""

    async def reset_token_counts(self) -> RunReport:
        """Delete the counts of past days now."""
        return await self.runner.run(by_hand())


class MessageDeleterScheduler(JobScheduler):
    """Deletion of due deliveries every minute."""

    async def delete_due_messages(self) -> RunReport:
        """Delete the messages of due deliveries now."""
        return await self.runner.run(by_hand())


class BroadcastDeleterScheduler(JobScheduler):
    """Recall of expired broadcasts every full hour, and when one is due or an admin requests it."""

    async def delete_expired_broadcasts(self) -> RunReport:
        """Recall expired broadcasts now."""
        return await self.runner.run(by_hand())


token_cleanup_scheduler = create_scheduler(registry.TOKEN_CLEANUP, JobContext(), TokenCleanupScheduler)
token_count_reset_scheduler = create_scheduler(registry.TOKEN_COUNT_RESET, JobContext(), TokenCountResetScheduler)


def create_message_deleter_scheduler(
    bot: "Bot", context: JobContext | None = None, alerts: Alerts | None = None
) -> MessageDeleterScheduler:
    """Return the message deleter for the bot that delivered; without `alerts` undeletable messages are only counted."""
    return create_scheduler(registry.MESSAGE_DELETER, _with_bot(bot, context, alerts), MessageDeleterScheduler)


def create_broadcast_deleter_scheduler(bot: "Bot", context: JobContext | None = None) -> BroadcastDeleterScheduler:
    """Return the broadcast deleter for the bot that sent the broadcasts."""
    return create_scheduler(registry.BROADCAST_DELETER, _with_bot(bot, context, None), BroadcastDeleterScheduler)


def _with_bot(bot: "Bot", context: JobContext | None, alerts: Alerts | None) -> JobContext:
    return replace(context or JobContext(), telegram=TelegramResources(bot, alerts or Alerts(_no_recipient)))


async def _no_recipient(words: Words) -> bool:
    """Deliver an alert where there are no owners to notify: nowhere."""
    return False
