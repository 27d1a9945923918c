"""Removing a post: confirmed with what stays, undone, or taken down everywhere."""

from datetime import timedelta

import pytest
from aiogram.types import User

from core.announcements import AnnouncementState
from core.posts import Post
from core.team.admins import Role
from database.operations import announcement_ops, audit_ops
from database.operations.posts import post_ops, post_takedown
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.posts.posts import is_one_edit, made, open_card, publish, stored
from views.admin_texts import changed_since, not_your_role
from views.posts import cards as views

EVA = User(id=7101, is_bot=False, first_name="Eva")


async def deliver(admin: AdminBot, post: Post, copies: int, *, old: int = 0) -> None:
    """Have subscribers hold copies of the post that are never deleted; `old` ones are older than 48 hours."""
    now = admin.clock.now()
    for number in range(copies):
        sent_at = now - timedelta(hours=49) if number < old else now
        await admin.database.collection("deliveries").insert_one(
            {
                "bot_id": 1002,
                "user_id": 8000 + number,
                "chat_id": 8000 + number,
                "post_code": post.code,
                "message_ids": [number + 1],
                "state": "sent",
                "delete_at": None,
                "sent_at": sent_at,
                "claimed_until": None,
            }
        )


@pytest.mark.parametrize(
    ("announcements", "copies", "sentence"),
    [
        (0, 0, "Remove post 1? Its link stops at once."),
        (1, 38, "Remove post 1? Its link stops at once; 1 announcement and 38 copies stay."),
        (0, 1, "Remove post 1? Its link stops at once; 1 copy stays."),
        (2, 0, "Remove post 1? Its link stops at once; 2 announcements stay."),
    ],
)
async def test_what_stays_is_said_before(admin: AdminBot, announcements: int, copies: int, sentence: str) -> None:
    post = await open_card(admin)
    for number in range(announcements):
        await publish(admin, post, "C" * (number + 1))
    await deliver(admin, post, copies)
    await admin.press("Remove")
    assert admin.last_text == f"<b>Post 1</b> · \u2068Rome\u2069\n{sentence}"
    down = ["Take down everywhere"] if announcements or copies else []
    assert admin.buttons() == ["Remove", *down, "‹ Post 1", "Menu"]
    keyboard = list(admin.world.screens.values())[-1].reply_markup
    assert keyboard is not None
    assert {row[0].style for row in keyboard.inline_keyboard[:-1]} == {"danger"}


async def test_a_removed_post_is_undone_at_once(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Remove")
    before = len(admin.world.calls)
    await admin.press("Remove")
    assert is_one_edit(admin, before)
    assert (await stored(post)).status == "removed"
    assert admin.last_text.startswith(views.removed_note(post)) and "2 messages, removed" in admin.last_text
    assert admin.buttons() == ["Restore", "Preview", "Numbers", "Remove what stays", "Undo", "‹ Posts", "Menu"]
    await admin.press("Undo")
    assert (await stored(post)).status == "live" and "2 messages, live" in admin.last_text
    assert [entry.action for entry in await audit_ops.last(2)] == ["post.restored", "post.removed"]


async def test_a_removed_post_is_restored_from_its_card_later(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Remove")
    await admin.press("Remove")
    admin.clock.move(timedelta(days=30))
    await admin.callback(f"ap:{post.code}:0::r:card")
    await admin.press("Restore")
    assert (await stored(post)).status == "live"


@pytest.mark.parametrize("act", ["rm", "rmyes", "down"])
async def test_an_editor_removes_only_what_is_their_own(admin: AdminBot, act: str) -> None:
    await admin.database.collection("admins").insert_one({"user_id": EVA.id, "role": "editor"})
    admin.clock.move(timedelta(seconds=5))
    (of_olga,) = await made(admin, "Rome")
    await admin.callback(f"ap:{of_olga.code}:0::l:{act}", who=EVA)
    assert admin.toasts == [not_your_role(Role.EDITOR)] and admin.texts == []
    assert (await stored(of_olga)).status == "live" and (await stored(of_olga)).taking_down_since is None
    await admin.say("hers", who=EVA)
    of_eva = (await admin.posts())[-1]
    await admin.callback(f"ap:{of_eva.code}:0::l:{act}", who=EVA)
    assert (await stored(of_eva)).status == ("live" if act == "rm" else "removed")


async def test_an_editor_does_not_open_again_what_an_owner_closed(admin: AdminBot) -> None:
    await admin.database.collection("admins").insert_one({"user_id": EVA.id, "role": "editor"})
    admin.clock.move(timedelta(seconds=5))
    (of_olga,) = await made(admin, "Rome")
    await post_takedown.take_down(of_olga.code, by=of_olga.created_by, at=admin.clock.now())
    await admin.callback(f"ap:{of_olga.code}:0::r:back", who=EVA)
    assert admin.toasts == [not_your_role(Role.EDITOR)]
    found = await stored(of_olga)
    assert (found.status, found.taking_down_since) == ("removed", admin.clock.now())


async def test_undo_of_a_removal_leaves_what_somebody_took_down_everywhere_since(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Remove")
    await admin.press("Remove")
    admin.clock.move(timedelta(minutes=1))
    await post_takedown.take_down(post.code, by=EVA.id, at=admin.clock.now())
    await admin.press("Undo")
    assert admin.toasts[-1] == changed_since()
    assert (await stored(post)).taking_down_since == admin.clock.now()


async def test_going_back_removes_nothing(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Remove")
    await admin.press("‹ Post 1")
    assert (await stored(post)).status == "live"


async def test_taken_down_everywhere_closes_withdraws_and_marks_the_copies(admin: AdminBot) -> None:
    post = await open_card(admin)
    await publish(admin, post, "Olive's Garden")
    await publish(admin, post, "Later", published=False)
    await deliver(admin, post, 5, old=2)
    await admin.press("Remove")
    assert "2 copies are older than 48 hours: only the subscribers can delete them." in admin.last_text
    await admin.press("Take down everywhere")
    assert "1 announcement and 3 copies go now." in admin.last_text
    assert "2 copies are older than 48 hours: only the subscribers can delete them." in admin.last_text
    taken = await stored(post)
    assert taken.status == "removed" and taken.taking_down_since == admin.clock.now()
    rows = {one.channel: one for one in await announcement_ops.find_of_post(post.code)}
    assert rows["Later"].state is AnnouncementState.CANCELLED
    assert rows["Olive's Garden"].is_withdrawal_wanted
    entry = (await audit_ops.last(1))[0]
    assert (entry.action, entry.after) == ("post.taken_down", {"announcements": 1, "copies": 3})


async def test_a_post_removed_before_can_be_taken_down_later(admin: AdminBot) -> None:
    post = await open_card(admin)
    await deliver(admin, post, 1)
    await post_ops.remove(post.code)
    await admin.callback(f"ap:{post.code}:0::r:rm")
    assert admin.last_text.endswith("It is removed; 1 copy stays.")
    assert admin.buttons() == ["Take down everywhere", "‹ Post 1", "Menu"]
    await admin.press("Take down everywhere")
    assert (await stored(post)).taking_down_since is not None
