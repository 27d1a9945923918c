"""What editors see of the statistics, and the names of sources."""

import pytest

from core.broadcasts import source_of_broadcast
from core.days import start_of_day
from core.statistics.events import Step
from database.operations.counting import tries
from database.operations.counting.batches import count_events
from database.operations.posts import post_ops
from tests.bots.admin_bot.broadcasts.composing import composed, confirmed, only_broadcast
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.statistics.test_stats import try_post
from tests.bots.admin_bot.team.test_roles import EVA, REFUSED, store


async def test_an_editor_sees_how_posts_did_and_no_other_numbers(admin: AdminBot) -> None:
    await try_post(admin, 2)
    await store(admin, EVA, "editor")
    for _ in range(2):
        await admin.say("/stats", who=EVA)
        assert admin.last_text.startswith("<b>Posts</b> · last 7 days")
        assert admin.buttons()[-1] == "‹ Menu"
        await admin.press("Spring", who=EVA)
        assert "3 tries" in admin.last_text
        await admin.press("‹ Posts", who=EVA)
        assert admin.buttons()[-1] == "‹ Menu"
        # the second time from the Menu
        await admin.press("‹ Menu", who=EVA)
        await admin.press("Statistics", who=EVA)
        assert admin.last_text.startswith("<b>Posts</b>")


@pytest.mark.parametrize("data", ["sn:o:7:0", "sn:w:7:0", "sn:s:all:0", "sn:h:all:0", "sp:7", "csv:7"])
async def test_an_editors_button_to_other_numbers_is_refused(admin: AdminBot, data: str) -> None:
    await store(admin, EVA, "editor")
    before = list(admin.texts)
    await admin.callback(data, who=EVA)
    assert (admin.toasts[-1], admin.texts) == (REFUSED, before)


async def test_a_broadcast_whose_button_opens_a_post_is_a_source_with_its_name(admin: AdminBot) -> None:
    code = await try_post(admin, 1)
    await composed(admin, 1, text="Big <news>")
    await admin.press("Buttons")
    addresses = (
        f"https://t.me/tollgate_bot?start=p_{code}",
        f"https://shop.example/tollgate_bot?start=p_{code}",
        f"https://t.me/other_bot?start=p_{code}",
        f"https://t.me/tollgate_bot?start=p_{code}-s_own",
    )
    await admin.say("\n".join(f"Get it - {one}" for one in addresses))
    await confirmed(admin)
    broadcast = await only_broadcast()
    source = source_of_broadcast(broadcast.key)
    assert [one.url for one in broadcast.buttons] == [f"{addresses[0]}-s_{source}", *addresses[1:]]
    assert (await post_ops.open_post(code, source, opening=1)) is not None
    for name in (source, "ch77", "b" + "0" * 16):
        day = start_of_day(admin.clock.now(), admin.data["zone"])
        await tries.step_up(900 + len(name), code, day, Step.DELIVERED, name)
    while await count_events(admin.data["zone"], 500):
        pass
    await admin.callback("sn:s:7:0")
    shown = admin.last_text
    assert "Big &lt;news&gt;\u2069: +0, tries 1" in shown and source not in shown
    assert "ch77" not in shown and "\u2068a removed channel\u2069" in shown
    await admin.callback(f"ap:{code}:0::l:nums")
    assert "\u2068Big &lt;news&gt;\u2069: opened 1" in admin.last_text
