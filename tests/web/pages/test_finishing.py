"""POST of the verification page: decision, stored state, link; limits on both sides, and races."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.verification import Token, TokenStatus
from database.connection import Database
from database.operations import settings_ops, token_ops
from database.operations.shorteners import shortener_counts
from tests.web.conftest import BOT, LEAST_S, LINKS, Making, all_read_before_one_writes, stored, whole
from tests.web.pages.test_page import Outline

Act = Callable[[Token], Awaitable[object]]


def link_of(answer: httpx.Response) -> str | None:
    (link,) = Outline(answer.text).all("a")
    return link["href"]


async def press(client: httpx.AsyncClient, token: Token) -> httpx.Response:
    return await client.post(f"/v/{token.token}")


async def test_a_press_after_the_least_time_verifies_and_links_back_to_the_bot(
    client: httpx.AsyncClient, make: Making, clock: ManualClock
) -> None:
    token = await make()
    clock.move(timedelta(seconds=47.5))
    answer = await press(client, token)
    back = f"{LINKS}/{BOT}?start=v_{token.token}"
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert link_of(answer) == back
    (refresh,) = [meta for meta in Outline(answer.text).all("meta") if meta.get("http-equiv") == "refresh"]
    assert refresh["content"] == f"3; url={back}"
    assert "in 3 seconds" in answer.text
    found = await stored(token)
    assert (found.status, found.verified_at, found.elapsed_seconds) == (TokenStatus.VERIFIED, clock.now(), 47.5)
    assert found.redeemed_at is None


async def test_the_link_back_names_the_tokens_own_bot(client: httpx.AsyncClient, make: Making) -> None:
    other = await make(shortener=None, bot_username="other_bot")
    assert link_of(await press(client, other)) == f"{LINKS}/other_bot?start=v_{other.token}"


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, 403), (LEAST_S - 0.001, 403), (LEAST_S, 200), (LEAST_S + 0.001, 200), (-1, 200)]
)
async def test_a_press_before_the_least_time_changes_nothing_and_at_it_verifies(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, seconds: float, status: int
) -> None:
    token = await make()
    # with a clock that was put back the least time does not apply
    clock.move(timedelta(seconds=seconds))
    assert (await press(client, token)).status_code == status
    assert (await stored(token)).status is (TokenStatus.VERIFIED if status == 200 else TokenStatus.UNUSED)


async def test_time_counts_from_when_the_button_was_shown(
    client: httpx.AsyncClient, make: Making, clock: ManualClock
) -> None:
    token = await make(shown_at=clock.now() + timedelta(seconds=20))
    clock.move(timedelta(seconds=45))
    assert (await press(client, token)).status_code == 403


async def test_expiry_is_compared_in_milliseconds(client: httpx.AsyncClient, make: Making, clock: ManualClock) -> None:
    token = await make()
    clock.move(timedelta(days=2, microseconds=999))
    assert (await press(client, token)).status_code == 200


@pytest.mark.parametrize(("late_ms", "status"), [(-1, 200), (0, 200), (1, 410)])
async def test_a_token_can_be_used_up_to_its_expiry(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, late_ms: int, status: int
) -> None:
    token = await make()
    clock.move(timedelta(days=2, milliseconds=late_ms))
    answer = await press(client, token)
    assert answer.status_code == status
    assert (await stored(token)).status is (TokenStatus.VERIFIED if status == 200 else TokenStatus.UNUSED)
    if status == 410:
        assert "This link has expired" in answer.text
        assert link_of(answer) == f"{LINKS}/{BOT}?start=newtoken"


async def test_too_fast_is_said_politely_with_the_seconds_left_and_the_button(
    client: httpx.AsyncClient, make: Making, clock: ManualClock
) -> None:
    token = await make()
    clock.move(timedelta(seconds=LEAST_S - 12))
    answer = await press(client, token)
    assert answer.status_code == 403
    assert "A little too quick" in answer.text and "Wait 12 seconds" in answer.text
    assert len(Outline(answer.text).all("form")) == 1
    for word in ("cheat", "bypass", "fraud", "bot detected", "refresh"):
        assert word not in answer.text.lower()


async def test_whoever_knows_its_address_cannot_spoil_it(
    client: httpx.AsyncClient, make: Making, clock: ManualClock
) -> None:
    token = await make()
    for _ in range(20):
        await client.get(f"/v/{token.token}")
        assert (await press(client, token)).status_code == 403
    clock.move(timedelta(seconds=LEAST_S))

    assert (await press(client, token)).status_code == 200
    found = await stored(token)
    assert (found.status, found.shown_at, found.expires_at) == (TokenStatus.VERIFIED, token.shown_at, token.expires_at)


async def test_what_was_ended_stays_ended(client: httpx.AsyncClient, make: Making, clock: ManualClock) -> None:
    token = await make()
    await token_ops.mark_bypassed(token.token, clock.now())
    clock.move(timedelta(hours=1))
    before = await stored(token)
    answer = await press(client, token)
    assert (answer.status_code, link_of(answer)) == (403, f"{LINKS}/{BOT}?start=newtoken")
    assert "does not count any more" in answer.text and "does not count towards your limit" in answer.text
    assert await stored(token) == before


async def test_no_free_link_is_offered_for_a_replacement_that_was_ended(
    client: httpx.AsyncClient, make: Making, clock: ManualClock
) -> None:
    token = await make(is_replacement=True)
    await token_ops.mark_bypassed(token.token, clock.now())
    answer = await press(client, token)
    assert "does not count towards your limit" not in answer.text
    assert link_of(answer) == f"{LINKS}/{BOT}?start=newtoken"


@pytest.mark.parametrize(("is_timed", "status"), [(False, 200), (True, 403)])
async def test_without_a_shortener_the_least_time_applies_where_one_should_have_answered(
    client: httpx.AsyncClient, make: Making, is_timed: bool, status: int
) -> None:
    assert (await press(client, await make(shortener=None, is_timed=is_timed))).status_code == status


async def test_the_least_time_is_a_setting(client: httpx.AsyncClient, make: Making) -> None:
    await settings_ops.change("min_verify_seconds", 0)
    assert (await press(client, await make())).status_code == 200


async def test_a_used_token_links_to_the_bot_and_is_unchanged(
    client: httpx.AsyncClient, db: Database, make: Making, clock: ManualClock
) -> None:
    token = await make()
    await token_ops.mark_verified(token.token, clock.now(), 40.0)
    await token_ops.redeem(token.token, token.user_id, clock.now())
    before = await whole(db)
    answer = await press(client, token)
    assert (answer.status_code, link_of(answer)) == (410, f"{LINKS}/{BOT}")
    assert "used already" in answer.text
    assert await whole(db) == before


@pytest.mark.parametrize("seconds", [0, 60])
async def test_a_second_press_gets_the_same_answer_and_writes_nothing(
    client: httpx.AsyncClient, db: Database, make: Making, clock: ManualClock, seconds: int
) -> None:
    token = await make()
    clock.move(timedelta(seconds=seconds))
    first = await press(client, token)
    after_first = await whole(db)
    second = await press(client, token)
    assert (second.status_code, second.text) == (first.status_code, first.text)
    assert await whole(db) == after_first


async def test_ten_concurrent_presses_get_the_same_answer_and_one_write_wins(
    client: httpx.AsyncClient, db: Database, make: Making, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))
    await settings_ops.current(clock.now())
    db.calls.clear()
    all_read_before_one_writes(db, monkeypatch, 10)
    answers = await asyncio.gather(*(press(client, token) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    # all tried to write, one succeeded, nine read again
    assert db.calls["update_one tokens"] == 10
    assert db.calls["find_one tokens"] == 19
    assert (await stored(token)).status is TokenStatus.VERIFIED


async def _verify(token: Token) -> None:
    assert await token_ops.mark_verified(token.token, token.created_at, 40.0)


async def _verify_and_redeem(token: Token) -> None:
    await _verify(token)
    assert await token_ops.redeem(token.token, token.user_id, token.created_at)


async def _spoil(token: Token) -> None:
    assert await token_ops.mark_bypassed(token.token, token.created_at)


@pytest.mark.parametrize(
    ("seconds", "first", "expected"),
    [
        (60, _verify, (200, "Done")),
        (60, _verify_and_redeem, (410, "used already")),
        (60, _spoil, (403, "does not count any more")),
        (5, _verify, (403, "A little too quick")),
        (5, _spoil, (403, "A little too quick")),
    ],
)
async def test_a_press_that_loses_a_race_shows_the_winners_result(
    client: httpx.AsyncClient,
    db: Database,
    make: Making,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    first: Act,
    expected: tuple[int, str],
) -> None:
    token = await make()
    clock.move(timedelta(seconds=seconds))
    tokens = db.collection("tokens")
    write = tokens.update_one

    async def second(*arguments: object, **options: object) -> bool:
        monkeypatch.setattr(tokens, "update_one", write)
        await first(token)
        return await write(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(tokens, "update_one", second)
    answer = await press(client, token)
    status, words = expected
    assert (answer.status_code, words in answer.text) == (status, True)


async def test_repeated_lost_races_end_in_503(
    client: httpx.AsyncClient, db: Database, make: Making, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))

    async def nothing_changed(*_: object, **__: object) -> bool:
        return False

    monkeypatch.setattr(db.collection("tokens"), "update_one", nothing_changed)
    assert (await press(client, token)).status_code == 503


async def test_a_lost_answer_of_the_store_is_503_and_the_next_press_verifies(
    client: httpx.AsyncClient, db: Database, make: Making, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))
    tokens = db.collection("tokens")
    write = tokens.update_one

    async def lost(*arguments: object, **options: object) -> bool:
        monkeypatch.setattr(tokens, "update_one", write)
        await write(*arguments, **options)  # type: ignore[arg-type]
        raise StoreUnavailable("update_one tokens: no answer in time")

    monkeypatch.setattr(tokens, "update_one", lost)
    assert (await press(client, token)).status_code == 503
    assert (await press(client, token)).status_code == 200


@pytest.mark.parametrize(
    "now",
    [
        # midnight in Asia/Kolkata, and both daylight saving changes in America/New_York
        datetime(2026, 3, 1, 18, 29, 50, tzinfo=UTC),
        datetime(2026, 3, 8, 6, 59, 50, tzinfo=UTC),
        datetime(2026, 11, 1, 5, 59, 50, tzinfo=UTC),
    ],
)
async def test_the_least_time_spans_midnight_and_daylight_saving_changes(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, now: datetime
) -> None:
    clock.move(now - clock.now())
    quick, patient = await make(), await make()
    clock.move(timedelta(seconds=29))
    assert (await press(client, quick)).status_code == 403
    clock.move(timedelta(seconds=1))
    assert (await press(client, patient)).status_code == 200


# --- counts of the shortener


async def counted(clock: ManualClock) -> tuple[int, int, int | None]:
    """Finished, too fast, and the middle time."""
    found = (await shortener_counts.tallies(["short"], clock.now() - timedelta(days=7)))["short"]
    return found.finished, found.too_fast, found.median_s


async def test_a_finished_link_is_counted_once_however_often_its_button_is_pressed(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await make()
    clock.move(timedelta(seconds=47.5))
    all_read_before_one_writes(db, monkeypatch, 5)
    await asyncio.gather(*(press(client, token) for _ in range(5)))
    await press(client, token)
    assert await counted(clock) == (1, 0, 47)


async def test_one_that_was_too_fast_is_counted_once(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await make()
    all_read_before_one_writes(db, monkeypatch, 5)
    await asyncio.gather(*(press(client, token) for _ in range(5)))
    await press(client, token)
    assert await counted(clock) == (0, 1, None)


async def test_without_a_shortener_nothing_is_counted(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, db: Database
) -> None:
    await press(client, await make(shortener=None))
    assert await db.collection("shortener_days").count({}) == 0


async def test_a_visitor_is_verified_though_the_count_fails(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, db: Database
) -> None:
    def refuse(operation: str, collection: str) -> None:
        if collection == "shortener_days":
            raise AutoReconnect("connection closed")

    token = await make()
    clock.move(timedelta(seconds=60))
    db.before_call = refuse
    assert (await press(client, token)).status_code == 200
    db.before_call = None
    assert (await stored(token)).status is TokenStatus.VERIFIED
