"""Verification: one link per post, redeemed once, by its owner only, which delivers the post at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.settings import ShortenerFailure
from core.users import User
from core.verification import Token, TokenStatus, VerificationResult, check_token
from database.connection import current_database
from database.operations import settings_ops, token_ops, user_ops
from database.operations.shorteners import shortener_counts
from shorteners.circuit import FAILURES_MAX
from shorteners.failures import FailureKind, ShortenerError
from tests.house import ADMIN_BOT, ALICE, BOB, USER_BOT, House, running_house

PAGE = "https://posts.example.org"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Posts cost credits; links lead through the shortener to the page."""
    async with running_house(timers=False, shortener=True, PUBLIC_BASE_URL=PAGE) as house:
        yield house


@pytest.fixture
async def bare_house() -> AsyncIterator[House]:
    """Without shortener and page: the link leads straight back to the bot."""
    async with running_house(timers=False) as house:
        await settings_ops.change("access_mode", "credits")
        yield house


async def offered_token(house: House, who: int = ALICE, contains: str = " today.") -> Token:
    """Return the token of the latest verification message."""
    seen = await house.world.person(who).wait(USER_BOT, contains=contains)
    await house.settle()
    url = seen["messages"][-1]["reply_markup"]["inline_keyboard"][0][0]["url"]
    found = [token for token in await token_ops.open_tokens(who, house.base.clock.now()) if token.link == url]
    return found[0]


async def open_post_without_access(house: House, who: int = ALICE) -> Token:
    """Open a post as a user without access; return the token of the verification message."""
    post = await house.store(title="Rome <b>")
    await house.world.person(who).link(house.link(post))
    return await offered_token(house, who)


async def complete_page(house: House, token: Token) -> None:
    """Mark the token as the page does when its button is pressed."""
    assert await token_ops.mark_verified(token.token, house.base.clock.now(), 60.0)


def back_link(token: Token) -> str:
    return f"https://t.me/{USER_BOT}?start=v_{token.token}"


async def subscriber(user_id: int = ALICE) -> User:
    user = await user_ops.find(user_id)
    assert user is not None
    return user


async def stored_tokens() -> list[dict[str, Any]]:
    return await current_database().collection("tokens").find({}, limit=100)


async def test_with_shorteners_credits_are_asked_for_by_default(house: House) -> None:
    token = await open_post_without_access(house)
    assert (token.shortener, token.has_page) == ("stub", True)
    assert token.link.startswith(house.world.url)
    ((seen),) = [(await house.alice.transcript(USER_BOT))["messages"][-1]]
    assert seen["text"] == "⁨Rome <b>⁩\nUnlock: one page, then 10 credits\n\nUnlock 1 of 15 today."


async def test_redeeming_delivers_the_post_at_once_and_pays_once(house: House) -> None:
    token = await open_post_without_access(house)
    await complete_page(house, token)
    await asyncio.gather(*(house.alice.link(back_link(token)) for _ in range(10)))
    await house.alice.wait(USER_BOT, contains="1 credit used, 9 left.")
    await house.settle()
    assert (await subscriber()).credits == 9
    assert len(await house.calls("copyMessages")) == 1
    await house.alice.link(back_link(token))
    await house.alice.wait(USER_BOT, contains="is used already")
    assert (await subscriber()).credits == 9


async def test_a_link_that_paid_for_another_post_still_delivers_its_own(house: House) -> None:
    first, second = await house.store(), await house.store()
    tokens = []
    for one in (first, second):
        await house.alice.link(house.link(one))
        tokens.append(await offered_token(house))
        await house.advance(seconds=40)
    await complete_page(house, tokens[1])
    # verified on the page; before returning to the bot the subscriber opens the other post
    await house.alice.link(house.link(first))
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
    await house.alice.link(back_link(tokens[1]))
    await house.settle()
    assert len(await house.calls("copyMessages")) == 2
    assert (await subscriber()).credits == 8
    await house.advance(minutes=11)
    await house.alice.link(back_link(tokens[1]))
    await house.alice.wait(USER_BOT, contains="is used already")
    assert len(await house.calls("copyMessages")) == 2


async def test_a_link_used_by_opening_its_own_post_does_not_deliver_it_twice(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    token = await offered_token(house)
    await house.advance(seconds=40)
    await complete_page(house, token)
    await house.alice.link(house.link(post))
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
    # a token is stored as redeemed after its delivery started
    used = await token_ops.find(token.token)
    assert used is not None
    assert used.redeemed_at is not None
    later = used.redeemed_at + timedelta(seconds=2)
    await current_database().collection("tokens").update_one({"token": token.token}, {"$set": {"redeemed_at": later}})
    await house.advance(seconds=10)
    await house.alice.link(back_link(token))
    await house.alice.wait(USER_BOT, contains="is used already")
    assert len(await house.calls("copyMessages")) == 1


@pytest.mark.parametrize(("later_minutes", "copies"), [(1, 1), (31, 2)])
async def test_a_link_whose_post_came_meanwhile_pays_and_delivers_it_again_only_when_it_was_deleted(
    house: House, later_minutes: int, copies: int
) -> None:
    first, second = await house.store(), await house.store(delete_after_minutes=30)
    tokens = []
    for one in (first, second):
        await house.alice.link(house.link(one))
        tokens.append(await offered_token(house))
        await house.advance(seconds=40)
    await complete_page(house, tokens[0])
    # what the link of the first post earned pays for the second
    await house.alice.link(house.link(second))
    await house.settle()
    await house.advance(minutes=later_minutes)
    await complete_page(house, tokens[1])
    await house.alice.link(back_link(tokens[1]))
    await house.settle()
    assert len(await house.calls("copyMessages")) == copies
    assert (await subscriber()).credits == 20 - copies


async def test_an_open_link_for_the_same_post_is_shown_again_and_does_not_count(house: House) -> None:
    post, other = await house.store(), await house.store()
    tokens = []
    for one in (post, post, other):
        await house.alice.link(house.link(one))
        tokens.append((await offered_token(house)).token)
        await house.advance(seconds=5)
    assert tokens[0] == tokens[1] != tokens[2]
    day = (await current_database().collection("token_generator_count").find({}, limit=5))[0]
    assert day["count"] == 2
    assert (await house.world.shortener())["calls"] is not None


async def test_how_to_verify_is_a_button_under_the_link_when_it_is_set(house: House) -> None:
    await settings_ops.change("how_to_verify_url", "https://example.org/how")
    await open_post_without_access(house)
    rows = (await house.alice.transcript(USER_BOT))["messages"][-1]["reply_markup"]["inline_keyboard"]
    assert [row[0]["text"] for row in rows] == ["Unlock", "How it works"]


async def test_opening_another_subscribers_link_changes_nothing(house: House) -> None:
    token = await open_post_without_access(house)
    await complete_page(house, token)
    before = await stored_tokens()
    await house.bob.link(back_link(token))
    await house.bob.wait(USER_BOT, contains="belongs to somebody else")
    assert await stored_tokens() == before
    assert (await subscriber(BOB)).credits == 0


async def test_the_back_link_before_the_page_pays_nothing_and_keeps_the_token(house: House) -> None:
    token = await open_post_without_access(house)
    await house.alice.link(back_link(token))
    again = await offered_token(house, contains="not through with the page")
    assert (again.token, again.status) == (token.token, TokenStatus.UNUSED)
    assert (await subscriber()).credits == 0


@pytest.mark.parametrize("text", ["v_" + "x" * 32, "v_" + "x" * 10_000, "v_'", 'v_"', "v_" + "ü" * 32, "v_$ne"])
async def test_unknown_tokens_get_a_plain_sentence(house: House, text: str) -> None:
    await house.alice.text(USER_BOT, f"/start {text}"[:4096])
    seen = await house.alice.wait(USER_BOT, count=1)
    assert "does not work" in seen["messages"][-1]["text"] or "do not know" in seen["messages"][-1]["text"]


async def test_expiry_counts_to_the_millisecond(house: House) -> None:
    token = await open_post_without_access(house)
    await complete_page(house, token)
    left = token.expires_at - house.base.clock.now()
    await house.advance(seconds=left.total_seconds() + 1)
    await house.alice.link(back_link(token))
    await house.alice.wait(USER_BOT, contains="has expired")
    assert (await subscriber()).credits == 0


async def test_a_verified_token_whose_back_link_was_never_opened_pays_at_the_next_request(house: House) -> None:
    token = await open_post_without_access(house)
    await complete_page(house, token)
    other = await house.store()
    await house.alice.link(house.link(other))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert (await subscriber()).credits == 9


async def test_a_bypassed_link_is_replaced_once_without_counting(house: House) -> None:
    token = await open_post_without_access(house)
    await token_ops.mark_bypassed(token.token, house.base.clock.now())
    await house.alice.link(f"https://t.me/{USER_BOT}?start=newtoken")
    second = await offered_token(house)
    assert (second.post_code, second.is_replacement) == (token.post_code, True)
    assert "Unlock 1 of 15" in (await house.alice.transcript(USER_BOT))["messages"][-1]["text"]
    await token_ops.mark_bypassed(second.token, house.base.clock.now())
    await house.alice.text(USER_BOT, "/token")
    await house.alice.wait(USER_BOT, contains="Unlock 2 of 15")


async def test_the_day_has_its_limit_and_ends_at_midnight_of_the_zone(house: House) -> None:
    await settings_ops.change("daily_token_limit", 1)
    await open_post_without_access(house)
    post = await house.store()
    await house.alice.link(house.link(post))
    seen = await house.alice.wait(USER_BOT, contains="That was today's 1 unlock.")
    assert "New ones at 00:00 (UTC)" in seen["messages"][-1]["text"]
    await house.advance(hours=24)
    await house.alice.link(house.link(post))
    await offered_token(house)


@pytest.mark.parametrize("mode", ["html", "429", "error", "redirect"])
async def test_without_a_shortener_the_destination_itself_is_shown(house: House, mode: str) -> None:
    await house.world.shortener_mode(mode)
    token = await open_post_without_access(house)
    assert (token.link, token.shortener) == (f"{PAGE}/v/{token.token}", None)
    counts = (await shortener_counts.tallies(["stub"], house.base.clock.now() - timedelta(days=7)))["stub"]
    assert (counts.links, counts.failed) == (0, 1)
    await house.olive.wait(ADMIN_BOT, contains="shortener")


async def test_a_page_shown_because_no_shortener_answered_takes_its_time(house: House) -> None:
    await house.world.shortener_mode("error")
    token = await open_post_without_access(house)
    settings = await settings_ops.current(house.base.clock.now())
    assert check_token(token, settings, house.base.clock.now()) is VerificationResult.TOO_FAST
    await house.advance(seconds=31)
    assert check_token(token, settings, house.base.clock.now()) is VerificationResult.VERIFIED


async def test_without_a_page_a_link_straight_back_takes_its_time_too_and_is_not_lost_by_haste() -> None:
    async with running_house(timers=False, shortener=True) as house:
        await house.world.shortener_mode("error")
        token = await open_post_without_access(house)
        assert (token.link, token.shortener) == (back_link(token), None)
        await house.alice.link(token.link)
        await house.alice.wait(USER_BOT, contains="Not yet: press Unlock again in")
        assert [row["status"] for row in await stored_tokens()] == ["unused"]
        await house.advance(seconds=31)
        await house.alice.link(token.link)
        await house.alice.wait(USER_BOT, contains="1 credit used, 9 left.")


async def test_a_link_from_before_there_were_shorteners_is_not_shown_again(house: House) -> None:
    token = await open_post_without_access(house)
    tokens = current_database().collection("tokens")
    await tokens.update_one({"token": token.token}, {"$set": {"shortener": None}, "$unset": {"is_timed": ""}})
    await house.alice.text(USER_BOT, "/token")
    await house.alice.wait(USER_BOT, contains="Unlock 2 of 15")
    assert len(await stored_tokens()) == 2


async def test_somebody_else_with_the_link_changes_nothing_of_it(house: House) -> None:
    token = await open_post_without_access(house)
    before = await stored_tokens()
    for _ in range(3):
        await house.bob.link(back_link(token))
        await house.bob.wait(USER_BOT, contains="belongs to somebody else")
    await house.settle()
    assert await stored_tokens() == before
    await complete_page(house, token)
    await house.bob.link(back_link(token))
    await house.settle()
    await house.alice.link(back_link(token))
    await house.alice.wait(USER_BOT, contains="1 credit used, 9 left.")
    assert (await subscriber()).credits == 9


async def test_with_grant_access_is_given_while_no_shortener_answers(house: House) -> None:
    await settings_ops.change("on_shortener_failure", "grant")
    await house.world.shortener_mode("error")
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert (await subscriber()).credits == 9


async def test_with_refuse_no_link_is_made_or_counted_while_no_shortener_answers(house: House) -> None:
    await settings_ops.change("on_shortener_failure", "refuse")
    await house.world.shortener_mode("error")
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="cannot make an unlock")
    await house.settle()
    assert await stored_tokens() == []
    await house.world.shortener_mode("ok")
    await house.advance(minutes=2)
    await house.alice.link(house.link(post))
    await offered_token(house)
    assert "Unlock 1 of 15" in (await house.alice.transcript(USER_BOT))["messages"][-1]["text"]


@pytest.mark.parametrize("chosen", list(ShortenerFailure))
async def test_while_nobody_can_be_asked_for_a_reason_of_ours_the_gate_stays_shut(
    house: House, monkeypatch: pytest.MonkeyPatch, chosen: ShortenerFailure
) -> None:
    async def lack_files(*_: object) -> str:
        raise ShortenerError(FailureKind.NOT_ASKED)

    await settings_ops.change("on_shortener_failure", chosen)
    post = await house.store()
    with monkeypatch.context() as patched:
        patched.setattr("shorteners.failover.ask", lack_files)
        for _ in range(FAILURES_MAX):
            await house.alice.link(house.link(post))
            await house.alice.wait(USER_BOT, contains="cannot make an unlock")
            await house.settle()
            await house.advance(minutes=1)
    assert (await stored_tokens(), (await subscriber()).credits) == ([], 0)
    # no circuit breaker opened meanwhile
    await house.alice.link(house.link(post))
    await offered_token(house)
    assert "Unlock 1 of 15" in (await house.alice.transcript(USER_BOT))["messages"][-1]["text"]


async def test_a_crash_between_redeeming_and_paying_is_paid_by_another_process(house: House) -> None:
    token = await open_post_without_access(house)
    await complete_page(house, token)
    assert await token_ops.redeem(token.token, ALICE, house.base.clock.now())
    await house.advance(minutes=1)
    recovery = house.another_process()["recovery"]
    assert await recovery.recover() == 1
    await house.alice.wait(USER_BOT, contains="Unlocked: 10 credits")
    assert await recovery.recover() == 0
    assert (await subscriber()).credits == 10


async def test_a_token_redeemed_before_a_crash_is_paid_out_when_its_link_is_opened_again(house: House) -> None:
    token = await open_post_without_access(house)
    await complete_page(house, token)
    assert await token_ops.redeem(token.token, ALICE, house.base.clock.now())
    await house.alice.link(back_link(token))
    await house.alice.wait(USER_BOT, contains="1 credit used, 9 left.")


async def test_a_pass_is_earned_in_mode_pass(house: House) -> None:
    await settings_ops.change("access_mode", "pass")
    token = await open_post_without_access(house)
    await complete_page(house, token)
    await house.alice.link(back_link(token))
    await house.alice.wait(USER_BOT, contains="pass until")
    until = (await subscriber()).pass_until
    assert until is not None
    assert timedelta(hours=23) < until - house.base.clock.now() <= timedelta(hours=24)


async def test_nothing_is_to_be_verified_while_every_post_is_open(house: House) -> None:
    await settings_ops.change("access_mode", "open")
    await house.alice.text(USER_BOT, "/token")
    await house.alice.wait(USER_BOT, contains="nothing to unlock")


async def test_without_page_and_shortener_the_link_leads_back_and_pays(bare_house: House) -> None:
    house = bare_house
    token = await open_post_without_access(house)
    assert parse_qs(urlsplit(token.link).query) == {"start": [f"v_{token.token}"]}
    await house.alice.link(token.link)
    await house.alice.wait(USER_BOT, contains="1 credit used, 9 left.")
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1


async def test_returning_too_fast_through_a_shortener_bypasses_the_token_politely() -> None:
    async with running_house(timers=False, shortener=True) as house:
        token = await open_post_without_access(house)
        await house.alice.link(back_link(token))
        await house.alice.wait(USER_BOT, contains="too fast to count. It takes at least 30 seconds.")
        assert (await stored_tokens())[0]["status"] == "bypassed"
        await house.alice.press(USER_BOT, "New page")
        again = await offered_token(house)
        assert again.is_replacement
        await house.advance(seconds=31)
        await house.alice.link(back_link(again))
        await house.alice.wait(USER_BOT, contains="1 credit used, 9 left.")
        await house.settle()
        counts = (await shortener_counts.tallies(["stub"], house.base.clock.now() - timedelta(days=7)))["stub"]
        assert (counts.links, counts.too_fast, counts.finished, counts.failed) == (2, 1, 1, 0)
        assert counts.median_s is not None
        assert counts.median_s >= 31


async def test_a_second_tap_in_another_process_does_not_repeat_what_the_first_is_finishing(house: House) -> None:
    token = await open_post_without_access(house)
    await complete_page(house, token)
    holding, go_on, granted = asyncio.Event(), asyncio.Event(), token_ops.mark_granted

    async def slowly(token: str, now: datetime) -> bool:
        holding.set()
        await go_on.wait()
        return await granted(token, now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_ops, "mark_granted", slowly)
        await house.alice.link(back_link(token))
        await asyncio.wait_for(holding.wait(), 10)
    # hours later by the clock, so that nothing takes it for a second tap within seconds
    await house.advance(hours=1)
    user = await user_ops.find(ALICE)
    assert user is not None
    await house.another_process()["verifier"].redeem(user, token.token, "message of the second tap")
    go_on.set()
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
    seen = (await house.alice.transcript(USER_BOT))["messages"]
    assert len([m for m in seen if m["outgoing"] and "Unlocked" in m.get("text", "")]) == 1
