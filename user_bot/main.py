"""The user bot: the dispatcher, the schedulers around its polling, and `python -m user_bot`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot, Dispatcher

from config import Settings, Shortener
from core.errors import StoreUnavailable
from core.supervisor import Supervisor
from database.backups.files import backup_folder
from database.batches import Bounds
from monitoring.alerts import Alerts
from runtime.context import Component, ProcessContext, announce, process_context, serve_until_stopped
from schedulers import (
    create_broadcast_deleter_scheduler,
    create_broadcast_sender_scheduler,
    create_message_deleter_scheduler,
    token_cleanup_scheduler,
    token_count_reset_scheduler,
)
from schedulers.registry import (
    RUN_GRACE,
    JobContext,
    JobScheduler,
    create_housekeeping_scheduler,
    create_statistics_scheduler,
)
from schedulers.requests import Requests
from schedulers.telegram_registry import create_backup_scheduler, create_health_check_scheduler, to_owners
from sender.failures import TELEGRAM_ERRORS
from sender.intake import install
from sender.send_limiter import SendLimiter
from shorteners.failover import Shorteners
from shorteners.providers import Provider
from user_bot.commands import COMMANDS
from user_bot.data import build_data
from user_bot.delivery.recovery import Recovery
from user_bot.gate.unlock_links import UnlockConfig
from user_bot.routers import build_router
from views import common_texts

log = structlog.get_logger("tollgate.user_bot")

#: asked for explicitly: Telegram keeps the last list and aiogram would derive it from handlers (BOTAPI §4.1)
ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member", "chat_member", "chat_join_request"]
#: updates of one subscriber handled at the same time; a chat takes one answer a second after a burst of five
PER_PERSON = 8
#: a job under way at a stop gets this long to finish its step, in seconds
JOBS_END_S = 5.0
#: a tick waits for a random part of it: of several processes not all ask at once
JITTER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class UserBot:
    """What runs the user bot."""

    bot: Bot
    limiter: SendLimiter
    dispatcher: Dispatcher
    jobs: JobContext
    alerts: Alerts
    shorteners: Shorteners
    zone: ZoneInfo
    settings: Settings
    #: owners get their backups from it
    admin_bot: Bot


def build(base: ProcessContext) -> UserBot:
    """Put the dispatcher together; touches neither network nor database."""
    settings, bot, clock = base.settings, base.user_bot, base.clock
    zone = settings.zone
    shorteners = Shorteners([_provider(shortener) for shortener in settings.SHORTENERS])
    names = build_data(
        bot,
        clock,
        zone,
        base.alerts,
        admin_ids=frozenset(settings.ADMIN_IDS),
        ways=UnlockConfig(shorteners, settings.PUBLIC_BASE_URL, timedelta(days=settings.TOKEN_EXPIRY_DAYS)),
        sleep=base.sleep,
    )
    # the user bot keeps no dialogue: no FSM, so nothing but the handlers asks the database
    dispatcher = Dispatcher(disable_fsm=True, **names)
    install(dispatcher, bot, hold=base.hold, words=common_texts, per_person=PER_PERSON)
    dispatcher.include_router(build_router(clock))
    jobs = JobContext(
        clock=clock,
        zone=zone,
        bounds=Bounds(
            batch_size=settings.CLEANUP_BATCH_SIZE,
            timeout_s=settings.CLEANUP_TIMEOUT_SECONDS,
            pause_ms=settings.CLEANUP_PAUSE_MS,
        ),
        time_limit=timedelta(seconds=settings.CLEANUP_TIMEOUT_SECONDS) + RUN_GRACE,
        cleanup_hours=settings.TOKEN_CLEANUP_HOUR,
        # whoever turns the sandbox's clock wants to see what comes of it
        jitter=timedelta() if settings.SANDBOX_CLOCK_URL else JITTER,
        sleep=base.sleep,
    )
    return UserBot(bot, base.user_limiter, dispatcher, jobs, base.alerts, shorteners, zone, settings, base.admin_bot)


def _provider(shortener: Shortener) -> Provider:
    return Provider(
        name=shortener.name,
        api_url=shortener.api_url,
        api_key=shortener.api_key,
        hosts=shortener.hosts,
        weight=shortener.weight,
        answer=shortener.answer,
    )


def schedulers_of(user_bot: UserBot) -> tuple[JobScheduler, ...]:
    """Every job of the house, for this bot and process."""
    settings, send = user_bot.settings, to_owners(user_bot.admin_bot, user_bot.settings.ADMIN_IDS)
    token_cleanup_scheduler.configure(user_bot.jobs)
    token_count_reset_scheduler.configure(user_bot.jobs)
    return (
        token_cleanup_scheduler,
        token_count_reset_scheduler,
        create_message_deleter_scheduler(user_bot.bot, user_bot.jobs, user_bot.alerts),
        create_broadcast_deleter_scheduler(user_bot.bot, user_bot.jobs),
        create_broadcast_sender_scheduler(user_bot.bot, user_bot.limiter, user_bot.jobs),
        create_statistics_scheduler(user_bot.jobs),
        create_housekeeping_scheduler(user_bot.jobs),
        create_backup_scheduler(backup_folder(settings.DATA_DIR), settings.BACKUP_KEEP, send, user_bot.jobs),
        create_health_check_scheduler(user_bot.bot, user_bot.admin_bot, user_bot.alerts, user_bot.jobs),
    )


async def serve(user_bot: UserBot, schedulers: Sequence[JobScheduler]) -> None:
    """Poll until `dispatcher.stop_polling()`, with the schedulers running around it."""
    bot, dp, tasks = user_bot.bot, user_bot.dispatcher, Supervisor()
    requests = Requests({one.name: one for one in schedulers}, user_bot.jobs.clock, pulse=user_bot.jobs.pulse)
    await _show_menu(bot)
    await _recover(user_bot, tasks)
    for scheduler in schedulers:
        scheduler.start()
        announce(scheduler.name, scheduler.in_words())
    requests.start()
    try:
        await dp.start_polling(bot, allowed_updates=ALLOWED_UPDATES, handle_signals=False, close_bot_session=False)
    finally:
        requests.stop()
        for scheduler in schedulers:
            scheduler.stop()
        ended = (scheduler.ended(JOBS_END_S) for scheduler in schedulers)
        await asyncio.gather(requests.ended(JOBS_END_S), *ended)
        await tasks.close()
        await user_bot.shorteners.close()


async def _recover(user_bot: UserBot, tasks: Supervisor) -> None:
    """What a crash left behind: readers to be told. Runs that never ended are the runner's matter."""
    jobs = user_bot.jobs
    recovery = Recovery(user_bot.bot, jobs.clock, user_bot.zone, sleep=jobs.sleep)
    try:
        told = await recovery.tell_interrupted()
    except StoreUnavailable as error:
        log.warning("recovery.put_off", error=str(error))
        told = 1
    if told:  # not all of them, perhaps
        tasks.spawn(recovery.tell_the_rest(), "recovery")


async def _show_menu(bot: Bot) -> None:
    try:
        await bot.set_my_commands(COMMANDS)
    except TELEGRAM_ERRORS as error:
        log.warning("menu.not_set", error=type(error).__name__)


def component(base: ProcessContext) -> Component:
    """The user bot as a part of a process."""
    user_bot = build(base)
    return Component("user bot", user_bot.dispatcher, serve(user_bot, schedulers_of(user_bot)))


async def main(settings: Settings) -> None:
    """The user bot and the schedulers alone in a process."""
    async with process_context(settings) as base:
        await serve_until_stopped(base, [component(base)])
