"""Every action the audit log gets has words."""

import re
from pathlib import Path

from core.team.admins import Role
from views.team.action_words import ACTIONS, in_words

ROOT = Path(__file__).resolve().parents[3]
#: the first words of actions that stand in the code, wherever they do
_AREAS = sorted({action.partition(".")[0] for action in ACTIONS})
_ACTION = re.compile(rf'"((?:{"|".join(_AREAS)})\.[a-z_]+)"')
#: lines of a log that begin with the same words
_LOGGED = re.compile(r"log\.(?:debug|info|warning|error|exception)\(\s*\"([a-z_.]+)\"")
#: neither: names of files, of fields in callback data, and kinds of steps that can be undone
_OTHER = {
    "page.css",
    "page.html",
    "post.field",
    "post.removal",
    "person.credits",
    "person.pass",
    "announcement.off",
    "shortener.not_counted",
}


def test_every_action_of_the_code_has_words() -> None:
    found: set[str] = set()
    for package in ("admin_bot", "web_app"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found |= set(_ACTION.findall(text)) - set(_LOGGED.findall(text))
    assert found - _OTHER - set(ACTIONS) == set()


def test_a_secret_setting_and_a_text_are_named_and_not_quoted() -> None:
    assert in_words("setting.changed", "welcome_text", "<b>x</b>", "<b>y</b>") == "changed \u2068Welcome\u2069"
    assert "hunter2" not in in_words("setting.changed", "post_password", None, "hunter2")


def test_what_people_typed_is_escaped() -> None:
    assert in_words("team.role_set", "<b>Bob</b>", Role.EDITOR, Role.OWNER) == (
        "changed the role of \u2068&lt;b&gt;Bob&lt;/b&gt;\u2069"
    )
