"""Why a file cannot be used as a whole. One line that cannot be read is no such reason."""

from enum import StrEnum


class FileProblem(StrEnum):
    """A closed list; the sentences are in `views.system.import_screens`."""

    #: a spreadsheet, an archive or something else that is no text
    NOT_TEXT = "not_text"
    #: the letters are of no encoding that is known here, or some are broken
    LETTERS = "letters"
    EMPTY = "empty"
    #: no column has the ids
    NO_IDS = "no_ids"
    #: Telegram does not give it to bots any more, or did not in time
    NOT_GIVEN = "not_given"
    TOO_BIG = "too_big"
    #: the disk has no room for it
    NO_ROOM = "no_room"


class UnusableFile(Exception):
    """The file cannot be used; nothing of it was stored."""

    def __init__(self, problem: FileProblem, line: int | None = None) -> None:
        """`line`: where, if that is known."""
        super().__init__(problem.value if line is None else f"{problem.value}, line {line}")
        self.problem = problem
        self.line = line
