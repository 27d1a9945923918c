"""The gate lets the team pass; a role given or taken while the bot runs holds within five seconds."""

from typing import Any

from database.connection import current_database
from database.operations import settings_ops
from tests.house import ALICE, OLIVE, USER_BOT, House


async def opens(house: House, text: str) -> None:
    """Alice opens a new post and reads `text`."""
    await house.alice.link(house.link(await house.store()))
    await house.alice.wait(USER_BOT, contains=text)


async def give(user_id: int, role: str, **more: Any) -> None:
    await current_database().collection("admins").insert_one({"user_id": user_id, "role": role, **more})


async def test_an_editor_passes_the_gate_and_a_row_without_a_proof_does_not(house: House) -> None:
    await settings_ops.change("access_mode", "credits")
    await house.alice.text(USER_BOT, "/start")
    await give(ALICE, "owner")
    await house.advance(seconds=6)
    await opens(house, "Unlock")
    admins = current_database().collection("admins")
    await admins.delete_one({"user_id": ALICE})
    await give(ALICE, "editor")
    await house.advance(seconds=6)
    await opens(house, "Deleted in")
    await admins.delete_one({"user_id": ALICE})
    await house.advance(seconds=6)
    await opens(house, "Unlock")


async def test_owners_of_the_configuration_pass(house: House) -> None:
    await settings_ops.change("access_mode", "credits")
    await house.olive.link(house.link(await house.store()))
    await house.olive.wait(USER_BOT, contains="Deleted in")
    assert OLIVE in await house.base.team.owner_ids()
