"""Opting out of broadcasts, which a later visit does not undo."""

from datetime import datetime, timedelta

from core.users import Visitor
from database.connection import Database
from database.operations import user_ops

LATER = timedelta(hours=1)


async def stopped_at(user_id: int = 7) -> datetime | None:
    user = await user_ops.find(user_id)
    assert user is not None
    return user.news_stopped_at


async def test_new_users_receive_broadcasts(db: Database, now: datetime) -> None:
    user, _ = await user_ops.upsert_visitor(Visitor(user_id=7), now)
    banned = await user_ops.ban(8, now, reason=None, until=None)
    assert (user.news_stopped_at, banned.news_stopped_at) == (None, None)
    assert (await stopped_at(7), await stopped_at(8)) == (None, None)


async def test_a_user_opts_out_once_and_in_again_once(db: Database, now: datetime) -> None:
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


async def test_coming_back_does_not_opt_in_again(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), now)
    await user_ops.stop_news(7, now)
    for is_writing in (True, False):
        user, _ = await user_ops.upsert_visitor(Visitor(user_id=7), now + LATER, is_writing=is_writing)
        assert user.news_stopped_at == now
    await user_ops.mark_blocked(7, now)
    await user_ops.mark_unblocked(7)
    assert await stopped_at() == now


async def test_an_unknown_user_cannot_opt_out_and_is_not_inserted(db: Database, now: datetime) -> None:
    assert not await user_ops.stop_news(404, now)
    assert not await user_ops.resume_news(404)
    assert await user_ops.count() == 0


async def test_opting_out_costs_one_command(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), now)
    db.calls.clear()
    await user_ops.stop_news(7, now)
    await user_ops.resume_news(7)
    assert dict(db.calls) == {"update_one users": 2}
