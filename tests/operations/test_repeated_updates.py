"""An update that comes again, or whose first answer was lost, gets the same result: nothing counts or is used twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import AlreadyThere, StoreUnavailable
from core.verification import Token
from database.connection import Database
from database.operations import token_counts, token_ops
from database.operations.token_counts import KEYS_KEPT

ANN, BOB = 7, 8
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
COUNT, LOOK = "find_one_and_update token_generator_count", "find_one token_generator_count"


async def counted(*update_keys: str, limit: int = 100) -> list[int | None]:
    return [await token_counts.count_link(ANN, TODAY, limit, update_key) for update_key in update_keys]


async def bypassed(now: datetime, *texts: str) -> None:
    for text in texts:
        await token_ops.add(Token(token=text * 32, user_id=ANN, created_at=now, expires_at=now + DAY))
        await token_ops.mark_bypassed(text * 32, now)


async def replaced(now: datetime, update_key: str = "") -> str | None:
    token = await token_ops.take_replacement(ANN, now, update_key)
    return None if token is None else token.token[0]


# --- links of a day


async def test_each_update_key_is_counted_once_and_gets_its_count_again(db: Database) -> None:
    assert await counted("a", "b", "", "c") == [1, 2, 3, 4]
    assert await counted("a", "b", "c", "a") == [1, 2, 4, 1]
    assert await token_counts.links_on(ANN, TODAY) == 4


async def test_the_key_that_took_the_last_place_keeps_it(db: Database) -> None:
    assert await counted("a", "b", "c", limit=2) == [1, 2, None]
    assert await counted("b", "a", limit=2) == [2, 1]
    # also when the limit was lowered since
    assert await counted("b", "c", limit=1) == [2, None]
    assert await token_counts.links_on(ANN, TODAY) == 2


async def test_keys_belong_to_one_user_and_one_day(db: Database) -> None:
    await counted("a")
    assert await token_counts.count_link(BOB, TODAY, 5, "a") == 1
    assert await token_counts.count_link(ANN, TODAY + DAY, 5, "a") == 1
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_calls_without_a_key_are_counted_each_time(db: Database) -> None:
    assert await counted("", "", "") == [1, 2, 3]


async def test_only_the_last_keys_are_kept(db: Database) -> None:
    update_keys = [f"u{number}" for number in range(KEYS_KEPT + 1)]
    await counted(*update_keys)
    document = await db.collection("token_generator_count").find_one({})
    assert document is not None
    assert document["update_keys"] == update_keys[1:]

    assert await counted(update_keys[1], update_keys[-1]) == [2, KEYS_KEPT + 1]
    # not remembered any more: counted as a new one
    assert await counted(update_keys[0]) == [KEYS_KEPT + 2]


async def test_a_count_of_an_older_version_without_keys_continues(db: Database) -> None:
    await db.collection("token_generator_count").insert_one({"user_id": ANN, "date": TODAY, "count": 3})
    assert not await token_counts.uncount_link(ANN, TODAY, "a")
    assert await counted("a", "a", limit=4) == [4, 4]
    assert await counted("b", limit=4) == [None]


async def test_a_link_is_uncounted_once_by_its_key(db: Database) -> None:
    await counted("a", "b", "c")
    assert await token_counts.uncount_link(ANN, TODAY, "b")
    assert not await token_counts.uncount_link(ANN, TODAY, "b")
    assert not await token_counts.uncount_link(ANN, TODAY, "never")

    assert await token_counts.links_on(ANN, TODAY) == 2
    assert await counted("a", "c") == [1, 2]
    assert await counted("b") == [3]


async def test_a_link_uncounted_without_a_key_leaves_the_keys_of_the_others(db: Database) -> None:
    await counted("a", "b")
    assert await token_counts.uncount_link(ANN, TODAY)
    assert await counted("b", "a") == [1, 1]
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_counting_is_one_command_and_any_other_answer_two(db: Database) -> None:
    await counted("a", limit=1)
    assert dict(db.calls) == {COUNT: 1}
    for update_key in ("a", "b", ""):
        db.calls.clear()
        await counted(update_key, limit=1)
        assert dict(db.calls) == {COUNT: 1, LOOK: 1}
    db.calls.clear()
    await token_counts.uncount_link(ANN, TODAY, "a")
    assert dict(db.calls) == {COUNT: 1}


async def test_the_first_count_of_a_day_can_be_repeated_after_a_lost_answer(
    db: Database, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("token_generator_count", "find_one_and_update")
    assert await counted("a") == [1]
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_the_same_update_in_two_processes_counts_once(db: Database, step_in: Callable[..., None]) -> None:
    step_in("token_generator_count", "find_one_and_update", lambda: token_counts.count_link(ANN, TODAY, 5, "a"))
    assert await counted("a") == [1]
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_a_caller_that_loses_every_race_gets_store_unavailable(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_late(*args: Any, **options: Any) -> None:
        raise AlreadyThere("the twin was first")

    monkeypatch.setattr(db.collection("token_generator_count"), "find_one_and_update", too_late)
    with pytest.raises(StoreUnavailable, match="faster"):
        await counted("a")


# --- replaced tokens


async def test_the_same_key_gets_the_same_bypassed_token(db: Database, now: datetime) -> None:
    await bypassed(now, "1", "2", "3")
    first, second = await replaced(now, "a"), await replaced(now, "b")

    assert [await replaced(now, update_key) for update_key in ("a", "b", "a")] == [first, second, first]
    third = await replaced(now)
    assert {first, second, third} == {"1", "2", "3"}
    assert [await replaced(now, update_key) for update_key in ("", "c", "b", "a")] == [None, None, second, first]


async def test_a_token_taken_before_comes_before_a_free_one(db: Database, now: datetime) -> None:
    await bypassed(now, "1", "2")
    first, second = await replaced(now, "a"), await replaced(now, "b")
    # whichever of the two a store reads first, in one of these rounds it is the free one
    for given_back, kept, update_key in ((first, second, "b"), (second, first, "a")):
        assert given_back is not None
        assert await token_ops.return_replacement(given_back * 32)
        assert await replaced(now, update_key) == kept
        assert await replaced(now, "b" if update_key == "a" else "a") == given_back


async def test_a_token_taken_without_a_key_belongs_to_no_update(db: Database, now: datetime) -> None:
    await bypassed(now, "1")
    assert await replaced(now) == "1"
    assert await replaced(now) is None
    assert await replaced(now, "a") is None
    assert await token_ops.return_replacement("1" * 32)
    assert await replaced(now, "a") == "1"


async def test_a_returned_right_can_be_used_by_any_update(db: Database, now: datetime) -> None:
    await bypassed(now, "1")
    await replaced(now, "a")
    assert await token_ops.return_replacement("1" * 32)
    assert not await token_ops.return_replacement("1" * 32)
    assert await replaced(now, "b") == "1"
    assert await replaced(now, "a") is None


async def test_a_key_belongs_to_one_user(db: Database, now: datetime) -> None:
    await bypassed(now, "1")
    await replaced(now, "a")
    assert await token_ops.take_replacement(BOB, now, "a") is None


async def test_taking_a_replacement_is_one_command_every_time(db: Database, now: datetime) -> None:
    await bypassed(now, "1")
    db.calls.clear()
    for update_key in ("a", "a", "b"):
        await replaced(now, update_key)
    assert dict(db.calls) == {"find_one_and_update tokens": 3}
