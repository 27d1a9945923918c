"""Sessions on the admin page, in a real browser: an owner sees everybody's, ends one and then all of their own."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from core.team.admins import Role
from database.operations.team import open_session_ops
from tests.journeys.admin_scene import admin_scene
from tests.journeys.admin_visits import is_in, page_at
from tests.journeys.browser import SIZES, look
from tests.web.auth.signing import EDITOR, add_admin

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.mark.parametrize("size", SIZES)
async def test_an_owner_ends_a_stolen_session_and_then_their_own(size: str) -> None:
    async with admin_scene() as scene, page_at(size, scene) as page, page_at("desk", scene) as thief:
        await add_admin(scene.db, EDITOR, Role.EDITOR)
        await thief.goto(await scene.link(EDITOR))
        await is_in(thief)
        await page.goto(await scene.link())
        await is_in(page)
        await page.get_by_role("link", name="Sessions").click()
        await expect(page.get_by_role("heading", name="Sessions")).to_be_focused()
        await expect(page.locator("tr[data-key]")).to_have_count(2)
        await look(page, f"sessions-{size}")
        await page.get_by_role("button", name=f"End the session of {EDITOR}").click()
        await expect(page.locator("#said")).to_contain_text("The session is ended")
        await expect(page.locator("tr[data-key]")).to_have_count(1)
        await thief.get_by_role("link", name="Schedule").click()
        await expect(thief.get_by_role("heading", name="Your session has ended")).to_be_visible()
        # another browser of the owner, which the page does not know of
        scene.clock.move(timedelta(seconds=1))
        await page.get_by_role("button", name="End all mine").click()
        await page.get_by_role("dialog").get_by_role("button", name="End them").click()
        await expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
        assert await open_session_ops.listed(scene.clock.now()) == []


async def test_an_editor_sees_only_their_own() -> None:
    async with admin_scene() as scene, page_at("phone", scene) as page, page_at("desk", scene) as owner:
        await add_admin(scene.db, EDITOR, Role.EDITOR)
        await owner.goto(await scene.link())
        await is_in(owner)
        await page.goto(await scene.link(EDITOR))
        await is_in(page)
        await page.get_by_role("link", name="Sessions").click()
        await expect(page.locator("tr[data-key]")).to_have_count(1)
        await expect(page.locator("tr[data-key]")).to_contain_text("this one")
