"""The admin bot: its dispatcher and dialogue storage, and the main function of `python -m admin_bot`."""

from functools import partial

from aiogram import Bot, Dispatcher
from aiogram.fsm.middleware import FSMContextMiddleware
from aiogram.fsm.storage.base import BaseStorage
from aiogram.fsm.strategy import FSMStrategy

from admin_bot.context import AdminConfig, AdminContext, ShortenerAccess
from admin_bot.conversation.locks import Locks
from admin_bot.conversation.storage import dialogue_storage
from admin_bot.data import AdminData, build_data
from admin_bot.middlewares.language import SpeakToMember
from admin_bot.middlewares.memberships import DropPeoplesMembership
from admin_bot.routers import build_router
from admin_bot.system.admin_page import local_address
from config import Settings
from core.errors import TollgateError
from core.retries import SHORT_S, retry_while_unavailable
from core.supervisor import Supervisor
from core.team.rights import Right, may
from database import bot_profiles
from database.backups.files import backup_folder
from database.erasing.tombstones import Tombstones, fleeting_tombstones, open_tombstones
from database.team import Team
from database.tolerated import tolerated
from runtime.context import ProcessContext, process_context
from runtime.lifecycle import serve_until_stopped
from runtime.team import claim_notice
from runtime.updates.choice import source_of
from runtime.updates.source import BotComponent, ServedBot, UpdateSource
from schedulers import registry
from sender.updates.intake import RetryOnDatabaseOutage, install
from sender.updates.languages import SpeakSendersLanguage
from shorteners.providers import configured_providers
from shorteners.vault import fleeting_vault, open_vault
from views import common_texts
from views.catalogues import speaking_to_team

#: named explicitly: Telegram keeps the last list, and aiogram would derive it from the handlers (BOTAPI §4.1)
ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member", "chat_member"]


def build(bot: Bot, data: AdminData, storage: BaseStorage, outage_retry: RetryOnDatabaseOutage) -> ServedBot:
    """Build the dispatcher; touches neither network nor database."""
    # aiogram's own FSM middleware runs before ours and its storage closes before handlers have ended (BOTAPI §7.1):
    # this one runs after the intake, and is closed with the process
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.workflow_data.update(data)
    dispatcher.update.outer_middleware(SpeakSendersLanguage(speaking_to_team))
    dispatcher.errors.outer_middleware(SpeakToMember())
    acknowledger = install(dispatcher, bot, outage_retry=outage_retry, texts=common_texts)
    dispatcher.update.outer_middleware(DropPeoplesMembership())
    locks = Locks()
    dispatcher.update.outer_middleware(FSMContextMiddleware(storage, locks, strategy=FSMStrategy.USER_IN_CHAT))
    data["conversations"].open(storage, locks)
    dispatcher.include_router(build_router(data["clock"]))

    # registered after the intake's shutdown handlers: the last handlers may have added to an album
    dispatcher.shutdown.register(data["albums"].close)
    dispatcher.shutdown.register(data["broadcast_albums"].close)
    dispatcher.startup.register(data["progress_updater"].start)
    dispatcher.startup.register(data["publish_results"].resume)
    dispatcher.startup.register(data["imports"].worker.start)
    dispatcher.shutdown.register(data["progress_updater"].stop)
    return ServedBot("admin_bot", bot, dispatcher, acknowledger, ALLOWED_UPDATES)


async def serve(updates: UpdateSource, storage: BaseStorage, data: AdminData, notice: str | None = None) -> None:
    """Take updates until `updates.stop()`, and set the command menu meanwhile: it may have to wait.

    `notice` is printed first: it may hold a secret, so it is not logged.
    """
    if notice is not None:
        print(notice, flush=True)
    tasks = Supervisor()
    tasks.spawn(_show_menus(data), "menu")
    tasks.keep_running(data["team_notices"].run, "team notices", data["clock"])
    try:
        await updates.serve()
    finally:
        await tasks.close()
        await storage.close()


async def _show_menus(data: AdminData) -> None:
    await data["team_menus"].refresh()
    await data["admin_page"].set_menu_buttons(await _operators(data["team"]))


async def _operators(team: Team) -> list[int]:
    """Return who may use the admin page; nobody while the database is away."""
    try:
        members = await team.members()
    except TollgateError:
        return []
    return [user_id for user_id, role in members.roles.items() if may(role, Right.PAGE)]


async def component(base: ProcessContext) -> BotComponent:
    """Build the admin bot as a component of a process."""
    settings = base.settings
    context = AdminContext(
        bot=base.admin_bot,
        user_bot=base.user_bot,
        user_bot_username=(await base.user_bot.me()).username or "",
        team=base.team,
        clock=base.clock,
        zone=settings.zone,
        alerts=base.alerts,
        supervisor=base.tasks,
        unmetered_chats=base.admin_limiter.unmetered_chats,
    )
    config = AdminConfig(
        storage_channel_id=settings.STORAGE_CHANNEL_ID,
        bulk_rate_per_s=settings.BULK_RATE_PER_SECOND,
        shortener_access=_shortener_access(settings),
        public_base_url=settings.PUBLIC_BASE_URL,
        web_address=local_address(settings.WEB_HOST, settings.WEB_PORT),
        plans=registry.plans(settings.zone, settings.job_times),
        backup_job=registry.BACKUP.name,
        backup_folder=str(backup_folder(settings.DATA_DIR)),
        backup_keep=settings.BACKUP_KEEP,
        tombstones=_tombstones(settings),
    )
    data = build_data(context, config)
    storage = dialogue_storage(base.database)
    updates = source_of(base, build(base.admin_bot, data, storage, base.outage_retry))
    admin_bot_username = (await base.admin_bot.me()).username or ""
    names = partial(bot_profiles.remember_usernames, context.user_bot_username, admin_bot_username)
    # a database that is silent for a moment must not end the start; without them the page shows ids
    await tolerated("start.usernames_not_stored", retry_while_unavailable(names, base.clock, SHORT_S))
    notice = await claim_notice(settings, base.team, admin_bot_username, base.clock)
    return BotComponent("admin bot", updates, serve(updates, storage, data, notice))


def _shortener_access(settings: Settings) -> ShortenerAccess:
    """Return how shorteners are asked. May write a new key file to DATA_DIR."""
    token = settings.USER_BOT_TOKEN.get_secret_value()
    return ShortenerAccess(
        fleeting_vault(token) if settings.is_memory_store else open_vault(settings.DATA_DIR),
        configured_providers(settings.SHORTENERS),
        # the sandbox's shortener is on this machine
        is_public_only=not settings.SANDBOX_CLOCK_URL,
    )


def _tombstones(settings: Settings) -> Tombstones:
    """Return what knows who was erased, as the user bot does. May write a new key file to DATA_DIR."""
    if settings.is_memory_store:
        return fleeting_tombstones(settings.USER_BOT_TOKEN.get_secret_value())
    return open_tombstones(settings.DATA_DIR)


async def main(settings: Settings) -> None:
    """Run the admin bot alone in a process."""
    async with process_context(settings) as base:
        await serve_until_stopped(base, [await component(base)])
