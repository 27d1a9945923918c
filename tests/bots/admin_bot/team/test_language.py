"""The team's languages: each member reads their own, also what comes without a press."""

import pytest
from aiogram.methods import SendMessage, SetMyCommands
from aiogram.types import BotCommandScopeChat, User

from admin_bot.run_follower import POLL_EVERY_S
from admin_bot.screens import MessageRef
from core.errors import StoreUnavailable
from sender.owners import owner_notifier
from tests.bots.admin_bot.conftest import OWNER, STRANGER, AdminBot
from tests.bots.admin_bot.team.test_members import invite
from views.admin_texts import not_for_you
from views.catalogues import speaking_to, speaking_to_member, speaking_to_team
from views.language import _
from views.publishing.announcement_texts import POST_REMOVED, reason_words
from views.screens import Screen
from views.team.callbacks import ChooseMyLanguage
from views.team.first_hour import is_later_button, later_button

BORIS = User(id=7004, is_bot=False, first_name="Boris", language_code="ru")
#: whose app has a language that subscribers' texts are in, and the team's are not
DORA = User(id=7005, is_bot=False, first_name="Dora", language_code="de")
QUESTION = "Which language shall I speak with you?"
IN_RUSSIAN = "На каком языке мне с вами говорить?"


def sent_to(admin: AdminBot, user: User) -> list[str]:
    return [call.text for call in admin.world.of(SendMessage) if call.chat_id == user.id]


async def asked(admin: AdminBot, who: User = OWNER) -> str:
    """Return the question of /language as somebody reads it."""
    await admin.say("/language", who=who)
    return sent_to(admin, who)[-1].splitlines()[0]


async def test_one_event_is_told_to_two_members_in_two_languages(admin: AdminBot) -> None:
    await admin.data["team"].choose_language(OWNER.id, "en")
    command = await invite(admin, "editor")
    await admin.say(command, who=BORIS)
    assert any("Ваша роль" in text for text in sent_to(admin, BORIS))
    assert any("Boris" in text and "has joined the team as editor" in text for text in sent_to(admin, OWNER))


async def test_an_alert_comes_to_each_owner_in_their_language_whoever_it_arises_with(admin: AdminBot) -> None:
    team = admin.data["team"]
    await team.choose_language(OWNER.id, "ru")

    async def owners() -> list[int]:
        return [OWNER.id, BORIS.id, DORA.id]

    await team.choose_language(BORIS.id, "en")
    notify = owner_notifier(admin.bot, owners, lambda owner: speaking_to_member(team, owner))
    # in the task of a subscriber who reads German
    with speaking_to("de"):
        assert await notify(lambda: _("Done."))
    assert sent_to(admin, OWNER) == ["Готово."]
    assert sent_to(admin, DORA) == ["Готово."], "not of the team: the owner's"


async def test_what_is_chosen_holds_from_the_next_press_on_also_for_the_commands_of_the_chat(admin: AdminBot) -> None:
    assert await asked(admin) == QUESTION
    await admin.press("Русский")
    assert admin.last_text.splitlines()[0] == IN_RUSSIAN
    assert "✓ Русский" in admin.buttons()
    assert admin.toasts[-1] == "Теперь я говорю с вами по-русски."
    call = admin.world.of(SetMyCommands)[-1]
    assert call.scope == BotCommandScopeChat(chat_id=OWNER.id)
    assert await asked(admin) == IN_RUSSIAN
    await admin.press("Как в моём Telegram")
    assert admin.last_text.splitlines()[0] == QUESTION


async def test_the_language_of_the_app_is_spoken_before_anything_is_chosen(admin: AdminBot) -> None:
    admins = admin.database.collection("admins")
    for user in (BORIS, DORA):
        await admins.insert_one({"user_id": user.id, "role": "editor"})
    assert await asked(admin, BORIS) == IN_RUSSIAN
    assert await asked(admin, DORA) == QUESTION
    # the team's texts are not in German: what the owner reads comes next
    await admin.data["team"].choose_language(OWNER.id, "ru")
    assert await asked(admin, DORA) == IN_RUSSIAN
    # an editor sees no settings: the way back is the Menu
    assert admin.buttons()[-1].startswith("‹ ")


async def test_a_forged_language_is_that_of_the_app(admin: AdminBot) -> None:
    await asked(admin)
    for code in ("de", "../ru", "xx"):
        await admin.callback(ChooseMyLanguage(code=code).pack(), message_id=max(admin.world.screens))
        assert await admin.data["team"].chosen_language(OWNER.id) == ""


async def test_a_stranger_is_refused_in_the_language_of_their_app(admin: AdminBot) -> None:
    stranger = User(id=STRANGER.id, is_bot=False, first_name="Sam", language_code="ru")
    await admin.say("/start", who=stranger)
    with speaking_to_team("ru"):
        assert sent_to(admin, stranger) == [not_for_you("tollgate_bot")]


async def test_a_choice_that_cannot_be_stored_is_not_said_to_hold(admin: AdminBot) -> None:
    await asked(admin)
    team = admin.data["team"]

    def away(operation: str, collection: str) -> None:
        if operation == "update_one" and collection == "admins":
            raise StoreUnavailable("away")

    admin.database.before_call = away
    # the language of the app cannot be noted either, which keeps nobody from their screen
    await admin.say("/language", who=User(id=OWNER.id, is_bot=False, first_name="Olga", language_code="ru"))
    assert sent_to(admin, OWNER)[-1].splitlines()[0] == IN_RUSSIAN
    admin.database.before_call = None
    assert await team.chosen_language(OWNER.id) == ""


async def test_what_follows_a_press_by_itself_is_in_the_language_of_its_chat(admin: AdminBot) -> None:
    shown: list[str] = []

    async def poll() -> tuple[Screen, bool]:
        shown.append(_("Done."))
        return Screen(shown[-1]), True

    await admin.data["team"].choose_language(OWNER.id, "ru")
    # started in the task of somebody who reads English, or by the start of the process
    await admin.data["run_follower"].follow(MessageRef(OWNER.id, 1), Screen(""), poll)
    await admin.time.move(POLL_EVERY_S + 1)
    assert shown == ["Готово."]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_button_later_is_known_in_every_language(language: str) -> None:
    with speaking_to(language):
        text = later_button()
    assert is_later_button(text)
    assert not is_later_button(f"{text} ") and not is_later_button(None) and not is_later_button("")


def test_a_stored_reason_is_looked_up_where_it_is_shown_and_telegrams_words_stay() -> None:
    with speaking_to("ru"):
        assert reason_words(POST_REMOVED) == "Пост убрали раньше его времени."
        assert reason_words("Bad Request: chat not found") == "Bad Request: chat not found"
