"""No text for people stands outside of the catalogues: where it would be English for everybody."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.catalogues import ROOT

FOLDERS = ("views", "admin_bot", "user_bot")
#: what looks a text up, or marks it for a later look
LOOK_UPS = {"_", "gettext", "ngettext", "pgettext", "marked", "N_"}
#: calls whose texts nobody reads in a chat: logs, patterns, names of routers, of tasks and of processes' parts
FOR_DEVELOPERS = {
    *("debug", "info", "warning", "error", "exception", "getLogger", "get_logger"),
    *("compile", "strptime", "strftime", "Router", "spawn", "keep_running", "BotComponent"),
}
#: raised for developers; every other error has a sentence for people
DEVELOPERS_ERRORS = {"ValueError", "TypeError", "RuntimeError", "KeyError", "AssertionError", "NotImplementedError"}
#: arguments that stand on a button or in a message
SHOWN = {"text", "caption", "description", "label", "input_field_placeholder"}
#: whole tags, and the halves an f-string cuts one into
_TAG = re.compile(r"<[^<>]*>|<[^<>]*$|^[^<>]*>")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[A-Z][a-z]+[.:!?…]?")

#: files whose literals are no texts for people, each with its reason
FILES = {
    "admin_bot/section_rights.py": "names of routers",
    "views/screen_limits.py": "what a test says of a screen",
}
#: literals that are no texts for people, each with its reason
EXCEPTIONS = {
    ("admin_bot/context.py", "DATA_DIR: no key file was opened"): "an error for developers",
    ("admin_bot/storage/albums.py", "stopped before the album was stored"): "for the log; people read the sentence",
    ("user_bot/delivery/sending.py", ":former owner"): "part of a key",
    ("user_bot/gate/channel_state.py", "member not found"): "words of Telegram",
    ("user_bot/gate/channel_state.py", "user not found"): "words of Telegram",
    ("user_bot/gate/channel_state.py", "invalid user_id specified"): "words of Telegram",
    ("user_bot/gate/channel_state.py", "bad request: "): "words of Telegram",
    ("user_bot/gate/unlock_links.py", "instead of a link "): "part of a key",
    ("user_bot/old_links.py", "old links: too many messages"): "name of an incident",
    ("views/broadcasts/reasons.py", "Telegram refuses it: "): "as it is stored; looked up where it is shown",
    ("views/page/subscribers.py", "happened_too fast"): "part of a key",
    ("views/page/subscribers.py", "happened_credits back"): "part of a key",
    ("views/page/subscribers.py", "happened_pass back"): "part of a key",
    ("views/page/settings.py", "never_for ever"): "part of a key",
    ("views/publishing/times.py", "Dt"): "a format of Telegram",
    ("views/settings/samples.py", "100 messages"): "announcements are in English",
    ("views/settings/samples.py", "46 h 59 min"): "announcements are in English",
    ("admin_bot/bots/service.py", "Bad Request: "): "words of Telegram",
    ("views/team/texts.py", "No owner yet. Open within 24 h: "): "printed by the terminal",
    ("views/times.py", "Dt"): "a format of Telegram",
    ("views/times.py", "d MMM"): "a format of dates",
    ("views/times.py", '" format="'): "inside of a tag",
    ("views/team/activity.py", "CSV"): "the same in every language",
}


def is_sentence(text: str, *, is_cut: bool = True) -> bool:
    """Return whether a literal reads like words: a letter and a space, or one capitalised word, besides tags.

    `is_cut`: it may be the part of a sentence, with its space at an end.
    """
    words = _TAG.sub("", text if is_cut else text.strip())
    return bool(_LETTER.search(words)) and (" " in words or _WORD.fullmatch(words) is not None)


def literals(path: Path) -> Iterator[str]:
    """Return the texts of a file that are neither looked up nor meant for developers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # elsewhere `f"press {id}"` is a key or the name of a task
    is_view = path.is_relative_to(ROOT / "views")
    left_out = set(_of_developers(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in left_out:
            if is_sentence(node.value, is_cut=is_view):
                yield node.value
        elif isinstance(node, ast.Call):
            yield from _shown(node)


def _shown(call: ast.Call) -> Iterator[str]:
    """Return labels in small letters: on a button they are read all the same."""
    given = [one.value for one in call.keywords if one.arg in SHOWN]
    given += call.args[:1] if _name(call.func) == "button" else []
    for one in given:
        text = one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else ""
        if _LETTER.search(text) and not is_sentence(text):
            yield text


def _of_developers(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                yield docstring
            case ast.Call(func=called) if _name(called) in LOOK_UPS:
                yield from (one for one in node.args if isinstance(one, ast.Constant))
            case ast.Call(func=called) if _name(called) in FOR_DEVELOPERS:
                for one in (*node.args, *(given.value for given in node.keywords)):
                    yield from ast.walk(one)
            case ast.Raise(exc=ast.Call(func=called)) if _name(called) in DEVELOPERS_ERRORS:
                yield from ast.walk(node)
            case ast.Assert(msg=ast.expr() as message):
                yield from ast.walk(message)
            case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=ast.expr() as annotation):
                yield from ast.walk(annotation)
            case ast.FunctionDef(returns=ast.expr() as returned) | ast.AsyncFunctionDef(returns=ast.expr() as returned):
                yield from ast.walk(returned)


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def found() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            yield from ((name, text) for text in literals(path) if name not in FILES)


def test_every_text_for_people_is_looked_up_in_the_catalogues() -> None:
    """A text is an argument of `_`, `ngettext` or `pgettext`; what is none gets a line in EXCEPTIONS."""
    outside = [one for one in found() if one not in EXCEPTIONS]
    assert outside == []


def test_each_exception_is_still_there() -> None:
    assert set(EXCEPTIONS) - set(found()) == set()
