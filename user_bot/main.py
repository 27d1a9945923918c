"""The user bot: the dispatcher, the schedulers around its polling, and `python -m user_bot`."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from aiogram import Bot, Dispatcher

from config import Settings
from core.supervisor import Supervisor
from database import bot_profiles
from database.backups.files import backup_folder
from database.batches import Bounds
from database.erasing.tombstones import Tombstones, fleeting_tombstones, open_tombstones
from runtime.context import ProcessContext, process_context
from runtime.lifecycle import announce, serve_until_stopped
from runtime.updates.choice import refuse_without_web_app, source_of
from runtime.updates.source import BotComponent, ServedBot, UpdateSource
from schedulers.catching_up import CatchUps
from schedulers.context import RUN_GRACE, JobContext, OwnerResources, TelegramResources
from schedulers.factory import create_schedulers
from schedulers.job_scheduler import JobScheduler
from schedulers.requests import RequestTrigger
from sender.profiles import BotProfile, Text
from sender.updates.intake import install
from sender.updates.languages import SpeakSendersLanguage
from shorteners.providers import configured_providers
from shorteners.vault import fleeting_vault, open_vault
from user_bot.commands import commands
from user_bot.data import build_data
from user_bot.delivery.counting import EventCounts
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.recovery import Recovery
from user_bot.gate.current_shorteners import CurrentShorteners
from user_bot.gate.unlock_links import UnlockConfig
from user_bot.gifts import Gifts
from user_bot.routers import build_router
from views import common_texts
from views.catalogues import SOURCE, Catalogues, our_catalogues, speaking_to, speaking_to_member
from views.language import speaking
from views.subscribers.profile_texts import descriptions

#: asked for explicitly: Telegram keeps the last list and aiogram would derive it from handlers (BOTAPI §4.1)
ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member", "chat_member", "chat_join_request"]
#: updates of one subscriber handled at the same time; a chat takes one answer a second after a burst of five
UPDATES_PER_USER = 8
#: seconds a job in progress at a stop has to finish its step
JOBS_END_S = 5.0
#: seconds after which a process that takes no updates yet catches up on missed ticks all the same
STANDS_BY_AFTER_S = 20.0
#: seconds behind the first poll at which missed ticks begin: people who have waited come first
CATCH_UP_AFTER_S = 2.0
#: a tick is delayed by a random part of this, so that several processes do not claim the lease at once
JITTER = timedelta(seconds=2)

log = structlog.get_logger("tollgate.user_bot")


@dataclass(frozen=True, slots=True)
class UserBot:
    """The built user bot, ready to serve."""

    bot: Bot
    dispatcher: Dispatcher
    updates: UpdateSource
    jobs: JobContext
    shorteners: CurrentShorteners
    ownership: Ownership
    recovery: Recovery
    event_counts: EventCounts
    gifts: Gifts
    catalogues: Catalogues


def build(base: ProcessContext) -> UserBot:
    """Build the dispatcher and what its jobs need; touches neither network nor database, but the key file."""
    settings, bot, clock = base.settings, base.user_bot, base.clock
    zone, catalogues = settings.zone, our_catalogues()
    shorteners = _shorteners(base)
    names = build_data(
        bot,
        clock,
        zone,
        base.alerts,
        team=base.team,
        unlock_config=UnlockConfig(shorteners, settings.PUBLIC_BASE_URL, timedelta(days=settings.TOKEN_EXPIRY_DAYS)),
        tombstones=_tombstones(settings),
    )
    # the user bot has no dialogues: without FSM only the handlers use the database
    dispatcher = Dispatcher(disable_fsm=True, **names)
    speak = SpeakSendersLanguage(speaking_to)
    dispatcher.update.outer_middleware(speak)
    dispatcher.errors.outer_middleware(speak)
    acknowledger = install(
        dispatcher, bot, outage_retry=base.outage_retry, texts=common_texts, per_user=UPDATES_PER_USER
    )
    dispatcher.include_router(build_router(clock, zone, catalogues, base.team))
    return UserBot(
        bot,
        dispatcher,
        source_of(base, ServedBot("user_bot", bot, dispatcher, acknowledger, ALLOWED_UPDATES)),
        _job_context(base),
        shorteners,
        names["ownership"],
        names["recovery"],
        names["event_counts"],
        names["gifts"],
        catalogues,
    )


def _job_context(base: ProcessContext) -> JobContext:
    """Return what the jobs of this process are built from, as configured."""
    settings = base.settings
    owners = OwnerResources(
        base.admin_bot,
        base.user_limiter,
        base.admin_limiter,
        base.team.owner_ids,
        partial(speaking_to_member, base.team),
        backup_folder(settings.DATA_DIR),
        settings.BACKUP_KEEP,
        settings.BACKUP_ENCRYPT_TO,
        settings.STORAGE_CHANNEL_ID,
    )
    return JobContext(
        clock=base.clock,
        zone=settings.zone,
        bounds=Bounds(
            batch_size=settings.CLEANUP_BATCH_SIZE,
            timeout_s=settings.CLEANUP_TIMEOUT_SECONDS,
            pause_ms=settings.CLEANUP_PAUSE_MS,
        ),
        time_limit=timedelta(seconds=settings.CLEANUP_TIMEOUT_SECONDS) + RUN_GRACE,
        times=settings.job_times,
        # after the sandbox's clock was moved the effect should show at once
        jitter=timedelta() if settings.SANDBOX_CLOCK_URL else JITTER,
        telegram=TelegramResources(base.user_bot, base.alerts, owners, is_posted=settings.UPDATES == "webhook"),
        catch_ups=CatchUps(base.clock),
    )


def _shorteners(base: ProcessContext) -> CurrentShorteners:
    """Build the list of shorteners. May write a new key file to DATA_DIR."""
    settings = base.settings
    token = settings.USER_BOT_TOKEN.get_secret_value()
    vault = fleeting_vault(token) if settings.is_memory_store else open_vault(settings.DATA_DIR)
    if vault.problem:
        log.warning("shorteners.no_vault", problem=vault.problem)
    return CurrentShorteners(
        base.clock,
        settings.zone,
        base.alerts,
        vault,
        configured_providers(settings.SHORTENERS),
        # the sandbox's shortener is on this machine
        is_public_only=not settings.SANDBOX_CLOCK_URL,
    )


def _tombstones(settings: Settings) -> Tombstones:
    """Open the hashes of erased subscribers. May write a new key file to DATA_DIR."""
    token = settings.USER_BOT_TOKEN.get_secret_value()
    tombstones = fleeting_tombstones(token) if settings.is_memory_store else open_tombstones(settings.DATA_DIR)
    if tombstones.problem:
        log.warning("erasure.hashes_not_kept", problem=tombstones.problem)
    return tombstones


def schedulers_of(user_bot: UserBot) -> tuple[JobScheduler, ...]:
    """Return the schedulers of every job of the table, for this bot and process."""
    return tuple(create_schedulers(user_bot.jobs).values())


async def serve(user_bot: UserBot, schedulers: Sequence[JobScheduler]) -> None:
    """Take updates until `user_bot.updates.stop()`, with the schedulers running around it."""
    tasks = Supervisor()
    requests = RequestTrigger({one.name: one.runner for one in schedulers}, user_bot.jobs.clock)
    # beside the updates: neither a menu nor subscribers who were cut off delay those who write now
    tasks.spawn(show_profile(user_bot.bot, user_bot.catalogues), "menu")
    clock = user_bot.jobs.clock
    tasks.keep_running(user_bot.ownership.run, "delivery leases", clock)
    tasks.keep_running(user_bot.recovery.run, "recovery", clock)
    tasks.keep_running(user_bot.gifts.run, "gift payments", clock)
    tasks.keep_running(user_bot.event_counts.run, "event counts", clock)
    for scheduler in schedulers:
        scheduler.start()
        announce(scheduler.name, scheduler.plan.in_words)
    requests.start()
    tasks.spawn(_catch_up(user_bot), "catch-ups begin")
    try:
        await user_bot.updates.serve()
    finally:
        requests.stop()
        for scheduler in schedulers:
            scheduler.stop()
        ended = (scheduler.ended(JOBS_END_S) for scheduler in schedulers)
        await asyncio.gather(requests.ended(JOBS_END_S), *ended)
        await tasks.close()
        await user_bot.shorteners.close()


async def _catch_up(user_bot: UserBot) -> None:
    """Let missed ticks begin once updates are taken; in a process that stands by, behind a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STANDS_BY_AFTER_S):
            await user_bot.updates.begun.wait()
    await user_bot.jobs.clock.sleep(CATCH_UP_AFTER_S)
    if user_bot.jobs.catch_ups is not None:
        user_bot.jobs.catch_ups.open()


async def show_profile(bot: Bot, catalogues: Catalogues) -> None:
    """Set what subscribers see before they press Start."""
    profile = BotProfile(bot, bot_profiles)
    await profile.show_commands(commands())
    for code in catalogues.languages:
        if code != SOURCE:
            with speaking(catalogues.of(code)):
                await profile.show_commands(commands(), language=code)
    await profile.describe_in_each(Text.DESCRIPTION, descriptions())


def component(base: ProcessContext) -> BotComponent:
    """Return the user bot as a component of a process."""
    user_bot = build(base)
    return BotComponent("user bot", user_bot.updates, serve(user_bot, schedulers_of(user_bot)))


async def main(settings: Settings) -> None:
    """Run the user bot and the schedulers in a process of their own. Raises CannotStart."""
    refuse_without_web_app(settings)
    async with process_context(settings) as base:
        await serve_until_stopped(base, [component(base)])
