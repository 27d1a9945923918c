"""What `make bench` counts of a gated delivery; nothing here is timed and no other process is started."""

import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench import gate
from bench.counts import Counted
from bench.plan import QUICK
from bench.product import Desk
from bench.report import Figure
from bench.stores import IN_MEMORY, Store
from bench.telegram import BARE, CHANNELS, MEASURED, PRODUCT, telegram
from core.clock import SystemClock
from core.settings import AccessMode
from core.users import Visitor
from database.connection import Database, close_database, open_database
from database.operations import channel_ops, settings_ops, user_ops
from sandbox.botapi.members import get_chat_member
from sandbox.state.world import World
from sandbox.wire import Call

SERVER = Store("server", "mongodb://127.0.0.1:9/")
CALLS = {"copyMessages": 10, "sendMessage": 10}
COMMANDS = {"find admin_config": 1, "find channels": 1, "insert pending_deletions": 60}
ASKED = {**CALLS, "getChatMember": 30}


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    yield await open_database("memory://", "tollgate_bench_test")
    await close_database()


def _counted(store: Store, calls: dict[str, int], **more: int) -> Counted:
    commands = COMMANDS | {name.replace("_", " ", 1): count for name, count in more.items()}
    return Counted(store, 10, calls, commands, "Database.calls")


def _gated(store: Store, cached: Counted, cold: Counted) -> gate.Gated:
    credit = _counted(store, CALLS, find_memberships=10, update_users=10)
    return gate.Gated(
        store, {gate.UNGATED: _counted(store, CALLS), gate.CACHED: cached, gate.COLD: cold, gate.CREDIT: credit}
    )


def _judged(cached: Counted, cold: Counted) -> Figure:
    return gate._figure(QUICK, [_gated(IN_MEMORY, cached, cold)])


GOOD = _counted(IN_MEMORY, CALLS, find_memberships=10, find_channels=3)
COLD = _counted(IN_MEMORY, ASKED, find_memberships=10, update_memberships=30)


@pytest.mark.parametrize(
    ("cached", "cold", "met"),
    [
        (GOOD, COLD, [True, True]),
        (_counted(IN_MEMORY, CALLS, find_memberships=11), COLD, [False, True]),
        (_counted(IN_MEMORY, {**CALLS, "getChatMember": 1}), COLD, [False, True]),
        # nobody was asked: there was no gate
        (GOOD, GOOD, [True, False]),
        (GOOD, _counted(IN_MEMORY, {**CALLS, "getChatMember": 31}), [True, False]),
    ],
)
def test_a_gate_is_judged_by_what_it_costs_beyond_none(cached: Counted, cold: Counted, met: list[bool]) -> None:
    assert [goal.is_met for goal in _judged(cached, cold).goals] == met


def test_what_a_gate_costs_is_named_without_the_shared_reads() -> None:
    rows = [dict(zip(gate.COLUMNS, row, strict=True)) for row in _judged(GOOD, COLD).rows]
    assert [row["which"] for row in rows] == [
        "",
        "1 find memberships",
        "3 getChatMember, 1 find memberships, 3 update memberships",
        "1 find memberships, 1 update users",
    ]
    assert [row["more of them"] for row in rows] == ["", "1.000", "4.000", "2.000"]


def test_a_call_that_came_instead_of_another_is_named_too() -> None:
    cached = _counted(IN_MEMORY, {"copyMessage": 10, "sendMessage": 10})
    assert _gated(IN_MEMORY, cached, COLD).more(gate.CACHED) == "1 copyMessage, -1 copyMessages"


def test_gates_of_two_stores_stand_below_each_other() -> None:
    found = [_gated(store, GOOD, COLD) for store in (IN_MEMORY, SERVER)]
    figure = gate._figure(QUICK, found)
    assert len(set(figure.columns)) == len(figure.columns) and len(figure.rows) == 8 and len(figure.goals) == 4
    assert "in memory 10; server 10 in" in figure.notes[-1]
    assert json.loads(json.dumps(figure.as_json(), allow_nan=False))["numbers"]["server"][gate.COLD]["deliveries"] == 10


async def test_people_are_members_of_all_channels_without_any_bot_being_told() -> None:
    async with telegram() as world:
        member, stranger = world.new_person(), world.new_person()
        world.put_into_channels([member])
        for bot_id in MEASURED:
            assert len(world.bot(bot_id).queue) == 0
            world.world.dialog(world.bot(bot_id), stranger).is_seen = True
        for bot_id in (PRODUCT, BARE):
            for chat_id in CHANNELS:
                told = [_status(world.world, bot_id, chat_id, user.id) for user in (member, stranger)]
                assert told == ["member", "left"]
        world.forget([member])
        assert all(member.id not in world.world.chats[chat_id].members for chat_id in CHANNELS)


def _status(world: World, bot_id: int, chat_id: int, user_id: int) -> str:
    params = {"chat_id": str(chat_id), "user_id": str(user_id)}
    call = Call(world, world.bots[bot_id], "getChatMember", params)
    return str(get_chat_member(call)["status"])


async def test_the_product_asks_for_channels_and_charges_who_is_there(database: Database) -> None:
    now = SystemClock().now()
    base = SimpleNamespace(database=database)
    desk = Desk(cast(Any, base), cast(Any, None), cast(Any, None), cast(Any, None))
    await settings_ops.current(now)
    await channel_ops.current(now)
    await user_ops.upsert_visitor(Visitor(user_id=7), now)
    await desk.ask_for_channels({"chat_ids": CHANNELS})
    assert await desk.charge({"credits": 1}) == {"people": 1}
    # what was remembered before is forgotten: the next delivery goes through the gate
    assert [channel.chat_id for channel in await channel_ops.current(now)] == list(CHANNELS)
    assert (await settings_ops.current(now)).access_mode is AccessMode.CREDITS
    user = await user_ops.find(7)
    assert user is not None and user.credits == 1
