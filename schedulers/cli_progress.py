"""Progress of a run on a terminal's standard error: its counts so far and the time it takes."""

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
    """The run's counts so far, read each time the bar is drawn; jobs report nothing themselves."""

    def render(self, task: Task) -> Text:
        run: Run | None = task.fields.get("run")
        return Text("" if run is None else words.counts(dict(run.done)))


@asynccontextmanager
async def progress_of(job: str, console: Console | None = None) -> AsyncIterator[Callable[["Run"], None]]:
    """Show a bar until the block ends; yield the function to call with the run once it has started.

    Writes nothing without a terminal. The bar has no total: how much there is to do is not known in advance.
    """
    console = console or Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(job), BarColumn(bar_width=20), _Done(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(job, total=None, run=None)

        def on_start(run: "Run") -> None:
            progress.update(task, run=run)

        yield on_start
