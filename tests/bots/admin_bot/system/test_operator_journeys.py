"""An operator's commands against the sandbox: what Telegram accepts, and real pictures."""

from typing import Any

import pytest

from core.days import start_of_day
from core.jobs import JobOutcome, RunReport
from core.statistics import Count
from database.operations import login_ops, run_ops, statistics_ops
from database.operations.counting import post_days
from schedulers import registry
from tests.bots.admin_bot.standstill import Time
from tests.house import ADMIN_BOT, OLIVE, House, running_house

Json = dict[str, Any]
BASE = "https://tollgate.example.org"


@pytest.fixture
def time(house: House) -> Time:
    """The pause between edits passes only when the test moves it."""
    time = Time()
    house.clock.in_tasks |= dict.fromkeys(("album ", "status ", "following "), time.sleep)
    return time


def shown(seen: Json) -> Json:
    """The last text message of the bot."""
    message: Json = [one for one in seen["messages"] if one["outgoing"] and one.get("text")][-1]
    return message


def labels(message: Json) -> list[str]:
    return [button["text"] for row in message["reply_markup"]["inline_keyboard"] for button in row]


async def failed(house: House, job: str) -> None:
    began = house.base.clock.now()
    run_id = await run_ops.start_run(job, began, "another-machine", began)
    assert run_id is not None
    report = RunReport(
        job, JobOutcome.FAILED, None, began, house.base.clock.now() - began, error="<b>&\x00\u202e" * 400
    )
    assert await run_ops.finish_run(run_id, report)


async def test_telegram_accepts_the_list_and_every_screen_with_the_longest_errors(house: House, time: Time) -> None:
    for job in registry.JOB_NAMES:
        await failed(house, job)
    await house.olive.text(ADMIN_BOT, "/jobs")
    seen = await house.olive.wait(ADMIN_BOT, contains="Jobs, as of")
    listed = [label for label in labels(shown(seen)) if "failed" in label]
    assert len(listed) == 6
    await house.olive.press(ADMIN_BOT, next(label for label in listed if label.startswith("Clean up unlocks")))
    await house.olive.wait(ADMIN_BOT, contains="Last error")
    await house.olive.press(ADMIN_BOT, "Pause")
    await house.olive.wait(ADMIN_BOT, contains="Pause Clean up unlocks?")
    await house.olive.press(ADMIN_BOT, "Pause Clean up unlocks")
    await house.olive.wait(ADMIN_BOT, contains="no run begins by itself")
    await house.olive.press(ADMIN_BOT, "Resume")
    await house.olive.wait(ADMIN_BOT, contains="next ")
    await house.olive.press(ADMIN_BOT, "‹ Jobs")
    await house.olive.wait(ADMIN_BOT, contains="Jobs, as of")


async def test_real_pictures_arrive_as_one_album_of_four(house: House) -> None:
    now = house.base.clock.now()
    today = start_of_day(now, house.base.settings.zone)
    post = await house.store(title="Rome & <b>")
    await post_days.add(1, {(post.code, today): {"delivered": 3}})
    assert await statistics_ops.write_day(today, 1, now, dict.fromkeys(Count, 5))
    await house.olive.text(ADMIN_BOT, "/stats")
    seen = await house.olive.wait(ADMIN_BOT, contains="Rome & <b>")
    assert labels(shown(seen))[:4] == ["Today", "7", "30", "All"]
    await house.olive.press(ADMIN_BOT, "Picture")
    seen = await house.olive.wait(ADMIN_BOT, contains="The last 7 days")
    photos = [one for one in seen["messages"] if one.get("photo")]
    assert len(photos) == 4
    assert len({one["media_group_id"] for one in photos}) == 1


async def test_telegram_accepts_the_link_and_the_menu_button() -> None:
    async with running_house(timers=False, PUBLIC_BASE_URL=BASE) as house:
        await house.olive.text(ADMIN_BOT, "/admin")
        seen = await house.olive.wait(ADMIN_BOT, contains="signs you in")
        here, link = (button for row in shown(seen)["reply_markup"]["inline_keyboard"] for button in row)
        assert here["web_app"]["url"] == f"{BASE}/admin"
        address, _, code = link["url"].partition("#")
        assert address == f"{BASE}/admin"
        assert shown(seen)["has_protected_content"] is True
        assert await login_ops.redeem(code, house.base.clock.now()) == OLIVE
        (call,) = await house.world.calls(method="setChatMenuButton", bot=ADMIN_BOT)
        assert call["status"] == 200


async def test_telegram_accepts_the_message_without_a_public_address(house: House) -> None:
    await house.olive.text(ADMIN_BOT, "/admin")
    seen = await house.olive.wait(ADMIN_BOT, contains="PUBLIC_BASE_URL is not set")
    copied = (await house.olive.press(ADMIN_BOT, "Copy it"))["copied"]
    assert copied in shown(seen)["text"]


async def test_backup_is_asked_for_and_followed(house: House, time: Time) -> None:
    await house.olive.text(ADMIN_BOT, "/backup")
    seen = await house.olive.wait(ADMIN_BOT, contains="backups")
    assert "Refresh" in labels(shown(seen))
