"""Exports: read page by page, written to the disk, sent in parts; one at a time in a process."""

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import InputFile

from admin_bot.audit import note
from core.clock import Clock
from core.errors import TollgateError
from core.exchange.exports import Exported, FileFormat, file_name, writer
from core.exchange.parts import PART_MAX, Part
from core.supervisor import Supervisor
from database.operations.exchange import export_rows
from sender.failures import TELEGRAM_ERRORS, classify
from views.system import export_screen as views

log = structlog.get_logger("tollgate.admin")

#: seconds one part may take: 49 MB at about 80 kB a second
UPLOAD_S = 600
#: bytes that are read and sent at once: each is a look into a thread
_CHUNK = 262_144


class OpenFile(InputFile):
    """A file without a name, read from its beginning each time it is sent."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        super().__init__(filename=name, chunk_size=_CHUNK)
        self._file = file

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:
        # the disk may be slow: in a thread, where nobody's update waits for it
        await asyncio.to_thread(self._file.seek, 0)
        while chunk := await asyncio.to_thread(self._file.read, self.chunk_size):
            yield chunk


class ExportService:
    """One per process."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        supervisor: Supervisor,
        folder: Path,
        *,
        part_max: int = PART_MAX,
    ) -> None:
        """`folder`: where parts are kept while they are sent."""
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._supervisor = supervisor
        self._folder = folder
        self._part_max = part_max
        self._is_busy = False

    def request(self, chat_id: int, what: Exported, form: FileFormat) -> bool:
        """Make the file and send it; returns at once. False, and nothing is done, while another one is being made."""
        if self._is_busy:
            return False
        self._is_busy = True
        self._supervisor.spawn(self._make(chat_id, what, form), f"export of {what} for {chat_id}")
        return True

    async def _make(self, chat_id: int, what: Exported, form: FileFormat) -> None:
        try:
            problem = await self._send_all(chat_id, what, form)
            if problem is None:
                await note(self._clock.now(), chat_id, "data.exported", what.value)
            else:
                await self._bot.send_message(chat_id, problem)
        except TELEGRAM_ERRORS as error:
            log.info("export.admin_not_notified", chat_id=chat_id, reason=classify(error))
        finally:
            self._is_busy = False

    async def _send_all(self, chat_id: int, what: Exported, form: FileFormat) -> str | None:
        """Send every part; return what went wrong."""
        try:
            await self._send_parts(chat_id, what, form)
        except TELEGRAM_ERRORS as error:
            log.warning("export.not_sent", what=what, reason=classify(error))
            return views.not_sent(what)
        except TollgateError as error:
            log.warning("export.not_read", what=what, error=type(error).__name__)
            return views.not_read(what)
        except OSError as error:
            log.warning("export.not_written", what=what, error=type(error).__name__)
            return views.not_written(what)
        return None

    async def _send_parts(self, chat_id: int, what: Exported, form: FileFormat) -> None:
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        pages = export_rows.pages(what, self._clock.now(), self._zone)
        waiting: deque[list[Any]] | None = await anext(pages, None)
        number = 0
        while number == 0 or waiting is not None:
            number += 1
            # without a name: nothing is left of it after a kill
            with await asyncio.to_thread(self._new_file) as file:
                part = await asyncio.to_thread(Part, writer(what, form, self._zone), file, self._part_max)
                while waiting is not None and await asyncio.to_thread(_fill, part, waiting):
                    waiting = await anext(pages, None)
                await asyncio.to_thread(part.close)
                is_only = number == 1 and waiting is None
                name = file_name(what, form, self._clock.now(), self._zone, part=0 if is_only else number)
                await self._bot.send_document(
                    chat_id,
                    OpenFile(file, name),
                    caption=views.caption(what, part.count, number, is_last=waiting is None),
                    request_timeout=UPLOAD_S,
                )

    def _new_file(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=self._folder)


def _fill(part: Part, rows: deque[list[Any]]) -> bool:
    """Write rows until none is left; False when the part is full before."""
    while rows:
        if not part.add(rows[0]):
            return False
        rows.popleft()
    return True
