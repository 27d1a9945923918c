"""Who wants no broadcasts keeps the bot, and is not asked again by coming back."""

from datetime import datetime, timedelta

from core.users import Visitor
from database.connection import Database
from database.operations import user_ops

LATER = timedelta(hours=1)


async def stopped_at(user_id: int = 7) -> datetime | None:
    user = await user_ops.find(user_id)
    assert user is not None
    return user.news_stopped_at


async def test_the_new_get_news_however_they_came(db: Database, now: datetime) -> None:
    user, _ = await user_ops.upsert_visitor(Visitor(user_id=7), now)
    banned = await user_ops.ban(8, now, reason=None, until=None)
    assert (user.news_stopped_at, banned.news_stopped_at) == (None, None)
    assert (await stopped_at(7), await stopped_at(8)) == (None, None)


async def test_news_are_stopped_once_and_wanted_again_once(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), now)
    assert not await user_ops.resume_news(7)

    assert await user_ops.stop_news(7, now)
    assert not await user_ops.stop_news(7, now + LATER)
    assert await stopped_at() == now

    assert await user_ops.resume_news(7)
    assert not await user_ops.resume_news(7)
    assert await stopped_at() is None
    assert await user_ops.stop_news(7, now + LATER)
    assert await stopped_at() == now + LATER


async def test_coming_back_is_not_wanting_news(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), now)
    await user_ops.stop_news(7, now)
    for is_writing in (True, False):
        user, _ = await user_ops.upsert_visitor(Visitor(user_id=7), now + LATER, is_writing=is_writing)
        assert user.news_stopped_at == now
    await user_ops.mark_blocked(7, now)
    await user_ops.mark_unblocked(7)
    assert await stopped_at() == now


async def test_a_stranger_stops_nothing_and_is_not_made_by_it(db: Database, now: datetime) -> None:
    assert not await user_ops.stop_news(404, now)
    assert not await user_ops.resume_news(404)
    assert await user_ops.count() == 0


async def test_stopping_news_costs_one_command(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), now)
    db.calls.clear()
    await user_ops.stop_news(7, now)
    await user_ops.resume_news(7)
    assert dict(db.calls) == {"update_one users": 2}
