"""The table of contents of a backup: `manifest.json`, its last member, and the names and order of the others."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

#: version of the file format, and those that are read. 1 was not signed
VERSION = 2
VERSIONS = (1, 2)
MANIFEST = "manifest.json"
#: the member with the signature of the manifest, and its length
SIGNATURE, SIGNATURE_LENGTH = "signature", 64
#: what MONGO_DB allows
DATABASE_NAME = r"^[A-Za-z0-9_-]{1,63}$"
#: bytes of a manifest, and collections it names
MANIFEST_MAX, COLLECTIONS_MAX = 1024 * 1024, 1000
#: most that a count or a size says
_COUNT_MAX = 2**63 - 1
#: conversations with the team that are under way; in no backup: they hold what was typed, passwords too, and would
#: go on where nobody remembers them
DIALOGUES = "dialogues"
#: collection that marks a restore under way; in no backup
RESTORE = "restore"
#: collection that records which migrations were applied
MIGRATION_RECORD = "migrations"

# Collections are read one after the other while the bots run: those read later are newer. In this order anything that
# happens meanwhile is restored in a state that does no harm.
#: read first. migrations: documents read later are at least as far as this record says. broadcasts: one recorded as
#: sent, with older rows, would leave recipients out. tokens: one recorded as paid, with an older user, would have paid
#: nothing; the other way round the user's record lists the grant
_FIRST = (MIGRATION_RECORD, "broadcasts", "tokens")
#: read last. posts, users: whatever other documents refer to exists, with the latest ban and opt-out.
#: deliveries: no recent promise is missed, and one that is being sent has lapsed after the restore and gives its credit
#: back. (A credit that came back between these two reads stays spent. Read before the users, every promise made while
#: those are read would be missed.)
#: pending_deletions: a promise is written there before it leaves its delivery, so it is in one of them, or in both and
#: fulfilled twice, harmlessly. impossible_deletions: promises end there and never return.
#: revoked_sessions: signed-out sessions stay signed out
_LAST = ("posts", "users", "deliveries", "pending_deletions", "impossible_deletions", "revoked_sessions")


def in_order(names: Iterable[str]) -> list[str]:
    """Return the collections in the order they are read, without those a backup leaves out."""
    included = set(names) - {RESTORE, DIALOGUES}
    between = sorted(included - {*_FIRST, *_LAST})
    return [name for name in (*_FIRST, *between, *_LAST) if name in included]


def member_of(collection: str) -> str:
    """Return the name of the member with the collection's lines, percent-encoded."""
    return f"{quote(collection, safe='')}.jsonl"


#: files of DATA_DIR without which a restored database is not whole
KeyFile = Literal["shortener_key", "owner_key", "erasure_key"]


class CollectionEntry(BaseModel):
    """One collection of a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(pattern=r"^[^$\x00]{1,255}$")
    documents: int = Field(ge=0, le=_COUNT_MAX)
    #: of its lines, uncompressed
    bytes: int = Field(ge=0, le=_COUNT_MAX)
    #: of its lines
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """The content of `manifest.json`. Times are aware UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["tollgate-backup"] = "tollgate-backup"
    version: Literal[1, 2] = 2
    #: identifies this backup: an interrupted restore is continued with the same one only
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    database: str = Field(pattern=DATABASE_NAME)
    #: when reading began
    at: AwareDatetime
    #: in the order they were read
    collections: tuple[CollectionEntry, ...] = Field(max_length=COLLECTIONS_MAX)
    #: names the key the manifest is signed with; None in version 1
    key_id: str | None = Field(None, pattern=r"^[0-9a-f]{16}$")
    #: whether secrets among the fields are encrypted (sealed_fields.py)
    is_sealed: bool = False
    #: key files of DATA_DIR by their names; only in a file that is encrypted as a whole
    keys: dict[KeyFile, Annotated[str, Field(max_length=1000)]] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _names_fit(self) -> "Manifest":
        names = [entry.name for entry in self.collections]
        if len(set(names)) < len(names) or any(name == RESTORE or name.startswith("system.") for name in names):
            raise ValueError("names of collections that cannot be")
        if (self.version == 1) != (self.key_id is None):
            raise ValueError("signed, or not, against its version")
        return self

    @property
    def documents(self) -> int:
        return sum(entry.documents for entry in self.collections)

    def members(self) -> set[str]:
        """Return the names of every member of the file."""
        ends = (MANIFEST,) if self.version == 1 else (MANIFEST, SIGNATURE)
        return {*ends, *(member_of(entry.name) for entry in self.collections)}


class _Format(BaseModel):
    """The fields every version of the format has."""

    format: Literal["tollgate-backup"]
    version: int = Field(ge=0, le=1_000_000)


def read_manifest(text: bytes) -> Manifest:
    """Parse a manifest. Raises ValueError, with the reason, for one of another program or version, or a broken one."""
    try:
        found = _Format.model_validate_json(text)
    except ValidationError:
        raise ValueError("not a manifest of Tollgate's") from None
    if found.version not in VERSIONS:
        raise ValueError(f"version {found.version}, and this program reads up to version {VERSION}")
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise ValueError(f"{place or 'collections'} is wrong") from None


def stamp(at: datetime) -> str:
    """Return the instant as it is written in a file's name; stamps sort by time."""
    return f"{at:%Y%m%dT%H%M%SZ}"
