"""`python -m database indexes|doctor`: exit 0 all is well, 1 something is wrong, 2 wrong usage or configuration."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from config import load_settings
from core.errors import TollgateError
from database.connection import Database, close_database, open_database
from database.doctor import Findings, examine
from database.indexes import ensure_indexes

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]

app = typer.Typer(help="Look after Tollgate's database.", no_args_is_help=True, add_completion=False)


class _BadAddress(Exception):
    """MONGO_URI cannot be used: a matter of configuration, no server was asked."""


async def _with_database(action: Callable[[Database], Awaitable[T]]) -> T:
    settings = load_settings()
    try:
        db = await open_database(settings.MONGO_URI.get_secret_value(), settings.MONGO_DB)
    except TollgateError as error:
        raise _BadAddress(f"MONGO_URI: {error}") from None
    try:
        return await action(db)
    finally:
        await close_database()


def _run(action: Callable[[Database], Awaitable[T]], as_json: bool) -> T:
    try:
        return asyncio.run(_with_database(action))
    except (TollgateError, _BadAddress) as error:
        _show(as_json, {"ok": False, "error": str(error)}, [f"failed: {error}"])
        raise typer.Exit(2 if isinstance(error, _BadAddress) else 1) from None


def _show(as_json: bool, document: dict[str, Any], lines: list[str]) -> None:
    typer.echo(json.dumps(document) if as_json else "\n".join(lines))


@app.command()
def indexes(as_json: AsJson = False) -> None:
    """Build the indexes that are missing and list all of them; may be repeated."""
    names = _run(ensure_indexes, as_json)
    _show(as_json, {"ok": True, "indexes": names}, [*names, f"{len(names)} indexes stand"])


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check that the server answers and every index stands, and count the documents."""
    findings = _run(examine, as_json)
    document = {"ok": findings.is_healthy, "missing_indexes": findings.missing_indexes, "counts": findings.counts}
    _show(as_json, document, _report(findings))
    if not findings.is_healthy:
        raise typer.Exit(1)


def _report(findings: Findings) -> list[str]:
    counts = [f"{name}: {count}" for name, count in findings.counts.items()]
    missing = [f"missing index {name}" for name in findings.missing_indexes]
    verdict = "run `python -m database indexes`" if missing else "the server answers, every index stands"
    return [*counts, *missing, verdict]


if __name__ == "__main__":
    app(prog_name="python -m database")
