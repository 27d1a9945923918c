"""An answer of Telegram that cannot be parsed leaves a short line in the log, and little of what somebody wrote."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest
import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import SendMessage
from aiogram.types import Update
from aiogram.utils.backoff import BackoffConfig
from aiohttp import web

from monitoring import logs
from sender.certainty import Certainty, Effect, certainty_of
from sender.departures import DepartureSession, UnreadableAnswer
from sender.updates.poison import PoisonGuard

WRITTEN = "what somebody wrote "
MEGABYTE = WRITTEN * 50_000


@pytest.fixture(params=["text", "json"])
def logged(request: pytest.FixtureRequest) -> Iterator[str]:
    """The format of the log; what `log_as_a_process` changes is put back."""
    root, repeating = logging.getLogger(), logging.getLogger("aiogram.dispatcher")
    handlers, level, show, hook = root.handlers[:], root.level, warnings.showwarning, sys.excepthook
    yield request.param
    repeating.removeFilter(logs._cut)
    root.handlers[:] = handlers
    warnings.showwarning, sys.excepthook = show, hook
    root.setLevel(level)
    structlog.reset_defaults()


def log_as_a_process(form: str) -> None:
    logs.configure("INFO", form)
    # the loggers of the modules stay those of the tests
    structlog.configure(**{**structlog.get_config(), "cache_logger_on_first_use": False})


async def fetching(answers: list[web.Response]) -> list[Update]:
    """Poll as aiogram does, until the last of the answers; without its pauses."""

    async def answer(_: web.Request) -> web.Response:
        return answers.pop(0)

    app = web.Application()
    app.router.add_post("/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    bot = Bot("42:test", session=DepartureSession(api=TelegramAPIServer.from_base(url)))
    bot.session.middleware(PoisonGuard())
    at_once = BackoffConfig(min_delay=0.001, max_delay=0.002, factor=1.1, jitter=0.0)
    polls = Dispatcher._listen_updates(bot, polling_timeout=0, backoff_config=at_once)
    try:
        return [await anext(polls)]
    finally:
        await polls.aclose()
        await bot.session.close()
        await runner.cleanup()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (f"<html>{MEGABYTE}", 200),
        (MEGABYTE.replace(" ", ""), 200),
        (json.dumps({"ok": True, "result": MEGABYTE}), 200),
        (json.dumps({"ok": True, "result": [{"update_id": None, "message": {"text": MEGABYTE}}]}), 200),
        (json.dumps({"ok": MEGABYTE, "result": []}), 200),
        (json.dumps({"ok": False, "error_code": 502, "description": MEGABYTE}), 502),
    ],
    ids=["a page", "one word", "no list", "no number", "no answer", "a long description"],
)
async def test_an_answer_that_cannot_be_parsed_is_logged_in_one_short_line(
    body: str, status: int, logged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log_as_a_process(logged)
    good = web.json_response({"ok": True, "result": [{"update_id": 12}]})
    found = await fetching([web.Response(text=body, status=status), good])
    assert [update.update_id for update in found] == [12]
    lines = capsys.readouterr().err.splitlines()
    (line,) = [line for line in lines if "Failed to fetch updates" in line]
    assert line.startswith("{") is (logged == "json")
    assert len(line) < 400
    assert sum(map(len, lines)) < 2000


async def test_a_handler_that_fails_at_such_an_answer_leaves_no_more_in_the_log(
    logged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log_as_a_process(logged)
    session = DepartureSession()
    for body in (f"<html>{MEGABYTE}", json.dumps({"ok": True, "result": {"text": MEGABYTE}})):
        with pytest.raises(UnreadableAnswer) as failed:
            session.check_response(Bot("42:test", session=session), SendMessage(chat_id=1, text="x"), 200, body)
        assert certainty_of(Effect.CREATES_ONE, failed.value) is Certainty.UNKNOWN
        structlog.get_logger("tollgate.intake").error("update.failed", exc_info=failed.value)
    said = capsys.readouterr().err
    assert said.count("departures.UnreadableAnswer: ") == 2, logged
    assert len(repr(failed.value)) < 200
    assert said.count(WRITTEN.strip()) <= 5
