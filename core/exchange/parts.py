"""Files of rows in parts that Telegram takes."""

from typing import IO, Any

from core.exchange.exports import RowWriter

#: Telegram takes files of 50 MB from a bot (https://core.telegram.org/bots/api#senddocument); the rest of the request
#: needs room, and whether these are 10^6 bytes is not said
PART_MAX = 49_000_000


class Part:
    """One part that is being written to an open file."""

    def __init__(self, rows: RowWriter, file: IO[bytes], part_max: int = PART_MAX) -> None:
        self._rows = rows
        self._file = file
        self._max = part_max
        self._size = file.write(rows.start())
        #: rows in it
        self.count = 0

    def add(self, values: list[Any]) -> bool:
        """Write one row; False, and nothing is written, when it would make the part too big. The first always fits."""
        line = self._rows.row(values, is_first=self.count == 0)
        if self.count and self._size + len(line) + len(self._rows.end()) > self._max:
            return False
        self._size += self._file.write(line)
        self.count += 1
        return True

    def close(self) -> None:
        """Write the end. The file stays open."""
        self._file.write(self._rows.end())
        self._file.flush()
