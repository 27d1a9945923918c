"""Carries the import there is to its end, also one that a killed process left; its message shows how far it is."""

import asyncio
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from admin_bot.screens import MessageRef, show
from core.clock import Clock
from core.errors import TollgateError
from core.exchange.imports.problems import FileProblem, UnusableFile
from core.exchange.imports.runs import ImportCounts, ImportFile, ImportRun
from core.private_files import make_private_folder
from core.supervisor import Supervisor
from database.erasing.tombstones import Tombstones
from database.importing.importer import Importer
from database.importing.running import carry_on
from database.operations.exchange import import_ops
from database.team import Team
from sender.downloads import download
from sender.failures import TELEGRAM_ERRORS, classify
from views.catalogues import speaking_to_member
from views.screens import Screen
from views.system import import_screens as views

log = structlog.get_logger("tollgate.admin")

#: seconds between two looks whether an import waits: after a kill, or a failure that ends by itself
POLL_S = 15.0
#: seconds between two edits of one message
EDIT_EVERY_S = 3.0
#: seconds after which an edit is given up; the next one shows the same
EDIT_TIMEOUT_S = 20.0


class ProgressScreen:
    """A message that is edited at most once in EDIT_EVERY_S seconds, and at the end. Failures are only logged."""

    def __init__(self, bot: Bot, clock: Clock, ref: MessageRef) -> None:
        self._bot = bot
        self._clock = clock
        self._ref = ref
        self._edited_at = clock.monotonic()

    async def update(self, screen: Screen) -> None:
        if self._ref.message_id is None or self._clock.monotonic() - self._edited_at < EDIT_EVERY_S:
            return
        self._edited_at = self._clock.monotonic()
        try:
            async with asyncio.timeout(EDIT_TIMEOUT_S):
                await self._bot.edit_message_text(
                    screen.text, chat_id=self._ref.chat_id, message_id=self._ref.message_id
                )
        except TELEGRAM_ERRORS as error:
            log.info("import.progress_not_shown", reason=classify(error))

    async def end(self, screen: Screen) -> None:
        try:
            await show(self._bot, self._ref, screen)
        except TELEGRAM_ERRORS as error:
            log.info("import.admin_not_notified", chat_id=self._ref.chat_id, reason=classify(error))


class FileFetcher:
    """Files that were sent to this bot, in a folder without a name: nothing is left of them after a kill."""

    def __init__(self, bot: Bot, folder: Path) -> None:
        self._bot = bot
        self._folder = folder

    async def fetch(self, file: ImportFile) -> IO[bytes]:
        """Return the file, open, from its beginning; the caller closes it. Raises as `download`, and UnusableFile."""
        if file.bot_id != self._bot.id:
            # of a bot whose token these bots had before
            raise UnusableFile(FileProblem.NOT_GIVEN)
        into = await asyncio.to_thread(self._new)
        with ExitStack() as closed:
            closed.enter_context(into)
            await download(self._bot, file.file_id, into)
            into.seek(0)
            closed.pop_all()
        return into

    def _new(self) -> IO[bytes]:
        try:
            make_private_folder(self._folder)
            return tempfile.TemporaryFile(dir=self._folder)
        except OSError as error:
            raise UnusableFile(FileProblem.NO_ROOM) from error


class ImportWorker:
    """One per process; one import at a time in the house (`import_ops.take`)."""

    def __init__(
        self,
        bot: Bot,
        team: Team,
        clock: Clock,
        zone: ZoneInfo,
        supervisor: Supervisor,
        files: FileFetcher,
        tombstones: Tombstones,
    ) -> None:
        self._bot = bot
        self._team = team
        self._clock = clock
        self._zone = zone
        self._supervisor = supervisor
        self._files = files
        self._tombstones = tombstones
        self._is_busy = False

    async def start(self) -> None:
        """Look for an import that waits, now and then, until the supervisor is closed."""
        self._supervisor.keep_running(self._watch, "import watch", self._clock)

    def wake(self) -> None:
        """Work at once; returns at once."""
        self._supervisor.spawn(self.work(), "import")

    async def _watch(self) -> None:
        while True:
            await self.work()
            await self._clock.sleep(POLL_S)

    async def work(self) -> None:
        """Carry the import on that nobody works on; returns when it is over, or cannot go on now."""
        if self._is_busy:
            return
        self._is_busy = True
        try:
            run = await import_ops.take(secrets.token_hex(8), self._clock.now())
            if run is not None:
                async with speaking_to_member(self._team, run.asked_by):
                    await self._carry_on(run)
        except TollgateError as error:
            log.warning("import.waits", error=type(error).__name__)
        except TELEGRAM_ERRORS as error:
            log.warning("import.waits", reason=classify(error))
        finally:
            self._is_busy = False

    async def _carry_on(self, run: ImportRun) -> None:
        message_id = run.message_id if run.file.bot_id == self._bot.id else None
        message = ProgressScreen(self._bot, self._clock, MessageRef(run.asked_by, message_id))

        async def shown(done: ImportCounts) -> None:
            await message.update(views.progress(run, done))

        try:
            file = await self._files.fetch(run.file)
        except UnusableFile as error:
            is_ours = await import_ops.finish(run, self._clock.now(), error.problem)
        else:
            with file:
                is_ours = await carry_on(run, Importer(file, self._zone, self._tombstones), self._clock, shown)
        ended = await import_ops.find() if is_ours else None
        if ended is not None and ended.key == run.key:
            log.info("import.over", key=run.key, new=ended.done.new, known=ended.done.known, state=ended.state.value)
            await message.end(views.over(ended))
