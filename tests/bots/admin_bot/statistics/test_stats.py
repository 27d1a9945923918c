"""/stats: the numbers of each period and the lists behind them, from counts and not from rows that changed since."""

import asyncio
from datetime import timedelta

import pytest
from aiogram.methods import EditMessageText, SendDocument, SendMessage
from aiogram.types import BufferedInputFile

from core.days import start_of_day
from core.statistics import Count, TopPost
from core.statistics.events import Step
from core.users import Visitor
from database.operations import statistics_ops, user_ops
from database.operations.counting import post_days, tries
from database.operations.counting.batches import count_events
from database.operations.posts import post_ops
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.faults import away_at
from tests.bots.admin_bot.standstill import settle
from tests.bots.admin_bot.statistics.charts import Pencil, albums, charts, counted, the_text
from tests.bots.admin_bot.telegram import bad_request
from views.screen_limits import fits
from views.statistics import texts


@pytest.fixture
def pencil(admin: AdminBot) -> Pencil:
    pencil = Pencil()
    charts(admin)._draw = pencil
    return pencil


async def try_post(admin: AdminBot, users: int, **post: str) -> str:
    """A post that so many subscribers get today, by a link with a source."""
    made = await post_ops.create(
        title=post.get("title", "Spring <album>"),
        storage_chat_id=-1,
        message_ids=[1],
        created_by=1,
        created_at=admin.clock.now(),
    )
    day = start_of_day(admin.clock.now(), admin.data["zone"])
    for user_id in range(1, users + 1):
        await tries.step_up(user_id, made.code, day, Step.DELIVERED, "insta")
    await tries.step_up(users + 1, made.code, day, Step.TRIED, "insta")
    while await count_events(admin.data["zone"], 500):
        pass
    return made.code


# --- numbers


async def test_the_numbers_of_each_period_against_the_one_before(admin: AdminBot, pencil: Pencil) -> None:
    for user_id in (1, 2):
        await user_ops.upsert_visitor(Visitor(user_id=user_id, first_name="Ann"), admin.clock.now())
    for days_ago in (0, 1, 6, 7, 29, 30, 95):
        await counted(admin, days_ago, active_7=1, active_30=4, active_users=2, too_fast=5, mended=2)
    await try_post(admin, 7)
    await admin.say("/stats")
    assert the_text(admin).splitlines() == [
        "<b>Last 7 days</b>, against the 7 before",
        "Subscribers 2 (+17, 0 blocked)",
        "Active 2 ▲100 %",
        "Tries 158 → joined 142 → unlocked 133 → delivered 127 (80 %)",
        "Unlocks 81, too fast 9 (10 %)",
        "Announcements 0 · broadcasts 3 reached 4,500",
        "Most wanted: \u2068Spring &lt;album&gt;\u2069 7",
    ]
    for button, lines in {
        "Today": ("<b>Today</b>, against all of yesterday", "Subscribers 2 (+7, 0 blocked)", "Active 2, as before"),
        "30": ("<b>Last 30 days</b>, against the 30 before", "Subscribers 2 (+27, 0 blocked)", "Active 2 ▼50 %"),
        "All": ("<b>All days</b>", "Subscribers 2 (+37, 0 blocked)", "Active 2 in the last 30 days"),
    }.items():
        await admin.press(button)
        assert tuple(the_text(admin).splitlines()[:3]) == lines
    assert len(admin.world.screens) == 1, "the same message"


async def test_the_numbers_of_a_year_cost_five_commands(admin: AdminBot, pencil: Pencil) -> None:
    for days_ago in range(0, 365, 60):
        await counted(admin, days_ago)
    await try_post(admin, 2)
    for period in ("today", "7", "30", "all"):
        admin.database.calls.clear()
        await admin.callback(f"sn:o:{period}:0")
        assert {name: count for name, count in admin.database.calls.items() if "admin" not in name} == {
            "find daily_stats": 1,
            "count users": 3,
            "aggregate post_days": 1,
        }


async def test_an_empty_house_shows_no_percentage_and_nothing_to_draw(admin: AdminBot, pencil: Pencil) -> None:
    await admin.say("/stats")
    assert the_text(admin).splitlines() == [
        "<b>Last 7 days</b>, against the 7 before",
        "Subscribers 0 (+0, 0 blocked)",
        "Active 0",
        "No tries",
        "Unlocks 0, too fast 0",
        "Announcements 0 · broadcasts 0 reached 0",
    ]
    await admin.press("Picture")
    assert albums(admin) == []
    assert admin.toasts[-1] == texts.nothing_to_draw()


async def test_days_of_an_older_version_are_told_from_counted_ones(admin: AdminBot, pencil: Pencil) -> None:
    today = start_of_day(admin.clock.now(), admin.data["zone"])
    await statistics_ops.add_once(today - timedelta(days=3), "old", {"deliveries": 40, "new_users": 3})
    await try_post(admin, 1)
    await admin.say("/stats")
    assert "Tries 2 →" in the_text(admin)
    date = today.astimezone(admin.data["zone"])
    since = f"Tries, unlocks and announcements are counted since {date.day} {date:%B %Y}."
    assert the_text(admin).splitlines()[-1] == since
    await admin.press("Today")
    assert "counted since" not in the_text(admin)


async def test_the_longest_numbers_and_titles_fit(admin: AdminBot, pencil: Pencil) -> None:
    zone, now = admin.data["zone"], admin.clock.now()
    huge = dict.fromkeys(Count, 10**15)
    posts = [TopPost(code="A" * 16, title="<&\U0001f600" * 200, deliveries=10**12)] * 10
    assert await statistics_ops.write_day(start_of_day(now, zone), 1, now, huge, posts=posts)
    await try_post(admin, 1, title="<&\U0001f600" * 200)
    await admin.say("/stats")
    assert fits(the_text(admin))


# --- the screens behind


async def test_posts_by_what_was_delivered_and_one_of_them(admin: AdminBot, pencil: Pencil) -> None:
    for number in range(1, 8):
        await try_post(admin, number, title=f"Post {number}")
    await admin.say("/stats")
    await admin.press("Posts")
    shown = [button for button in admin.buttons() if button.startswith("Post ")]
    assert shown == [f"Post {number} · {number}" for number in (7, 6, 5, 4, 3)]
    await admin.press("Next ›")
    assert [button for button in admin.buttons() if button.startswith("Post ")] == ["Post 2 · 2", "Post 1 · 1"]
    await admin.press("Post 2 · 2")
    assert admin.last_text.splitlines() == [
        "<b>Post 2 · \u2068Post 2\u2069</b> · last 7 days",
        "3 tries: a subscriber, a post, a day",
        "stopped at the required channels: 1 (33 %)",
        "stopped at unlocking: 0 (0 %)",
        "did not arrive whole: 0 (0 %)",
        "delivered: 2 (67 %)",
        "Opened 0 times since it was made",
    ]
    await admin.press("‹ Posts")
    assert "Post 2 · 2" in admin.buttons()


async def test_a_post_that_is_gone_leads_to_the_list(admin: AdminBot, pencil: Pencil) -> None:
    code = await try_post(admin, 1)
    await admin.database.collection("posts").delete_many({"code": code})
    await admin.say("/stats")
    await admin.press("Posts")
    await admin.press("No title · 1")
    assert "No title · 1" in admin.buttons()


async def test_where_they_stop_sources_and_shorteners(admin: AdminBot, pencil: Pencil) -> None:
    await try_post(admin, 2)
    await admin.say("/stats")
    await admin.press("Where they stop")
    assert "stopped at the required channels: 1 (33 %)" in admin.last_text
    await admin.press("All")
    assert admin.last_text.startswith("<b>Where they stop</b> · All")
    await admin.press("‹ Statistics")
    await admin.press("Sources")
    assert admin.last_text.splitlines()[-1] == "\u2068insta\u2069: +0, tries 3, delivered 2"
    await admin.press("‹ Statistics")
    await admin.press("Shorteners")
    assert "None. Subscribers unlock on your own page; you earn nothing." in admin.last_text


async def test_the_numbers_of_a_card_show_the_steps(admin: AdminBot, pencil: Pencil) -> None:
    code = await try_post(admin, 2)
    found = await post_days.of_post(code, admin.clock.now() - timedelta(days=2), admin.clock.now())
    assert (found.tries, found.delivered) == (3, 2)


async def test_the_file_has_a_line_for_each_day(admin: AdminBot, pencil: Pencil) -> None:
    await counted(admin, 2)
    await try_post(admin, 2)
    await admin.say("/stats")
    await admin.press("CSV")
    (call,) = admin.world.of(SendDocument)
    assert isinstance(call.document, BufferedInputFile) and str(call.document.filename).endswith(".csv")
    header, *lines = call.document.data.decode("utf-8-sig").splitlines()
    assert header.startswith("date,users,new_users,newly_blocked,active_users,active_7,active_30,tries,")
    assert len(lines) == 2
    assert lines[1].split(",")[7:11] == ["3", "2", "2", "2"]


# --- forged buttons and outages


@pytest.mark.parametrize(
    "data", ["sp:8", "sp:-7", "sp:x", "sp:", "sp", "sp:7:1", "sn:8", "sn:o:7:-1", "sn:z:7:0", "csv:90", "snp:x:7:x"]
)
async def test_forged_buttons_draw_and_send_nothing(admin: AdminBot, pencil: Pencil, data: str) -> None:
    await counted(admin, 0)
    await admin.callback(data)
    await settle()
    assert len(admin.toasts) == 1
    assert admin.toasts[0]
    assert pencil.drawn == []
    assert admin.world.of(SendDocument) == []


@pytest.mark.parametrize("event", ["/stats", "sn:p:7:0"])
async def test_a_database_outage_at_any_call_delays_the_answer(admin: AdminBot, pencil: Pencil, event: str) -> None:
    await try_post(admin, 1)
    number = 0
    while True:
        refuse, calls = away_at(number)
        admin.database.before_call = refuse
        act = admin.say(event) if event.startswith("/") else admin.callback(event)
        doing = asyncio.create_task(act)
        await admin.time.move(1)
        await doing
        admin.database.before_call = None
        assert "Most wanted" in admin.last_text or "Spring" in str(admin.buttons())
        if len(calls) <= number:
            break
        number += 1
    assert number > 0


async def test_a_deleted_message_is_replaced_by_a_new_one(admin: AdminBot, pencil: Pencil) -> None:
    await admin.say("/stats")
    admin.world.fail(EditMessageText, bad_request("message to edit not found"))
    await admin.press("30")
    assert admin.world.of(SendMessage)[-1].chat_id == OWNER.id
    assert "Last 30 days" in admin.last_text
