"""/channels: the list, one channel's screen, and every button of it."""

import pytest
from aiogram.methods import EditMessageText
from pymongo.errors import AutoReconnect

from core.subscriptions import CHANNELS_MAX, LABEL_MAX, ChannelMode, MembershipStatus, OnError
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

# --- the list


async def test_without_channels_it_says_so(admin: AdminBot) -> None:
    await admin.say("/channels")
    assert "None yet" in admin.last_text
    assert admin.buttons() == ["Refresh", "Add a channel"]


async def test_each_line_shows_order_mode_errors_and_state(admin: AdminBot) -> None:
    await given(admin, NEWS, title=ODD)
    await given(admin, VIP, mode=ChannelMode.REQUEST, on_error=OnError.CLOSED, is_paused=True)
    await channel_ops.count_join(NEWS)
    await channel_ops.mark_broken(VIP, admin.clock.now())
    await admin.say("/channels")
    first = (
        "1. \u2068&lt;3 &amp; &quot;x&quot; مريم\u2069 · mode join · when I can't tell: let them pass (open) · 1 joined"
    )
    assert first in admin.last_text
    second = "mode request · when I can't tell: keep them out (closed) · 0 joined · <b>paused</b> · <b>broken</b> since"
    assert second in admin.last_text
    assert admin.buttons() == [f"1 · {ODD}", f"2 · Channel {VIP} (broken)", "Refresh", "Add a channel"]


async def test_fifty_channels_with_the_longest_names_have_pages_that_fit(admin: AdminBot) -> None:
    for number in range(CHANNELS_MAX):
        await given(admin, -1001000001000 - number, title="&" * 128)
        await channel_ops.mark_broken(-1001000001000 - number, admin.clock.now())
    await admin.say("/channels")
    seen = 0
    for page in range(1, 8):
        assert len(admin.last_text) <= 4096
        seen += sum(1 for text in admin.buttons() if " · " in text)
        if page < 7:
            await admin.press("Next")
    assert seen == CHANNELS_MAX
    assert "49 to 50 of 50" in admin.last_text
    assert "Next ›" not in admin.buttons()
    await admin.callback("ae:50")
    assert "49 to 50 of 50" in admin.last_text


# --- one channel


async def test_a_channels_screen_shows_everything_and_back_is_last(admin: AdminBot) -> None:
    await given(admin, NEWS, VIP, ART, title=ODD, username="news", label="Our <news>", joined_count=7)
    await admin.say("/channels")
    await admin.press("2 ·")
    for words in (
        "&lt;3 &amp; &quot;x&quot;",
        "Our &lt;news&gt;",
        "@news",
        "number 2 of 3",
        "members only",
        OLD_LINK,
        ": 7",
    ):
        assert words in admin.last_text
    assert admin.buttons() == [
        "Let requests count as joined",
        "On errors: keep people out",
        "Pause",
        "Label",
        "Move up",
        "Move down",
        "Check",
        "New link",
        "Remove",
        "Back",
    ]
    screens = len(admin.world.screens)
    await admin.press("Back")
    assert "Channels to join" in admin.last_text
    assert len(admin.world.screens) == screens


@pytest.mark.parametrize(
    ("button", "field", "value", "back"),
    [
        ("On errors: keep", "on_error", OnError.CLOSED, "On errors: let"),
        ("Pause", "is_paused", True, "Resume"),
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
    await admin.say("/channels")
    await admin.press("3 ·")
    assert "Move down" not in admin.buttons()
    await admin.press("Move up")
    assert "number 2 of 3" in admin.last_text
    assert [one.chat_id for one in await channel_ops.load()] == [NEWS, ART, VIP]
    await admin.press("Move up")
    assert [one.chat_id for one in await channel_ops.load()] == [ART, NEWS, VIP]
    assert "Move up" not in admin.buttons()
    await admin.press("Move down")
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
    await admin.press("Label")
    await admin.say(f"  Our \u202e<b>{ODD}  ")
    assert (await channel_of(NEWS)).label == f"Our <b>{ODD}"
    assert "&lt;b&gt;" in admin.last_text
    await admin.press("Label")
    await admin.say("-")
    assert (await channel_of(NEWS)).label == ""
    assert await admin.posts() == []


async def test_a_wrong_label_is_answered_with_what_is_expected_and_the_question_stays(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Label")
    for typed in ("x" * (LABEL_MAX + 1), "\u202e\u2066", " \u2069 "):
        await admin.say(typed)
        assert admin.last_text == texts.LABEL_EXPECTED
    await admin.send(photo=[{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}])
    assert admin.last_text == texts.LABEL_EXPECTED
    await admin.say("x" * LABEL_MAX)
    assert (await channel_of(NEWS)).label == "x" * LABEL_MAX
    assert await admin.posts() == []


async def test_a_label_for_a_channel_that_is_gone_shows_the_list(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Label")
    await channel_ops.remove(NEWS)
    await admin.say("Mine")
    assert texts.CHANNEL_GONE in admin.texts
    assert "None yet" in admin.last_text


async def test_a_command_wins_over_the_waiting_label(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Label")
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
    assert admin.buttons() == [f"Remove {ODD}", "Back"]
    assert await channel_ops.find(NEWS) is not None
    await admin.press("Remove ")
    await settle()
    assert await channel_ops.find(NEWS) is None
    assert list(await membership_ops.find_memberships(1, [NEWS, VIP])) == [VIP]
    assert admin.buttons()[0] == f"1 · {ODD}"
    assert await audited(admin) == [("channel.removed", str(NEWS))]


@pytest.mark.parametrize(
    "act",
    ["open", "join", "request", "in", "out", "pause", "resume", "label", "up", "down", "check", "link", "rm", "rmyes"],
)
@pytest.mark.parametrize("chat_id", [VIP, -5, -(2**52)])
async def test_a_button_of_an_unknown_channel_opens_the_list(admin: AdminBot, act: str, chat_id: int) -> None:
    await given(admin, NEWS)
    await admin.callback(f"ac:{act}:{chat_id}:0")
    assert admin.toasts == [texts.CHANNEL_GONE]
    assert "Channels to join" in admin.last_text
    assert await audited(admin) == []
    assert admin.world.links.keys() == {f"{OLD_LINK}{NEWS}"}


@pytest.mark.parametrize(
    "data", ["ac:open:7001:0", "ac:nonsense:-5:0", "ac:open", "ac:", "ae:-1", "ae:51", "ac:up:x:y"]
)
async def test_forged_channel_buttons_open_the_list(admin: AdminBot, data: str) -> None:
    await given(admin, NEWS)
    await admin.callback(data)
    assert admin.toasts == [texts.CHANNEL_GONE]
    assert "Channels to join" in admin.last_text


async def test_a_switch_during_an_outage_is_made_once_afterwards(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    failures = [AutoReconnect("away")] * 2

    def away(operation: str, collection: str) -> None:
        if (operation, collection) == ("find_one_and_update", "channels") and failures:
            raise failures.pop()

    admin.database.before_call = away
    pressing = admin.supervisor.spawn(admin.press("Pause"), "press")
    await admin.time.move(20)
    await pressing
    assert (await channel_of(NEWS)).is_paused
    assert len(admin.world.of(EditMessageText)) == 1
    assert await audited(admin) == [("channel.paused", str(NEWS))]
