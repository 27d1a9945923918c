"""What both bots show of themselves, as last set: a document per bot in the collection `admin_config`."""

from dataclasses import dataclass

from core.bots.profile import ShownText
from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import current_database
from database.readable import record_or_none
from database.values import Document

_USERNAMES = "usernames"


@dataclass(frozen=True, slots=True)
class Usernames:
    """What the bots are called, "" while it is not known."""

    user_bot: str = ""
    admin_bot: str = ""


def _config() -> Collection:
    return current_database().collection("admin_config")


async def load(bot_id: int) -> dict[str, ShownText]:
    """Return what is known of the bot's texts, by name; {} at the first start."""
    return await record_or_none(_config(), await _config().find_one({"_id": _id(bot_id)}), read) or {}


def read(document: Document) -> dict[str, ShownText]:
    """Return the texts of a bot's document. Raises one of `readable.CANNOT_READ`."""
    stored: dict[str, dict[str, str | None]] = document.get("texts") or {}
    return {name: ShownText(text["wanted"] or "", text["ours"]) for name, text in stored.items()}


async def store(bot_id: int, name: str, shown: ShownText) -> None:
    """Store what was set; one atomic upsert. `name` has neither dots nor dollar signs."""
    update = {"$set": {f"texts.{name}": {"wanted": shown.wanted, "ours": shown.ours}}}
    try:
        await _config().update_one({"_id": _id(bot_id)}, update, upsert=True)
    except AlreadyThere:
        # another process inserted it in the same instant
        await _config().update_one({"_id": _id(bot_id)}, update, upsert=True)


async def forget(bot_id: int, name: str) -> None:
    """Delete what is known of one text."""
    await _config().update_one({"_id": _id(bot_id)}, {"$unset": {f"texts.{name}": ""}})


async def remember_usernames(user_bot: str, admin_bot: str) -> None:
    """Store what the bots are called; one atomic upsert. For processes that run no bot."""
    update: Document = {"$set": {"user_bot": user_bot, "admin_bot": admin_bot}}
    try:
        await _config().update_one({"_id": _USERNAMES}, update, upsert=True)
    except AlreadyThere:
        # another process inserted it in the same instant
        await _config().update_one({"_id": _USERNAMES}, update, upsert=True)


async def usernames() -> Usernames:
    """Return what the bots were called at their last start; empty before the first."""
    document = await _config().find_one({"_id": _USERNAMES})
    return await record_or_none(_config(), document, read_usernames) or Usernames()


def read_usernames(document: Document) -> Usernames:
    """Return the names of their document. Raises one of `readable.CANNOT_READ`."""
    return Usernames(str(document["user_bot"]), str(document["admin_bot"]))


def _id(bot_id: int) -> str:
    return f"shown by {bot_id}"
