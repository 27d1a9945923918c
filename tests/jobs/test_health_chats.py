"""The health check's look at chats, against the sandbox: each once a day, one a call, its troubles told once."""

from datetime import timedelta

import pytest

from database.operations import channel_ops, incident_ops, settings_ops
from schedulers.jobs.health.chats import AGAIN_AFTER, CHECK_EVERY, ChatChecks
from tests.house import OLIVE, STORAGE, House

MINUTE = timedelta(minutes=1)


class Checking:
    """The checks of one house, with what a run hands to the next."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.checks = ChatChecks(house.base.user_bot, house.base.admin_bot, house.base.alerts, STORAGE)
        self.now = house.base.clock.now()
        self.next_at: dict[str, object] = {}

    async def run(self, times: int = 1) -> None:
        """Check so often, a minute apart."""
        for _ in range(times):
            self.next_at = await self.checks.check_next(self.next_at, self.now)  # type: ignore[arg-type, assignment]
            self.now += MINUTE

    async def next_day(self) -> None:
        self.now += timedelta(days=1)
        await self.run(5)


@pytest.fixture
def checking(house: House) -> Checking:
    return Checking(house)


async def alerts(house: House) -> list[str]:
    seen = await house.olive.transcript("house_admin_bot")
    return [message["text"] for message in seen["messages"][1:] if "text" in message and message["outgoing"]]


async def count_chats(house: House) -> int:
    return len(await house.calls("getChat"))


async def test_each_chat_is_looked_at_once_a_day_and_one_in_a_run(checking: Checking) -> None:
    house = checking.house
    for number in range(3):
        await house.channel(f"Channel {number}")
    for expected in (1, 2, 3, 4, 4, 4):
        await checking.run()
        assert await count_chats(house) == expected
    assert await alerts(house) == [(await alerts(house))[0]]  # the answer to /start
    checking.now += CHECK_EVERY
    await checking.run(20)
    assert await count_chats(house) == 8


async def test_a_removed_channel_is_forgotten_and_a_clock_put_back_delays_nothing(checking: Checking) -> None:
    house = checking.house
    channel = await house.channel()
    await checking.run(3)
    assert set(checking.next_at) == {str(STORAGE), str(channel.chat_id)}
    await channel_ops.remove(channel.chat_id)
    checking.now -= timedelta(days=400)
    await checking.run()
    assert set(checking.next_at) == {str(STORAGE)}
    checking.now += CHECK_EVERY
    before = await count_chats(house)
    await checking.run()
    assert await count_chats(house) == before + 1


async def test_a_renamed_channel_has_its_new_title_within_a_day(checking: Checking) -> None:
    channel = await checking.house.channel("Old")
    await channel_ops.change(channel.chat_id, title="Older", username="older")
    await checking.run(3)
    assert [(one.title, one.username) for one in await channel_ops.load()] == [("Old", None)]


async def test_a_channel_that_is_only_announced_in_is_asked_about_by_the_admin_bot(checking: Checking) -> None:
    house, now = checking.house, checking.now
    chat_id = await house.world.add_chat("channel", "New", OLIVE)
    await house.world.set_member(chat_id, 1001, "administrator", can_post_messages=True)
    await channel_ops.connect(chat_id, title="Old", username=None, added_by=OLIVE, added_at=now)
    await checking.run(3)
    assert [(one.title, one.broken_since) for one in await channel_ops.load()] == [("New", None)]
    assert await incident_ops.find_open() == []


async def test_a_revoked_link_is_told_once_and_its_end_too(checking: Checking) -> None:
    house = checking.house
    channel = await house.channel("Garden")
    await checking.run(3)
    before = len(await alerts(house))
    await house.base.user_bot.revoke_chat_invite_link(channel.chat_id, channel.invite_link)
    await checking.next_day()
    await checking.next_day()
    (told,) = (await alerts(house))[before:]
    assert "Garden" in told and "no longer works" in told and "New link" in told
    link = await house.base.user_bot.create_chat_invite_link(channel.chat_id, name="Tollgate")
    await channel_ops.change(channel.chat_id, invite_link=link.invite_link)
    await checking.next_day()
    assert len(await alerts(house)) == before + 2
    assert await incident_ops.find_open() == []


async def test_the_question_about_a_link_changes_nothing_of_it(checking: Checking) -> None:
    channel = await checking.house.channel("Garden")
    link = checking.house.sandbox.world.chats[channel.chat_id].invite_links[channel.invite_link]
    before = (link.name, link.creates_join_request, link.expire_date, link.member_limit, link.is_revoked)
    await checking.run(3)
    assert before == (link.name, link.creates_join_request, link.expire_date, link.member_limit, link.is_revoked)


async def test_a_paused_channel_is_not_asked_about_its_link(checking: Checking) -> None:
    house = checking.house
    channel = await house.channel()
    await channel_ops.change(channel.chat_id, is_paused=True)
    await checking.run(3)
    assert await house.calls("editChatInviteLink") == []


async def test_restricted_saving_in_the_storage_channel_is_told_once_with_what_mends_it(checking: Checking) -> None:
    house = checking.house
    before = len(await alerts(house))
    house.sandbox.world.chats[STORAGE].is_protected = True
    await checking.run()
    await checking.next_day()
    (told,) = (await alerts(house))[before:]
    assert "restricts saving" in told and "switch “Restrict saving content” off" in told
    house.sandbox.world.chats[STORAGE].is_protected = False
    await checking.next_day()
    assert "no longer restricts" in (await alerts(house))[-1]


@pytest.mark.parametrize("status", ["left", "kicked"])
async def test_the_old_channel_is_watched_and_its_end_and_return_are_told_once(checking: Checking, status: str) -> None:
    house = checking.house
    chat_id = await house.world.add_chat("channel", "Vault", OLIVE)
    await house.world.set_member(chat_id, 1002, "administrator")
    await settings_ops.change("old_links_channel", chat_id)
    await checking.run(3)
    before = len(await alerts(house))
    await house.world.set_member(chat_id, 1002, status)
    await checking.next_day()
    await checking.next_day()
    (told,) = (await alerts(house))[before:]
    assert "Old links open nothing" in told and "not an administrator of" in told
    await house.world.set_member(chat_id, 1002, "administrator")
    await checking.next_day()
    assert "again" in (await alerts(house))[-1]
    assert await incident_ops.find_open() == []


@pytest.mark.parametrize("method", ["getChat", "editChatInviteLink"])
async def test_without_an_answer_a_chat_is_looked_at_again_in_an_hour_and_nothing_is_told(
    checking: Checking, method: str
) -> None:
    house = checking.house
    channel = await house.channel()
    await house.settle()
    before = len(await alerts(house))
    await house.world.fault(
        "error", method=method, chat_id=channel.chat_id, times=None, status=400, description="Bad Request: what?"
    )
    await checking.run(5)
    asked = len([call for call in await house.calls(method) if int(call["params"]["chat_id"]) == channel.chat_id])
    assert asked == 1
    checking.now += AGAIN_AFTER
    await checking.run()
    assert len([c for c in await house.calls(method) if int(c["params"]["chat_id"]) == channel.chat_id]) == 2
    told = [text for text in await alerts(house) if "in words I do not know" not in text]
    assert len(told) == before
