"""The fourth migration: deliveries that an older version had not counted yet are counted, each once."""

from datetime import timedelta

from core.statistics.events import Event, Mark
from database.connection import Database
from database.migrations.runner import migrate
from database.operations import statistics_ops
from tests.operations.conftest import NOW
from tests.operations.counting.happening import count_all, day_of, steps
from tests.operations.posts.making import found, make

DAY = timedelta(days=1)


async def test_waiting_deliveries_are_counted_and_counted_ones_are_not(bare_db: Database) -> None:
    post = await make()
    await bare_db.collection("posts").update_one({"code": post.code}, {"$set": {"tallies": ["k"], "delivered": 7}})
    rows = {"waiting": "", "counted": None, "in a batch that never ended": "0001.000:k"}
    for user_id, (name, tally) in enumerate(rows.items(), 1):
        row = {"_id": f"1:{user_id}:{name}", "bot_id": 1, "user_id": user_id, "post_code": post.code, "sent_at": NOW}
        await bare_db.collection("deliveries").insert_one(row | {"whole_on": day_of(NOW), "tally": tally})
    for _ in range(2):
        await migrate(bare_db)
    stored = {row["user_id"]: row for row in await bare_db.collection("deliveries").find({}, limit=10)}
    assert [row.get("uncounted") for row in stored.values()] == [[Mark(Event.WHOLE, day_of(NOW)).text], None, None]
    assert not any("tally" in row for row in stored.values())
    await count_all()
    (day,) = await statistics_ops.last_days(NOW, 5)
    assert steps(day) == (1, 1, 1, 1)
    assert (await found(post)).delivered == 8
    document = await bare_db.collection("posts").find_one({"code": post.code})
    assert document is not None and "tallies" not in document


async def test_days_of_the_older_version_stay_as_they_are(bare_db: Database) -> None:
    await bare_db.collection("daily_stats").insert_one({"date": NOW - DAY, "counters": {"deliveries": 4, "users": 2}})
    await migrate(bare_db)
    (day,) = await statistics_ops.last_days(NOW, 5)
    assert day.counters == {"deliveries": 4, "users": 2} and not day.is_by_event
