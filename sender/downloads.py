"""Files people sent to a bot, fetched into an open file; the disk is written in a thread."""

import asyncio
from contextlib import aclosing
from typing import IO

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramNotFound

from core.exchange.imports.problems import FileProblem, UnusableFile
from sender.failures import text_of

#: Telegram gives bots files of up to 20 MB (https://core.telegram.org/bots/api#getfile)
DOWNLOAD_MAX = 20 * 1024 * 1024
#: seconds one file may take: 20 MB at about 170 kB a second
DOWNLOAD_S = 120
_TOO_BIG = "file is too big"


async def download(bot: Bot, file_id: str, into: IO[bytes]) -> None:
    """Write a file into `into`, from its present place on.

    Raises UnusableFile for one that Telegram does not give or that the disk does not take, and one of TELEGRAM_ERRORS
    when it may be tried again. The address holds the bot's token: no error's text may be shown or logged.
    """
    try:
        found = await bot.get_file(file_id)
    except (TelegramBadRequest, TelegramNotFound) as error:
        is_too_big = _TOO_BIG in text_of(error).lower()
        raise UnusableFile(FileProblem.TOO_BIG if is_too_big else FileProblem.NOT_GIVEN) from error
    if not found.file_path:
        raise UnusableFile(FileProblem.NOT_GIVEN)
    address = bot.session.api.file_url(bot.token, found.file_path)
    size = 0
    async with aclosing(bot.session.stream_content(address, timeout=DOWNLOAD_S)) as pieces:
        async for piece in pieces:
            size += len(piece)
            if size > DOWNLOAD_MAX:
                raise UnusableFile(FileProblem.TOO_BIG)
            await _write(into, piece)


async def _write(into: IO[bytes], piece: bytes) -> None:
    try:
        await asyncio.to_thread(into.write, piece)
    except OSError as error:
        raise UnusableFile(FileProblem.NO_ROOM) from error
