"""Import in the admin bot: a file is looked at, offered, stored; what is no file, too big, broken or not given."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetFile

from admin_bot.section_rights import SECTIONS
from core.errors import StoreUnavailable
from core.exchange.imports.runs import LEASE_FOR, ImportCounts, ImportState
from core.team.admins import Role
from core.team.rights import may
from core.users import Visitor
from database.importing.importer import Importer
from database.operations import audit_ops, settings_ops, user_ops
from database.operations.exchange import import_ops, imported_people
from sender import downloads
from sender.downloads import DOWNLOAD_MAX
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.telegram import bad_request

FILE = b"id,first_name,credits\n5,Ann,9\n6,Bob,x\n7,Cec,1\n"


async def settle(admin: AdminBot) -> None:
    await admin.supervisor.close(wait_s=9)


async def send(admin: AdminBot, content: bytes | None = FILE, name: str = "people.csv", **more: Any) -> None:
    """Send a file when it is asked for; None: one that Telegram does not give."""
    await admin.callback("im:ask:")
    if content is not None:
        admin.world.files["f1"] = content
    document = {"file_id": "f1", "file_unique_id": "u", "file_name": name, **more}
    await admin.send(document=document)
    await settle(admin)


def plain(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")


async def test_a_file_is_looked_at_and_imported_by_a_press(admin: AdminBot) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Cecil"), admin.clock.now())
    await admin.callback("go:sys")
    await admin.press("Import")
    assert admin.last_text.startswith("<b>Import</b>")
    admin.world.files["f1"] = FILE
    await admin.send(document={"file_id": "f1", "file_unique_id": "u", "file_name": "people.csv"})
    await settle(admin)
    assert "<b>people.csv</b>\n1 new, 1 known, 1 unreadable: line 3." in plain(admin.last_text)
    assert await user_ops.find(5) is None
    await admin.press("Import")
    await settle(admin)
    assert "people.csv is imported.\n1 new, 1 known" in plain(admin.last_text)
    ann, cecil = await user_ops.find(5), await user_ops.find(7)
    assert ann is not None and cecil is not None
    assert (ann.credits, cecil.first_name, cecil.credits) == (9, "Cecil", 0)
    assert [(one.action, one.target) for one in await audit_ops.last(1)] == [("person.imported", "people.csv")]
    assert admin.world.screens[max(admin.world.screens)].text == admin.last_text


async def test_who_started_this_bot_is_a_switch_and_old_links_turn_it(admin: AdminBot) -> None:
    await send(admin)
    assert "They started: another bot" in admin.buttons()
    await admin.press("They started")
    assert "messages reach them at once" in admin.last_text
    await admin.press("Import")
    await settle(admin)
    assert await user_ops.count() == 2
    await settings_ops.change("old_links_channel", -1005)
    await send(admin, b"8\n9\n")
    assert "They started: this bot" in admin.buttons()


async def test_the_last_result_and_the_question_are_shown_when_it_is_opened_again(admin: AdminBot) -> None:
    await send(admin)
    await admin.callback("go:import")
    assert "2 new" in admin.last_text
    await admin.press("Another file")
    assert admin.last_text.startswith("<b>Import</b>")
    await admin.callback("go:import")
    await admin.press("Import")
    await settle(admin)
    await admin.callback("go:import")
    assert "is imported." in admin.last_text


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        (b"PK\x03\x04xl/workbook", {}, "That is a spreadsheet"),
        ("id,name\n5,Jos\u00e9 Fran\u00e7ois\n".encode("latin-1"), {}, "the letters of line 2"),
        (b"\n\n", {}, "Nothing is in that file"),
        (b"name,credits\nAnn,5\n", {}, "No column has Telegram ids"),
        (FILE, {"file_size": DOWNLOAD_MAX + 1}, "up to 20 MB"),
        (None, {}, "Telegram did not give me the file"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_the_next_step(
    admin: AdminBot, content: bytes | None, more: dict[str, Any], words: str
) -> None:
    await send(admin, content, **more)
    assert words in admin.last_text
    assert await import_ops.find() is None


async def test_a_file_whose_size_telegram_does_not_tell_is_not_read_beyond_the_limit(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "DOWNLOAD_MAX", 2_500)
    await send(admin, b"5\n" * 1_250)
    assert "1 new" in admin.last_text
    await send(admin, b"5\n" * 1_251)
    assert "up to 20 MB" in admin.last_text


async def test_telegrams_own_refusal_of_a_big_file_names_the_limit(admin: AdminBot) -> None:
    admin.world.fail(GetFile, bad_request("file is too big"))
    await send(admin)
    assert "up to 20 MB" in admin.last_text


@pytest.mark.parametrize("content", [{"text": "hello"}, {"photo": []}, {"media_group_id": "1"}])
async def test_anything_but_one_file_leaves_the_question_open(admin: AdminBot, content: dict[str, Any]) -> None:
    await admin.callback("go:import")
    if "media_group_id" in content:
        content = {**content, "document": {"file_id": "f1", "file_unique_id": "u"}}
    await admin.send(**content)
    assert admin.last_text.startswith("A file is expected")
    assert await admin.posts() == []
    admin.world.files["f1"] = FILE
    await admin.send(document={"file_id": "f1", "file_unique_id": "u"})
    await settle(admin)
    assert "2 new" in admin.last_text


async def test_a_press_of_an_older_offer_begins_nothing(admin: AdminBot) -> None:
    await send(admin)
    first = await import_ops.find()
    assert first is not None
    await send(admin, b"8\n9\n10\n")
    await admin.callback(f"im:go:{first.key}")
    await settle(admin)
    assert "Another file was sent meanwhile" in admin.last_text and "3 new" in admin.last_text
    assert await user_ops.find(8) is None and await user_ops.find(5) is None


async def test_an_import_that_a_killed_process_left_is_carried_on_with_its_message(admin: AdminBot) -> None:
    await send(admin)
    found = await import_ops.find()
    assert found is not None
    assert await import_ops.start(found.key, max(admin.world.screens))
    assert await import_ops.take("killed", admin.clock.now()) is not None
    worker = admin.data["imports"].worker
    await worker.work()
    assert await user_ops.find(5) is None
    admin.clock.move(LEASE_FOR + timedelta(seconds=1))
    await worker.work()
    assert await user_ops.find(5) is not None
    assert "is imported." in admin.last_text


def away(operation: str, collection: str) -> None:
    """Let nobody be stored."""
    if operation == "insert_each":
        raise StoreUnavailable("away")


async def test_trouble_that_ends_by_itself_ends_no_import(admin: AdminBot) -> None:
    await send(admin)
    found = await import_ops.find()
    assert found is not None and await import_ops.start(found.key, 5)
    worker = admin.data["imports"].worker
    admin.world.fail(GetFile, lambda method: TelegramNetworkError(method=method, message="reset"))
    await worker.work()
    admin.clock.move(LEASE_FOR)
    admin.database.before_call = away
    await worker.work()
    admin.database.before_call = None
    run = await import_ops.find()
    assert run is not None and run.state is ImportState.RUNNING
    admin.clock.move(LEASE_FOR)
    await worker.work()
    run = await import_ops.find()
    assert run is not None and run.state is ImportState.DONE


async def test_a_file_that_is_gone_ends_the_import_and_says_so(admin: AdminBot) -> None:
    await send(admin)
    admin.world.files.clear()
    await admin.press("Import")
    await settle(admin)
    assert "has stopped" in admin.last_text and "Telegram did not give me the file" in admin.last_text


async def test_the_bar_is_edited_at_most_every_three_seconds(admin: AdminBot, monkeypatch: pytest.MonkeyPatch) -> None:
    await send(admin, b"".join(b"%d\n" % number for number in range(1, 14)))
    real = imported_people.store_page

    async def slow(*words: Any) -> ImportCounts:
        await admin.time.move(1)
        return await real(*words)

    monkeypatch.setattr("database.importing.importer.store_page", slow)
    monkeypatch.setattr(Importer.__init__, "__kwdefaults__", {"page": 2})
    before = len(admin.texts)
    await admin.press("Import")
    await settle(admin)
    # at once, after three and six of seven pages, and the end
    bars = [plain(text).rpartition(" of ")[0][-2:].strip() for text in admin.texts[before:-1]]
    assert bars == ["0", "6", "12"]
    assert "13 new" in admin.last_text


@pytest.mark.parametrize("data", ["im:go:x", "im:this:", "im:go", f"im:go:{'f' * 17}", "im:x:"])
async def test_a_forged_button_begins_nothing(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    await settle(admin)
    assert admin.world.calls and await import_ops.find() is None


async def test_a_manager_is_not_offered_the_import(admin: AdminBot) -> None:
    assert [role for role in Role if may(role, SECTIONS["admin import"])] == [Role.OWNER]
    manager = OWNER.model_copy(update={"id": 7009, "first_name": "Mona"})
    await admin.database.collection("admins").insert_one({"user_id": manager.id, "role": "manager"})
    await admin.callback("go:sys", who=manager)
    assert "Import" not in admin.buttons()
    await admin.callback("go:import", who=manager)
    assert "<b>Import</b>" not in admin.last_text
