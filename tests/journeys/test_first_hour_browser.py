"""The owner's first hour in a real browser, counted: two values in `.env`, six taps and one message in our bots.

Taps inside Telegram's own dialogs (choosing or creating a channel, adding a bot) are not counted.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, expect

from config import Settings
from database import first_hour
from database.operations import channel_ops, settings_ops
from database.operations.posts import post_search
from tests.house import ALICE, OLIVE, USER_BOT, House, running_house
from tests.journeys.browser import SIZES, become, button, look, messages, open_link, page_of

#: of the contract: what a new owner may be asked for at most
VALUES_MAX, TAPS_MAX, MESSAGES_MAX = 2, 6, 1
LINK = re.compile(r"https://t\.me/\S+\?start=own_\w{32}")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@dataclass
class Effort:
    """What the owner had to do in our bots."""

    page: Page
    taps: int = 0
    messages: int = 0

    async def tap(self, what: Locator) -> None:
        await what.click()
        self.taps += 1

    async def tap_below_the_text_field(self, label: str) -> None:
        await self.tap(self.page.get_by_test_id("reply-button").filter(has_text=label))

    async def send_photo(self) -> None:
        await self.page.get_by_test_id("attach-sample-photo").click()
        self.messages += 1

    # Telegram's own dialogs

    async def create_channel(self, title: str) -> None:
        await self.page.get_by_test_id("create-chat").click()
        await self.page.get_by_test_id("new-chat-title").fill(title)
        await self.page.get_by_test_id("new-chat-go").click()

    async def choose_channel(self, title: str) -> None:
        await self.page.get_by_test_id("choice").filter(has_text=title).click()


@asynccontextmanager
async def new_house() -> AsyncIterator[House]:
    """Both bots as a new owner starts them, who has a channel of subscribers and nothing else."""
    async with running_house(ADMIN_IDS=(), STORAGE_CHANNEL_ID=None) as house:
        await house.world.add_chat("channel", "Olive's Garden", OLIVE, username="garden")
        yield house


async def claim(effort: Effort, link: str) -> None:
    """The page presses Start for a link, as Telegram asks for one tap."""
    await become(effort.page, OLIVE)
    await open_link(effort.page, link)
    effort.taps += 1
    welcome = messages(effort.page, "these two bots are yours. First: where posts are kept.")
    await expect(welcome).to_have_count(1)
    await look(effort.page, "claimed")


async def choose_storage(effort: Effort) -> None:
    await effort.tap_below_the_text_field("Choose or create the storage channel")
    await effort.create_channel("Vault")
    await expect(messages(effort.page, f"Now add @{USER_BOT} to it, too.")).to_have_count(1)
    await effort.tap(button(effort.page, f"Add @{USER_BOT}"))
    await effort.choose_channel("Vault")
    # by itself, without a further tap
    await open_admin_chat(effort.page)
    await expect(messages(effort.page, "Which channel do your subscribers read?")).to_have_count(1)


async def open_admin_chat(page: Page) -> None:
    chat = page.get_by_test_id("chat-b1001")
    if await chat.is_visible():
        await chat.click()


async def connect_channel(effort: Effort) -> None:
    await effort.tap_below_the_text_field("Choose my channel")
    await look(effort.page, "picker")
    await effort.choose_channel("Olive's Garden")
    await expect(messages(effort.page, "Connected. Send what subscribers should get")).to_have_count(1)


async def publish(effort: Effort) -> None:
    await effort.tap(button(effort.page, "Publish in Olive's Garden"))
    await expect(button(effort.page, "Publish now")).to_be_visible()
    await look(effort.page, "publish")
    await effort.tap(button(effort.page, "Publish now"))
    await expect(messages(effort.page, "Published in")).to_have_count(1)
    await expect(messages(effort.page, "It is out.")).to_have_count(1)
    await look(effort.page, "published")


async def see_what_comes_next(page: Page) -> None:
    for label in ("See it as a subscriber", "Require channels", "Set up unlocking"):
        await expect(button(page, label)).to_be_visible()
    await button(page, "See it as a subscriber").click()
    await expect(messages(page, "It counts nowhere")).to_have_count(1)
    await look(page, "seen")


async def see_it_published(house: House, page: Page) -> None:
    """The announcement is in the channel, with a button that opens the post; nothing was counted yet."""
    (post,) = (await post_search.search(None, skip=0, limit=5))[0]
    assert post.opened == 0
    (channel,) = await channel_ops.load()
    (storage,) = {(await settings_ops.load()).storage_channel_id}
    assert storage is not None and storage != channel.chat_id
    assert (await first_hour.load()).told_at is not None
    await house.alice.join(channel.chat_id)
    await become(page, ALICE)
    await page.get_by_test_id(f"chat-{channel.chat_id}").click()
    await look(page, "channel")
    await button(page, "Open").click()
    await expect(messages(page, "Deleted in")).to_have_count(1)
    await look(page, "delivered")


def values_needed() -> int:
    return sum(field.is_required() for field in Settings.model_fields.values())


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_hour_costs_two_values_six_taps_and_one_message(
    size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert values_needed() <= VALUES_MAX
    async with new_house() as house, page_of(size) as page:
        (link,) = LINK.findall(capsys.readouterr().out)
        await page.goto(house.sandbox.url)
        effort = Effort(page)
        await claim(effort, link)
        await choose_storage(effort)
        await connect_channel(effort)
        await effort.send_photo()
        await expect(messages(page, "?start=p_")).to_have_count(1)
        await look(page, "first-post")
        await publish(effort)
        assert (effort.taps, effort.messages) == (TAPS_MAX, MESSAGES_MAX)
        await see_what_comes_next(page)
        await see_it_published(house, page)
