"""Import: looks at a file, offers what it found, begins it. `import_worker` carries it out."""

import secrets
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import Document

from admin_bot.audit import note
from admin_bot.screens import MessageRef
from admin_bot.system.import_worker import FileFetcher, ImportWorker, ProgressScreen
from core.clock import Clock
from core.errors import TollgateError
from core.exchange.imports.problems import FileProblem, UnusableFile
from core.exchange.imports.runs import ImportCounts, ImportFile, ImportRun, ImportState
from core.supervisor import Supervisor
from database.erasing.tombstones import Tombstones
from database.importing.importer import Importer
from database.operations import settings_ops
from database.operations.exchange import import_ops
from sender.downloads import DOWNLOAD_MAX
from sender.failures import TELEGRAM_ERRORS, classify
from views.screens import Screen
from views.system import import_screens as views

log = structlog.get_logger("tollgate.admin")


class ImportService:
    """One per process."""

    def __init__(
        self,
        bot: Bot,
        username: str,
        clock: Clock,
        zone: ZoneInfo,
        supervisor: Supervisor,
        files: FileFetcher,
        tombstones: Tombstones,
        worker: ImportWorker,
    ) -> None:
        """`username`: the user bot's."""
        self._bot = bot
        self._username = username
        self._clock = clock
        self._zone = zone
        self._supervisor = supervisor
        self._files = files
        self._tombstones = tombstones
        #: carries imports out
        self.worker = worker
        self._is_reading = False

    async def screen(self, said: str | None = None) -> Screen | None:
        """Return the screen of an import that is offered or under way; None when a file is to be asked for."""
        run = await import_ops.find()
        if run is None or run.state not in (ImportState.READY, ImportState.RUNNING):
            return None
        return views.under_way(run, said) if run.is_running else views.offer(run, self._username, said)

    async def question(self, said: str | None = None) -> Screen:
        """Return the question for a file, with what became of the last one."""
        run = await import_ops.find()
        is_over = run is not None and run.state in (ImportState.DONE, ImportState.FAILED)
        return views.ask(run if is_over else None, said)

    def find_problem(self, document: Document) -> str | None:
        """Return why a file is not looked at now (HTML); None when it is."""
        if document.file_size is not None and document.file_size > DOWNLOAD_MAX:
            return views.problem_words(FileProblem.TOO_BIG, None)
        return views.busy() if self._is_reading else None

    def read(self, document: Document, ref: MessageRef) -> None:
        """Look at a file, then offer it in the message; returns at once. `find_problem` comes first."""
        self._is_reading = True
        file = ImportFile(bot_id=self._bot.id, file_id=document.file_id, name=document.file_name or "")
        self._supervisor.spawn(self._read(file, ref), f"import looked at for {ref.chat_id}")

    async def set_bot(self, key: str, *, is_of_this_bot: bool) -> Screen | None:
        """Record which bot the subscribers started; return the screen as it is now."""
        is_set = await import_ops.set_bot(key, is_of_this_bot=is_of_this_bot)
        return await self.screen(None if is_set else views.begun_already())

    async def begin(self, key: str, ref: MessageRef) -> Screen | None:
        """Begin an import that is offered; return what the pressed message shall show, None for the question."""
        if not await import_ops.start(key, ref.message_id):
            return await self.screen(views.begun_already())
        run = await import_ops.find()
        if run is None:
            return None
        after = {"new": run.found.new, "known": run.found.known, "is_of_this_bot": run.is_of_this_bot}
        await note(self._clock.now(), ref.chat_id, "person.imported", run.file.name, None, after)
        return views.progress(run, run.done)

    async def _read(self, file: ImportFile, ref: MessageRef) -> None:
        message = ProgressScreen(self._bot, self._clock, ref)
        try:
            await message.end(await self._looked_at(file, ref.chat_id, message))
        finally:
            self._is_reading = False

    async def _looked_at(self, file: ImportFile, admin_id: int, message: ProgressScreen) -> Screen:
        async def shown(found: ImportCounts) -> bool:
            await message.update(views.reading(file.name, found.total))
            return True

        try:
            with await self._files.fetch(file) as content:
                found = await Importer(content, self._zone, self._tombstones).look(shown)
            run = await self._run_of(file, admin_id, found)
            is_offered = await import_ops.offer(run)
        except UnusableFile as error:
            return views.refused(file.name, error)
        except TELEGRAM_ERRORS as error:
            log.info("import.not_downloaded", reason=classify(error))
            return views.refused(file.name, UnusableFile(FileProblem.NOT_GIVEN))
        except TollgateError as error:
            log.warning("import.not_looked_at", error=type(error).__name__)
            return views.ask(None, views.no_answer())
        return views.offer(run, self._username) if is_offered else views.ask(None, views.busy())

    async def _run_of(self, file: ImportFile, admin_id: int, found: ImportCounts) -> ImportRun:
        has_old_links = (await settings_ops.load()).old_links_channel is not None
        return ImportRun(
            key=secrets.token_hex(8),
            state=ImportState.READY,
            file=file,
            # old links lead here because another bot's token was taken over, and with it who had started that bot
            is_of_this_bot=has_old_links,
            found=found,
            asked_by=admin_id,
            asked_at=self._clock.now(),
        )
