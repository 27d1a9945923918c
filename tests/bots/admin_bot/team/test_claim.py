"""The printed link makes the first owner; everything else with it gets a sentence."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram.types import User

from core.payloads import claim_payload
from core.team.admins import CLAIM_HOLDS_FOR, ClaimOutcome
from database.operations import audit_ops, user_ops
from database.team import Team
from tests.bots.admin_bot.conftest import KEY, OWNER, STRANGER, AdminBot
from views.admin_texts import not_for_you
from views.team.texts import not_claimed

BOB = User(id=7003, is_bot=False, first_name="Bob")


def refusal(outcome: ClaimOutcome) -> str:
    return not_claimed(outcome, "tollgate_bot")


@pytest.fixture
async def link(admin: AdminBot) -> str:
    """A bot without an owner; the command that its printed link sends."""
    admin.dispatcher["team"] = team = Team((), lambda: KEY, admin.clock)
    token = await team.issue_claim()
    assert token is not None
    return f"/start {claim_payload(token)}"


async def test_who_opens_the_link_is_the_owner_from_then_on(admin: AdminBot, link: str) -> None:
    await admin.say("/jobs", who=STRANGER)
    assert admin.texts == [not_for_you("tollgate_bot")]
    await admin.say(link, who=STRANGER)
    assert "Welcome, \u2068Sam\u2069: these two bots are yours." in admin.texts[1]
    await admin.say("/jobs", who=STRANGER)
    assert not_for_you("tollgate_bot") not in admin.texts[1:]
    (entry,) = await audit_ops.last(1)
    assert (entry.action, entry.admin_id) == ("owner.claimed", STRANGER.id)


async def test_the_link_works_once(admin: AdminBot, link: str) -> None:
    await admin.say(link, who=STRANGER)
    await admin.say(link, who=BOB)
    assert admin.last_text == refusal(ClaimOutcome.HAS_OWNER)
    await admin.say("/jobs", who=BOB)
    assert admin.last_text == not_for_you("tollgate_bot")


async def test_the_new_owners_second_press_changes_nothing(admin: AdminBot, link: str) -> None:
    await admin.say(link, who=STRANGER)
    before = await admin.database.collection("admins").find({}, limit=9)
    await admin.say(link, who=STRANGER)
    assert await admin.database.collection("admins").find({}, limit=9) == before
    assert len(await audit_ops.last(9)) == 1


async def test_a_link_of_yesterday_and_a_wrong_one_have_their_sentences(admin: AdminBot, link: str) -> None:
    admin.clock.move(CLAIM_HOLDS_FOR + timedelta(seconds=1))
    await admin.say(link, who=STRANGER)
    assert admin.last_text == refusal(ClaimOutcome.EXPIRED)
    await admin.say(f"/start {claim_payload('x' * 32)}", who=STRANGER)
    assert admin.last_text == refusal(ClaimOutcome.UNKNOWN)


async def test_a_banned_subscriber_is_told_so(admin: AdminBot, link: str) -> None:
    await user_ops.ban(STRANGER.id, admin.clock.now(), reason=None, until=None)
    await admin.say(link, who=STRANGER)
    assert admin.last_text == refusal(ClaimOutcome.BANNED)


@pytest.mark.parametrize("chat", [{"id": -4001, "type": "group", "title": "Friends"}, None])
async def test_a_bot_or_a_group_claims_nothing(admin: AdminBot, link: str, chat: dict[str, Any] | None) -> None:
    who = User(id=7009, is_bot=chat is None, first_name="Robot")
    body = admin.message(who=who, text=link)
    await admin.feed("message", body | ({"chat": chat} if chat else {}))
    assert await admin.dispatcher["team"].owner_ids() == ()


async def test_with_an_owner_in_the_configuration_no_link_makes_another(admin: AdminBot, link: str) -> None:
    admin.dispatcher["team"] = Team({OWNER.id}, lambda: KEY, admin.clock)
    await admin.say(link, who=STRANGER)
    assert admin.last_text == refusal(ClaimOutcome.HAS_OWNER)
    await admin.say(link)
    assert refusal(ClaimOutcome.HAS_OWNER) not in admin.texts[1:]
