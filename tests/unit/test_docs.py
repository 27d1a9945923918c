"""The pages people read name what exists: files, commands, settings."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "sandbox/README.md")]
PAGES += sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])
#: files and folders of the repository; `data` is made by a run, and of the hidden ones only this one is ours
TOP = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - {"data"} | {".ci"}
NAMES = TOP | {path.name for top in TOP for path in (ROOT / top).rglob("*") if path.suffix in {".py", ".md"}}
README_LINES_MAX = 150
DECISIONS = ROOT / "docs/decisions"

#: what is code in Markdown: a block, or a span between single backticks
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
#: the target of a link or picture, without an anchor
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
#: placeholders in a path: NAME, <name>, *, …
ANY_NAME = re.compile(r"<[^>]*>|\*+|…|\b[A-Z]+\b")
#: a file named without its folder
FILE = re.compile(r"\w+\.(?:py|md)")
#: a decision is often cited without the rest of its file's name
DECISION = re.compile(r"\bdecisions/(\d{4})(?![\w-])")
PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code_of(text: str) -> Iterator[str]:
    """Yield blocks and spans of code."""
    for block, span in CODE.findall(text):
        yield block or span


def words_of(text: str) -> set[str]:
    """Return the words of code, without quotes and brackets around them and without `::test` and `:line` behind."""
    words = (word for code in code_of(text) for word in code.split())
    return {word.strip(",;()[]\"'").partition(":")[0].removeprefix("./") for word in words}


def is_there(path: str, base: Path = ROOT) -> bool:
    """Whether `path` exists; a placeholder in it matches any name."""
    if (base / path).exists():
        return True
    pattern = ANY_NAME.sub("*", path).rstrip("/")
    return "*" in pattern and any(base.glob(pattern))


def missing_in(page: Path) -> list[str]:
    """Return every path, link, decision and test that `page` names and the repository does not have."""
    text = text_of(page)
    words = words_of(text)
    missing = [word for word in words if "/" in word and word.partition("/")[0] in TOP and not is_there(word)]
    missing += [word for word in words if FILE.fullmatch(word) and word not in NAMES]
    missing += [link for link in LINK.findall(text) if "://" not in link and not is_there(link, page.parent)]
    missing += [number for number in DECISION.findall(text) if not any(DECISIONS.glob(f"{number}-*.md"))]
    tests = re.findall(r"([\w/]+\.py)::(\w+)", text)
    missing += [test for path, test in tests if is_there(path) and f"def {test}(" not in text_of(ROOT / path)]
    return sorted(missing)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", text_of(ROOT / "Makefile"), re.MULTILINE))


def section(page: Path, title: str) -> str:
    """Return what is under the heading `title`, up to the next one."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text_of(page), re.DOTALL | re.MULTILINE)
    assert found, f"{page.name} has no section {title!r}"
    return found[1]


@PAGE
def test_every_path_a_page_names_exists(page: Path) -> None:
    assert missing_in(page) == []


@PAGE
def test_every_make_target_a_page_names_exists(page: Path) -> None:
    named = {name for code in code_of(text_of(page)) for name in re.findall(r"\bmake ([a-z][a-z-]*)", code)}
    assert named - targets() == set()


@PAGE
def test_every_module_a_page_runs_can_be_run(page: Path) -> None:
    modules = {name for code in code_of(text_of(page)) for name in re.findall(r"python3? -m ([\w.]+)", code)}
    paths = [ROOT / name.replace(".", "/") for name in modules if name.partition(".")[0] in TOP]
    assert [path for path in paths if not (path / "__main__.py").exists() and not is_there(f"{path}.py")] == []


def test_commands_of_the_readme_work_as_they_are_printed() -> None:
    readme = text_of(ROOT / "README.md")
    assert re.findall(r"(?<!\.venv/bin/)\bpython3? -m .*", readme) == []


def test_the_readme_is_short() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= README_LINES_MAX


def test_the_readme_leads_to_every_page() -> None:
    links = {(ROOT / link).resolve() for link in LINK.findall(text_of(ROOT / "README.md")) if "://" not in link}
    pages = {path for path in PAGES if path.parent in (ROOT, ROOT / "docs")} - {ROOT / "README.md"}
    assert pages - links == set()


def test_the_example_has_every_setting_and_nothing_else() -> None:
    names = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text_of(ROOT / ".env.example"), re.MULTILINE)
    assert sorted(names) == sorted(Settings.model_fields)


def test_what_has_no_default_is_in_going_live() -> None:
    needed = {name for name, field in Settings.model_fields.items() if field.is_required()}
    assert needed
    assert {name for name in needed if f"`{name}`" not in section(ROOT / "README.md", "Go live")} == set()


def test_every_decision_is_numbered_once() -> None:
    numbers = [path.name[:4] for path in DECISIONS.iterdir()]
    assert all(number.isdecimal() for number in numbers)
    assert len(set(numbers)) == len(numbers)


# --- what is wrong is found


@pytest.mark.parametrize(
    "text",
    [
        "`core/nothing.py`",
        "```\nless tests/nothing\n```",
        "[here](nothing.md)",
        "![a picture](docs/nothing.png)",
        "docs/decisions/9999",
        "`tests/unit/test_docs.py::test_nothing`",
        "`core/<name>.txt`",
        "`nothing.py`",
    ],
)
def test_a_path_that_does_not_exist_is_found(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert len(missing_in(page)) == 1


PLACEHOLDERS = ["`core/<name>.py`", "`schedulers/jobs/NAME.py`", "`views/*/texts.py`", "`core`", "`/v/`"]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_placeholders_match_any_name(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert missing_in(page) == []


def test_every_test_that_shows_a_threat_stopped_exists() -> None:
    cited = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text_of(ROOT / "docs/threats.md"))
    missing = [f"{path}::{name}" for path, name in cited if f"def {name}(" not in text_of(ROOT / path)]
    assert len(cited) >= 20
    assert missing == []
