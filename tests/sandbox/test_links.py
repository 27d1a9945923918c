"""Row 27: start links."""

import pytest

from sandbox.client import SandboxError
from tests.sandbox.conftest import Town


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://t.me/shop_bot?start=p_1", "/start p_1"),
        ("t.me/shop_bot?start=p_1", "/start p_1"),
        ("https://t.me/Shop_Bot?start=" + "a" * 64, "/start " + "a" * 64),
        ("https://telegram.me/shop_bot?start=p-1", "/start p-1"),
        ("https://shop_bot.t.me?start=p", "/start p"),
        ("tg://resolve?domain=shop_bot&start=p", "/start p"),
        ("https://t.me/shop_bot", "/start"),
    ],
)
async def test_links_send_start(town: Town, url: str, text: str) -> None:
    await town.bob.link(url)
    message = (await town.shop.updates())[0]["message"]
    assert (message["text"], message["from"]["id"]) == (text, town.bob.id)
    assert message["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]


@pytest.mark.parametrize(
    "url",
    [
        "https://t.me/shop_bot?start=" + "a" * 65,
        "https://t.me/shop_bot?start=a.b",
        "https://t.me/nobody_bot?start=p",
        "https://example.com/shop_bot?start=p",
        "https://t.me/+AbCdEfGhIjKlMnOp",
        "javascript:alert(1)",
    ],
)
async def test_other_links_are_refused(town: Town, url: str) -> None:
    with pytest.raises(SandboxError):
        await town.bob.link(url)
    assert await town.shop.kinds() == []


async def test_referral_payloads_never_arrive(town: Town) -> None:
    done = await town.bob.link("https://t.me/shop_bot?start=_tgr_abc")
    assert (done["update_ids"], "dropped" in done) == ([], True)
    assert await town.shop.kinds() == []


async def test_any_text_can_be_typed_after_start(town: Town) -> None:
    garbage = "/start " + "% \u0000ü" * 100
    await town.alice.text("shop_bot", garbage)
    assert (await town.shop.updates())[0]["message"]["text"] == garbage


async def test_a_start_link_unblocks_the_bot_first(town: Town) -> None:
    await town.alice.block("shop_bot")
    await town.alice.link("https://t.me/shop_bot?start=again")
    assert await town.shop.kinds() == ["my_chat_member", "my_chat_member", "message"]


async def test_blocked_bots_cannot_be_written_to(town: Town) -> None:
    await town.alice.block("shop_bot")
    with pytest.raises(SandboxError, match="blocked"):
        await town.alice.text("shop_bot", "hi")


async def test_public_chat_link_returns_the_chat(town: Town) -> None:
    news = await town.client.add_chat("channel", "News", town.olga.id, username="news")
    assert (await town.bob.link("https://t.me/news"))["chat_id"] == news


@pytest.mark.parametrize("form", ["https://t.me/news/{}", "t.me/news/{}?single", "tg://resolve?domain=news&post={}"])
async def test_the_link_of_a_public_post_leads_to_it(town: Town, form: str) -> None:
    news = await town.client.add_chat("channel", "News", town.olga.id, username="news")
    post = (await town.olga.text(news, "post"))["message"]["message_id"]
    done = await town.bob.link(form.format(post))
    assert (done["chat_id"], done["message_id"]) == (news, post)


async def test_the_link_of_a_private_post_leads_only_members_to_it(town: Town) -> None:
    url = f"https://t.me/c/{str(town.storage).removeprefix('-100')}/{await town.post()}"
    assert (await town.olga.link(url))["message_id"] == 2
    with pytest.raises(SandboxError, match="does not see"):
        await town.bob.link(url)
    await town.client.delete_message(town.storage, 2)
    with pytest.raises(SandboxError, match="gone"):
        await town.olga.link(url)


async def test_an_add_to_channel_link_makes_the_bot_an_administrator_with_its_rights(town: Town) -> None:
    channel = await town.client.add_chat("channel", "News", town.bob.id)
    url = "https://t.me/shop_bot?startchannel&admin=post_messages+edit_messages"
    asked = await town.bob.link(url)
    assert asked["choose_channel"]
    assert asked["rights"] == ["can_edit_messages", "can_post_messages"]
    await town.bob.link(url, chat_id=channel)
    (update,) = await town.shop.updates()
    member = update["my_chat_member"]["new_chat_member"]
    assert (member["status"], member["can_post_messages"], member["can_delete_messages"]) == (
        "administrator",
        True,
        False,
    )


async def test_an_add_to_channel_link_needs_rights_and_a_channel_of_ones_own(town: Town) -> None:
    channel = await town.client.add_chat("channel", "News", town.bob.id)
    await town.client.set_member(channel, town.alice.id, "administrator", can_promote_members=True)
    for person, url, chat in (
        (town.bob, "https://t.me/shop_bot?startchannel", channel),
        (town.bob, "https://t.me/shop_bot?startchannel&admin=post_messages", -1005),
        (town.alice, "https://t.me/shop_bot?startchannel&admin=post_messages", channel),
    ):
        with pytest.raises(SandboxError):
            await person.link(url, chat_id=chat)
