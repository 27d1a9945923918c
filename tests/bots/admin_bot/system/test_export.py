"""Export: the screen, its files, one at a time."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import Response, SendDocument, TelegramMethod
from aiogram.methods.base import TelegramType

from admin_bot.system.exports import ExportService, OpenFile
from core.exchange.exports import Exported, FileFormat
from core.team.admins import Role
from core.users import Visitor
from database.operations import admin_ops, audit_ops, user_ops
from database.operations.exchange import export_ops
from tests.bots.admin_bot.conftest import OWNER, STRANGER, AdminBot
from tests.bots.admin_bot.faults import away_at
from tests.bots.admin_bot.posts.posts import made
from tests.bots.admin_bot.telegram import bad_request

Files = list[tuple[str, str, bytes]]


class Reader(BaseRequestMiddleware):
    """Reads each file that is sent, twice, as a repeated call does."""

    def __init__(self) -> None:
        self.files: Files = []

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        if isinstance(method, SendDocument):
            assert isinstance(method.document, OpenFile)
            first, again = [b"".join([part async for part in method.document.read(bot)]) for _ in "12"]
            assert first == again
            self.files.append((str(method.document.filename), str(method.caption), first))
        return await make_request(bot, method)


@pytest.fixture
def files(admin: AdminBot) -> Files:
    """Name, words and bytes of each file that is sent."""
    reader = Reader()
    admin.bot.session.middleware(reader)
    return reader.files


async def settle(admin: AdminBot) -> None:
    await admin.supervisor.close(wait_s=9)


async def open_export(admin: AdminBot) -> None:
    await admin.callback("go:sys")
    await admin.press("Export")


async def test_posts_come_as_a_table(admin: AdminBot, files: Files) -> None:
    await made(admin, "Rome", "Oslo")
    await open_export(admin)
    await admin.press("Posts")
    await settle(admin)
    ((name, caption, content),) = files
    assert name.startswith("posts-20") and name.endswith(".csv")
    assert caption == "Posts: 2 lines."
    titles = [line["title"] for line in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    assert titles == ["Rome", "Oslo"]
    assert [one.action for one in await audit_ops.last(1)] == ["data.exported"]


async def test_a_press_turns_the_format_to_json(admin: AdminBot, files: Files) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=5, first_name="Ann"), admin.clock.now())
    await open_export(admin)
    await admin.press("Format: CSV")
    await admin.press("Subscribers")
    await settle(admin)
    ((name, _, content),) = files
    assert name.endswith(".json")
    assert [one["user_id"] for one in json.loads(content)] == [5]


async def test_a_file_of_nothing_is_sent_as_well(admin: AdminBot, files: Files) -> None:
    await open_export(admin)
    await admin.press("Days")
    await settle(admin)
    assert [caption for _, caption, _ in files] == ["Days: 0 lines."]


async def test_a_second_export_waits_until_the_first_is_sent(admin: AdminBot, files: Files) -> None:
    await open_export(admin)
    await admin.press("Posts")
    await admin.press("Days")
    assert str(admin.toasts[-1]).startswith("Another export")
    await settle(admin)
    await admin.press("Days")
    await settle(admin)
    assert len(files) == 2


async def test_what_is_too_big_comes_in_parts_without_a_line_twice(
    admin: AdminBot, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_ops, "PAGE", 2)
    for number in range(7):
        await user_ops.upsert_visitor(Visitor(user_id=number + 1, first_name="Ann"), admin.clock.now())
    small = ExportService(admin.bot, admin.clock, admin.data["zone"], admin.supervisor, tmp_path / "new", part_max=600)
    assert small.request(OWNER.id, Exported.SUBSCRIBERS, FileFormat.CSV)
    await settle(admin)
    assert len(files) > 1
    tables = [list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")))) for _, _, content in files]
    assert [int(line["user_id"]) for table in tables for line in table] == list(range(1, 8))
    assert all(len(content) <= 600 for _, _, content in files)
    assert [", the last" in caption for _, caption, _ in files] == [*[False] * (len(files) - 1), True]
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda admin: admin.world.fail(SendDocument, bad_request("wrong file")), "Telegram did not take the file"),
        (lambda admin: setattr(admin.database, "before_call", away_at(0)[0]), "the database did not answer"),
    ],
)
async def test_a_failure_is_said_and_the_next_export_is_made(
    admin: AdminBot, files: Files, break_it: Callable[[AdminBot], None], words: str
) -> None:
    await open_export(admin)
    break_it(admin)
    exports = admin.data["exports"]
    assert exports.request(OWNER.id, Exported.POSTS, FileFormat.CSV)
    await settle(admin)
    assert words in admin.last_text
    admin.database.before_call = None
    assert exports.request(OWNER.id, Exported.POSTS, FileFormat.CSV)
    await settle(admin)
    assert files[-1][1] == "Posts: 0 lines."


async def test_an_editor_gets_no_file(admin: AdminBot, files: Files) -> None:
    await admin_ops.add_member(STRANGER.id, Role.EDITOR, "", OWNER.id, admin.clock.now())
    await admin.callback("xp:posts:csv", who=STRANGER)
    await settle(admin)
    assert files == []


async def test_a_manager_gets_every_file_but_what_the_team_did(admin: AdminBot, files: Files) -> None:
    await admin_ops.add_member(STRANGER.id, Role.MANAGER, "", OWNER.id, admin.clock.now())
    await admin.callback("go:export", who=STRANGER)
    assert admin.actions() == ["Posts", "Subscribers", "Days", "Format: CSV"]
    await admin.callback("xp:activity:csv", who=STRANGER)
    await admin.callback("xp:days:csv", who=STRANGER)
    await settle(admin)
    assert [words for _, words, _ in files] == ["Days: 0 lines."]


@pytest.mark.parametrize("data", ["xp:posts", "xp:all:csv", "xp:posts:exe", "xs:x", "xp::"])
async def test_a_forged_button_sends_no_file(admin: AdminBot, files: Files, data: str) -> None:
    await admin.callback(data)
    await settle(admin)
    assert files == [] and admin.toasts[-1]
