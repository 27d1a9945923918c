"""The import of subscribers (document `import` of `admin_config`): one at a time in the whole house.

A run that is under way has an owner for a time; whoever finds the time over takes it from where it is. Each step is one
conditional update: a process that lost the run stores no progress.
"""

from datetime import datetime

from core.errors import AlreadyThere
from core.exchange.imports.problems import FileProblem
from core.exchange.imports.runs import LEASE_FOR, ImportCounts, ImportRun, ImportState
from database.collection import Collection
from database.connection import current_database
from database.readable import reader, record_of, record_or_none
from database.values import Document

_ID = "import"
#: makes a run of a document
READ = reader(ImportRun)


def _config() -> Collection:
    return current_database().collection("admin_config")


async def find() -> ImportRun | None:
    """Return the import that is offered, under way or over; None when there was none, or it cannot be read."""
    return await record_or_none(_config(), await _config().find_one({"_id": _ID}), READ)


async def offer(run: ImportRun) -> bool:
    """Store an import that was looked at, in place of the last one; one upsert. False while one is under way."""
    condition: Document = {"_id": _ID, "state": {"$ne": ImportState.RUNNING.value}}
    try:
        return await _config().update_one(condition, {"$set": run.model_dump()}, upsert=True)
    except AlreadyThere:
        return False


async def set_bot(key: str, *, is_of_this_bot: bool) -> bool:
    """Record which bot the subscribers started; atomic. False when it is no longer offered."""
    condition: Document = {"_id": _ID, "key": key, "state": ImportState.READY.value}
    return await _config().update_one(condition, {"$set": {"is_of_this_bot": is_of_this_bot}})


async def start(key: str, message_id: int | None) -> bool:
    """Begin an import that is offered; atomic: of two presses one gets True. `message_id`: shows the progress."""
    condition: Document = {"_id": _ID, "key": key, "state": ImportState.READY.value}
    started: Document = {"state": ImportState.RUNNING.value, "message_id": message_id}
    return await _config().update_one(condition, {"$set": started})


async def take(owner: str, now: datetime) -> ImportRun | None:
    """Take the import that is under way and that no process works on; atomic. None when there is none."""
    condition: Document = {"_id": _ID, "state": ImportState.RUNNING.value, "until": {"$not": {"$gt": now}}}
    taken: Document = {"owner": owner, "until": now + LEASE_FOR}
    return await record_of(_config(), await _config().find_one_and_update(condition, {"$set": taken}), READ)


async def advance(run: ImportRun, done: ImportCounts, now: datetime) -> bool:
    """Record how far the owner of a run is; atomic. False when it is another's, or further, by now."""
    condition = _owned(run)
    step: Document = {"done": done.model_dump(), "until": now + LEASE_FOR}
    return await _config().update_one(condition, {"$set": step})


async def finish(run: ImportRun, now: datetime, problem: FileProblem | None = None) -> bool:
    """End a run of its owner, `problem` saying what stopped it; atomic. False when it is another's by now."""
    state = ImportState.DONE if problem is None else ImportState.FAILED
    ended: Document = {"state": state.value, "problem": problem, "finished_at": now, "owner": None, "until": None}
    return await _config().update_one(_owned(run), {"$set": ended})


async def release(run: ImportRun) -> bool:
    """Let another process take a run at once; atomic. False when it is another's by now."""
    return await _config().update_one(_owned(run), {"$set": {"until": None}})


def _owned(run: ImportRun) -> Document:
    return {"_id": _ID, "key": run.key, "state": ImportState.RUNNING.value, "owner": run.owner}
