"""The bot speaks the language of the app until another one is chosen."""

import pytest

from database.operations import user_ops
from schedulers import create_message_deleter_scheduler
from tests.house import ALICE, OLIVE, USER_BOT, House
from user_bot.main import show_profile
from views.catalogues import Catalogues
from views.subscribers.callbacks import ChooseLanguage


async def languages_of(house: House) -> str:
    """Return what /language asks."""
    await house.alice.text(USER_BOT, "/language")
    await house.settle()
    return str((await house.alice.transcript(USER_BOT))["messages"][-1]["text"])


@pytest.mark.parametrize(
    ("app", "question"),
    [
        ("de", "In welcher Sprache soll ich mit dir sprechen?"),
        ("pt-br", "Em que idioma devo falar com você?"),
        ("fi", "Which language shall I speak with you?"),
    ],
)
async def test_the_language_is_that_of_the_app_where_there_is_one(house: House, app: str, question: str) -> None:
    await house.world.change_user(ALICE, language_code=app)
    assert await languages_of(house) == question


async def test_where_there_is_none_it_is_the_owners(house: House) -> None:
    await house.base.team.choose_language(OLIVE, "ru")
    await house.world.change_user(ALICE, language_code="fi")
    assert await languages_of(house) == "На каком языке мне с вами говорить?"
    await house.world.change_user(ALICE, language_code="id")
    assert await languages_of(house) == "Bahasa apa yang harus saya pakai dengan Anda?"


async def test_a_chosen_language_holds_whatever_the_app_speaks(house: House) -> None:
    await house.world.change_user(ALICE, language_code="de")
    await languages_of(house)
    await house.alice.press(USER_BOT, "Español")
    await house.settle()
    seen = (await house.alice.transcript(USER_BOT))["messages"][-1]
    assert seen["text"] == "¿En qué idioma quieres que te hable?"
    assert "✓ Español" in str(seen["reply_markup"])
    assert await languages_of(house) == "¿En qué idioma quieres que te hable?"
    alice = await user_ops.find(ALICE)
    assert alice is not None
    assert (alice.language, alice.chosen_language) == ("de", "es")


async def test_a_forged_language_changes_nothing(house: House) -> None:
    await languages_of(house)
    message = (await house.alice.transcript(USER_BOT))["messages"][-1]["message_id"]
    await house.alice.forge_callback(USER_BOT, ChooseLanguage(code="../ru").pack(), message)
    await house.settle()
    alice = await user_ops.find(ALICE)
    assert alice is not None
    assert alice.chosen_language == "en"


async def test_the_menu_of_commands_is_in_every_language(house: House) -> None:
    await show_profile(house.base.user_bot, Catalogues())
    for language in Catalogues().languages:
        shown = await house.base.user_bot.get_my_commands(language_code=None if language == "en" else language)
        assert [one.command for one in shown] == ["start", "me", "unlock", "news", "language", "privacy", "help"]
    german = await house.base.user_bot.get_my_commands(language_code="de")
    assert german[-1].description == "So funktioniert es"
    described = await house.base.user_bot.get_my_description(language_code="de")
    assert described.description.startswith("Öffne den Link eines Beitrags im Kanal")


async def test_language_and_privacy_are_below_what_one_has(house: House) -> None:
    await house.alice.text(USER_BOT, "/me")
    await house.settle()
    await house.alice.press(USER_BOT, "Language")
    await house.alice.wait(USER_BOT, contains="Which language shall I speak with you?")
    await house.alice.press(USER_BOT, "Privacy")
    await house.alice.wait(USER_BOT, contains="I keep your Telegram id")


async def test_what_comes_without_a_press_is_in_the_language_that_was_chosen(house: House) -> None:
    await house.world.change_user(ALICE, language_code="de")
    channel, post = await house.channel("Garten"), await house.store(title="Album")
    await house.alice.link(house.link(post))
    await house.settle()
    # a join is no message
    await house.alice.join(channel.chat_id)
    await house.alice.wait(USER_BOT, contains="Wird in 30 Min. gelöscht")
    # and the deleter is a job
    await house.advance(minutes=31)
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()
    seen = (await house.alice.wait(USER_BOT, contains="wurde wie angekündigt gelöscht"))["messages"][-1]
    assert "Noch einmal holen · kostenlos" in str(seen["reply_markup"])
