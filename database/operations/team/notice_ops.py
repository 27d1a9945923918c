"""What members are still to be told by the admin bot: a document of `admin_config`, with the oldest first.

The page changes roles and signs people in, in a process that may run no bot; a process with the admin bot takes what
waits and tells them.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from core.errors import AlreadyThere
from core.team.admins import Role
from core.team.sessions import SignInWay
from database.collection import Collection
from database.connection import current_database
from database.values import Document

_ID = "team notices"
#: that wait; of more the oldest are not told
WAITING_MAX = 50


@dataclass(frozen=True, slots=True)
class RoleNotice:
    """A change that a member is to be told of; `role` None: they are not in the team any more."""

    user_id: int
    role: Role | None
    #: code of the language they read; after a removal nothing else says it
    language: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SignInNotice:
    """A sign-in to the admin page that a member is to be told of."""

    user_id: int
    way: SignInWay
    #: browser and system in words, "" when neither is known
    device: str
    #: code of the language they read
    language: str
    at: datetime


Notice = RoleNotice | SignInNotice


def _config() -> Collection:
    return current_database().collection("admin_config")


async def add(user_id: int, role: Role | None, language: str, now: datetime) -> None:
    """Have a member told of their role; one atomic upsert."""
    await _push({"user_id": user_id, "role": role, "language": language, "at": now})


async def add_sign_in(notice: SignInNotice) -> None:
    """Have a member told of a sign-in; one atomic upsert."""
    await _push(asdict(notice))


async def _push(one: Document) -> None:
    update: Document = {"$push": {"waiting": {"$each": [one], "$slice": -WAITING_MAX}}}
    try:
        await _config().update_one({"_id": _ID}, update, upsert=True)
    except AlreadyThere:
        # another process inserted the document in the same instant
        await _config().update_one({"_id": _ID}, update, upsert=True)


async def take() -> Notice | None:
    """Take the oldest out; atomic: of concurrent callers one gets it. None when none waits."""
    waiting: Document = {"_id": _ID, "waiting.0": {"$exists": True}}
    before = await _config().find_one_and_update(waiting, {"$pop": {"waiting": -1}}, before=True)
    return None if before is None else read(before["waiting"][0])


def read(stored: Document) -> Notice:
    """Return one that waits. Raises one of `readable.CANNOT_READ`."""
    if "way" in stored:
        device = str(stored["device"])
        return SignInNotice(stored["user_id"], SignInWay(stored["way"]), device, str(stored["language"]), stored["at"])
    role = stored["role"]
    return RoleNotice(stored["user_id"], None if role is None else Role(role), str(stored["language"]), stored["at"])
