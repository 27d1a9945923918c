"""Shorteners: added, changed by two people, paused, removed; those of the environment among them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.errors import AlreadyThere
from core.shorteners.records import SHORTENERS_MAX, Origin, Shortener, environment_code
from database.connection import Database
from database.operations.shorteners import shortener_ops

READ = "find shorteners"
ALMOST = timedelta(seconds=5) - timedelta(milliseconds=1)
StepIn = Callable[[str, str, Callable[[], Awaitable[object]]], None]


def one(code: str = "a", **more: Any) -> Shortener:
    fields = {"code": code, "name": code, "api_url": "https://s.example/api", "sealed_key": f"sealed {code}", **more}
    return Shortener.model_validate(fields)


def of_environment(name: str = "env", **more: Any) -> Shortener:
    return Shortener(code=environment_code(name), name=name, origin=Origin.ENVIRONMENT, **more)


async def names() -> list[str]:
    return [shortener.name for shortener in await shortener_ops.load()]


# --- adding


async def test_a_shortener_comes_back_as_it_was_stored(db: Database, now: datetime) -> None:
    stored = one(set_at=now, set_by=1, set_by_name="Olive", link_hosts=("s.example",), share=3)

    assert await shortener_ops.add(stored)
    assert await shortener_ops.load() == (stored,)
    assert await shortener_ops.find("a") == stored
    assert await shortener_ops.find("b") is None


async def test_saving_twice_adds_one(db: Database) -> None:
    assert await shortener_ops.add(one())
    assert not await shortener_ops.add(one())
    assert await db.collection("shorteners").count({}) == 1


async def test_two_processes_saving_the_same_add_one(db: Database, step_in: StepIn) -> None:
    document = {**one().model_dump(), "name_key": "a"}
    step_in("shorteners", "insert_one", lambda: db.collection("shorteners").insert_one(document))

    assert not await shortener_ops.add(one())
    assert await names() == ["a"]


async def test_a_name_that_another_process_takes_meanwhile_is_refused(db: Database, step_in: StepIn) -> None:
    document = {**one("b", name="Short").model_dump(), "name_key": "short"}
    step_in("shorteners", "insert_one", lambda: db.collection("shorteners").insert_one(document))

    with pytest.raises(AlreadyThere):
        await shortener_ops.add(one(name="short"))
    assert await names() == ["Short"]


async def test_a_taken_name_is_refused_also_one_of_the_environment(db: Database) -> None:
    shortener_ops.set_environment([of_environment("Short")])
    with pytest.raises(AlreadyThere):
        await shortener_ops.add(one(name="short"))


async def test_there_are_so_many_at_most(db: Database) -> None:
    for number in range(SHORTENERS_MAX):
        await shortener_ops.add(one(f"code{number}"))
    with pytest.raises(ValueError, match=str(SHORTENERS_MAX)):
        await shortener_ops.add(one("one more"))


async def test_a_row_that_cannot_be_read_is_left_out_and_logged(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    await shortener_ops.add(one())
    await db.collection("shorteners").insert_one({"code": "b", "name_key": "b", "share": "often", "removed_at": None})

    with caplog.at_level(logging.ERROR):
        assert await names() == ["a"]
    assert "row.unreadable" in caplog.text


# --- read


async def test_a_change_elsewhere_is_seen_after_five_seconds_and_one_here_at_once(db: Database, now: datetime) -> None:
    assert await shortener_ops.current(now) == ()
    await db.collection("shorteners").insert_one({**one().model_dump(), "name_key": "a"})

    assert await shortener_ops.current(now + ALMOST) == ()
    assert len(await shortener_ops.current(now + timedelta(seconds=5))) == 1

    await shortener_ops.set_paused(one(), True, 1, "Olive")
    assert (await shortener_ops.current(now + timedelta(seconds=5)))[0].is_paused


async def test_a_hundred_callers_share_one_read(db: Database, now: datetime) -> None:
    await asyncio.gather(*(shortener_ops.current(now) for _ in range(100)))
    assert db.calls[READ] == 1


async def test_links_lead_through_a_shortener_while_one_is_not_paused(db: Database, now: datetime) -> None:
    assert not await shortener_ops.has_active(now)
    await shortener_ops.add(one())
    assert await shortener_ops.has_active(now)
    await shortener_ops.set_paused(one(), True, 1, "Olive")
    assert not await shortener_ops.has_active(now)


# --- two people


async def test_a_share_changes_from_what_was_seen(db: Database) -> None:
    await shortener_ops.add(one())

    assert await shortener_ops.set_share(one(), 2, 1, "Olive")
    assert not await shortener_ops.set_share(one(), 9, 2, "Bob")

    stored = await shortener_ops.find("a")
    assert stored is not None
    assert (stored.share, stored.changed_by, stored.changed_by_name) == (2, 1, "Olive")


@pytest.mark.parametrize("share", [0, 1001])
async def test_a_share_out_of_range_is_refused(db: Database, share: int) -> None:
    await shortener_ops.add(one())
    with pytest.raises(ValueError, match="1 to 1000"):
        await shortener_ops.set_share(one(), share, 1, "Olive")


async def test_pausing_twice_changes_once(db: Database) -> None:
    await shortener_ops.add(one())
    assert await shortener_ops.set_paused(one(), True, 1, "Olive")
    assert not await shortener_ops.set_paused(one(), True, 2, "Bob")
    assert (await shortener_ops.load())[0].changed_by_name == "Olive"


async def test_a_key_is_replaced_once_of_two_who_saw_the_same(db: Database, now: datetime) -> None:
    await shortener_ops.add(one())

    assert await shortener_ops.replace_key(one(), "new 1", now, 1, "Olive")
    assert not await shortener_ops.replace_key(one(), "new 2", now, 2, "Bob")

    (stored,) = await shortener_ops.load()
    assert (stored.sealed_key, stored.set_by_name, stored.set_at) == ("new 1", "Olive", now)


# --- those of the environment


async def test_one_of_the_environment_is_there_without_being_stored(db: Database, now: datetime) -> None:
    shortener_ops.set_environment([of_environment(share=4)])

    assert await shortener_ops.load() == (of_environment(share=4),)
    assert await shortener_ops.has_active(now)
    assert await db.collection("shorteners").count({}) == 0


async def test_only_share_and_pause_of_it_are_stored(db: Database) -> None:
    configured = of_environment()
    shortener_ops.set_environment([configured])
    assert await shortener_ops.set_share(configured, 3, 1, "Olive")
    (changed,) = await shortener_ops.load()
    assert await shortener_ops.set_paused(changed, True, 2, "Bob")

    (stored,) = await shortener_ops.load()
    assert (stored.share, stored.is_paused, stored.changed_by_name) == (3, True, "Bob")
    document = await db.collection("shorteners").find_one({})
    assert document is not None
    assert (document["api_url"], document["sealed_key"], document["hosts"]) == ("", None, [])


async def test_its_first_change_happens_once_of_two(db: Database, step_in: StepIn) -> None:
    configured = of_environment()
    shortener_ops.set_environment([configured])
    step_in("shorteners", "insert_one", lambda: shortener_ops.set_share(configured, 2, 1, "Olive"))

    assert not await shortener_ops.set_share(configured, 9, 2, "Bob")
    assert (await shortener_ops.load())[0].share == 2


async def test_its_first_change_starts_from_the_configuration(db: Database) -> None:
    shortener_ops.set_environment([of_environment(share=4)])
    assert not await shortener_ops.set_share(of_environment(share=1), 2, 1, "Olive")


async def test_it_cannot_be_removed(db: Database, now: datetime) -> None:
    configured = of_environment()
    shortener_ops.set_environment([configured])
    await shortener_ops.set_share(configured, 2, 1, "Olive")

    assert not await shortener_ops.remove(configured.code, now)
    assert await names() == ["env"]


# --- removed


async def test_a_removed_one_is_gone_with_its_key_and_its_name_is_free(db: Database, now: datetime) -> None:
    await shortener_ops.add(one(link_hosts=("l.example",)))

    assert await shortener_ops.remove("a", now)
    assert not await shortener_ops.remove("a", now)

    assert await shortener_ops.load() == ()
    assert await shortener_ops.find("a") is None
    document = await db.collection("shorteners").find_one({"code": "a"})
    assert document is not None
    assert document["sealed_key"] is None
    assert await shortener_ops.add(one("b", name="a"))


async def test_a_removed_one_cannot_be_changed(db: Database, now: datetime) -> None:
    await shortener_ops.add(one())
    await shortener_ops.remove("a", now)
    assert not await shortener_ops.set_share(one(), 2, 1, "Olive")
    assert not await shortener_ops.set_paused(one(), True, 1, "Olive")
    assert not await shortener_ops.replace_key(one(), "new", now, 1, "Olive")


async def test_visitors_of_a_removed_or_paused_one_are_still_known_by_its_hosts(db: Database, now: datetime) -> None:
    await shortener_ops.add(one("a", link_hosts=("a.example",)))
    await shortener_ops.add(one("b", link_hosts=("b.example",), is_paused=True))
    await shortener_ops.remove("a", now)

    assert await shortener_ops.hosts_of_chat(now) == {"a.example", "b.example"}


async def test_a_removed_one_is_deleted_when_none_of_its_links_can_be_open(db: Database, now: datetime) -> None:
    for code in ("a", "b", "c"):
        await shortener_ops.add(one(code))
    await shortener_ops.remove("a", now)
    await shortener_ops.remove("b", now + shortener_ops.REMOVED_KEPT_FOR)
    assert await db.collection("shorteners").count({}) == 3

    await shortener_ops.remove("c", now + shortener_ops.REMOVED_KEPT_FOR + timedelta(milliseconds=1))
    assert await db.collection("shorteners").count({}) == 2


async def test_those_that_are_there_are_read_before_any_number_of_removed_ones(db: Database, now: datetime) -> None:
    for number in range(shortener_ops._READ_MAX + 5):
        document = {**one(f"old {number}", removed_at=now).model_dump(), "name_key": f"removed {number}"}
        await db.collection("shorteners").insert_one(document)
    await shortener_ops.add(one("z"))
    assert await names() == ["z"]


# --- hosts of links


async def test_a_new_host_is_remembered_once(db: Database) -> None:
    await shortener_ops.add(one())
    assert await shortener_ops.remember_host("a", "l.example")
    assert not await shortener_ops.remember_host("a", "l.example")
    assert (await shortener_ops.load())[0].link_hosts == ("l.example",)


async def test_so_many_hosts_are_remembered_at_most(db: Database) -> None:
    await shortener_ops.add(one())
    for number in range(shortener_ops.LINK_HOSTS_MAX):
        assert await shortener_ops.remember_host("a", f"{number}.example")
    assert not await shortener_ops.remember_host("a", "one.more.example")
