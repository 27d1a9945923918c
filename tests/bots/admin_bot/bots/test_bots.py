"""Names, texts and pictures of both bots, set by an owner against the sandbox."""

import struct
import zlib
from typing import Any

from admin_bot.section_rights import SECTIONS
from core.bots.texts import Part
from core.team.admins import Role
from core.team.rights import Right, may
from database.operations import audit_ops
from tests.house import ADMIN_BOT, OLIVE, USER_BOT, House
from user_bot.main import show_profile
from views.bots import screens
from views.bots.callbacks import SavePart, Which
from views.catalogues import our_catalogues


def png(side: int) -> bytes:
    """The smallest picture Telegram takes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(side)) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def press(house: House, *buttons: str) -> None:
    for text in buttons:
        await house.olive.press(ADMIN_BOT, text)
        await house.settle()


async def open_bot(house: House, username: str = USER_BOT) -> None:
    await house.olive.text(ADMIN_BOT, "/settings")
    await house.settle()
    await press(house, "Bots", "Names and pictures ›", f"@{username} ›")


async def shown(house: House) -> str:
    return str((await house.olive.transcript(ADMIN_BOT))["messages"][-1]["text"])


async def say(house: House, text: str) -> None:
    await house.olive.text(ADMIN_BOT, text)
    await house.settle()


async def calls(house: House, method: str) -> list[dict[str, Any]]:
    return [call["params"] for call in await house.calls(method)]


async def test_a_text_is_shown_first_then_set_once_and_stands_in_the_activity(house: House) -> None:
    await open_bot(house)
    await press(house, "Name ›")
    await say(house, "x" * 65)
    assert await shown(house) == "Send the name: at most 64 characters."
    await say(house, "Olive's  <b>shop")
    assert "Olive's <b>shop" in await shown(house)
    assert await calls(house, "setMyName") == []
    await press(house, "Save")
    assert [call["name"] for call in await calls(house, "setMyName")] == ["Olive's <b>shop"]
    assert "Saved." in await shown(house) and "Name: ⁨Olive's <b>shop⁩" in await shown(house)
    entry = (await audit_ops.last(1))[0]
    assert (entry.admin_id, entry.action, entry.target) == (OLIVE, "setting.bot_changed", f"@{USER_BOT}")
    # a second press of the same button
    message_id = (await house.olive.transcript(ADMIN_BOT))["messages"][-1]["message_id"]
    await house.olive.forge_callback(ADMIN_BOT, SavePart(which=Which.USER, part=Part.NAME).pack(), message_id)
    await house.settle()
    assert len(await calls(house, "setMyName")) == 1


def test_only_owners_may_change_them() -> None:
    assert SECTIONS["admin bots"] is Right.BOTS
    assert [role for role in Role if may(role, Right.BOTS)] == [Role.OWNER]


async def test_a_wait_of_telegram_is_said_in_words_and_the_text_is_kept(house: House) -> None:
    await open_bot(house, ADMIN_BOT)
    await press(house, "About ›")
    await say(house, "For us")
    fault = await house.world.fault("flood", method="setMyShortDescription", retry_after=12_000, times=1)
    await press(house, "Save")
    assert await house.world.fault_hit(fault)
    assert "Telegram allows this again in 3 hours 20 minutes." in await shown(house)
    await press(house, "Save")
    assert "About: ⁨For us⁩" in await shown(house)


async def test_a_description_of_the_owner_is_read_in_every_language(house: House) -> None:
    bot = house.base.user_bot
    await show_profile(bot, our_catalogues())
    assert (await bot.get_my_description(language_code="de")).description.startswith("Öffne den Link")
    await open_bot(house)
    await press(house, "Description ›")
    await say(house, "Olive's own words")
    await press(house, "Save")
    for language in (None, "de", "ru"):
        assert (await bot.get_my_description(language_code=language)).description == "Olive's own words"


async def test_a_refusal_is_told_in_telegrams_words(house: House) -> None:
    await open_bot(house)
    await press(house, "Description ›")
    await say(house, "-")
    await house.world.fault(
        "error", method="setMyDescription", status=400, description="Bad Request: BOT_INVALID", times=1
    )
    await press(house, "Save")
    # words nobody knows are told to the owners as well, below
    seen = (await house.olive.transcript(ADMIN_BOT))["messages"]
    assert any("Telegram refused: BOT_INVALID. Nothing was changed." in one.get("text", "") for one in seen)


async def test_a_picture_that_the_admin_bot_was_sent_is_given_to_the_other_bot_and_taken_away(house: House) -> None:
    await open_bot(house)
    await press(house, "Picture ›")
    await say(house, "here")
    assert await shown(house) == screens.expected(Part.PICTURE)
    upload = await house.world.upload(png(640), "photo.png", "photo")
    await house.olive.media(ADMIN_BOT, "photo", upload=upload)
    await house.settle()
    await press(house, "Save")
    assert len(await calls(house, "setMyProfilePhoto")) == 1 and "Saved." in await shown(house)
    await press(house, "Picture ›", "Remove picture")
    assert await calls(house, "removeMyProfilePhoto") == []
    await press(house, "Remove")
    assert len(await calls(house, "removeMyProfilePhoto")) == 1
