"""An update that comes again, or whose first answer was lost, gets what it got: nothing is counted or used up twice."""

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


async def spoilt(now: datetime, *texts: str) -> None:
    for text in texts:
        await token_ops.add(Token(token=text * 32, user_id=ANN, created_at=now, expires_at=now + DAY))
        await token_ops.mark_bypassed(text * 32, now)


async def replaced(now: datetime, update_key: str = "") -> str | None:
    token = await token_ops.take_replacement(ANN, now, update_key)
    return None if token is None else token.token[0]


# --- links of a day


async def test_each_mark_is_counted_once_and_gets_the_count_it_got(db: Database) -> None:
    assert await counted("a", "b", "", "c") == [1, 2, 3, 4]
    assert await counted("a", "b", "c", "a") == [1, 2, 4, 1]
    assert await token_counts.links_on(ANN, TODAY) == 4


async def test_the_last_place_is_kept_for_who_has_it(db: Database) -> None:
    assert await counted("a", "b", "c", limit=2) == [1, 2, None]
    assert await counted("b", "a", limit=2) == [2, 1]
    # also when the limit was lowered since
    assert await counted("b", "c", limit=1) == [2, None]
    assert await token_counts.links_on(ANN, TODAY) == 2


async def test_marks_are_of_one_person_and_one_day(db: Database) -> None:
    await counted("a")
    assert await token_counts.count_link(BOB, TODAY, 5, "a") == 1
    assert await token_counts.count_link(ANN, TODAY + DAY, 5, "a") == 1
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_no_mark_is_nobodys(db: Database) -> None:
    assert await counted("", "", "") == [1, 2, 3]


async def test_the_last_marks_are_kept_and_no_more(db: Database) -> None:
    update_keys = [f"u{number}" for number in range(KEYS_KEPT + 1)]
    await counted(*update_keys)
    document = await db.collection("token_generator_count").find_one({})
    assert document is not None
    assert document["update_keys"] == update_keys[1:]

    assert await counted(update_keys[1], update_keys[-1]) == [2, KEYS_KEPT + 1]
    # forgotten: counted as a new one
    assert await counted(update_keys[0]) == [KEYS_KEPT + 2]


async def test_a_count_of_before_there_were_marks_goes_on(db: Database) -> None:
    await db.collection("token_generator_count").insert_one({"user_id": ANN, "date": TODAY, "count": 3})
    assert not await token_counts.uncount_link(ANN, TODAY, "a")
    assert await counted("a", "a", limit=4) == [4, 4]
    assert await counted("b", limit=4) == [None]


async def test_taken_off_with_its_mark_and_once(db: Database) -> None:
    await counted("a", "b", "c")
    assert await token_counts.uncount_link(ANN, TODAY, "b")
    assert not await token_counts.uncount_link(ANN, TODAY, "b")
    assert not await token_counts.uncount_link(ANN, TODAY, "never")

    assert await token_counts.links_on(ANN, TODAY) == 2
    assert await counted("a", "c") == [1, 2]
    assert await counted("b") == [3]


async def test_taken_off_without_a_mark_the_others_keep_theirs(db: Database) -> None:
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


async def test_a_lost_answer_to_the_first_of_a_day_is_made_good(
    db: Database, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("token_generator_count", "find_one_and_update")
    assert await counted("a") == [1]
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_the_same_update_in_another_process_at_the_same_time_is_one(
    db: Database, step_in: Callable[..., None]
) -> None:
    step_in("token_generator_count", "find_one_and_update", lambda: token_counts.count_link(ANN, TODAY, 5, "a"))
    assert await counted("a") == [1]
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_whoever_is_always_too_late_is_told_so(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def too_late(*args: Any, **options: Any) -> None:
        raise AlreadyThere("the twin was first")

    monkeypatch.setattr(db.collection("token_generator_count"), "find_one_and_update", too_late)
    with pytest.raises(StoreUnavailable, match="faster"):
        await counted("a")


# --- replaced tokens


async def test_the_same_mark_gets_the_same_spoilt_token(db: Database, now: datetime) -> None:
    await spoilt(now, "1", "2", "3")
    first, second = await replaced(now, "a"), await replaced(now, "b")

    assert [await replaced(now, update_key) for update_key in ("a", "b", "a")] == [first, second, first]
    third = await replaced(now)
    assert {first, second, third} == {"1", "2", "3"}
    assert [await replaced(now, update_key) for update_key in ("", "c", "b", "a")] == [None, None, second, first]


async def test_its_own_comes_before_one_that_is_free(db: Database, now: datetime) -> None:
    await spoilt(now, "1", "2")
    first, second = await replaced(now, "a"), await replaced(now, "b")
    # whichever of the two a store looks at first, one of these rounds has a free one before it
    for given_back, kept, update_key in ((first, second, "b"), (second, first, "a")):
        assert given_back is not None
        assert await token_ops.return_replacement(given_back * 32)
        assert await replaced(now, update_key) == kept
        assert await replaced(now, "b" if update_key == "a" else "a") == given_back


async def test_one_that_was_replaced_for_nobody_is_nobodys(db: Database, now: datetime) -> None:
    await spoilt(now, "1")
    assert await replaced(now) == "1"
    assert await replaced(now) is None
    assert await replaced(now, "a") is None
    assert await token_ops.return_replacement("1" * 32)
    assert await replaced(now, "a") == "1"


async def test_a_right_given_back_is_anybodys(db: Database, now: datetime) -> None:
    await spoilt(now, "1")
    await replaced(now, "a")
    assert await token_ops.return_replacement("1" * 32)
    assert not await token_ops.return_replacement("1" * 32)
    assert await replaced(now, "b") == "1"
    assert await replaced(now, "a") is None


async def test_a_mark_is_of_one_person(db: Database, now: datetime) -> None:
    await spoilt(now, "1")
    await replaced(now, "a")
    assert await token_ops.take_replacement(BOB, now, "a") is None


async def test_taking_a_replacement_is_one_command_every_time(db: Database, now: datetime) -> None:
    await spoilt(now, "1")
    db.calls.clear()
    for update_key in ("a", "a", "b"):
        await replaced(now, update_key)
    assert dict(db.calls) == {"find_one_and_update tokens": 3}
