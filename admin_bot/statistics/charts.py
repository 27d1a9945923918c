"""The pictures of /stats: drawn in a task of their own, sent as one album; a new album replaces the chat's old one."""

import asyncio
from collections.abc import Sequence
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import BufferedInputFile, InputMediaPhoto, MediaUnion

from core.clock import Clock
from core.statistics import DayStats
from core.supervisor import Supervisor
from monitoring.pictures import Picture, Theme
from sender.failures import TELEGRAM_ERRORS, classify
from views.language import spoken
from views.statistics import texts

log = structlog.get_logger("tollgate.admin")

#: seconds for which drawn pictures of the same numbers are used again
KEPT_FOR_S = 60.0
#: seconds drawing may take, for all pictures together; the first time matplotlib is loaded
DRAWING_MAX_S = 60.0


class Draw(Protocol):
    """Draw one picture as a PNG file, as `monitoring.pictures.draw` does; may raise what matplotlib raises."""

    async def __call__(self, kind: Picture, days: Sequence[DayStats], theme: Theme, zone: ZoneInfo) -> bytes: ...


class ChartAlbums:
    """At most one drawing at a time in each chat."""

    def __init__(
        self,
        bot: Bot,
        zone: ZoneInfo,
        supervisor: Supervisor,
        draw: Draw,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._zone = zone
        self._supervisor = supervisor
        self._draw = draw
        self._clock = clock
        #: chats whose pictures are being drawn or sent
        self._busy: set[int] = set()
        #: days and language -> when they were drawn, the numbers drawn, and the files
        self._drawn: dict[tuple[int, str], tuple[float, list[DayStats], list[bytes]]] = {}
        #: chat -> message ids of its newest album
        self._shown: dict[int, list[int]] = {}

    def request(self, chat_id: int, span: int, days: list[DayStats]) -> bool:
        """Draw the pictures of the last `span` days and send them; returns at once.

        False, and nothing is done, while pictures for this chat are being drawn or sent.
        """
        if chat_id in self._busy:
            return False
        self._busy.add(chat_id)
        self._supervisor.spawn(self._draw_and_send(chat_id, span, days), f"charts for {chat_id}")
        return True

    async def _draw_and_send(self, chat_id: int, span: int, days: list[DayStats]) -> None:
        try:
            files = await self._files(span, days)
            if files is None:
                await self._bot.send_message(chat_id, texts.not_drawn())
            elif await self._send(chat_id, span, files) is None:
                await self._bot.send_message(chat_id, texts.not_sent())
        except TELEGRAM_ERRORS as error:
            log.info("charts.admin_not_notified", chat_id=chat_id, reason=classify(error))
        finally:
            self._busy.discard(chat_id)

    async def _files(self, span: int, days: list[DayStats]) -> list[bytes] | None:
        """Return a PNG file for each picture; None when drawing failed or took too long."""
        now_s = self._clock.monotonic()
        drawn = (span, spoken())
        if drawn in self._drawn:
            at_s, of, files = self._drawn[drawn]
            if of == days and now_s - at_s < KEPT_FOR_S:
                return files
        # in a task of its own: an exception of the drawing library ends that task and is logged by the supervisor
        drawing: asyncio.Task[list[bytes]] = self._supervisor.spawn(self._draw_all(days), f"drawing {span} days")
        await asyncio.wait({drawing}, timeout=DRAWING_MAX_S)
        if not drawing.done():
            drawing.cancel()
            log.warning("charts.too_slow", span=span)
            return None
        if drawing.cancelled() or drawing.exception() is not None:
            return None
        self._drawn[drawn] = (now_s, days, drawing.result())
        return drawing.result()

    async def _draw_all(self, days: list[DayStats]) -> list[bytes]:
        return [await self._draw(kind, days, Theme.LIGHT, self._zone) for kind in Picture]

    async def _send(self, chat_id: int, span: int, files: list[bytes]) -> list[int] | None:
        """Send the album and delete the chat's old one; its message ids, None when Telegram did not take it."""
        media: list[MediaUnion] = [
            InputMediaPhoto(
                media=BufferedInputFile(file, f"{kind}.png"), caption=texts.pictures(span) if first else None
            )
            for first, (kind, file) in zip(
                (True, *[False] * len(files)), zip(Picture, files, strict=True), strict=False
            )
        ]
        try:
            sent = await self._bot.send_media_group(chat_id, media)
        except TELEGRAM_ERRORS as error:
            log.warning("charts.not_sent", chat_id=chat_id, reason=classify(error))
            return None
        before, self._shown[chat_id] = self._shown.get(chat_id), [message.message_id for message in sent]
        if before:
            await self._delete(chat_id, before)
        return self._shown[chat_id]

    async def _delete(self, chat_id: int, message_ids: list[int]) -> None:
        """Delete the old album; a failure is logged."""
        try:
            await self._bot.delete_messages(chat_id, message_ids)
        except TELEGRAM_ERRORS as error:
            log.info("charts.old_album_not_deleted", reason=classify(error))
