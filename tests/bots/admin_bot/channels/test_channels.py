"""/channels: the list, one channel's screen, and every button of it."""

import pytest
from aiogram.methods import EditMessageText
from pymongo.errors import AutoReconnect

from core.subscriptions import CHANNELS_MAX, LABEL_MAX, MembershipStatus, OnError
from database.operations import audit_ops, channel_ops, membership_ops
from tests.bots.admin_bot.channels.known_channels import (
    ART,
    NEWS,
    ODD,
    OLD_LINK,
    VIP,
    audited,
    channel_of,
    given,
    opened,
)
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.standstill import settle
from views.channels import texts
from views.channels.callbacks import ChannelAction

# --- the list


async def test_without_channels_it_says_so(admin: AdminBot) -> None:
    await admin.say("/channels")
    assert "No channel yet" in admin.last_text
    assert admin.buttons() == ["Connect a channel", "Connect a group", "‹ Menu"]


async def test_each_button_says_what_the_channel_is_for_and_a_broken_one_is_named_above(admin: AdminBot) -> None:
    await given(admin, NEWS, title=ODD)
    await given(admin, VIP, ART, title="Shop")
    await channel_ops.switch_publishing(VIP, is_on=True)
    await channel_ops.change(ART, is_paused=True)
    await channel_ops.mark_broken(NEWS, admin.clock.now())
    await admin.say("/channels")
    assert "⚠ \u2068&lt;3 &amp; &quot;x&quot; مريم\u2069: the user bot cannot see who has joined" in admin.last_text
    assert admin.buttons()[:3] == [f"{ODD} · ⚠", "Shop · publish, required", "Shop · off"]


async def test_fifty_channels_with_the_longest_names_have_pages(admin: AdminBot) -> None:
    for number in range(CHANNELS_MAX):
        await given(admin, -1001000001000 - number, title="&" * 128)
    await admin.say("/channels")
    seen = 0
    for page in range(10):
        seen += sum(1 for text in admin.buttons() if " · " in text)
        if page < 9:
            await admin.press("Next")
    assert seen == CHANNELS_MAX
    assert "Next ›" not in admin.buttons()
    await admin.callback("ae:50")
    assert "‹ Prev" in admin.buttons() and "Next ›" not in admin.buttons()


# --- one channel


async def test_a_channels_screen_shows_everything_and_back_is_last(admin: AdminBot) -> None:
    await given(admin, NEWS, VIP, ART, title=ODD, username="news", label="Our <news>", joined_count=7)
    await opened(admin, VIP)
    for words in (
        "&lt;3 &amp; &quot;x&quot;",
        "Our &lt;news&gt;",
        "@news",
        "number 2 of 3",
        OLD_LINK,
        ": 7",
    ):
        assert words in admin.last_text
    assert admin.buttons() == [
        "Publish here: off",
        "Required: on",
        "Counts: members",
        "If I cannot check: let in",
        "Button text",
        "Check",
        "Up",
        "Down",
        "New link",
        "Remove",
        "‹ Channels",
        "Menu",
    ]
    screens = len(admin.world.screens)
    await admin.press("‹ Channels")
    assert "<b>Channels</b>" in admin.last_text
    assert len(admin.world.screens) == screens


@pytest.mark.parametrize(
    ("button", "field", "value", "back"),
    [
        ("If I cannot check: let in", "on_error", OnError.CLOSED, "If I cannot check: keep out"),
        ("Required: on", "is_paused", True, "Required: off"),
    ],
)
async def test_a_switch_is_set_and_unset_and_audited(
    admin: AdminBot, button: str, field: str, value: object, back: str
) -> None:
    await given(admin, NEWS)
    before = getattr(await channel_of(NEWS), field)
    await opened(admin)
    await admin.press(button)
    assert getattr(await channel_of(NEWS), field) == value
    await admin.press(back)
    assert getattr(await channel_of(NEWS), field) == before
    entries = (await audit_ops.last(10))[::-1]
    assert [(entry.before, entry.after) for entry in entries] == [(before, value), (value, before)]


async def test_a_switch_pressed_twice_is_switched_once(admin: AdminBot) -> None:
    await given(admin, NEWS)
    for _ in range(2):
        await admin.callback(f"ac:pause:{NEWS}:0")
    assert (await channel_of(NEWS)).is_paused


# --- the order


async def test_moving_changes_the_order_one_step_at_a_time(admin: AdminBot) -> None:
    await given(admin, NEWS, VIP, ART)
    await opened(admin, ART)
    assert "Down" not in admin.buttons()
    await admin.press("Up")
    assert "number 2 of 3" in admin.last_text
    assert [one.chat_id for one in await channel_ops.load()] == [NEWS, ART, VIP]
    await admin.press("Up")
    assert [one.chat_id for one in await channel_ops.load()] == [ART, NEWS, VIP]
    assert "Up" not in admin.buttons()
    await admin.press("Down")
    assert [one.chat_id for one in await channel_ops.load()] == [NEWS, ART, VIP]
    assert await audited(admin) == [("channel.moved", str(ART))] * 3


async def test_a_move_pressed_twice_moves_once(admin: AdminBot) -> None:
    await given(admin, NEWS, VIP, ART)
    for _ in range(2):
        await admin.callback(f"ac:up:{ART}:2")
    assert [one.chat_id for one in await channel_ops.load()] == [NEWS, ART, VIP]


async def test_equal_positions_are_repaired_by_the_next_move(admin: AdminBot) -> None:
    await given(admin, NEWS, VIP, ART)
    for chat_id in (NEWS, VIP, ART):
        await channel_ops.change(chat_id, position=5)
    first, second, third = (one.chat_id for one in await channel_ops.load())
    await admin.callback(f"ac:up:{third}:2")
    assert [(one.chat_id, one.position) for one in await channel_ops.load()] == [(first, 0), (third, 1), (second, 2)]


# --- the label


async def test_a_label_is_asked_for_and_a_dash_removes_it(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Button text")
    await admin.say(f"  Our \u202e<b>{ODD}  ")
    assert (await channel_of(NEWS)).label == f"Our <b>{ODD}"
    assert "&lt;b&gt;" in admin.last_text
    await admin.press("Button text")
    await admin.say("-")
    assert (await channel_of(NEWS)).label == ""
    assert await admin.posts() == []


async def test_a_wrong_label_is_answered_with_what_is_expected_and_the_question_stays(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Button text")
    for typed in ("x" * (LABEL_MAX + 1), "\u202e\u2066", " \u2069 "):
        await admin.say(typed)
        assert admin.last_text == texts.label_expected()
    await admin.send(photo=[{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}])
    assert admin.last_text == texts.label_expected()
    await admin.say("x" * LABEL_MAX)
    assert (await channel_of(NEWS)).label == "x" * LABEL_MAX
    assert await admin.posts() == []


async def test_a_label_for_a_channel_that_is_gone_shows_the_list(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Button text")
    await channel_ops.remove(NEWS)
    await admin.say("Mine")
    assert texts.channel_gone() in admin.texts
    assert "No channel yet" in admin.last_text


async def test_a_command_wins_over_the_waiting_label(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Button text")
    await admin.say("/cancel")
    await admin.say("not a label")
    assert (await channel_of(NEWS)).label == ""
    assert (await admin.only_post()).title == "not a label"


# --- removing


async def test_removing_asks_first_and_names_the_channel(admin: AdminBot) -> None:
    await given(admin, NEWS, VIP, title=ODD)
    await membership_ops.record(NEWS, 1, MembershipStatus.MEMBER, admin.clock.now())
    await membership_ops.record(VIP, 1, MembershipStatus.MEMBER, admin.clock.now())
    await opened(admin)
    await admin.press("Remove")
    assert "&lt;3 &amp;" in admin.last_text
    assert admin.buttons() == [f"Remove {ODD}", f"‹ {ODD}", "Menu"]
    assert await channel_ops.find(NEWS) is not None
    await admin.press("Remove ")
    await settle()
    assert await channel_ops.find(NEWS) is None
    assert list(await membership_ops.find_memberships(1, [NEWS, VIP])) == [VIP]
    assert admin.buttons()[0] == f"{ODD} · required"
    assert await audited(admin) == [("channel.removed", str(NEWS))]


@pytest.mark.parametrize(
    "act",
    [action.value for action in ChannelAction],
)
@pytest.mark.parametrize("chat_id", [VIP, -5, -(2**52)])
async def test_a_button_of_an_unknown_channel_opens_the_list(admin: AdminBot, act: str, chat_id: int) -> None:
    await given(admin, NEWS)
    await admin.callback(f"ac:{act}:{chat_id}:0")
    assert admin.toasts == [texts.channel_gone()]
    assert "<b>Channels</b>" in admin.last_text
    assert await audited(admin) == []
    assert admin.world.links.keys() == {f"{OLD_LINK}{NEWS}"}


@pytest.mark.parametrize(
    "data", ["ac:open:7001:0", "ac:nonsense:-5:0", "ac:open", "ac:", "ae:-1", "ae:51", "ac:up:x:y"]
)
async def test_forged_channel_buttons_open_the_list(admin: AdminBot, data: str) -> None:
    await given(admin, NEWS)
    await admin.callback(data)
    assert admin.toasts == [texts.channel_gone()]
    assert "<b>Channels</b>" in admin.last_text


async def test_a_switch_during_an_outage_is_made_once_afterwards(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    failures = [AutoReconnect("away")] * 2

    def away(operation: str, collection: str) -> None:
        if (operation, collection) == ("find_one_and_update", "channels") and failures:
            raise failures.pop()

    admin.database.before_call = away
    pressing = admin.supervisor.spawn(admin.press("Required: on"), "press")
    await admin.time.move(20)
    await pressing
    assert (await channel_of(NEWS)).is_paused
    assert len(admin.world.of(EditMessageText)) == 1
    assert await audited(admin) == [("channel.paused", str(NEWS))]
