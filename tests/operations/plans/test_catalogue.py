"""The catalogue is complete: every operation, and every call of a collection."""

import ast

from tests.operations.plans.catalogue import CASES, operations_there_are
from tests.operations.plans.filled import FEWEST, filled
from tests.operations.plans.queries import DATABASE, CallSites, methods_that_call

METHODS = methods_that_call()
#: files that read or write whole collections, covered by tests/operations/backups and tests/operations/migrations, and
#: one that builds indexes (tests/operations/store)
WHOLE = frozenset(
    {
        "backups/backup.py",
        "backups/erased_again.py",
        "backups/restore.py",
        "backups/restore_marker.py",
        "index_builds.py",
        "migrations/steps.py",
        "migrations/m0002_delivery_states.py",
    }
)


def test_every_operation_is_in_the_catalogue() -> None:
    there_are = {f"{operation.__module__}.{operation.__qualname__}" for operation in operations_there_are()}
    catalogued = {f"{case.operation.__module__}.{case.operation.__qualname__}" for case in CASES}
    assert there_are - catalogued == set(), "give it a case in plans/catalogue.py"
    assert catalogued - there_are == set()
    assert len({case.name for case in CASES}) == len(CASES)


def _modules_of(tree: ast.Module) -> frozenset[str]:
    """Return the names of modules of operations: `user_ops.find` calls an operation, and no collection."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if (node.module or "").startswith("database.operations")]
    return frozenset(alias.asname or alias.name for node in ours for alias in node.names)


def _is_call_of_collection(node: ast.Call, modules: frozenset[str]) -> bool:
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in METHODS:
        return False
    if node.args and isinstance(node.args[0], ast.Constant):
        # of bytes or a text: a collection's first argument is a condition
        return False
    return not (isinstance(node.func.value, ast.Name) and node.func.value.id in modules)


def _calls_written() -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return file, function and text of every call of a collection in `database/`, with its lines.

    Equal calls in one function (a second attempt) count as one.
    """
    written: dict[tuple[str, str, str], tuple[int, int]] = {}
    for path in sorted(DATABASE.rglob("*.py")):
        relative = path.relative_to(DATABASE).as_posix()
        if relative == "collection.py" or relative in WHOLE:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = _modules_of(tree)
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _is_call_of_collection(node, modules):
                    place = (relative, function.name, ast.unparse(node))
                    written.setdefault(place, (node.lineno, node.end_lineno or node.lineno))
    return written


async def test_every_call_of_a_collection_is_reached_by_the_catalogue() -> None:
    sites = CallSites()
    async with filled("memory://", FEWEST) as db:
        db.before_call = sites.note
        for case in CASES:
            await case.run()
    not_reached = [
        place
        for place, (first, last) in _calls_written().items()
        if not any(name == place[0] and first <= line <= last for name, line in sites.reached)
    ]
    assert not_reached == [], "no case of plans/catalogue.py makes this call"
