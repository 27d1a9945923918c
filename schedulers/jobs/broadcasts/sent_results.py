"""Writing who has their copies, many in one command."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from core.errors import StoreRefused, TollgateError
from core.supervisor import Supervisor
from database.operations.broadcast_rows import SentCopies

#: results in one command
BATCH_MAX = 200

Write = Callable[[Sequence[SentCopies]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Result:
    copies: SentCopies
    written: asyncio.Future[None]

    def end(self, error: TollgateError | None = None) -> None:
        """Say that it is written, or why not; whoever waited for it may have gone."""
        if self.written.done():
            return
        if error is None:
            self.written.set_result(None)
        else:
            self.written.set_exception(error)


class SentResults:
    """Writes results one command after the other: those that arrive during one go together into the next.

    So a result waits for at most one command before its own, and however many arrive, one command is under way.
    """

    def __init__(self, write: Write, tasks: Supervisor) -> None:
        """`write` writes one or several results and may repeat itself; `tasks` holds the task that does it."""
        self._write = write
        self._tasks = tasks
        #: results that are not written yet, the oldest first; those of the command under way stay until it ends
        self._waiting: deque[_Result] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def write(self, copies: SentCopies) -> None:
        """Return when the result is written. Raises what writing it raised."""
        result = _Result(copies, asyncio.get_running_loop().create_future())
        self._waiting.append(result)
        if self._writer is None or self._writer.done():
            self._writer = self._tasks.spawn(self._write_waiting(), "broadcast results")
            self._writer.add_done_callback(self._writer_ended)
        await result.written

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = [*islice(self._waiting, BATCH_MAX)]
            await self._write_batch(batch)
            for _ in batch:
                self._waiting.popleft()

    async def _write_batch(self, batch: Sequence[_Result]) -> None:
        try:
            await self._write([result.copies for result in batch])
        except StoreRefused as refused:
            if len(batch) == 1:
                batch[0].end(refused)
                return
            # one result that is refused concerns no other
            for result in batch:
                await self._write_batch([result])
        except TollgateError as error:
            for result in batch:
                result.end(error)
        else:
            for result in batch:
                result.end()

    def _writer_ended(self, writer: asyncio.Task[None]) -> None:
        """Leave nobody waiting when the task was cancelled, or failed."""
        # another has begun meanwhile: it has what is waiting
        while self._waiting and writer is self._writer:
            written = self._waiting.popleft().written
            if writer.cancelled():
                written.cancel()
            elif not written.done():
                written.set_exception(writer.exception() or StoreRefused("the results were not written"))
