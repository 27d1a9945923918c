"""`<tg-time>` and the entity `date_time`."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import MessageEntity
from aiogram.utils.text_decorations import html_decoration

from sandbox.text.dates import MAX_AHEAD_S, MAX_UNIX
from sandbox.text.entities import parse_html
from sandbox.text.formatting import to_html
from tests.sandbox.conftest import Json, Town
from tests.sandbox.test_aiogram_models import bot

__all__ = ["bot"]

UNIX = 1_763_800_000


def dated(text: str = "soon", **more: Any) -> Json:
    return {"type": "date_time", "offset": 0, "length": len(text), "unix_time": UNIX, **more}


@pytest.mark.parametrize("form", ["r", "w", "d", "D", "t", "T", "wd", "wDT", "dt", "Dt"])
def test_a_date_with_a_format_is_an_entity(form: str) -> None:
    source = f'<tg-time unix="{UNIX}" format="{form}">soon</tg-time>'
    assert parse_html(source) == ("soon", [dated(date_time_format=form)])
    assert to_html(*parse_html(source)) == source


@pytest.mark.parametrize("source", ['unix="1763800000"', "unix=1763800000", 'unix="1763800000" format=""'])
def test_without_a_format_the_text_is_unchanged(source: str) -> None:
    assert parse_html(f"<tg-time {source}>soon</tg-time>") == ("soon", [dated()])


@pytest.mark.parametrize(
    "attributes",
    ["", 'unix=""', 'unix="soon"', 'unix="1763800000.5"', 'unix="-5"', 'unix="0"', f'unix="{MAX_UNIX + 1}"']
    + [f'unix="{UNIX}" format="{form}"' for form in ("rt", "td", "x", "ww", "dD", "wDT ", "HH:mm")],
)
def test_an_invalid_date_is_plain_text(attributes: str) -> None:
    assert parse_html(f"<tg-time {attributes}>soon</tg-time>") == ("soon", [])


def test_the_latest_valid_date_is_an_entity() -> None:
    assert parse_html(f'<tg-time unix="{MAX_UNIX}">x</tg-time>')[1][0]["unix_time"] == MAX_UNIX


def test_dates_nest_with_other_formatting() -> None:
    text, entities = parse_html(f'<b>until <tg-time unix="{UNIX}" format="t">noon</tg-time></b>')
    assert text == "until noon"
    assert [entity["type"] for entity in entities] == ["bold", "date_time"]


def test_dates_written_by_aiogram_are_read() -> None:
    entity = MessageEntity(type="date_time", offset=0, length=4, unix_time=UNIX, date_time_format="wDT")
    assert parse_html(html_decoration.unparse("soon", [entity])) == ("soon", [dated(date_time_format="wDT")])


async def test_dates_too_far_ahead_are_refused_when_sent(town: Town) -> None:
    now = town.sandbox.world.now()
    for ahead, status in ((MAX_AHEAD_S - 60, 200), (MAX_AHEAD_S + 60, 400)):
        text = f'<tg-time unix="{now + ahead}" format="D">then</tg-time>'
        reply = await town.shop("sendMessage", chat_id=town.alice.id, text=text, parse_mode="HTML")
        assert reply.status == status
    assert reply.error == "Bad Request: ENTITY_DATE_INVALID"
    message_id = await town.send("old")
    edit = {"chat_id": town.alice.id, "message_id": message_id, "text": text, "parse_mode": "HTML"}
    assert (await town.shop("editMessageText", **edit)).error == reply.error


async def test_the_transcript_keeps_the_plain_text(town: Town) -> None:
    await town.send(f'until <tg-time unix="{UNIX}" format="t">12:26 UTC</tg-time>', parse_mode="HTML")
    (shown,) = (await town.alice.wait("shop_bot", contains="until 12:26 UTC"))["messages"][-1:]
    assert shown["text"] == "until 12:26 UTC"
    assert shown["html"] == f'until <tg-time unix="{UNIX}" format="t">12:26 UTC</tg-time>'


async def test_entities_need_the_required_field_of_their_type(town: Town) -> None:
    reply = await town.shop("sendMessage", chat_id=town.alice.id, text="soon", entities=[dated(date_time_format="r")])
    assert reply.result["entities"] == [dated(date_time_format="r")]
    for kind, name in (("date_time", "unix_time"), ("text_link", "url")):
        bare = [{"type": kind, "offset": 0, "length": 4}]
        reply = await town.shop("sendMessage", chat_id=town.alice.id, text="soon", entities=bare)
        assert reply.error == f"Bad Request: can't parse MessageEntity: Can't find field \"{name}\""


async def test_aiogram_reads_the_entity(town: Town, bot: Bot) -> None:
    sent = await bot.send_message(7002, f'<tg-time unix="{UNIX}" format="r">soon</tg-time>', parse_mode="HTML")
    assert sent.entities is not None
    assert (sent.entities[0].unix_time, sent.entities[0].date_time_format) == (UNIX, "r")
    assert sent.html_text == f'<tg-time unix="{UNIX}" format="r">soon</tg-time>'
