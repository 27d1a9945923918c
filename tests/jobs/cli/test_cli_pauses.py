"""The command line heeds the pauses of both bots, and stores its own."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiogram.exceptions import TelegramRetryAfter
from pydantic import SecretStr

from core.clock import Clock, SystemClock
from core.errors import StoreUnavailable
from core.timing.job_times import JobTimes
from database.connection import Database
from database.operations import pause_ops
from schedulers import bots
from schedulers.run_once import JobConfig, open_schedulers
from sender.limiting.limits import EVERY_CHAT

USER_BOT, ADMIN_BOT, HOUR = 1002, 1001, timedelta(hours=1)


@pytest.fixture
def clock() -> Clock:
    return SystemClock()


@pytest.fixture
def config(tmp_path: Path) -> JobConfig:
    return JobConfig(
        zone=ZoneInfo("UTC"), times=JobTimes(), batch_size=1, timeout_s=1, pause_ms=0, data_dir=tmp_path,
        backup_keep=1,
        user_token=SecretStr("1002:user"), admin_token=SecretStr("1001:admin"), owner_ids=(5,),
        api_url="http://127.0.0.1:9", alert_webhook_url=SecretStr(""), rate_per_s=30, bulk_rate_per_s=29,
    )  # fmt: skip


@pytest.mark.parametrize("chat", [7, EVERY_CHAT])
async def test_stored_pauses_hold_its_first_call(
    db: Database, clock: Clock, config: JobConfig, chat: int | str
) -> None:
    for bot_id in (USER_BOT, ADMIN_BOT):
        await pause_ops.record(bot_id, chat, clock.now() + HOUR, clock.now())
    async with bots.telegram(config) as telegram:
        assert telegram.owners is not None
        for bot in (telegram.user_bot, telegram.owners.admin_bot):
            with pytest.raises(TelegramRetryAfter, match="not sent"):
                await bot.delete_message(7, 1)


async def test_its_own_pauses_are_stored_at_the_latest_when_it_ends(
    db: Database, clock: Clock, config: JobConfig
) -> None:
    async with bots.telegram(config) as telegram:
        assert telegram.owners is not None
        limiter = telegram.owners.user_limiter
        assert limiter.on_pause is not None
        limiter.on_pause(7, 3600.0)
    assert [pause.chat for pause in await pause_ops.load(USER_BOT, clock.now())] == [7]


async def test_a_database_that_is_away_is_told_before_any_job_runs(
    db: Database, config: JobConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> list[object]:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(db.collection("send_pauses"), "find", gone)
    with pytest.raises(StoreUnavailable):
        async with open_schedulers(["message_deleter"], config):
            pytest.fail("it must not begin")
