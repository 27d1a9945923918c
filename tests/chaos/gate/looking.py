"""Reads what the bots stored about the gate, translated into the plan's numbers."""

import re
from typing import Any

from database.connection import current_database
from tests.chaos.gate.evidence import Charge, GateEvidence, Remembered
from tests.chaos.world import FIRST_SUBSCRIBER, ROWS, World
from tests.house import USER_BOT

Json = dict[str, Any]

#: the first line of a gate message, and a step of it that is left
_TITLE = re.compile(r"\u2068?Post (\d+)\u2069?\n")
_JOIN = re.compile(r"^\d+\. (Ask to j|J)oin ", re.MULTILINE)

_FIRST_ROOM = -1001000000101


def chat_id_of(room: int) -> int:
    """Return the Telegram id of a channel of the plan."""
    return _FIRST_ROOM - room


def _room_of(chat_id: int) -> int:
    return _FIRST_ROOM - chat_id


def gate_of(text: str) -> int | None:
    """Return the post whose gate message this is; None for other messages."""
    title = _TITLE.match(text)
    return None if title is None else int(title[1])


def asked_to_join(text: str) -> int | None:
    """Return the post for which this message asks to join channels; None for other messages."""
    return gate_of(text) if _JOIN.search(text) else None


async def look_at_memberships(evidence: GateEvidence, world: World) -> None:
    """Read the memberships the bots remember, and the time of reading."""
    rows = await current_database().collection("memberships").find({}, limit=ROWS)
    evidence.remembered = [
        Remembered(
            row["user_id"] - FIRST_SUBSCRIBER,
            _room_of(row["chat_id"]),
            row["status"] == "member",
            row["seen_at"].timestamp(),
        )
        for row in rows
    ]
    evidence.remembered_at = await world.now()


async def look_at_people(evidence: GateEvidence, world: World) -> None:
    """Read grants, charges, owed tokens and the getChatMember calls."""
    charges: list[Charge] = []
    for user in await current_database().collection("users").find({}, limit=ROWS):
        person = user["user_id"] - FIRST_SUBSCRIBER
        evidence.grants[person] = list(user.get("grants", []))
        for code, charge in user.get("charges", {}).items():
            charges.append(Charge(person, world.post_of(code), charge["at"].timestamp()))
    evidence.charges = charges
    owed = await current_database().collection("tokens").find({"is_owed": True}, limit=ROWS)
    evidence.owed = frozenset(token["token"] for token in owed)
    await look_at_questions(evidence, world)


async def look_at_questions(evidence: GateEvidence, world: World) -> None:
    """Read the getChatMember calls that Telegram received."""
    evidence.member_calls = [_asked(call) for call in await world.client.calls(method="getChatMember", bot=USER_BOT)]


def _asked(call: Json) -> Json:
    person, chat_id = int(call["params"]["user_id"]), int(call["params"]["chat_id"])
    return call | {"person": person - FIRST_SUBSCRIBER, "room": _room_of(chat_id)}
