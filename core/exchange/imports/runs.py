"""An import: what a look at the file found, what was stored of it, and who works on it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from core.exchange.imports.problems import FileProblem
from core.records import Record

#: numbers of unreadable lines that are kept
LINES_MAX = 12
#: a process that has stored nothing for this long has died; a page takes below a second
LEASE_FOR = timedelta(seconds=60)


class ImportState(StrEnum):
    """How far an import is. A closed list."""

    #: looked at; somebody has to say that it shall be done
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    #: it ended before the end of the file; `problem` says why
    FAILED = "failed"


class ImportCounts(Record):
    """Lines of a file by what becomes of them."""

    new: int = 0
    #: stored before; nothing of them is changed
    known: int = 0
    #: in the file once more
    doubled: int = 0
    #: they asked to be deleted, and stay so
    erased: int = 0
    unreadable: int = 0
    #: the first unreadable ones
    lines: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        return self.new + self.known + self.doubled + self.erased + self.unreadable

    def plus(self, other: "ImportCounts") -> "ImportCounts":
        """Return the sum with the counts of a later part of the file."""
        return ImportCounts(
            new=self.new + other.new,
            known=self.known + other.known,
            doubled=self.doubled + other.doubled,
            erased=self.erased + other.erased,
            unreadable=self.unreadable + other.unreadable,
            lines=(*self.lines, *other.lines)[:LINES_MAX],
        )


class ImportFile(Record):
    """A file in a chat, as a bot names it."""

    bot_id: int
    file_id: str
    name: str = ""


class ImportRun(Record):
    """The one import there is. Times are aware UTC."""

    #: 16 hexadecimal digits
    key: str
    state: ImportState
    file: ImportFile
    #: they pressed Start at the bot these bots have the token of: messages reach them
    is_of_this_bot: bool = False
    #: what the look found
    found: ImportCounts = ImportCounts()
    #: what was stored so far: rows up to `done.total` of the file
    done: ImportCounts = ImportCounts()
    asked_by: int
    #: the message that shows the progress, in the private chat with `asked_by`
    message_id: int | None = None
    asked_at: datetime
    finished_at: datetime | None = None
    problem: FileProblem | None = None
    #: which process works on it, and until when no other takes it over
    owner: str | None = None
    until: datetime | None = None

    @property
    def is_running(self) -> bool:
        return self.state is ImportState.RUNNING


def unreadable_counts(lines: Sequence[int]) -> ImportCounts:
    """Return the counts of lines that cannot be read."""
    return ImportCounts(unreadable=len(lines), lines=tuple(lines[:LINES_MAX]))
