"""A key sent where none is asked for: deleted, never a post, never stored, never logged."""

import pytest
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey
from aiogram.methods import DeleteMessage
from pydantic import SecretStr
from pymongo.errors import AutoReconnect

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.states import Asked
from core.shorteners.records import Shortener
from database.operations.shorteners import shortener_ops
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.shorteners.conftest import KEY, OTHER_KEY, deleted, everything_of
from tests.bots.admin_bot.team.test_roles import EVA, store
from tests.bots.admin_bot.telegram import bad_request
from views.shorteners import texts

#: known to the bot, and no key by its shape
KNOWN = "short-key"
#: of no bot; put together here, so that a scanner for secrets does not take it for one
TOKEN = ":".join(("123456789", "AAF-abcdefghijklmnopqrstuvwxyz01234"))


@pytest.fixture
async def known_key(admin: AdminBot) -> None:
    sealed = admin.vault.seal(SecretStr(KNOWN))
    assert await shortener_ops.add(Shortener(code="a", name="gplinks", sealed_key=sealed))


@pytest.mark.usefixtures("keyless", "known_key")
@pytest.mark.parametrize("text", [KEY, f" {OTHER_KEY}\n", KNOWN, TOKEN, f"Use this token:\n{TOKEN}"])
async def test_a_key_is_deleted_and_becomes_no_post(admin: AdminBot, text: str) -> None:
    sent = (await admin.say(text)).message
    assert sent is not None
    assert deleted(admin) == [sent.message_id]
    assert admin.last_text == texts.pasted_key()
    assert admin.buttons() == ["Shorteners"]
    assert await admin.posts() == []
    assert admin.copies == []
    assert TOKEN not in await everything_of(admin)


@pytest.mark.usefixtures("known_key")
@pytest.mark.parametrize(
    "text", ["Hello", "thanks!", "AbCd1234EfGh5678", "https://t.me/shop", f"my {KNOWN}", f"https://short.example/{KEY}"]
)
async def test_a_word_a_link_or_a_code_is_a_post(admin: AdminBot, text: str) -> None:
    await admin.say(text)
    assert len(await admin.posts()) == 1
    assert deleted(admin) == []


@pytest.mark.usefixtures("keyless")
async def test_a_key_is_no_answer_to_another_question(admin: AdminBot) -> None:
    key = StorageKey(bot_id=admin.bot.id, chat_id=OWNER.id, user_id=OWNER.id)
    dialogue = Dialogue(FSMContext(admin.memory, key))
    await dialogue.ask(Asked.person, Question(None, None))
    await admin.say(KEY)
    assert admin.last_text == texts.pasted_key()
    assert await dialogue.is_asking()


@pytest.mark.usefixtures("keyless")
async def test_a_key_is_no_part_of_a_batch(admin: AdminBot) -> None:
    await admin.say("/batch")
    await admin.say(KEY)
    assert admin.last_text == texts.pasted_key()
    assert await admin.posts() == []


async def test_a_message_that_cannot_be_deleted_is_no_post_either(admin: AdminBot) -> None:
    admin.world.fail(DeleteMessage, bad_request("message can't be deleted"))
    await admin.say(KEY)
    assert admin.last_text == texts.pasted_key_left()
    assert await admin.posts() == []


async def test_a_repeated_update_finds_the_message_gone_already(admin: AdminBot) -> None:
    admin.world.fail(DeleteMessage, bad_request("message to delete not found"))
    await admin.say(KEY)
    assert admin.last_text == texts.pasted_key()


@pytest.mark.usefixtures("keyless")
async def test_an_editor_s_pasted_key_is_deleted_too(admin: AdminBot) -> None:
    await store(admin, EVA, "editor")
    sent = (await admin.say(KEY, who=EVA)).message
    assert sent is not None
    assert deleted(admin) == [sent.message_id]
    assert admin.last_text == texts.pasted_key()
    assert await admin.posts() == []


async def test_a_key_is_known_by_its_shape_while_the_list_cannot_be_read(admin: AdminBot) -> None:
    def refuse(operation: str, collection: str) -> None:
        if collection == "shorteners":
            raise AutoReconnect("connection closed")

    admin.database.before_call = refuse
    sent = (await admin.say(KEY)).message
    assert sent is not None
    assert deleted(admin) == [sent.message_id]
