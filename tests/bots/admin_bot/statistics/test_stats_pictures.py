"""The pictures of the statistics: drawn in the background, one album at a time, and never instead of the numbers."""

import asyncio

import pytest
from aiogram.methods import DeleteMessages, SendMediaGroup, SendMessage
from aiogram.types import BufferedInputFile

from admin_bot.statistics import charts as charts_module
from admin_bot.statistics.charts import KEPT_FOR_S
from monitoring.pictures import Picture, Theme
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.faults import blocked, flood, lost
from tests.bots.admin_bot.standstill import settle
from tests.bots.admin_bot.statistics.charts import Pencil, albums, charts, counted
from tests.bots.admin_bot.telegram import MakeError, bad_request
from views.statistics import texts


@pytest.fixture
def pencil(admin: AdminBot) -> Pencil:
    pencil = Pencil()
    charts(admin)._draw = pencil
    return pencil


# --- pictures


async def test_the_pictures_come_as_one_album(admin: AdminBot, pencil: Pencil) -> None:
    await counted(admin, 0)
    await counted(admin, 20)
    await counted(admin, 40)
    await admin.callback("sp:30")
    await settle()
    (album,) = albums(admin)
    assert [one.media.filename for one in album if isinstance(one.media, BufferedInputFile)] == [
        f"{kind}.png" for kind in Picture
    ]
    assert [one.caption for one in album] == ["The last 30 days", None, None, None]
    assert pencil.drawn == [(kind, 2, Theme.LIGHT) for kind in Picture]
    await admin.callback("sp:all")
    await settle()
    assert albums(admin)[-1][0].caption == "The last year"
    assert pencil.drawn[-1] == (Picture.BROADCASTS, 3, Theme.LIGHT)
    assert len(admin.world.of(DeleteMessages)) == 1, "the old album is deleted"
    assert len(admin.world.of(DeleteMessages)[0].message_ids) == 4


async def test_the_button_answers_while_the_pictures_are_drawn_and_a_second_press_draws_nothing(
    admin: AdminBot, pencil: Pencil
) -> None:
    await counted(admin, 0)
    pencil.release = asyncio.Event()
    await admin.callback("sp:7")
    await admin.callback("sp:30")
    await settle()
    assert admin.toasts == [texts.drawing(), texts.drawing_before()]
    assert albums(admin) == []
    pencil.release.set()
    await settle()
    assert len(albums(admin)) == 1
    assert pencil.most_at_once == 1
    assert len(pencil.drawn) == 4


async def test_pictures_of_the_same_numbers_are_kept_for_a_minute(admin: AdminBot, pencil: Pencil) -> None:
    await counted(admin, 0)

    async def press() -> int:
        await admin.callback("sp:7")
        await settle()
        return len(pencil.drawn)

    assert await press() == 4
    await admin.time.move(KEPT_FOR_S - 1)
    assert await press() == 4
    await admin.time.move(1)
    assert await press() == 8
    await counted(admin, 0, delivered=41)
    assert await press() == 12, "changed numbers are drawn again"
    await admin.data["team"].choose_language(OWNER.id, "ru")
    assert await press() == 16, "in another language, too"
    assert len(albums(admin)) == 5


@pytest.mark.parametrize("error", [ImportError("no matplotlib"), ValueError("?"), MemoryError(), AssertionError()])
async def test_failed_drawing_is_answered(admin: AdminBot, pencil: Pencil, error: BaseException) -> None:
    await counted(admin, 0)
    pencil.error = error
    await admin.callback("sp:30")
    await settle()
    assert admin.last_text == texts.not_drawn()
    pencil.error = None
    await admin.callback("sp:7")
    await settle()
    assert len(albums(admin)) == 1, "the next ones are drawn"


async def test_a_drawing_that_hangs_is_given_up(
    admin: AdminBot, pencil: Pencil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts_module, "DRAWING_MAX_S", 0.0)
    await counted(admin, 0)
    pencil.release = asyncio.Event()
    await admin.callback("sp:30")
    await settle()
    assert admin.last_text == texts.not_drawn()
    assert admin.supervisor.running == 0


@pytest.mark.parametrize("trouble", [lost, flood, bad_request("IMAGE_PROCESS_FAILED")])
async def test_pictures_refused_by_telegram_are_answered_with_a_sentence(
    admin: AdminBot, pencil: Pencil, trouble: MakeError
) -> None:
    await counted(admin, 0)
    admin.world.fail(SendMediaGroup, trouble)
    await admin.callback("sp:30")
    await settle()
    assert admin.last_text == texts.not_sent()
    await admin.callback("sp:30")
    await settle()
    assert len(albums(admin)) == 2
    assert len(pencil.drawn) == 4, "they were drawn already"


async def test_a_failure_that_cannot_be_sent_either_does_not_block_the_next_press(
    admin: AdminBot, pencil: Pencil
) -> None:
    await counted(admin, 0)
    admin.world.fail(SendMediaGroup, blocked)
    await admin.callback("sp:7")
    admin.world.fail(SendMessage, blocked)
    await settle()
    assert admin.supervisor.running == 0
    await admin.callback("sp:7")
    await settle()
    assert len(albums(admin)) == 2


async def test_an_old_album_that_cannot_be_deleted_is_no_failure(admin: AdminBot, pencil: Pencil) -> None:
    await counted(admin, 0)
    admin.world.fail(DeleteMessages, bad_request("message can't be deleted"))
    for _ in range(3):
        await admin.callback("sp:7")
        await settle()
    assert len(albums(admin)) == 3
    assert admin.texts.count(texts.not_sent()) == 0
