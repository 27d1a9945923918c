"""The import table of DESIGN §2, and what importing may not do."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "core": set(),
    "database": {"core"},
    "views": {"core"},
    "monitoring": {"core"},
    "sender": {"core", "monitoring.metrics"},
    "shorteners": {"core", "monitoring.metrics"},
    "runtime": {"core", "database", "sender", "views", "monitoring", "config"},
    "schedulers": {"core", "database", "sender", "views", "monitoring"},
    "user_bot": {"core", "database", "sender", "shorteners", "views", "monitoring"},
    "admin_bot": {"core", "database", "sender", "shorteners", "views", "monitoring"},
    "web_app": {"core", "database", "views", "monitoring"},
    "sandbox": set(),
    "scripts": set(),
}
#: files that may import more than their package: the mains build, and they alone read the configuration
MORE = {
    "user_bot/main.py": {"config", "runtime", "schedulers"},
    "user_bot/__main__.py": {"runtime"},
    # the table of jobs is plain data; `docs/decisions/0010` says why these two read it
    "admin_bot/main.py": {"config", "runtime", "schedulers.registry"},
    "admin_bot/__main__.py": {"runtime"},
    "web_app/main.py": {"config", "runtime", "schedulers.registry"},
    "web_app/__main__.py": {"runtime"},
    "database/__main__.py": {"config"},
    "schedulers/cli.py": {"config"},
    # a translator's tool
    "scripts/catalogues.py": {"views.catalogues"},
}
OURS = {*PACKAGES, "config", "main", "tests", "bench"}
#: the most modules beside each other in one folder, `__init__.py` and `__main__.py` not counted
MODULES_MAX = 24
#: one file per rule or per collection: a finer division would separate what is read together
MODULES_MAX_OF = {"core": 30, "database/operations": 30}
#: the rooms of these packages know nothing of each other
SUBJECTS_APART = ("admin_bot", "views")
#: rooms every subject may use; what posts, broadcasts and channels are stored in is one of them
SHARED_ROOMS = frozenset({"conversation", "middlewares", "storage"})
#: folders of a page's scripts, with the least number of scripts the check has to find there
SCRIPT_FOLDERS = (("sandbox/page", 20), ("web_app/static", 8))
#: libraries only one package (or file) may know, with the owners
OWNERS = {
    "motor": "database/",
    "pymongo": "database/",
    "mongomock_motor": "database/",
    "mongomock": "database/",
    "apscheduler": "schedulers/scheduler.py",
}

#: what every scheduler of the seed has to offer, and the modules of its operations
SEEDS_NAMES = """
from inspect import iscoroutinefunction
from aiogram import Bot
from schedulers import (
    create_broadcast_deleter_scheduler,
    create_message_deleter_scheduler,
    token_cleanup_scheduler,
    token_count_reset_scheduler,
)
from database.operations import broadcast_ops, deletion_ops, token_ops, user_ops

bot = Bot("1002:seed")
for scheduler, coroutine in (
    (token_cleanup_scheduler, "cleanup_expired_tokens"),
    (token_count_reset_scheduler, "reset_token_counts"),
    (create_message_deleter_scheduler(bot), "delete_due_messages"),
    (create_broadcast_deleter_scheduler(bot), "delete_expired_broadcasts"),
):
    assert callable(scheduler.start) and callable(scheduler.stop), scheduler
    assert iscoroutinefunction(getattr(scheduler, coroutine)), coroutine
"""
#: imports the modules it is given; no connection, file, folder, loop or log set-up may come of it (STYLE 13)
SILENTLY = """
import asyncio, importlib, logging, os, sys

def refuse(*_, **__):
    raise AssertionError("an event loop or a log set-up at import")

def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event in {"socket.__new__", "os.mkdir", "subprocess.Popen"}:
        raise AssertionError(f"{event} at import: {arguments}")

asyncio.new_event_loop = asyncio.run = logging.basicConfig = refuse
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
assert logging.getLogger().handlers == [], "a handler on the root logger"
"""
LOUD = (
    "import socket; socket.socket()",
    "open('left.txt', 'a')",
    "import pathlib; pathlib.Path('left').mkdir()",
    "import asyncio; asyncio.new_event_loop()",
    "import logging; logging.basicConfig()",
    "import logging; logging.getLogger().addHandler(logging.NullHandler())",
)


@cache
def tree_of(path: Path) -> ast.Module:
    """The parsed file; most tests ask for each of them."""
    return ast.parse(path.read_text(encoding="utf-8"))


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@cache
def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def allowed(name: str, rights: set[str]) -> bool:
    return any(name == right or name.startswith(f"{right}.") for right in rights)


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_imports_only_what_the_table_allows(package: str) -> None:
    broken = []
    for path in files_of(package):
        relative = path.relative_to(ROOT).as_posix()
        rights = PACKAGES[package] | MORE.get(relative, set()) | {package}
        for name in imported(tree_of(path)):
            if name.split(".")[0] in OURS and not allowed(name, rights):
                broken.append(f"{relative} imports {name}")
    assert broken == []


@pytest.mark.parametrize(("library", "owner"), OWNERS.items())
def test_each_guarded_library_has_one_owner(library: str, owner: str) -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in files_of(package)
        if any(name.split(".")[0] == library for name in imported(tree_of(path)))
    ]
    assert [user for user in users if not user.startswith(owner)] == []


def test_nothing_is_imported_inside_a_function() -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for package in PACKAGES
        for path in files_of(package)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_exceptions_are_caught_broadly_in_the_runner_and_the_web_middleware_alone() -> None:
    """The bots' error handler is aiogram's (STYLE 10)."""
    broad = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in files_of(package)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]
    assert broad == ["schedulers/runner.py", "web_app/errors.py"]


def test_tasks_are_started_in_the_supervised_place_alone() -> None:
    loose = [
        path.relative_to(ROOT).as_posix()
        for package in sorted(set(PACKAGES) - {"sandbox"})
        for path in files_of(package)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"create_task", "ensure_future"}
    ]
    assert loose == ["core/supervisor.py"]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imports_between_files() -> dict[str, set[str]]:
    """Each module of ours, with the modules of ours it imports."""
    paths = [path for package in PACKAGES for path in files_of(package)] + [ROOT / "config.py", ROOT / "main.py"]
    modules = {module_of(path) for path in paths}
    found: dict[str, set[str]] = {}
    for path in paths:
        names = imported(tree_of(path))
        targets = {name if name in modules else name.rpartition(".")[0] for name in names}
        found[module_of(path)] = (targets & modules) - {module_of(path)}
    return found


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Each circle of imports once, as the modules on it."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(module: str, trail: list[str]) -> None:
        if module in trail:
            found.append(trail[trail.index(module) :])
        elif module not in done:
            for target in sorted(arrows[module]):
                walk(target, [*trail, module])
            done.add(module)

    for module in sorted(arrows):
        walk(module, [])
    return found


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circles(imports_between_files()) == []


def test_a_circle_of_imports_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


@pytest.mark.parametrize(("folder", "scripts"), SCRIPT_FOLDERS)
def test_scripts_of_a_page_import_each_other_in_no_circle(folder: str, scripts: int) -> None:
    arrows = {
        path.name: set(re.findall(r'(?:from|import) "\./([a-z_]+\.js)"', path.read_text(encoding="utf-8")))
        for path in (ROOT / folder).glob("*.js")
    }
    assert len(arrows) >= scripts
    assert sum(map(len, arrows.values())) >= scripts
    assert circles(arrows) == []


def test_no_folder_has_more_modules_than_can_be_read_at_a_glance() -> None:
    folders: dict[str, int] = {}
    for package in (*PACKAGES, "bench", "tests"):
        for path in files_of(package):
            if path.name not in {"__init__.py", "__main__.py", "conftest.py"}:
                folder = path.parent.relative_to(ROOT).as_posix()
                folders[folder] = folders.get(folder, 0) + 1
    too_full = {folder: count for folder, count in folders.items() if count > MODULES_MAX_OF.get(folder, MODULES_MAX)}
    assert too_full == {}


@pytest.mark.parametrize("package", SUBJECTS_APART)
def test_subjects_do_not_import_each_other(package: str) -> None:
    subjects = {path.name for path in (ROOT / package).iterdir() if path.is_dir()} - SHARED_ROOMS
    crossed = [
        f"{module} imports {target}"
        for module, targets in imports_between_files().items()
        for target in sorted(targets)
        if (here := module.split("."))[0] == (there := target.split("."))[0] == package
        and len(there) > 2
        and there[1] in subjects
        and len(here) > 2
        and here[1] in (subjects | SHARED_ROOMS)
        and here[1] != there[1]
    ]
    assert crossed == []


def test_no_package_has_a_name_that_says_nothing() -> None:
    empty_words = {"utils", "shared", "common", "helpers", "misc"}
    found = [str(path) for package in PACKAGES for path in files_of(package) if path.stem in empty_words]
    assert found == []


def test_importing_core_and_database_loads_neither_aiogram_nor_a_loop() -> None:
    code = (
        "import sys, asyncio, core.settings, core.access, database.connection, database.operations;"
        "assert 'aiogram' not in sys.modules, 'aiogram was loaded'"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


def run_python(code: str, *arguments: str) -> None:
    """Run `code` in an interpreter of its own. Asserts that it ended well."""
    command = [sys.executable, "-B", "-c", code, *arguments]
    result = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


@pytest.mark.sweep
def test_the_seeds_names_can_be_imported() -> None:
    run_python(SEEDS_NAMES)


def test_importing_is_silent() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for path in files_of(package)
    ]
    run_python(SILENTLY, "config", "main", *modules)


@pytest.mark.parametrize("deed", LOUD)
def test_the_guard_hears_what_is_not_silent(deed: str, tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(deed, encoding="utf-8")
    with pytest.raises(AssertionError, match=r"at import|root logger"):
        run_python(f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{SILENTLY}", "loud")
