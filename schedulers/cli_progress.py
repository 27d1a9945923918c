"""How far a run is, on standard error while somebody looks: what it has counted so far, and for how long it runs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from schedulers import cli_words as words

if TYPE_CHECKING:
    from schedulers.runner import Run


class _Done(ProgressColumn):
    """What the run has counted so far; read anew each time it is drawn, so no job has to tell."""

    def render(self, task: Task) -> Text:
        run: Run | None = task.fields.get("run")
        return Text("" if run is None else words.counts(dict(run.done)))


@asynccontextmanager
async def progress_of(job: str, console: Console | None = None) -> AsyncIterator[Callable[["Run"], None]]:
    """Show a bar until the block ends; what it gives is to be called with the run once it has begun.

    Nothing is written where no terminal is: a log has no use for it. How much there is to do nobody knows before it is
    done, so the bar moves without an end.
    """
    console = console or Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(job), BarColumn(bar_width=20), _Done(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(job, total=None, run=None)

        def begun(run: "Run") -> None:
            progress.update(task, run=run)

        yield begun
