"""What a step changed: in the database, at Telegram, in the log."""

from collections.abc import Mapping
from typing import Any

import bson
from bson.codec_options import CodecOptions

from database.connection import Database

_WITH_ZONE: CodecOptions[Mapping[str, Any]] = CodecOptions(tz_aware=True)
#: collection -> id, as text -> the document, encoded
Stored = dict[str, dict[str, bytes]]


def stored(database: Database) -> Stored:
    """Return everything in the memory store. Encoding refuses what MongoDB could not store."""
    found: Stored = {}
    for name, collection in database._native.delegate._store._collections.items():
        for key, document in collection._documents.items():
            # its documents have nothing in common; "shown by 1001" is a bot's
            home = f"{name}/{str(key).rstrip('0123456789 ')}" if name == "admin_config" else name
            found.setdefault(home, {})[repr(key)] = bson.encode(document)
    return found


def changes(before: Stored, after: Stored) -> dict[str, set[str]]:
    """Return the names of fields that differ, by collection; "+" for a new document, "-" for a lost one."""
    found: dict[str, set[str]] = {}
    for name in before.keys() | after.keys():
        was, now = before.get(name, {}), after.get(name, {})
        if was == now:
            continue
        for key in was.keys() | now.keys():
            if was.get(key) != now.get(key):
                found.setdefault(name, set()).update(_fields(was.get(key), now.get(key)))
    return found


def documents_changed(
    before: Stored, after: Stored, collection: str
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return the documents of a collection that changed, as they were and as they are; {} for what was not there."""
    was, now = before.get(collection, {}), after.get(collection, {})
    keys = [key for key in was.keys() | now.keys() if was.get(key) != now.get(key)]
    return [(_decoded(was.get(key)), _decoded(now.get(key))) for key in keys]


def _decoded(document: bytes | None) -> Mapping[str, Any]:
    return {} if document is None else bson.decode(document, _WITH_ZONE)


def _fields(was: bytes | None, now: bytes | None) -> set[str]:
    if was is None:
        return {"+"}
    if now is None:
        return {"-"}
    before, after = _decoded(was), _decoded(now)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
