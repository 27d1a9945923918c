"""/ban and /unban: what they do, what they refuse, and that each is audited."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from core.users import User, Visitor, is_banned
from database.operations import audit_ops, user_ops
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from views.people import bans, texts

ANN = 7100
ODD = '<3 & "x" مريم'


async def upsert_visitor(admin: AdminBot, user_id: int = ANN, **known: Any) -> None:
    visitor = Visitor(user_id=user_id, **({"first_name": ODD} | known))
    await user_ops.upsert_visitor(visitor, admin.clock.now(), source="spring")


async def subscriber(user_id: int = ANN) -> User:
    user = await user_ops.find(user_id)
    assert user is not None
    return user


async def nothing_audited() -> None:
    assert await audit_ops.last(10) == []


# --- /ban and /unban


@pytest.mark.parametrize(
    ("typed", "span", "reason"),
    [
        ("", None, None),
        ("30m", timedelta(minutes=30), None),
        ("7D", timedelta(days=7), None),
        ("4w sold <my> posts", timedelta(weeks=4), "sold <my> posts"),
        ("1w2d\nspam\nand more", timedelta(days=9), "spam and more"),
        ("2 days spam", timedelta(days=2), "spam"),
        ("1h 30 min 3 strikes", timedelta(minutes=90), "3 strikes"),
        ("spam, 3 times", None, "spam, 3 times"),
        ("x" * 200, None, "x" * 200),
    ],
)
async def test_a_ban_has_the_given_duration_and_reason(
    admin: AdminBot, typed: str, span: timedelta | None, reason: str | None
) -> None:
    await upsert_visitor(admin)
    admin.world.calls.clear()
    await admin.say(f"/ban {ANN} {typed}")
    user, now = await subscriber(), admin.clock.now()
    assert (user.is_banned, user.ban_reason) == (True, reason)
    assert user.banned_until == (None if span is None else now + span)
    assert ("until" if span else "for ever") in admin.last_text
    assert "<my>" not in admin.last_text
    entry = (await audit_ops.last(1))[0]
    assert (entry.action, entry.before, entry.after["reason"]) == ("person.banned", None, reason)
    assert {getattr(call, "chat_id", OWNER.id) for call in admin.world.calls} == {OWNER.id}, (
        "a banned subscriber is not notified"
    )


async def test_a_ban_with_an_end_ends_by_itself(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    await admin.say(f"/ban {ANN} 30m")
    admin.clock.move(timedelta(minutes=30))
    assert not is_banned(await subscriber(), admin.clock.now())
    await admin.say(f"/user {ANN}")
    assert "Banned" not in admin.last_text
    assert "Ban" in admin.buttons()


async def test_an_unknown_subscriber_can_be_banned_in_advance(admin: AdminBot) -> None:
    await admin.say(f"/ban {ANN} spam")
    assert "has opened the user bot yet" in admin.last_text
    await upsert_visitor(admin)
    assert is_banned(await subscriber(), admin.clock.now())
    await admin.say(f"/user {ANN}")
    assert "<b>Banned</b> for ever" in admin.last_text
    assert "Unban" in admin.buttons()


async def test_a_second_ban_replaces_the_first(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    await admin.say(f"/ban {ANN} 7d first")
    await admin.say(f"/ban {ANN}")
    user = await subscriber()
    assert (user.is_banned, user.ban_reason, user.banned_until) == (True, None, None)
    assert (await audit_ops.last(1))[0].before["reason"] == "first"


@pytest.mark.parametrize("typed", [f"/ban {OWNER.id}", f"/ban {OWNER.id} 7d spam"])
async def test_an_admin_cannot_be_banned(admin: AdminBot, typed: str) -> None:
    await admin.say(typed)
    assert admin.last_text == bans.is_admin()
    assert await user_ops.find(OWNER.id) is None
    await nothing_audited()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "@ann",
        "-5",
        "٧١٠٠",
        str(2**52),
        "9" * 400,
        f"{ANN} 30",
        f"{ANN} 30x",
        f"{ANN} 0d",
        f"{ANN} -3d",
        f"{ANN} ٣d spam",
        f"{ANN} ３d",
        f"{ANN} 3651d",
        f"{ANN} 99999999999999w",
        f"{ANN} 1.5h",
        f"{ANN} 5 times spam",
        f"{ANN} 7d " + "x" * 201,
        f"{ANN} " + "x" * 201,
    ],
)
async def test_a_wrong_ban_is_answered_with_its_usage_and_bans_no_one(admin: AdminBot, typed: str) -> None:
    await upsert_visitor(admin)
    await admin.say(f"/ban {typed}")
    assert len(admin.texts) == 1
    assert admin.last_text.endswith(texts.ban_usage())
    assert not (await subscriber()).is_banned
    await nothing_audited()


async def test_unban_ends_a_ban_and_says_when_there_was_none(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    await admin.say(f"/ban {ANN} 7d spam")
    await admin.say(f"/unban {ANN}")
    assert admin.last_text == texts.unbanned(await subscriber())
    assert not (await subscriber()).is_banned
    entry = (await audit_ops.last(1))[0]
    assert (entry.action, entry.before["reason"], entry.after) == ("person.unbanned", "spam", None)
    for user_id in (ANN, 7999):
        await admin.say(f"/unban {user_id}")
        assert admin.last_text == texts.not_banned(user_id)
    assert len(await audit_ops.last(10)) == 2


@pytest.mark.parametrize("typed", ["", "@ann", "ann", "٧١٠٠", f"{ANN} {ANN}"])
async def test_unban_says_how_it_is_used(admin: AdminBot, typed: str) -> None:
    await admin.say(f"/unban {typed}")
    assert admin.last_text.endswith(texts.unban_usage())


async def test_a_ban_during_an_outage_is_made_afterwards(admin: AdminBot) -> None:
    failures = [AutoReconnect("away")] * 2

    def away(operation: str, collection: str) -> None:
        if collection == "users" and operation == "find_one_and_update" and failures:
            raise failures.pop()

    admin.database.before_call = away
    saying = admin.supervisor.spawn(admin.say(f"/ban {ANN} 7d spam"), "ban")
    await admin.time.move(20)
    await saying
    assert (await subscriber()).is_banned
    assert len(await audit_ops.last(10)) == 1
