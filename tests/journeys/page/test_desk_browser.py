"""Settings, broadcasts and system of the admin page in a real browser: what owners change there, and see of it."""

import json
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from core.broadcasts import Broadcast, BroadcastStatus, LinkButton, NewBroadcast
from core.settings.changes import Editor
from core.team.admins import Role
from database.operations import audit_ops, broadcast_ops, run_ops, settings_ops
from tests.journeys.admin_scene import NOW, Scene, admin_scene
from tests.journeys.admin_visits import enter, page_at
from tests.journeys.browser import look
from tests.web.auth.signing import MANAGER, OWNER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

BOB = Editor(MANAGER, "Bob")
MARKUP = '<img src=x onerror="document.title=1">'


async def test_settings_are_changed_undone_refused_and_kept_apart_from_a_colleague_s() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await enter(page, scene, OWNER, "settings")
        field = page.locator("[data-setting=delete_after_minutes]")
        await field.get_by_label("Auto-delete", exact=True).select_option(label="1 h")
        said = page.locator("#said")
        await expect(said).to_contain_text("Auto-delete is now 1 h.")
        await expect(field).to_contain_text(f"Changed by \u2068{OWNER}\u2069")
        await said.get_by_role("button", name="Undo").click()
        await expect(said).to_contain_text("It is as it was before.")
        assert (await settings_ops.load()).delete_after_minutes == 30
        # a typed value that breaks a rule is named at the field, which keeps it
        await field.get_by_label("Auto-delete", exact=True).select_option(label="Other …")
        own = field.get_by_label("Another value: Auto-delete")
        await own.fill("3 days")
        await own.press("Enter")
        await expect(field.get_by_role("alert")).to_contain_text("is a time from 1 min to 47 h")
        await expect(own).to_have_value("3 days")
        # Bob was faster: his value is said, mine is stored only when I say so
        await settings_ops.change_from("delete_after_minutes", 120, expected=30, by=BOB, at=scene.clock.now())
        await own.fill("45")
        await own.press("Enter")
        await expect(field.get_by_role("alert")).to_contain_text("Bob changed this to 2 h a moment ago.")
        await look(page, "settings-conflict")
        await field.get_by_role("button", name="Save mine").click()
        await expect(said).to_contain_text("Auto-delete is now 45 min.")
        assert (await settings_ops.load()).delete_after_minutes == 45
        await _choose_who_gets_posts(page)


async def _choose_who_gets_posts(page: Page) -> None:
    """What everybody feels is asked about first; a no leaves the old value in the list."""
    mode = page.get_by_label("Who gets posts", exact=True)
    await mode.select_option("pass")
    question = page.get_by_role("dialog", name="Change who gets posts?")
    await expect(question).to_contain_text("There is no shortener")
    await page.keyboard.press("Escape")
    await expect(mode).to_have_value("open")
    await mode.select_option("pass")
    await question.get_by_role("button", name="Change it").click()
    await expect(page.locator("#said")).to_contain_text("Who gets posts is now with a pass.")
    assert (await settings_ops.load()).access_mode == "pass"


async def test_a_text_is_formatted_previewed_and_stored_on_a_phone_until_the_role_is_lost() -> None:
    async with admin_scene() as scene, page_at("phone", scene, "dark") as page:
        await enter(page, scene, MANAGER, "settings/texts")
        field = page.locator("[data-setting=welcome_text]")
        area = field.get_by_label("Welcome", exact=True)
        await area.fill(f"Hi {MARKUP}")
        await page.clock.run_for(500)
        await expect(field.get_by_role("status")).to_contain_text("no tag Telegram knows")
        await area.fill("Hi {nmae}")
        await page.clock.run_for(500)
        await expect(field.get_by_role("status")).to_contain_text("{nmae} is not known here. Known: {name}, {bot}.")
        await area.fill("Hi &lt;you&gt;")
        await area.select_text()
        await field.get_by_role("button", name="Bold").tap()
        await expect(area).to_have_value("<b>Hi &lt;you&gt;</b>")
        await page.clock.run_for(500)
        await expect(field.locator(".bubble b")).to_have_text("Hi <you>")
        await look(page, "settings-text")
        await field.get_by_role("button", name="Save").tap()
        await expect(page.locator("#said")).to_contain_text("Welcome is changed.")
        assert (await settings_ops.load()).welcome_text == "<b>Hi &lt;you&gt;</b>"
        await field.get_by_role("button", name="Usual value: Welcome").tap()
        await expect(area).to_have_value("")
        assert (await settings_ops.load()).welcome_text is None
        await _lose_the_role(page, scene)


async def _lose_the_role(page: Page, scene: Scene) -> None:
    """What is pressed after another process took the role stores nothing, and the part goes."""
    label = page.locator("[data-setting=button_label]")
    await label.get_by_label("Button label").fill("Look")
    await scene.db._native["admins"].update_one({"user_id": MANAGER}, {"$set": {"role": Role.EDITOR.value}})
    # others may see the old role for five seconds
    scene.clock.move(timedelta(seconds=6))
    await label.get_by_role("button", name="Save").tap()
    await expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    assert (await settings_ops.load()).button_label is None


async def test_a_broadcast_is_followed_and_decided_and_the_system_is_looked_after() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        sent, going = await _broadcasts(scene)
        await enter(page, scene, OWNER, "broadcasts")
        await expect(page.locator(f"[data-broadcast='{going.id}']")).to_contain_text("403 of 1,253")
        await expect(page.get_by_text(MARKUP)).to_be_visible()
        await page.get_by_role("link", name="Open broadcast: Wallpapers").click()
        await expect(page.get_by_role("heading", name="Wallpapers")).to_be_focused()
        await broadcast_ops.record_counts(going.id, {"sent": 500, "pending": 750, "blocked": 3})
        await page.clock.run_for(3_100)
        await expect(page.locator("[data-result=arrived]")).to_have_text("500")
        await page.get_by_role("button", name="Pause").click()
        await expect(page.locator("#said")).to_contain_text("Paused. What is on its way still arrives.")
        await look(page, "broadcast-card")
        await page.get_by_role("button", name="Cancel it").click()
        question = page.get_by_role("dialog", name="Cancel this broadcast?")
        await expect(question).to_contain_text("750 people have not got it yet, and will not get it.")
        # somebody else decided meanwhile
        await broadcast_ops.cancel(going.id, scene.clock.now())
        await question.get_by_role("button", name="Cancel the broadcast").click()
        await expect(page.locator("#said")).to_contain_text("Nothing was changed: it was cancelled.")
        await expect(page.locator(".state")).to_contain_text("cancelled")
        await page.goto(f"{scene.address}/admin#broadcasts/{sent.id}")
        await page.get_by_role("button", name="Delete for everyone").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete for everyone").click()
        await expect(page.locator("#said")).to_contain_text("It is being deleted for everyone.")
        found = await broadcast_ops.find(sent.id)
        assert found is not None
        assert found.status is BroadcastStatus.RECALLING
        assert (await audit_ops.last(1))[0].action == "broadcast.recall_wanted"
        await page.set_viewport_size({"width": 390, "height": 844})
        await _look_after_the_system(page)


async def _look_after_the_system(page: Page) -> None:
    """Ask for a backup, fetch an export, begin and end maintenance."""
    await page.get_by_role("link", name="System").click()
    await page.get_by_role("button", name="Back up now").click()
    await expect(page.get_by_text("Asked for. It waits for a process to take it.")).to_be_visible()
    assert [run.job for run in await run_ops.find_requests()] == ["backup"]
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Subscribers as JSON").click()
    file = await coming.value
    assert file.suggested_filename == "subscribers-2026-11-23.json"
    assert len(json.loads((await file.path()).read_bytes())) > 1_000
    part = page.locator("[data-part=maintenance]")
    await part.get_by_role("button", name="Begin").click()
    await page.get_by_role("dialog").get_by_role("button", name="Begin maintenance").click()
    await expect(part).to_contain_text("On until 15:00. Subscribers get nothing.")
    assert (await settings_ops.load()).maintenance_until == NOW.replace(hour=14, minute=0, second=0)
    await look(page, "system-maintenance")
    await part.get_by_role("button", name="End it now").click()
    await expect(part).to_contain_text("Off. Subscribers get their posts.")


async def _broadcasts(scene: Scene) -> tuple[Broadcast, Broadcast]:
    """One that was sent, and one that is being sent."""
    made = []
    for number, title in enumerate((MARKUP, "Wallpapers")):
        new = NewBroadcast(
            key=f"draft {number}",
            title=title,
            source_chat_id=-1001,
            message_ids=(7,),
            buttons=(LinkButton(text="More", url="https://example.org"),),
            created_by=OWNER,
            created_at=NOW,
            send_at=NOW,
            progress_chat_id=OWNER,
        )
        broadcast = await broadcast_ops.start((await broadcast_ops.create(new))[0], NOW)
        assert broadcast is not None
        await broadcast_ops.record_cursor(broadcast.id, 9, is_filled=True)
        made.append(broadcast)
    await broadcast_ops.finish(made[0].id, BroadcastStatus.SENT, NOW, {"sent": 1_240})
    await broadcast_ops.record_counts(made[1].id, {"sent": 400, "pending": 850, "blocked": 3})
    return made[0], made[1]
