"""`python -m schedulers`: exit 0 success, 1 a failure or another process runs the job, 2 wrong usage or configuration.

Works without the app and beside it: leases and rows in the database decide which process runs what.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from config import Settings, load_settings
from core.clock import SystemClock
from core.errors import TollgateError, for_operators
from core.job_status import overview
from core.jobs import RunReport
from core.terminal.printing import visible
from database import connection
from database.backups.restore_marker import check_not_half_restored
from database.indexes import ensure_indexes
from database.migrations.runner import migrate
from database.operations import lease_ops, run_ops
from monitoring import logs
from schedulers import cli_words as words
from schedulers import registry
from schedulers.cli_progress import progress_of

if TYPE_CHECKING:
    from schedulers.runner import Run

T = TypeVar("T")

#: the argument that means every job
ALL = "all"
#: number of runs shown by `history`
HISTORY, HISTORY_MAX = 20, 1000
#: `paused_by` of a job paused here
CLI = "cli"

app = typer.Typer(help="Tollgate's jobs: what is planned, what ran, and running them.", no_args_is_help=True,
                  add_completion=False, pretty_exceptions_show_locals=False)  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def _check_job(name: str) -> str:
    found = registry.find_name(name)
    if found is None:
        raise typer.BadParameter(f"{name[:60]!r} is no job. The jobs are: {', '.join(registry.JOB_NAMES)}")
    return found


def _check_job_or_all(name: str) -> str:
    return name if name == ALL else _check_job(name)


def _check_jobs_or_all(names: list[str] | None) -> list[str]:
    return [_check_job_or_all(name) for name in names or ()]


def _check_job_if_given(name: str | None) -> str | None:
    return None if name is None else _check_job(name)


Job = Annotated[
    str, typer.Argument(metavar="NAME", callback=_check_job, help=f"One of: {', '.join(registry.JOB_NAMES)}.")
]
JobsOrAll = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME|all", callback=_check_jobs_or_all, help="Jobs by their names, or all of them."),
]
Tasks = Annotated[
    list[str] | None, typer.Option("--task", metavar="NAME|all", callback=_check_jobs_or_all, help="The same as NAME.")
]
MaybeJob = Annotated[
    str | None, typer.Argument(metavar="[NAME]", callback=_check_job_if_given, help="Of one job only.")
]


class _BadAddress(Exception):
    """MONGO_URI is malformed: a configuration error, no server was asked."""


async def _open_and_run(settings: Settings, action: Callable[[], Awaitable[T]]) -> T:
    # cron, systemd and Kubernetes send SIGTERM to what takes too long: a run in progress must still write its outcome
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError, ValueError):  # Windows; not in the main thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await connection.open_database(settings.MONGO_URI.get_secret_value(), settings.MONGO_DB)
    except TollgateError as error:
        raise _BadAddress(f"MONGO_URI: {error}") from None
    try:
        return await action()
    finally:
        await connection.close_database()


def _with_open_database(settings: Settings, action: Callable[[], Awaitable[T]], as_json: bool) -> T:
    """Run `action` with the database open and return its result; exit 1 or 2 when that fails."""
    logs.hide(settings.ALERT_WEBHOOK_URL.get_secret_value())
    logs.configure("ERROR" if as_json else "WARNING", settings.LOG_FORMAT)
    try:
        return asyncio.run(_open_and_run(settings, action))
    except (TollgateError, _BadAddress) as error:
        problem, status = for_operators(error), 2 if isinstance(error, _BadAddress) else 1
    except asyncio.CancelledError:
        problem, status = "asked to stop", 1
    if as_json:
        typer.echo(json.dumps({"ok": False, "error": problem}))
    else:
        typer.echo(f"failed: {visible(problem)}", err=True)
    raise typer.Exit(status)


def _print_table(table: Any) -> None:
    # without a terminal as wide as the table needs
    console = Console()
    console.print(table) if console.is_terminal else Console(width=200).print(table)


@app.command("list")
def list_jobs(as_json: AsJson = False) -> None:
    """Every job: when it runs, when next (in TIMEZONE), how its last run ended and how long ago that was."""
    settings, now = load_settings(), SystemClock().now()
    plans = registry.plans(settings.zone, settings.job_times)

    async def read() -> Any:
        runs, leases = await run_ops.latest_runs(registry.JOB_NAMES), await lease_ops.find_many(registry.JOB_NAMES)
        return overview(plans, runs, leases, now)

    jobs = _with_open_database(settings, read, as_json)
    if as_json:
        documents = [words.job_document(job, now, settings.zone) for job in jobs]
        typer.echo(json.dumps({"now": now.isoformat(), "zone": settings.TIMEZONE, "jobs": documents}))
    else:
        _print_table(words.jobs_table(jobs, now, settings.zone))


@app.command()
def history(
    name: MaybeJob = None,
    limit: Annotated[int, typer.Option(min=1, max=HISTORY_MAX, help="How many runs.")] = HISTORY,
    as_json: AsJson = False,
) -> None:
    """The last runs, of all jobs or of one, the latest first."""
    settings, now = load_settings(), SystemClock().now()
    runs = _with_open_database(settings, lambda: run_ops.last_runs(limit, name), as_json)
    if as_json:
        typer.echo(json.dumps({"runs": [words.run_document(run) for run in runs]}))
    elif runs:
        _print_table(words.runs_table(runs, now, settings.zone))
    else:
        typer.echo("no runs are remembered")


@app.command()
def leases(as_json: AsJson = False) -> None:
    """Who runs what right now, and what is paused."""
    settings, now = load_settings(), SystemClock().now()
    found = _with_open_database(settings, lambda: lease_ops.find_many(registry.JOB_NAMES), as_json)
    if as_json:
        typer.echo(json.dumps({"leases": [words.lease_document(lease, now) for lease in found.values()]}))
    elif found:
        _print_table(words.leases_table(found, now, settings.zone))
    else:
        typer.echo("no job has run yet")


@app.command()
def pause(name: Job, as_json: AsJson = False) -> None:
    """Let no tick of a job begin, in any process, until it is resumed. `run` still runs it."""
    settings, now = load_settings(), SystemClock().now()
    is_changed = _with_open_database(settings, lambda: lease_ops.pause(name, now, CLI), as_json)
    _say_changed(name, "paused", is_changed, as_json)


@app.command()
def resume(name: Job, as_json: AsJson = False) -> None:
    """Let the ticks of a job begin again."""
    is_changed = _with_open_database(load_settings(), lambda: lease_ops.resume(name), as_json)
    _say_changed(name, "resumed", is_changed, as_json)


def _say_changed(name: str, what: str, is_changed: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"ok": True, "job": name, "changed": is_changed}))
    else:
        typer.echo(f"{name}: {what}" if is_changed else f"{name}: nothing to change")


@app.command()
def run(
    names: JobsOrAll = None,
    task: Tasks = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only what is due and nobody has run: for a line in cron.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run jobs now and in this process, one after the other. A job another process is at is not run a second time.

    A job by its name runs also while it is paused; `all` and `--due` pass paused ones over.
    """
    named = dict.fromkeys([*(names or ()), *(task or ())])
    if not named:
        raise typer.BadParameter("Name a job, or all.")
    settings = load_settings()
    reports: list[RunReport] = []
    jobs = registry.JOB_NAMES if ALL in named else tuple(named)

    async def run_them() -> bool:
        await _prepare_database()
        # imported only here: `list` does without the jobs
        run_once = import_module("schedulers.run_once")
        is_well: bool = await run_once.run_all(
            jobs,
            _job_config(settings, run_once.JobConfig),
            watch,
            notify,
            is_due=due,
            even_paused=ALL not in named and not due,
        )
        return is_well

    def watch(job: str) -> AbstractAsyncContextManager[Callable[["Run"], None]]:
        return _no_progress() if as_json else progress_of(job)

    def notify(report: RunReport) -> None:
        reports.append(report)
        if not as_json:
            typer.echo(words.report_line(report))

    is_well = _with_open_database(settings, run_them, as_json)
    if as_json:
        typer.echo(json.dumps({"ok": is_well, "runs": [words.report_document(report) for report in reports]}))
    raise typer.Exit(0 if is_well else 1)


async def _prepare_database() -> None:
    # the app may never have run here, and the unique index on rows is what makes a tick run once
    await check_not_half_restored(connection.current_database())
    await migrate(connection.current_database())
    await ensure_indexes(connection.current_database(), partial(typer.echo, err=True))


@asynccontextmanager
async def _no_progress() -> AsyncIterator[Callable[["Run"], None]]:
    yield lambda run: None


def _job_config(settings: Settings, kind: Callable[..., Any]) -> Any:
    """Return the JobConfig of these settings; `kind` is that class, which is imported only by `run`."""
    return kind(
        zone=settings.zone,
        times=settings.job_times,
        batch_size=settings.CLEANUP_BATCH_SIZE,
        timeout_s=settings.CLEANUP_TIMEOUT_SECONDS,
        pause_ms=settings.CLEANUP_PAUSE_MS,
        data_dir=settings.DATA_DIR,
        backup_keep=settings.BACKUP_KEEP,
        backup_encrypt_to=settings.BACKUP_ENCRYPT_TO,
        storage_channel_id=settings.STORAGE_CHANNEL_ID,
        is_posted=settings.UPDATES == "webhook",
        user_token=settings.USER_BOT_TOKEN,
        admin_token=settings.ADMIN_BOT_TOKEN,
        owner_ids=settings.ADMIN_IDS,
        api_url=settings.TELEGRAM_API_URL,
        alert_webhook_url=settings.ALERT_WEBHOOK_URL,
        rate_per_s=settings.SEND_RATE_PER_SECOND,
        bulk_rate_per_s=settings.BULK_RATE_PER_SECOND,
    )
