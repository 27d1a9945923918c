"""Posts, schedule and statistics on the admin page in a real browser: what the team sees, presses and types."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from core.announcements import Announcement, AnnouncementState
from core.posts import PostField, PostStatus
from database.operations import announcement_ops, audit_ops
from database.operations.posts import post_ops
from tests.journeys.admin_scene import Scene, admin_scene
from tests.journeys.admin_visits import is_in, page_at
from tests.journeys.browser import SIZES, look
from tests.journeys.posts.scene import MARKUP, RTL, make_posts
from tests.web.auth.signing import EDITOR, OWNER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def come(page: Page, scene: Scene, view: str, user_id: int = OWNER) -> None:
    """Sign in by a link and open a view."""
    await page.goto(await scene.link(user_id))
    await is_in(page)
    await page.get_by_role("link", name=view, exact=True).click()
    await expect(page.get_by_role("heading", name=view, level=2)).to_be_visible()


async def look_at_both(page: Page, name: str) -> None:
    """Look at the page on a phone and on a desk."""
    for size in ("phone", "desk"):
        width, height = SIZES[size]
        await page.set_viewport_size({"width": width, "height": height})
        await look(page, name)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").splitlines()


async def planned() -> list[Announcement]:
    return (await announcement_ops.find_planned(limit=20))[0]


async def test_a_post_is_found_renamed_published_and_removed() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        tulips = await make_posts(scene)
        await come(page, scene, "Posts")
        # what people typed is text, in every direction
        await expect(page.get_by_role("link", name=MARKUP)).to_be_visible()
        await expect(page.get_by_role("link", name=RTL)).to_be_visible()
        await look_at_both(page, "posts")
        await page.get_by_label("Words from title or text").fill("tul")
        await page.get_by_role("button", name="Search").click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_role("link", name="Tulips").click()
        await expect(page.get_by_role("heading", name="Post 9 · Tulips")).to_be_focused()
        # another member is faster
        title = page.get_by_label("Title", exact=True)
        await title.fill("Mine")
        now = scene.clock.now()
        await post_ops.set_option(tulips.code, PostField.TITLE, "Theirs", expected="Tulips", by=1, at=now)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Somebody changed this a moment ago. Yours is not saved.")).to_be_visible()
        await expect(page.get_by_role("heading", name="Post 9 · Theirs")).to_be_visible()
        await page.get_by_role("button", name="Save mine").click()
        await expect(page.get_by_role("heading", name="Post 9 · Mine")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("heading", name="Post 9 · Theirs")).to_be_visible()
        await look_at_both(page, "post")
        await page.get_by_role("button", name="Remove", exact=True).click()
        await expect(page.get_by_text("Post 9 is removed.")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("Post 9 is live again.")).to_be_visible()
        found = await post_ops.find(tulips.code)
        assert found is not None
        assert (found.status, found.title) == (PostStatus.LIVE, "Theirs")


async def test_an_announcement_is_shown_while_it_is_typed_and_put_on_the_schedule() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        tulips = await make_posts(scene)
        await come(page, scene, "Posts")
        await page.get_by_role("link", name="Tulips").click()
        await page.get_by_role("link", name="Publish", exact=True).click()
        await page.get_by_label("The Greenhouse").uncheck()
        text, send = page.get_by_role("textbox", name="Text"), page.locator(".send button")
        await text.fill("Red <b>and</b> yellow <img src=x>")
        await page.clock.fast_forward(400)
        await expect(page.get_by_text("<img> is no tag Telegram knows")).to_be_visible()
        await expect(page.locator(".message img")).to_have_count(0)
        await text.fill("Red <b>and</b> yellow")
        await page.clock.fast_forward(400)
        await expect(page.locator(".message b")).to_have_text("and")
        await expect(page.get_by_text("14 of 4,096 characters")).to_be_visible()
        await page.get_by_label("Another time").check()
        await expect(send).to_have_text("Choose a time first.")
        await page.get_by_label("Tomorrow 09:00").check()
        await look_at_both(page, "publish")
        await page.get_by_role("button", name="Schedule for 2026-11-24 09:00 in 1 channel").click()
        await expect(page.get_by_role("heading", name="What became of it")).to_be_focused()
        (row,) = await announcement_ops.find_of_post(tulips.code)
        assert (row.text, row.state) == ("Red <b>and</b> yellow", AnnouncementState.PLANNED)
        assert row.publish_at.isoformat() == "2026-11-24T08:00:00+00:00"
        assert row.url == f"https://t.me/gate_bot?start=p_{tulips.code}-s_ch1"
        assert await page.title() == "Publish post 9 · Tollgate"


async def test_the_schedule_is_moved_by_keyboard_and_by_dragging_and_what_needs_a_person_is_asked_about() -> None:
    async with admin_scene() as scene, page_at("desk", scene, "dark") as page:
        await make_posts(scene)
        await come(page, scene, "Schedule")
        await look_at_both(page, "schedule")
        entry = page.get_by_role("button", name=re.compile("24 November 2026 at 18:00, Spring album"))
        await entry.focus()
        await page.keyboard.press("Enter")
        box = page.get_by_role("dialog", name="Spring album")
        await box.get_by_label("New time").fill("2020-01-01T09:00")
        await box.get_by_role("button", name="Move").press("Enter")
        await expect(box.get_by_text("has passed")).to_be_visible()
        await look_at_both(page, "schedule-item")
        await box.get_by_label("New time").fill("2026-11-25T09:30")
        await box.get_by_role("button", name="Move").press("Enter")
        await expect(page.get_by_text("Moved to 25 Nov, 09:30.")).to_be_visible()
        assert (await planned())[0].publish_at.isoformat() == "2026-11-25T08:30:00+00:00"
        moved = page.get_by_role("button", name=re.compile("25 November 2026 at 09:30"))
        await moved.drag_to(page.locator('[data-day="2026-11-27"]'))
        await expect(page.get_by_text("Moved to 27 Nov, 09:30.")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()
        await moved.click()
        await page.get_by_role("dialog").get_by_role("button", name="Off the schedule").click()
        await expect(page.get_by_text("It is off the schedule.")).to_be_visible()
        assert len(await planned()) == 3
        await page.get_by_role("button", name="Undo").click()
        await expect(moved).to_be_visible()
        assert len(await planned()) == 4
        done = {entry.action for entry in await audit_ops.last(9)}
        assert done >= {"announcement.moved", "announcement.off_schedule", "announcement.undone"}
        needs, question = page.get_by_role("region", name="Needs you"), page.locator("#confirm")
        await needs.get_by_role("button", name="Publish now").click()
        await expect(question).to_contain_text("The Greenhouse now?")
        await question.get_by_role("button", name="Publish now").click()
        await expect(needs).to_be_hidden()
        assert [one.state for one in await planned() if one.is_now] == [AnnouncementState.PLANNED]


async def test_statistics_are_a_funnel_a_chart_and_a_file_and_of_posts_only_for_an_editor() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await make_posts(scene)
        await come(page, scene, "Statistics")
        await expect(page.locator("[data-tile=subscribers] b")).to_have_text("1,284")
        week = await page.locator("[data-tile=delivered] b").inner_text()
        await page.get_by_role("button", name="30 days").click()
        await expect(page.locator("[data-tile=delivered] b")).not_to_have_text(week)
        await expect(page.locator(".chart rect")).to_have_count(30)
        chart = page.get_by_role("img", name=re.compile("Delivered a day from 25 Oct to 23 Nov: least"))
        await expect(chart).to_be_visible()
        await look_at_both(page, "statistics")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="CSV").click()
        lines = await asyncio.to_thread(_lines, await (await download.value).path())
        assert (lines[0].split(",")[:2], len(lines)) == (["date", "users"], 31)
        await page.context.clear_cookies()
        await page.goto("about:blank")
        await come(page, scene, "Statistics", EDITOR)
        names = page.get_by_role("navigation").get_by_role("link")
        await expect(names).to_have_text(["Posts", "Schedule", "Statistics", "Sessions"])
        await expect(page.get_by_role("heading", level=3)).to_have_text(["Posts"])
        await page.get_by_role("link", name="Spring album").click()
        await expect(page.get_by_text("Editors remove own posts only.")).to_be_visible()
        await expect(page.locator(".funnel").get_by_text("70%")).to_be_visible()
