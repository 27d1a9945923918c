"""Carries an import that a process took on to its end; each page it stores is recorded with the run."""

from collections.abc import Awaitable, Callable

from core.clock import Clock
from core.exchange.imports.problems import FileProblem, UnusableFile
from core.exchange.imports.runs import ImportCounts, ImportRun
from database.importing.importer import Importer
from database.operations.exchange import import_ops
from database.operations.exchange.imported_people import Source

#: called with what is stored so far
Shown = Callable[[ImportCounts], Awaitable[None]]


async def carry_on(run: ImportRun, importer: Importer, clock: Clock, shown: Shown) -> bool:
    """Store what is left of the file and end the run; False when another process has it by now.

    A kill anywhere leaves a run that the next process takes on: what was stored is not stored twice, and is counted
    once. Raises StoreUnavailable, and OSError of the file; then the run goes on later.
    """

    async def stored(done: ImportCounts) -> bool:
        is_ours = await import_ops.advance(run, done, clock.now())
        if is_ours:
            await shown(done)
        return is_ours

    problem: FileProblem | None = None
    try:
        await importer.store(Source(run.key, run.is_of_this_bot, run.asked_at), run.done, stored)
    except UnusableFile as error:
        problem = error.problem
    return await import_ops.finish(run, clock.now(), problem)
