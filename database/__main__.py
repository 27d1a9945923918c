"""`python -m database` with the name of a command: exit 0 all is well, 1 a fault, 2 wrong usage."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from bson import json_util
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config import Settings, exposures_of, load_settings
from core.errors import TollgateError, for_operators
from core.exchange.imports.problems import FileProblem, UnusableFile
from core.exchange.imports.runs import ImportCounts
from core.terminal.printing import visible
from database import examination
from database.backups.backup import BackupReport, write_backup
from database.backups.files import backup_folder
from database.backups.manifest import DATABASE_NAME
from database.backups.report_words import restored_in_words
from database.backups.restore import Accepted, RestoreReport, restore
from database.backups.restore_marker import find_marker
from database.connection import Database, close_database, open_database
from database.doctor import Backups, Findings, examine
from database.erasing.tombstones import find_tombstones
from database.examination import Examined, examine_all
from database.importing.command import NoErasureKey, import_file
from database.indexes import ensure_indexes
from database.migrations.runner import migrate
from database.values import Document

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
#: MongoDB's own databases
_SYSTEM_DATABASES = frozenset({"admin", "config", "local"})

app = typer.Typer(help="Look after Tollgate's database.", no_args_is_help=True, add_completion=False,
                  pretty_exceptions_show_locals=False)  # fmt: skip


class _UsageError(Exception):
    """Wrong configuration or arguments; no server was asked. Exit status 2."""


async def _with_database(action: Callable[[Database, Settings], Awaitable[T]], into: str | None) -> T:
    settings = load_settings()
    try:
        db = await open_database(settings.MONGO_URI.get_secret_value(), into or settings.MONGO_DB)
    except TollgateError as error:
        raise _UsageError(f"MONGO_URI: {error}") from None
    try:
        return await action(db, settings)
    finally:
        await close_database()


def _run(action: Callable[[Database, Settings], Awaitable[T]], as_json: bool, into: str | None = None) -> T:
    try:
        return asyncio.run(_with_database(action, into))
    except (TollgateError, _UsageError, OSError) as error:
        problem = for_operators(error)
        _show(as_json, {"ok": False, "error": problem}, [f"failed: {problem}"])
        raise typer.Exit(2 if isinstance(error, _UsageError) else 1) from None


def _show(as_json: bool, document: dict[str, Any], lines: list[str]) -> None:
    # names of people and files, which may hold what steers a terminal
    typer.echo(json.dumps(document) if as_json else "\n".join(map(visible, lines)))


@app.command()
def indexes(as_json: AsJson = False) -> None:
    """Build the indexes that are missing and list all of them; may be repeated. Applies pending migrations first."""

    async def build(db: Database, _: Settings) -> list[str]:
        # half of a backup is migrated once it is whole
        if await find_marker(db) is None:
            await migrate(db)
        return await ensure_indexes(db, partial(typer.echo, err=True))

    names = _run(build, as_json)
    _show(as_json, {"ok": True, "indexes": names}, [*names, f"{len(names)} indexes stand"])


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check that the server answers and every index stands, count the documents, and read the newest backup.

    Backups are looked at when DATA_DIR is set.
    """

    async def check(db: Database, settings: Settings) -> tuple[Findings, list[str]]:
        has_folder = "DATA_DIR" in settings.model_fields_set
        folder = backup_folder(settings.DATA_DIR) if has_folder else None
        return await examine(db, folder, _polled_bots(settings)), exposures_of(settings)

    findings, exposures = _run(check, as_json)
    document: dict[str, Any] = {
        "ok": findings.is_healthy,
        "missing_indexes": findings.missing_indexes,
        "counts": findings.counts,
        "half_restored": findings.half,
        "pending_migrations": findings.pending_migrations,
        "is_newer": findings.is_newer,
        "unreadable": findings.unreadable,
        "refused_writes": findings.refused_writes,
        "clocks": findings.clocks,
        "exposures": exposures,
        "unpolled": findings.unpolled,
        "backup": None if findings.backups is None else _backup_as_json(findings.backups),
    }
    _show(as_json, document, [*(f"warning: {line}" for line in exposures), *_findings_in_words(findings)])
    if not findings.is_healthy:
        raise typer.Exit(1)


def _polled_bots(settings: Settings) -> list[int]:
    """Return the ids of the bots whose updates are polled, as far as tokens are configured."""
    user = [] if settings.UPDATES == "webhook" else [settings.USER_BOT_TOKEN]
    ids = [token.get_secret_value().partition(":")[0] for token in (*user, settings.ADMIN_BOT_TOKEN)]
    return [int(one) for one in ids if one.isdecimal()]


@app.command()
def unreadable(
    remove: Annotated[
        str | None, typer.Option(help="Delete this row (collection:id, as shown) and print it; nothing else is done.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read every document and show those that cannot be read; the bots may go on.

    A row that was repaired is used again at once.
    """
    if remove is not None:
        _remove(remove, as_json)
        return

    async def read(db: Database, _: Settings) -> list[Examined]:
        with _each_is_shown():
            return [one async for one in examine_all()]

    found = _run(read, as_json)
    rows = [row for one in found for row in one.unreadable]
    count = sum(one.count for one in found)
    shown = [{"row": row.key, "problem": row.problem} for row in rows]
    lines = [f"{row.key}: {row.problem}" for row in rows]
    verdict = f"{len(rows)} of {count} documents cannot be read"
    _show(as_json, {"ok": not rows, "documents": count, "unreadable": shown}, [*lines, verdict])
    if rows:
        raise typer.Exit(1)


@contextmanager
def _each_is_shown() -> Iterator[None]:
    """Log nothing of rows that this command prints anyway; without a configured log a line would not say which."""
    log = logging.getLogger("tollgate.database")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _remove(key: str, as_json: bool) -> None:
    async def delete(db: Database, _: Settings) -> Document | None:
        return await examination.remove(key)

    removed = _run(delete, as_json)
    if removed is None:
        text = f"{key} is no row that was found unreadable, or it can be read: run this command without --remove first"
        _show(as_json, {"ok": False, "error": text}, [text])
        raise typer.Exit(1)
    # the whole document, in the form a backup has it: mongoimport takes it back
    text = json_util.dumps(removed)
    _show(as_json, {"ok": True, "removed": json.loads(text)}, [text])


def _backup_as_json(backups: Backups) -> dict[str, Any]:
    at = backups.written_at
    return {
        "newest": backups.newest,
        "written_at": at and at.isoformat(),
        "is_old": backups.is_old,
        "is_encrypted": backups.is_encrypted,
        "damage": backups.damage,
    }


def _findings_in_words(findings: Findings) -> list[str]:
    counts = [f"{name}: {count}" for name, count in findings.counts.items()]
    missing = [f"missing index {name}" for name in findings.missing_indexes]
    half = [] if findings.half is None else [f"this is {findings.half}: restore that file again"]
    backups = [] if findings.backups is None else _backup_in_words(findings.backups)
    pending = [f"pending migration {name}: the next start applies it" for name in findings.pending_migrations]
    newer = ["a newer version has migrated this database: start that version"] if findings.is_newer else []
    unreadable = [f"cannot be read: {row}" for row in findings.unreadable]
    writes = [] if findings.refused_writes is None else [f"the database takes no writes: {findings.refused_writes}"]
    clocks = [] if findings.clocks is None else [f"{findings.clocks}: no job begins until they agree"]
    verdict = "run `python -m database indexes`" if missing else "the server answers, every index stands"
    return [
        *counts,
        *missing,
        *half,
        *pending,
        *newer,
        *unreadable,
        *backups,
        *writes,
        *clocks,
        *findings.unpolled,
        verdict,
    ]


def _backup_in_words(backups: Backups) -> list[str]:
    if backups.damage is not None:
        return [f"the newest backup cannot be used: {backups.damage}"]
    if backups.newest is None:
        return ["there is no backup yet"]
    old = ["the newest backup is older than two days"] if backups.is_old else []
    if backups.is_encrypted:
        return [
            *old,
            f"the newest backup, {backups.newest}, is as it was written; only its private key can read it",
        ]
    return [*old, f"the newest backup, {backups.newest}, can be read to the end"]


@app.command()
def backup(as_json: AsJson = False) -> None:
    """Write a backup into DATA_DIR/backups and remove old ones (BACKUP_KEEP); the bots may go on."""

    async def write(db: Database, settings: Settings) -> BackupReport:
        _refuse_memory(settings, "there is nothing in it to back up")
        with _Bar() as bar:
            folder = backup_folder(settings.DATA_DIR)
            to = settings.BACKUP_ENCRYPT_TO
            return await write_backup(
                folder, settings.BACKUP_KEEP, now=db.now(), encrypt_to=to, progress=bar, pause_s=0
            )

    report = _run(write, as_json)
    document = {
        "ok": True,
        "path": str(report.path),
        "bytes": report.bytes,
        "documents": report.documents,
        "collections": report.collections,
        "removed": report.removed,
    }
    removed = [f"{report.removed} older removed"] if report.removed else []
    words = f"{report.documents} documents of {len(report.collections)} collections, {report.bytes} bytes"
    _show(as_json, document, [str(report.path), words, *removed])


@app.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A backup.")],
    into: Annotated[str | None, typer.Option(help="Another database than MONGO_DB, which must be empty too.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Accept a file nobody vouches for: without what grants rights in it.")
    ] = False,
    with_rights: Annotated[
        bool, typer.Option("--with-rights", help="With --unsigned: also its team, settings, channels and shorteners.")
    ] = False,
    identity: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="File of the private key of an encrypted one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty database; stop the bots first."""
    if into is not None:
        _refuse_name(into)
    if with_rights and not unsigned:
        raise typer.BadParameter("it is of use with --unsigned only", param_hint="--with-rights")
    accept = Accepted(unsigned, with_rights, identity)

    async def write(db: Database, settings: Settings) -> RestoreReport:
        if not dry_run:
            _refuse_memory(settings, "what is restored would be gone at once")
        with _Bar() as bar:
            tombstones = find_tombstones(settings.DATA_DIR)
            return await restore(
                file, settings.DATA_DIR, accept=accept, dry_run=dry_run, progress=bar, tombstones=tombstones
            )

    report = _run(write, as_json, into)
    document = {
        "ok": True,
        "dry_run": report.is_dry_run,
        "database": report.database,
        "written_from": report.written_from,
        "written_at": report.written_at.isoformat(),
        "documents": report.documents,
        "collections": report.collections,
        "replaced": report.replaced,
        "paused_broadcasts": report.paused_broadcasts,
        "erased_again": report.erased_again,
        "unsigned": report.unsigned,
        "left_out": report.left_out,
        "team": report.team,
        "team_count": report.team_count,
        "lost_secrets": report.lost_secrets,
        "keys": report.keys,
        "other_keys": report.other_keys,
    }
    _show(as_json, document, restored_in_words(report))


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file.")],
    this_bot: Annotated[
        bool, typer.Option("--this-bot", help="They pressed Start at the bot of USER_BOT_TOKEN: it may write to them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at the file, store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import subscribers from a CSV file of any size; the bots may go on.

    Whoever is known stays as they are, so a command that was stopped is repeated.
    """

    async def work(db: Database, settings: Settings) -> ImportCounts:
        if not dry_run:
            _refuse_memory(settings, "what is imported would be gone at once")
        tombstones = find_tombstones(settings.DATA_DIR)
        try:
            with _Bar() as bar:
                return await import_file(
                    file, settings.zone, tombstones, db.now(), bar, is_of_this_bot=this_bot, is_dry_run=dry_run
                )
        except UnusableFile as error:
            where = "" if error.line is None else f" (line {error.line})"
            raise OSError(f"{file.name} {_UNUSABLE[error.problem]}{where}") from None
        except NoErasureKey as error:
            raise _UsageError(str(error)) from None

    done = _run(work, as_json)
    _show(as_json, {"ok": True, "dry_run": dry_run, **done.model_dump()}, _imported_in_words(done, dry_run=dry_run))


#: why a file cannot be imported
_UNUSABLE = {
    FileProblem.NOT_TEXT: "is no text; save it as CSV",
    FileProblem.LETTERS: "has letters that cannot be read; save it as UTF-8",
    FileProblem.EMPTY: "is empty",
    FileProblem.NO_IDS: "has no column user_id or id",
}


def _imported_in_words(done: ImportCounts, *, dry_run: bool) -> list[str]:
    lines = [f"{'would be new' if dry_run else 'new'}: {done.new}", f"known: {done.known}"]
    if done.doubled:
        lines.append(f"lines that repeat an id: {done.doubled}")
    if done.erased:
        lines.append(f"left out, since they asked to be deleted: {done.erased}")
    if done.unreadable:
        lines.append(f"unreadable: {done.unreadable}, the first in lines {', '.join(map(str, done.lines))}")
    return lines


def _refuse_memory(settings: Settings, why: str) -> None:
    if settings.is_memory_store:
        raise _UsageError(f"MONGO_URI: memory:// belongs to this command alone, {why}")


def _refuse_name(name: str) -> None:
    if not re.fullmatch(DATABASE_NAME, name):
        raise typer.BadParameter("a name of 1 to 63 letters, digits, _ and - is expected", param_hint="--into")
    if name in _SYSTEM_DATABASES:
        raise typer.BadParameter("that database is MongoDB's own", param_hint="--into")


class _Bar:
    """A progress bar on standard error; called with the current work, what is done and the total, 0 for not known."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("beginning", total=None)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, doing: str, done: int, total: int) -> None:
        self._progress.update(self._task, description=visible(doing), completed=done, total=total or None)


if __name__ == "__main__":
    app(prog_name="python -m database")
