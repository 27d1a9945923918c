"""The first hour: each answer leads to the next question, each refusal has its sentence and the question stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetChat, SendMessage
from aiogram.types import ChatMemberLeft, ReplyKeyboardMarkup, ReplyKeyboardRemove, User

from admin_bot.team.first_hour import FirstHourGuide
from core.team.first_hour import Step
from database import first_hour
from database.operations import audit_ops, channel_ops, settings_ops
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, USER_BOT, AdminBot
from tests.bots.admin_bot.telegram import NOW, administrator, bad_request
from views.navigation import FIRST_CHANNEL
from views.publishing.result_screens import check_unsure, is_storage
from views.storage import keyboards as storage_keyboards
from views.storage import texts as storage_texts
from views.team.first_hour import (
    FIRST_CHANNEL_REQUEST_ID,
    connected,
    it_is_out,
    later_button,
    may_not_post,
    which_channel,
)

VAULT, GARDEN = -1001000000777, -1001000000888
OTHER_BOT = User(id=1009, is_bot=True, first_name="Other", username="other_bot")


@pytest.fixture
async def fresh(admin: AdminBot) -> AdminBot:
    """A bot whose owner has chosen nothing yet; the user bot is in no channel."""
    await settings_ops.change("storage_channel_id", None)
    admin.world.members[USER_BOT.id] = ChatMemberLeft(user=USER_BOT)
    return admin


def reply_buttons(admin: AdminBot) -> list[str]:
    """The buttons below the text field, as of the newest message that changed them."""
    for call in reversed(admin.world.of(SendMessage)):
        if isinstance(call.reply_markup, ReplyKeyboardMarkup):
            return [button.text for row in call.reply_markup.keyboard for button in row]
        if isinstance(call.reply_markup, ReplyKeyboardRemove):
            return []
    return []


async def pick(admin: AdminBot, chat_id: int, request_id: int, title: str = "Vault", **more: Any) -> None:
    await admin.send(chat_shared={"request_id": request_id, "chat_id": chat_id, "title": title, **more})


async def pick_storage(admin: AdminBot) -> None:
    await pick(admin, VAULT, storage_keyboards.STORAGE_REQUEST_ID)


async def pick_garden(admin: AdminBot) -> None:
    admin.world.chats.setdefault(GARDEN, {"title": "Olga's Garden"})
    await pick(admin, GARDEN, FIRST_CHANNEL_REQUEST_ID, "Olga's Garden")


async def joins(admin: AdminBot, who: User, chat_id: int = VAULT, status: str = "administrator") -> None:
    """Telegram tells the admin bot of a change in a channel where it is an administrator."""
    member = (
        administrator(who).model_dump() if status == "administrator" else {"user": who.model_dump(), "status": status}
    )
    body = {
        "chat": {"id": chat_id, "type": "channel", "title": "Vault"},
        "from": OWNER.model_dump(),
        "date": NOW,
        "old_chat_member": {"user": who.model_dump(), "status": "left"},
        "new_chat_member": member,
    }
    await admin.feed("chat_member", body)


async def storage_id(admin: AdminBot) -> int | None:
    return (await settings_ops.current(admin.clock.now())).storage_channel_id


def guide(admin: AdminBot) -> FirstHourGuide:
    return admin.data["first_hour"]


async def test_each_answer_leads_to_the_next_question(fresh: AdminBot) -> None:
    await fresh.say("/start")
    assert fresh.last_text == "Welcome, \u2068Olga\u2069: these two bots are yours. First: where posts are kept."
    assert reply_buttons(fresh) == ["Choose or create the storage channel"]
    await pick_storage(fresh)
    assert fresh.last_text == "Now add @tollgate_bot to it, too."
    assert fresh.buttons() == ["Add @tollgate_bot", "Check again"]
    fresh.world.members[USER_BOT.id] = administrator(USER_BOT)
    await joins(fresh, USER_BOT)
    assert await storage_id(fresh) == VAULT
    assert fresh.texts[-2:] == [storage_texts.checked("Vault"), which_channel()]
    assert reply_buttons(fresh) == ["Choose my channel", later_button()]
    fresh.world.chats[GARDEN] = {"title": "Olga's Garden", "username": "garden"}
    await pick_garden(fresh)
    assert fresh.last_text == connected()
    assert connected() == "Connected. Send what subscribers should get: photo, video, file, album or text."
    assert reply_buttons(fresh) == []
    (channel,) = await channel_ops.load()
    assert (channel.chat_id, channel.title, channel.username) == (GARDEN, "Olga's Garden", "garden")
    assert (channel.is_published_to, channel.is_required) == (True, False)
    assert [one.action for one in await audit_ops.last(2)] == ["channel.connected", "setting.changed"]
    assert await guide(fresh).open_steps() == (Step.PUBLISH,)


async def test_the_set_up_goes_on_once_however_often_the_bots_arrival_is_told(fresh: AdminBot) -> None:
    await pick_storage(fresh)
    fresh.world.members[USER_BOT.id] = administrator(USER_BOT)
    await joins(fresh, USER_BOT)
    await joins(fresh, USER_BOT)
    await fresh.press("Check again") if "Check again" in fresh.buttons() else None
    assert fresh.texts.count(which_channel()) == 1


async def test_the_bots_arrival_in_another_channel_changes_nothing(fresh: AdminBot) -> None:
    await pick_storage(fresh)
    fresh.world.members[USER_BOT.id] = administrator(USER_BOT)
    await joins(fresh, USER_BOT, chat_id=-1005)
    await joins(fresh, USER_BOT, status="left")
    assert await storage_id(fresh) is None


async def test_a_set_up_does_not_go_on_for_somebody_who_is_no_owner_any_more(fresh: AdminBot) -> None:
    await pick_storage(fresh)
    candidate = (await first_hour.load()).candidate
    assert candidate is not None
    await first_hour.keep_candidate(replace(candidate, admin_id=OTHER_BOT.id))
    fresh.clock.move(timedelta(seconds=6))
    fresh.world.members[USER_BOT.id] = administrator(USER_BOT)
    await joins(fresh, USER_BOT)
    assert await storage_id(fresh) is None


async def test_the_set_up_goes_on_after_a_restart(fresh: AdminBot) -> None:
    await pick_storage(fresh)
    # nothing of it is kept in the process
    candidate = (await first_hour.load()).candidate
    assert candidate is not None and (candidate.chat_id, candidate.admin_id) == (VAULT, OWNER.id)
    await fresh.say("/start")
    assert fresh.last_text == "Now add @tollgate_bot to it, too."
    fresh.world.members[USER_BOT.id] = administrator(USER_BOT)
    await fresh.say("/start")
    assert (await storage_id(fresh), fresh.last_text) == (VAULT, which_channel())


async def test_the_wrong_bot_is_named_and_the_question_stays(fresh: AdminBot) -> None:
    await pick_storage(fresh)
    await joins(fresh, OTHER_BOT)
    assert fresh.last_text == storage_texts.wrong_bot("other_bot", "tollgate_bot")
    assert (await first_hour.load()).candidate is not None


async def test_a_set_up_that_another_process_ended_asks_nothing_twice(fresh: AdminBot) -> None:
    await pick_storage(fresh)
    await first_hour.current(fresh.clock.now())
    await fresh.database.collection("admin_config").update_one({"_id": "first hour"}, {"$set": {"candidate": None}})
    fresh.world.members[USER_BOT.id] = administrator(USER_BOT)
    await joins(fresh, USER_BOT)
    assert which_channel() not in fresh.texts


async def test_people_who_join_a_channel_cost_the_admin_bot_nothing(
    fresh: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pick_storage(fresh)

    reads: list[Any] = []

    async def read(key: Any) -> None:
        reads.append(key)

    monkeypatch.setattr(fresh.memory, "get_state", read)
    fresh.database.calls.clear()
    await joins(fresh, User(id=9, is_bot=False, first_name="Zoe"), status="member")
    assert (fresh.database.calls.total(), reads) == (0, [])


async def test_a_public_channel_is_refused_as_storage_and_the_picker_stays(fresh: AdminBot) -> None:
    fresh.world.chats[VAULT] = {"username": "open_vault"}
    await pick_storage(fresh)
    assert fresh.last_text == storage_texts.is_public("Vault")
    assert reply_buttons(fresh) == ["Choose or create the storage channel"]
    assert await storage_id(fresh) is None


async def test_missing_rights_of_the_admin_bot_are_named_and_mended_by_themselves(fresh: AdminBot) -> None:
    fresh.world.members[USER_BOT.id] = administrator(USER_BOT)
    fresh.world.members[ADMIN_BOT.id] = administrator(ADMIN_BOT, post=False)
    await pick_storage(fresh)
    assert "@tollgate_admin_bot lacks the right “Post messages”" in fresh.last_text
    fresh.world.members[ADMIN_BOT.id] = administrator(ADMIN_BOT)
    body = {
        "chat": {"id": VAULT, "type": "channel", "title": "Vault"},
        "from": OWNER.model_dump(),
        "date": NOW,
        "old_chat_member": administrator(ADMIN_BOT, post=False).model_dump(),
        "new_chat_member": administrator(ADMIN_BOT).model_dump(),
    }
    await fresh.feed("my_chat_member", body)
    assert (await storage_id(fresh), fresh.last_text) == (VAULT, which_channel())


async def test_a_manager_learns_that_an_owner_has_to_choose(fresh: AdminBot) -> None:
    await fresh.database.collection("admins").insert_one({"user_id": 7102, "role": "manager"})
    await fresh.say("/start", who=User(id=7102, is_bot=False, first_name="Max"))
    assert fresh.last_text.endswith("Ask an owner.")
    assert reply_buttons(fresh) == []


# --- the channel subscribers read


async def test_later_leaves_the_question_on_the_menu_and_makes_no_post(admin: AdminBot) -> None:
    await guide(admin).ask_channel(OWNER.id)
    await admin.say(later_button())
    assert admin.last_text == "Send what subscribers should get: photo, video, file, album or text."
    assert (reply_buttons(admin), await admin.posts()) == ([], [])
    await admin.say("/menu")
    assert which_channel() in admin.last_text
    await admin.press("Choose my channel")
    assert (admin.last_text, reply_buttons(admin)) == (which_channel(), ["Choose my channel", later_button()])


async def test_once_a_channel_is_connected_the_word_later_is_a_post(admin: AdminBot) -> None:
    await pick_garden(admin)
    await admin.say(later_button())
    assert (await admin.only_post()).title == later_button()


async def test_the_storage_channel_is_not_the_one_subscribers_read(admin: AdminBot) -> None:
    storage = await storage_id(admin)
    assert storage is not None
    await pick(admin, storage, FIRST_CHANNEL_REQUEST_ID)
    assert (admin.last_text, reply_buttons(admin)) == (is_storage(), ["Choose my channel", later_button()])
    assert await channel_ops.load() == ()


@pytest.mark.parametrize("why", ["no right", "not an administrator"])
async def test_a_channel_without_rights_is_named_with_what_mends_it(admin: AdminBot, why: str) -> None:
    admin.world.own[(GARDEN, ADMIN_BOT.id)] = (
        administrator(ADMIN_BOT, post=False) if why == "no right" else ChatMemberLeft(user=ADMIN_BOT)
    )
    await pick_garden(admin)
    assert admin.last_text == may_not_post("Olga's Garden", "tollgate_admin_bot", GARDEN).text
    assert admin.buttons() == ["Give the right", "Check again"]
    admin.world.own[(GARDEN, ADMIN_BOT.id)] = administrator(ADMIN_BOT)
    await admin.press("Check again")
    assert admin.last_text == connected()


async def test_a_channel_the_bot_cannot_see_may_not_be_posted_in(admin: AdminBot) -> None:
    admin.world.fail(GetChat, bad_request("chat not found"))
    await pick_garden(admin)
    assert admin.last_text == may_not_post("Olga's Garden", "tollgate_admin_bot", GARDEN).text


async def test_no_answer_from_telegram_is_not_called_a_missing_right(admin: AdminBot) -> None:
    admin.world.fail(GetChat, lambda call: TelegramNetworkError(method=call, message="timeout"))
    await pick_garden(admin)
    assert (admin.last_text, reply_buttons(admin)) == (check_unsure(), ["Choose my channel", later_button()])
    assert await channel_ops.load() == ()


async def test_a_channel_chosen_twice_is_connected_once(admin: AdminBot) -> None:
    await pick_garden(admin)
    await pick_garden(admin)
    assert len(await channel_ops.load()) == 1


async def test_an_editor_connects_no_channel(admin: AdminBot) -> None:
    await admin.database.collection("admins").insert_one({"user_id": 7101, "role": "editor"})
    await admin.callback(FIRST_CHANNEL, who=User(id=7101, is_bot=False, first_name="Eva"))
    assert admin.toasts == ["Your role, editor, cannot do this. Ask an owner."]


# --- after the first announcement


async def test_the_first_announcement_ever_is_told_once_with_what_comes_next(admin: AdminBot) -> None:
    for _ in range(2):
        await guide(admin).announced()
        await guide(admin).published(OWNER.id, "a" * 16)
    assert admin.texts == [it_is_out()]
    # nor by another process
    assert not await first_hour.mark_told(admin.clock.now())
    assert not await first_hour.mark_announced(admin.clock.now())
    assert admin.buttons() == ["See it as a subscriber", "Require channels", "Set up unlocking"]
    assert await guide(admin).open_steps() == ()
