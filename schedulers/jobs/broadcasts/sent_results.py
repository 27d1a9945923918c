"""Writing who has their copies, many in one command."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from core.errors import StoreRefused, TollgateError
from core.supervisor import Supervisor
from database.operations.broadcast_rows import SentCopies

#: results in one command
BATCH_MAX = 200

Write = Callable[[Sequence[SentCopies]], Awaitable[object]]


class SentResults:
    """Writes results one command after the other: those that arrive during one go together into the next.

    So a result waits for at most one command before its own, and however many arrive, one command is under way.
    """

    def __init__(self, write: Write, tasks: Supervisor) -> None:
        """`write` writes one or several results and may repeat itself; `tasks` holds the task that does it."""
        self._write = write
        self._tasks = tasks
        self._waiting: deque[tuple[SentCopies, asyncio.Future[None]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def write(self, copies: SentCopies) -> None:
        """Return when the result is written. Raises what writing it raised."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((copies, written))
        if self._writer is None or self._writer.done():
            self._writer = self._tasks.spawn(self._write_waiting(), "broadcast results")
        await written

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            try:
                await self._write_batch(batch)
            finally:
                for _, written in batch:
                    written.cancel()  # does nothing unless this task was cancelled

    async def _write_batch(self, batch: Sequence[tuple[SentCopies, asyncio.Future[None]]]) -> None:
        try:
            await self._write([copies for copies, _ in batch])
        except StoreRefused as refused:
            if len(batch) == 1:
                _fail(batch[0][1], refused)
                return
            # one result that is refused concerns no other
            for one in batch:
                await self._write_batch([one])
        except TollgateError as error:
            for _, written in batch:
                _fail(written, error)
        else:
            for _, written in batch:
                if not written.done():
                    written.set_result(None)


def _fail(written: asyncio.Future[None], error: TollgateError) -> None:
    if not written.done():
        written.set_exception(error)
