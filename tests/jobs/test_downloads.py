"""Files fetched from the sandbox's Telegram over the network, as the import does."""

import io

import pytest
from aiogram.exceptions import TelegramBadRequest

from core.exchange.imports.problems import FileProblem, UnusableFile
from sandbox.state.files import file_id
from sender.downloads import DOWNLOAD_MAX, download
from tests.house import House


async def test_a_file_arrives_whole_and_one_that_is_too_big_or_another_bots_does_not(house: House) -> None:
    bot, files = house.base.admin_bot, house.sandbox.world.files
    content = bytes(range(256)) * 1_000
    into = io.BytesIO()
    await download(bot, file_id(files.add("document", "people.csv", content), bot.id), into)
    assert into.getvalue() == content
    for sent, problem in (
        (file_id(files.add("document", size=DOWNLOAD_MAX + 1), bot.id), FileProblem.TOO_BIG),
        (file_id(files.add("document", "x.csv", b"5\n"), house.base.user_bot.id), FileProblem.NOT_GIVEN),
        ("no id", FileProblem.NOT_GIVEN),
    ):
        with pytest.raises(UnusableFile) as refused:
            await download(bot, sent, io.BytesIO())
        assert refused.value.problem is problem
        assert isinstance(refused.value.__cause__, TelegramBadRequest)
