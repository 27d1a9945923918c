"""Gift links in the admin bot: made once with the chosen terms, handed on, cancelled."""

from datetime import timedelta

import pytest
from aiogram.types import InlineKeyboardButton

from core.gifts.records import Gift, GiftTerms
from database.operations import audit_ops
from database.operations.people import gift_ops
from tests.bots.admin_bot.conftest import AdminBot
from views.people import gifts as views


def newest(admin: AdminBot) -> list[InlineKeyboardButton]:
    markup = list(admin.world.screens.values())[-1].reply_markup
    assert markup is not None
    return [button for row in markup.inline_keyboard for button in row]


async def made(admin: AdminBot) -> Gift:
    link = next(button.copy_text.text for button in newest(admin) if button.copy_text is not None)
    gift = await gift_ops.find(link.partition("?start=g_")[2])
    assert gift is not None
    return gift


async def test_a_gift_link_has_the_chosen_terms_and_is_made_once(admin: AdminBot) -> None:
    await admin.say("/subscribers")
    await admin.press("Gift link")
    await admin.press("7 days")
    await admin.press("For anyone")
    update = await admin.press("Make the link")
    gift = await made(admin)
    assert (gift.credits, gift.days, gift.is_for_one) == (0, 7, False)
    assert [button.text for button in newest(admin)] == ["Copy", "Share", "Cancel it", "‹ Gift links", "Menu"]
    assert newest(admin)[1].url == (
        f"https://t.me/share/url?url=https%3A%2F%2Ft.me%2Ftollgate_bot%3Fstart%3Dg_{gift.code}"
    )
    assert update.callback_query is not None
    await admin.callback(str(update.callback_query.data))
    assert await admin.database.collection("gifts").count({}) == 1
    await admin.press("Cancel it")
    assert "It is cancelled" in admin.last_text
    assert [entry.action for entry in await audit_ops.last(5)] == ["person.gift_cancelled", "person.gift_made"]


async def test_open_links_are_listed_and_one_is_cancelled_from_there(admin: AdminBot) -> None:
    now = admin.clock.now()
    codes = [f"{number:016}" for number in range(views.PAGE + 1)]
    for number, code in enumerate(codes):
        terms = GiftTerms(credits=number + 1, is_for_one=number != 1)
        await gift_ops.create(terms.gift(code, 1, now - timedelta(hours=23, minutes=-number)))
    await gift_ops.create(GiftTerms(credits=99).gift("o" * 16, 1, now - timedelta(hours=25)))
    await gift_ops.create(GiftTerms(credits=98).gift("c" * 16, 1, now))
    await gift_ops.cancel("c" * 16, now)
    second = await gift_ops.find(codes[1])
    assert second is not None
    for user_id in (1, 2):
        await gift_ops.claim(second, user_id, now)
    await admin.say("/subscribers")
    await admin.press("Gift link")
    admin.database.calls.clear()
    await admin.press("Open links")
    assert (admin.database.calls["find gifts"], admin.database.calls["aggregate gift_claims"]) == (1, 1)
    shown = [button.text.rpartition(" · ")[0] or button.text for button in newest(admin)]
    assert shown[:2] == ["1 credit for 1 · 0", "2 credits for anyone · 2"]
    assert shown[-3:] == ["Next ›", "‹ Gift link", "Menu"] and len(shown) == views.PAGE + 3
    await admin.press("2 credits")
    await admin.press("Cancel it")
    assert "It is cancelled" in admin.last_text
    await admin.press("‹ Gift links")
    assert "2 credits" not in str(admin.buttons())
    await admin.press("3 credits")
    await admin.database.collection("gifts").delete_many({})
    await admin.callback(f"gs:{codes[2]}")
    assert admin.toasts[-1] == views.old_gift() and "No gift link is open." in admin.last_text


@pytest.mark.parametrize("wrong", ["25", "0 credits", "10001 credits", "3651 days", "٥ credits", "a lot"])
async def test_another_amount_is_typed(admin: AdminBot, wrong: str) -> None:
    await admin.say("/subscribers")
    await admin.press("Gift link")
    await admin.press("Another amount")
    await admin.say(wrong)
    assert admin.last_text == views.amount_expected()
    await admin.say("25 Credits")
    assert "25 credits" in admin.last_text
    await admin.press("Make the link")
    assert (await made(admin)).credits == 25


@pytest.mark.parametrize(
    "data",
    [
        f"gd:m:5:5:1:24:{'A' * 16}",
        f"gd:m:0:0:1:24:{'A' * 16}",
        f"gd:m:5:0:1:23:{'A' * 16}",
        "gd:m:5:0:1:24:short",
        f"gd:m:10001:0:1:24:{'A' * 16}",
        f"gx:{'A' * 16}",
    ],
)
async def test_forged_terms_make_no_link(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert await admin.database.collection("gifts").count({}) == 0
    assert len(admin.toasts) == 1
