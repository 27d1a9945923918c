"""The admin page in a real browser, over the real API and an in-memory store: what owners see and press."""

import re
from datetime import timedelta

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.async_api import Route, expect

from core.errors import StoreUnavailable
from core.jobs import JobOutcome
from database.operations import audit_ops, lease_ops, run_ops
from tests.journeys.admin_scene import admin_scene
from tests.journeys.admin_visits import come_in, half_a_minute, is_in, page_at, row_of
from tests.journeys.browser import SIZES, look
from tests.web.auth.signing import MANAGER, OWNER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
THEMES = ("light", "dark")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
async def test_an_owner_signs_in_by_a_link_and_sees_the_jobs(size: str, theme: str) -> None:
    async with admin_scene() as scene, page_at(size, scene, theme) as page:
        await come_in(page, scene)
        cleanup = row_of(page, "token_cleanup")
        await expect(cleanup.locator(".next-time")).to_have_text("24 Nov, 00:00")
        await expect(cleanup.locator(".outcome")).to_have_text("succeeded")
        await expect(cleanup.locator(".last-time")).to_have_text("12:00")
        await expect(cleanup.locator(".counts")).to_have_text("tokens 318")
        await expect(row_of(page, "backup").locator(".wrong")).to_contain_text("No space left on device")
        assert await page.title() == "System · Tollgate"
        await look(page, f"admin-{theme}")
        # the link works only once
        await page.context.clear_cookies()
        await page.reload()
        await expect(page.get_by_role("heading", name="Open me from the admin bot: /admin")).to_be_visible()
        await look(page, f"admin-door-{theme}")


async def test_a_job_run_by_keyboard_shows_its_result() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await come_in(page, scene)
        row = row_of(page, "token_cleanup")
        run = row.get_by_role("button", name="Run now: Clean up unlocks")
        while not await run.evaluate("node => node === document.activeElement"):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(row.locator(".said")).to_have_text("Asked for: it begins in a moment.")
        await expect(row.locator(".outcome")).to_have_text("waiting to begin")
        await page.keyboard.press("Space")  # a second press adds no second run request
        await expect(run).to_be_focused()
        assert await scene.run_what_is_asked_for() == 1
        await page.clock.fast_forward(2_100)
        await expect(row.locator(".said")).to_have_text("succeeded: tokens 318")
        await expect(row.locator(".last-took")).to_contain_text(f"asked for by {OWNER}")
        await expect(run).to_be_focused()
        (ran, *_) = await run_ops.last_runs(1, "token_cleanup")
        assert ran.requested_by == OWNER
        assert {(entry.action, entry.target) for entry in await audit_ops.last(5)} >= {("job.run", "token_cleanup")}


async def test_a_failed_run_shows_its_error_next_to_its_button() -> None:
    async with admin_scene() as scene, page_at("phone", scene) as page:
        await come_in(page, scene)
        row = row_of(page, "backup")
        await row.get_by_role("button", name="Run now").tap()
        await expect(row.locator(".outcome")).to_have_text("waiting to begin")
        await scene.run_what_is_asked_for(JobOutcome.FAILED, "OSError: the disk is full")
        await page.clock.fast_forward(2_100)
        await expect(row.locator(".said.bad")).to_have_text("failed: OSError: the disk is full")
        await look(page, "admin-failed")


async def test_a_pause_needs_confirmation_and_can_be_resumed() -> None:
    async with admin_scene() as scene, page_at("phone", scene) as page:
        await come_in(page, scene, MANAGER)
        row, question = row_of(page, "housekeeping"), page.get_by_role("dialog", name="Pause the job “Tidy”?")
        await row.get_by_role("button", name="Pause: Tidy").tap()
        await expect(question).to_be_visible()
        await look(page, "admin-pause")
        await page.keyboard.press("Escape")
        await expect(question).to_be_hidden()
        assert await lease_ops.find("housekeeping") is None
        await row.get_by_role("button", name="Pause: Tidy").tap()
        await question.get_by_role("button", name="Pause it").tap()
        await expect(row.locator(".next-time")).to_have_text("paused")
        await expect(row.locator(".next-distance")).to_have_text(f"by {MANAGER}")
        await look(page, "admin-paused")
        lease = await lease_ops.find("housekeeping")
        assert lease is not None
        assert lease.paused_by == MANAGER
        await row.get_by_role("button", name="Resume: Tidy").tap()
        await expect(row.locator(".said")).to_have_text("Resumed.")
        await expect(row.locator(".next-time")).to_have_text("24 Nov, 03:00")


async def test_a_refresh_changes_only_the_elements_whose_values_changed() -> None:
    """Unchanged elements are neither redrawn, nor read out again, nor replaced under the pointer."""
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await come_in(page, scene)
        await page.evaluate("""() => {
            window.touched = [];
            const node = ({ target }) => (target.nodeType === Node.TEXT_NODE ? target.parentElement : target);
            const watch = (records) => touched.push(...records.map(node).map((one) => one.id || one.className));
            new MutationObserver(watch).observe(document.body,
                { subtree: true, childList: true, characterData: true, attributes: true });
        }""")
        scene.clock.move(timedelta(minutes=1))
        await half_a_minute(page)
        await expect(page.locator("#view-system > .line .aside")).to_have_text("Last updated 14:42")
        touched = set(await page.evaluate("touched"))
        assert touched == {"aside", "next-time", "next-distance note"}


async def test_a_hidden_page_sends_no_requests() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await come_in(page, scene)
        await page.evaluate("""() => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => window.isAway });
            window.isAway = true;
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for _ in range(4):
            await half_a_minute(page)
        assert asked == []
        scene.clock.move(timedelta(minutes=2))
        await page.evaluate("window.isAway = false; document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.get_by_text("Last updated 14:43")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
async def test_an_outage_shows_a_banner_until_the_server_answers_again(size: str) -> None:
    async with admin_scene() as scene, page_at(size, scene) as page:
        await come_in(page, scene)
        banner = page.locator("#banner")

        def away(*_: str) -> None:
            raise StoreUnavailable("gone")

        scene.db.before_call = away
        await half_a_minute(page)
        await expect(banner).to_contain_text("The database does not answer.")
        await look(page, "admin-away")
        row = row_of(page, "backup")
        await row.get_by_role("button", name="Run now").click()
        await expect(row.locator(".said.bad")).to_contain_text("The database does not answer.")
        scene.db.before_call = None
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Try now").click()
        await expect(banner).to_contain_text("The server does not answer.")
        await page.context.set_offline(False)
        await half_a_minute(page)
        await expect(banner).to_be_hidden()


async def test_an_expired_session_shows_only_how_to_sign_in_again() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await come_in(page, scene)
        scene.clock.move(timedelta(minutes=16))
        await half_a_minute(page)
        await expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
        await expect(page.get_by_role("navigation")).to_be_hidden()
        assert await page.locator("tr[data-job]").count() == 0
        await look(page, "admin-ended")
        # the new link differs only in its fragment, so the browser does not reload the page
        await page.goto(await scene.link())
        await is_in(page)


async def test_signing_out_ends_the_session_on_the_server() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await come_in(page, scene)
        kept = await page.context.cookies()
        assert [(cookie["name"], cookie["httpOnly"], cookie["sameSite"]) for cookie in kept] == [
            ("tollgate_session", True, "Strict")
        ]
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert await page.context.cookies() == []
        old: SetCookieParam = {"name": "tollgate_session", "value": kept[0]["value"], "url": scene.address}
        await page.context.add_cookies([old])
        await page.reload()
        await expect(page.get_by_role("heading", name="Open me from the admin bot: /admin")).to_be_visible()


async def test_a_link_opened_where_a_session_stands_is_used_up() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await come_in(page, scene)
        link = await scene.link()
        await page.goto("about:blank")
        await page.goto(link)
        await is_in(page)
        # whoever finds the link later, in another browser, gets nothing by it
        async with page_at("phone", scene) as other:
            await other.goto(link)
            await expect(other.get_by_role("heading", name="This link does not work any more")).to_be_visible()
        # and here it does no harm
        await page.goto("about:blank")
        await page.goto(link)
        await is_in(page)


async def test_an_address_that_cannot_be_read_opens_the_first_part() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await come_in(page, scene)
        await page.evaluate("location.hash = '#posts/100%'")
        await expect(page.locator("#view-subscribers h2")).to_be_visible()
        assert page.url.endswith("#subscribers")


@pytest.mark.parametrize("what", ["used", "old", "made up"])
async def test_an_invalid_link_is_reported_as_such(what: str) -> None:
    async with admin_scene() as scene, page_at("phone", scene) as page:
        link = await scene.link()
        if what == "used":
            await page.goto(link)
            await is_in(page)
            await page.context.clear_cookies()
            await page.goto("about:blank")
        elif what == "old":
            scene.clock.move(timedelta(minutes=6))
        else:
            link = f"{scene.address}/admin#{'a' * 32}"
        await page.goto(link)
        await expect(page.get_by_role("heading", name="This link does not work any more")).to_be_visible()
        assert "#" not in page.url
        await look(page, f"admin-link-{what.replace(' ', '-')}")


async def test_the_mini_app_signs_in_with_its_init_data_once() -> None:
    async with admin_scene() as scene, page_at("phone", scene) as page:
        opened = scene.mini_app(MANAGER)
        await page.goto(opened)
        await is_in(page)
        # the same address does not sign in a second browser
        await page.context.clear_cookies()
        await page.goto("about:blank")
        await page.goto(opened)
        await expect(page.get_by_role("heading", name="This link does not work any more")).to_be_visible()


async def test_a_link_of_a_user_who_is_no_admin_is_refused() -> None:
    async with admin_scene() as scene, page_at("phone", scene) as page:
        await page.goto(await scene.link(user_id=666))
        await expect(page.get_by_role("heading", name="This page is for the team")).to_be_visible()


async def test_a_browser_that_refuses_cookies_is_signed_in_by_token() -> None:
    """Telegram in a browser shows the page in a frame, where our cookie is a third-party cookie and refused."""
    async with admin_scene() as scene, page_at("desk", scene) as page:
        tokens = 0

        async def without_cookie(route: Route) -> None:
            nonlocal tokens
            if route.request.method != "POST":
                await route.continue_()
                return
            tokens += 1
            answer = await route.fetch()
            await page.context.clear_cookies()  # the fetch has stored the cookie
            headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
            await route.fulfill(response=answer, headers=headers)

        await page.route(re.compile("/api/admin/session$"), without_cookie)
        await come_in(page, scene)
        assert (tokens, await page.context.cookies()) == (1, [])
        # a token expires after 15 minutes and is renewed by the first refresh in its last five
        for minutes, updated, asked_for in ((9, "14:50", 1), (2, "14:52", 2)):
            scene.clock.move(timedelta(minutes=minutes))
            await page.clock.fast_forward(minutes * 60_000)
            await expect(page.get_by_text(f"Last updated {updated}")).to_be_visible()
            await expect(page.locator("#banner")).to_be_hidden()
            assert (tokens, await page.context.cookies()) == (asked_for, [])
