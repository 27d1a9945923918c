"""/grant: pays once, is audited, and refuses malformed commands."""

from datetime import timedelta
from typing import Any

import pytest

from admin_bot.people.inputs import GrantCommand
from core.errors import StoreUnavailable
from database.operations import audit_ops, settings_ops, user_credits
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.people.test_people import ANN, nothing_audited, subscriber, upsert_visitor
from views.people import texts


async def test_credits_are_added_and_audited(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    await admin.say(f"/grant {ANN} credits 5")
    await admin.say(f"/grant {ANN} Credits 100000")
    assert (await subscriber()).credits == 100_005
    assert "&lt;3 &amp; &quot;x&quot; مريم" in admin.last_text
    assert "got 100,000 credits and has 100,005 now" in admin.last_text
    entry = (await audit_ops.last(1))[0]
    assert (entry.admin_id, entry.action, entry.target) == (OWNER.id, "person.granted", str(ANN))
    assert entry.after["added"] == {"credits": 100_000}


async def test_days_are_added_to_what_is_left_of_the_pass(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    now = admin.clock.now()
    await admin.say(f"/grant {ANN} days 1")
    assert (await subscriber()).pass_until == now + timedelta(days=1)
    admin.clock.move(timedelta(hours=1))
    await admin.say(f"/grant {ANN} days 3650")
    assert (await subscriber()).pass_until == now + timedelta(days=3651)
    assert "the pass holds until" in admin.last_text


async def test_a_grant_says_when_it_changes_nothing_yet(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    await admin.say(f"/grant {ANN} credits 1")
    assert "Posts are open to everybody" in admin.last_text
    await settings_ops.change("access_mode", "credits")
    await admin.say(f"/grant {ANN} credits 1")
    assert "access_mode" not in admin.last_text


async def test_a_repeated_grant_pays_once_also_after_a_restart(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    await admin.send(message_id=900, text=f"/grant {ANN} credits 5")
    key = f"admin {OWNER.id} 900"
    granted = await user_credits.grant(ANN, key, admin.clock.now(), credits=5)
    assert granted is not None and not granted.is_new
    # another process, without the memory of this one, gets the update again
    again = await admin.data["people"].grant(OWNER.id, GrantCommand(ANN, credits=5), key)
    assert "nothing was added twice" in again
    assert (await subscriber()).credits == 5
    assert [entry.action for entry in await audit_ops.last(10)] == ["person.grant_repeated", "person.granted"]
    await admin.send(message_id=901, text=f"/grant {ANN} credits 5")
    assert (await subscriber()).credits == 10


@pytest.mark.parametrize("is_paid", [False, True], ids=["not paid", "answer lost"])
async def test_an_outage_during_a_grant_pays_once(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, is_paid: bool
) -> None:
    await upsert_visitor(admin)
    real, failures = user_credits.grant, [StoreUnavailable("away")]

    async def away_once(*arguments: Any, **named: Any) -> Any:
        if not failures:
            return await real(*arguments, **named)
        if is_paid:
            await real(*arguments, **named)
        raise failures.pop()

    monkeypatch.setattr(user_credits, "grant", away_once)
    saying = admin.supervisor.spawn(admin.say(f"/grant {ANN} credits 5"), "grant")
    await admin.time.move(5)
    await saying
    assert (await subscriber()).credits == 5
    assert len(await audit_ops.last(10)) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "7100",
        "7100 credits",
        "7100 5",
        "7100 credits 5 please",
        "7100 gold 5",
        "ann credits 5",
        "@ann credits 5",
        "-7100 credits 5",
        "0 credits 5",
        "٧١٠٠ credits 5",
        "7100 credits ٥",
        "7100 credits 0",
        "7100 credits -5",
        "7100 credits 1.5",
        "7100 credits 1e3",
        "7100 credits 100001",
        "7100 credits 99999999999999999999999",
        "7100 days 3651",
        "7100 days 0",
        "99999999999999999999 credits 5",
        f"{2**52} credits 5",
        "<b>7100</b> credits <i>5</i>",
        "💥 💥 💥",
    ],
)
async def test_a_wrong_grant_is_answered_with_its_usage_and_pays_nothing(admin: AdminBot, typed: str) -> None:
    await upsert_visitor(admin)
    await admin.say(f"/grant {typed}")
    assert len(admin.texts) == 1
    assert admin.last_text.endswith(texts.grant_usage())
    assert (await subscriber()).credits == 0
    assert (await subscriber()).pass_until is None
    await nothing_audited()


async def test_an_unknown_subscriber_gets_nothing(admin: AdminBot) -> None:
    await admin.say(f"/grant {ANN} credits 5")
    assert admin.last_text == texts.cannot_grant(ANN)
    await nothing_audited()


async def test_a_subscriber_known_only_by_a_ban_gets_nothing(admin: AdminBot) -> None:
    await admin.say(f"/ban {ANN}")
    await admin.say(f"/grant {ANN} credits 5")
    assert admin.last_text == texts.cannot_grant(ANN)
    assert (await subscriber()).credits == 0
