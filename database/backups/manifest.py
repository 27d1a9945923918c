"""What a backup says of itself: `manifest.json`, its last member, and the names of the others."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

#: of the files this program writes; another one is refused
VERSION = 1
MANIFEST = "manifest.json"
#: as MONGO_DB takes it
DATABASE_NAME = r"^[A-Za-z0-9_-]{1,63}$"
#: bytes of a manifest, which names a few dozen collections
MANIFEST_MAX = 4 * 1024 * 1024
#: collection that marks a restore under way; in no backup
RESTORE = "restore"
#: collection that records which migrations were applied
MIGRATION_RECORD = "migrations"

# One collection is read after the other, while the bots work: what is read later is newer. The order makes whatever
# happened in between come back on the safe side.
#: read first. broadcasts: one known as sent whose rows are older would leave people out. tokens: one known as paid
#: whose person is older would have paid nothing; the other way round the person's record says what it has paid already.
#: deliveries: an open one without its promise would have its credit given back, though the post is there
_FIRST = (MIGRATION_RECORD, "broadcasts", "tokens", "deliveries")
#: read last. posts, users: who or what others speak of is there, with the latest ban and opt-out. pending_deletions: no
#: promise to take a delivery back is missed for being made a minute ago; one kept meanwhile is kept again, to no harm.
#: impossible_deletions: a promise goes there, never back. revoked_sessions: who has signed out stays out
_LAST = ("posts", "users", "pending_deletions", "impossible_deletions", "revoked_sessions")


def in_order(names: Iterable[str]) -> list[str]:
    """Collections in the order they are read, without what a backup leaves out."""
    there_are = set(names) - {RESTORE}
    between = sorted(there_are - {*_FIRST, *_LAST})
    return [name for name in (*_FIRST, *between, *_LAST) if name in there_are]


def member_of(collection: str) -> str:
    """The name of the member with the collection's lines; slashes and their like are written as numbers."""
    return f"{quote(collection, safe='')}.jsonl"


class CollectionEntry(BaseModel):
    """One collection of a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(pattern=r"^[^$\x00]{1,255}$")
    documents: int = Field(ge=0)
    #: of the lines, not compressed
    bytes: int = Field(ge=0)
    #: of the lines
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """The whole of it. Times are aware UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["tollgate-backup"] = "tollgate-backup"
    version: Literal[1] = 1
    #: names this backup: a restore that was cut short goes on with the same one only
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    database: str = Field(pattern=DATABASE_NAME)
    #: when reading began
    at: AwareDatetime
    #: in the order they were read
    collections: tuple[CollectionEntry, ...] = Field(max_length=10_000)

    @model_validator(mode="after")
    def _names_fit(self) -> "Manifest":
        names = [kept.name for kept in self.collections]
        if len(set(names)) < len(names) or any(name == RESTORE or name.startswith("system.") for name in names):
            raise ValueError("names of collections that cannot be")
        return self

    @property
    def documents(self) -> int:
        return sum(kept.documents for kept in self.collections)

    def members(self) -> set[str]:
        """Every member of the file."""
        return {MANIFEST, *(member_of(kept.name) for kept in self.collections)}


class _Kind(BaseModel):
    """What every version says first."""

    format: Literal["tollgate-backup"]
    version: int


def read_manifest(text: bytes) -> Manifest:
    """The manifest. Raises ValueError, with the reason, for another program's, another version's or a broken one."""
    try:
        kind = _Kind.model_validate_json(text)
    except ValidationError:
        raise ValueError("not a manifest of Tollgate's") from None
    if kind.version != VERSION:
        raise ValueError(f"version {kind.version}, and this program reads version {VERSION}")
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise ValueError(f"{place or 'collections'} is wrong") from None


def stamp(at: datetime) -> str:
    """The instant in a file's name: sorts by time."""
    return f"{at:%Y%m%dT%H%M%SZ}"
