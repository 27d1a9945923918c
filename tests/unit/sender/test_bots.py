"""Building bots, and the guard against unreadable updates."""

import json
from typing import Any, cast

import pytest
from aiogram import Bot
from aiogram.enums import ParseMode
from aiogram.exceptions import ClientDecodeError
from aiogram.methods import GetMe, GetUpdates, Response, TelegramMethod
from aiogram.types import Update
from structlog.testing import capture_logs

from monitoring.metrics import REGISTRY
from sender.bots import build_bot
from sender.departures import DepartureSession
from sender.limiting.send_limiter import SendLimiter
from sender.updates.poison import PoisonGuard, UnreadableUpdate
from tests.unit.sender.telegram import BOT, SESSION

GOOD = {
    "update_id": 11,
    "message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, "text": "hello"},
}
#: a chat member of a kind this aiogram does not know
POISON = {"update_id": 12, "my_chat_member": {"chat": {"id": 1, "type": "private"}, "date": 0}}


@pytest.mark.parametrize("url", ["", "  ", "https://api.telegram.org", "https://api.telegram.org/"])
def test_without_an_address_telegrams_own_server_is_used(url: str) -> None:
    bot = build_bot("42:test", url, SendLimiter())
    assert bot.session.api.api_url("42:test", "getMe") == "https://api.telegram.org/bot42:test/getMe"


def test_any_bot_api_server_can_be_used() -> None:
    bot = build_bot("42:test", "http://127.0.0.1:8081/", SendLimiter())
    assert bot.session.api.api_url("T", "getMe") == "http://127.0.0.1:8081/botT/getMe"
    assert bot.session.api.file_url("T", "a/b") == "http://127.0.0.1:8081/file/botT/a/b"


def test_a_bot_sends_html_without_link_previews_and_its_limiter_is_innermost() -> None:
    limiter = SendLimiter()
    bot = build_bot("42:test", "", limiter, timeout_s=12)
    assert bot.default.parse_mode == ParseMode.HTML
    assert bot.default.link_preview is not None
    assert bot.default.link_preview.is_disabled
    assert bot.session.timeout == 12
    assert isinstance(bot.session.middleware[1], PoisonGuard)
    assert bot.session.middleware[-1] is limiter


def test_a_bots_limiter_counts_requests_from_when_the_session_says_that_they_left() -> None:
    limiter = SendLimiter()
    bot = build_bot("42:test", "", limiter)
    assert isinstance(bot.session, DepartureSession)
    assert limiter._call_scheduler.departing.is_known


async def test_half_a_character_in_an_answer_is_replaced() -> None:
    bot = build_bot("42:test", "", SendLimiter())
    name = {"ok": True, "result": {"id": 42, "is_bot": True, "first_name": "a\ud83d"}}
    answer = bot.session.check_response(bot, GetMe(), 200, json.dumps(name))
    assert answer.result is not None
    assert answer.result.first_name == "a\ufffd"


def test_two_bots_cannot_share_a_limiter() -> None:
    limiter = SendLimiter()
    build_bot("42:test", "", limiter)
    with pytest.raises(ValueError, match="belongs to bot 42"):
        build_bot("43:test", "", limiter)


class Server:
    """Answers with a fixed body, which aiogram itself parses."""

    def __init__(self, body: Any, status: int = 200) -> None:
        self.body = body if isinstance(body, str) else json.dumps(body)
        self.status = status

    async def __call__(self, bot: Bot, method: TelegramMethod[Any]) -> Response[Any]:
        answer = SESSION.check_response(bot=bot, method=method, status_code=self.status, content=self.body)
        return cast(Response[Any], answer.result)


async def guarded(body: Any, method: TelegramMethod[Any] | None = None) -> Any:
    return await PoisonGuard()(Server(body), BOT, method or GetUpdates())


async def test_an_unreadable_update_is_emptied_logged_and_counted_and_the_others_arrive() -> None:
    count = "tollgate_updates_poison_total"
    before = REGISTRY.get_sample_value(count, {"bot": "42"}) or 0.0
    with capture_logs() as logs:
        updates = await guarded({"ok": True, "result": [GOOD, POISON]})
    assert [type(update) for update in updates] == [Update, Update]
    assert updates[0].message.text == "hello"
    assert updates[0].message.bot is BOT
    assert updates[1] == Update(update_id=12)
    assert [(entry["event"], entry["update_id"], entry["bot_id"]) for entry in logs] == [("update.poison", 12, 42)]
    assert logs[0]["fields"] == ["update_id", "my_chat_member.chat", "my_chat_member.date"]
    assert REGISTRY.get_sample_value(count, {"bot": "42"}) == before + 1


async def test_an_unreadable_update_that_comes_again_is_logged_once() -> None:
    guard, server = PoisonGuard(), Server({"ok": True, "result": [POISON]})
    with capture_logs() as logs:
        for _ in range(3):
            await guard(server, BOT, GetUpdates())
    assert [entry["update_id"] for entry in logs] == [12]


def hidden_forward(**changed: Any) -> dict[str, Any]:
    """A private message with the forward of a hidden user that lacks a required name."""
    message = {
        "message_id": 5,
        "date": 1,
        "from": {"id": 7, "is_bot": False, "first_name": "Ann"},
        "chat": {"id": 7, "type": "private"},
        "forward_origin": {"type": "hidden_user", "date": 1},
        "text": "x",
    }
    return {"update_id": 13, "message": message | changed}


async def test_of_an_unreadable_private_message_the_chat_is_kept() -> None:
    unknown = hidden_forward(forward_origin={"type": "a new kind", "date": 1})
    updates = await guarded({"ok": True, "result": [GOOD, hidden_forward(), unknown]})
    assert [getattr(update, "chat_id", None) for update in updates] == [None, 7, 7]
    assert all(isinstance(update, UnreadableUpdate) and update.bot is BOT for update in updates[1:])


@pytest.mark.parametrize(
    "raw",
    [
        hidden_forward(chat={"id": -7, "type": "private"}),
        hidden_forward(chat={"id": True, "type": "private"}),
        hidden_forward(chat={"id": "7", "type": "private"}),
        hidden_forward(chat={"id": -100, "type": "supergroup", "title": "x"}),
        hidden_forward(chat=None),
        {"update_id": 13, "message": {**hidden_forward()["message"], "from": None}},
        {"update_id": 13, "message": "junk"},
        {"update_id": 13, "edited_message": hidden_forward()["message"]},
    ],
)
async def test_nobody_is_kept_of_other_unreadable_updates(raw: dict[str, Any]) -> None:
    (update,) = await guarded({"ok": True, "result": [raw]})
    assert update == Update(update_id=13)


async def test_readable_updates_are_unchanged() -> None:
    updates = await guarded({"ok": True, "result": [GOOD]})
    assert [update.update_id for update in updates] == [11]


@pytest.mark.parametrize(
    "body",
    [
        "<html>Bad Gateway</html>",
        {"ok": True, "result": "nothing"},
        {"ok": True, "result": [{"update_id": "x"}]},
        {"ok": True, "result": ["junk"]},
        {"ok": "perhaps", "result": [POISON]},
    ],
)
async def test_an_answer_without_update_ids_stays_an_error(body: Any) -> None:
    with pytest.raises(ClientDecodeError):
        await guarded(body)


async def test_answers_to_other_methods_stay_errors() -> None:
    with pytest.raises(ClientDecodeError):
        await guarded({"ok": True, "result": [POISON]}, GetMe())
