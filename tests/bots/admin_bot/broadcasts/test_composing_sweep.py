"""Each call to Telegram before a broadcast is made fails once: nothing is repeated, lost, or becomes a post."""

import pytest

from admin_bot.states import Composing
from tests.bots.admin_bot.broadcasts.composing import (
    draft_of,
    made,
    only_broadcast,
    state_of,
    the_draft,
    upsert_visitor,
)
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.faults import FAULTS, fail_at

#: calls when nothing fails
CALLS = 14
SHOP = "Shop - https://example.org"


async def go_on(admin: AdminBot) -> None:
    """Do what an owner would do next in this state."""
    if await state_of(admin) == Composing.message.state:
        await admin.say("news")
        return
    draft = await draft_of(admin)
    if draft is None:
        await admin.say("/broadcast")
        return
    try:
        if not draft.buttons:
            await admin.press("Buttons")
            await admin.say(SHOP)
        else:
            await admin.press("Send to")
            await admin.press("Yes, send")
    except AssertionError:
        # there is no such button: the screen was not sent
        await admin.say("/broadcast")


async def compose(admin: AdminBot) -> None:
    await upsert_visitor(admin, 8001, 8002)
    for _ in range(12):
        if await made():
            return
        await go_on(admin)


async def test_the_number_of_calls_is_known(admin: AdminBot, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fail_at(admin, 1000, "flood", monkeypatch)
    await compose(admin)
    assert len(calls) == CALLS, calls


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", range(CALLS))
async def test_a_failure_at_any_call_still_makes_one_broadcast(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, number: int, fault: str
) -> None:
    calls = fail_at(admin, number, fault, monkeypatch)
    await compose(admin)
    assert len(calls) > number
    row = await only_broadcast()
    assert (row.title, [one.text for one in row.buttons]) == ("news", ["Shop"])
    assert (await admin.posts(), await state_of(admin)) == ([], None)
    # nothing more is made afterwards
    if await draft_of(admin) is not None:
        assert (await the_draft(admin)).id == row.key
    await admin.say("/broadcast")
    assert await state_of(admin) == Composing.message.state
    assert len(await made()) == 1
