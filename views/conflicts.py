"""Two people change one thing: what the second one is asked."""

from views.buttons import button
from views.html import bare, cut, isolate
from views.language import _, pgettext
from views.screens import Parent, Screen

_NAME_MAX = 10


def conflict(who: str, change: str, *, save_mine: str, keep_theirs: str, parent: Parent) -> Screen:
    """Return “Bob changed this to 60 min a moment ago. Yours is not saved.”

    `who`: the other person's name, as typed, "" for one nobody knows; `change`: the value they set, HTML; `save_mine`,
    `keep_theirs`: callback data.
    """
    known = bare(who).strip() or _somebody()
    name = cut(known, _NAME_MAX)
    return Screen(
        changed_meanwhile(isolate(known), change),
        ([button(_("Save mine"), save_mine), button(_("Keep {name}'s").format(name=name), keep_theirs)],),
        parent,
    )


def changed_meanwhile(who: str, change: str) -> str:
    """Return the sentence. `who`: a name as HTML, "" for one nobody knows; `change`: HTML."""
    name = who or _somebody()
    return _("{name} changed this to {change} a moment ago. Yours is not saved.").format(name=name, change=change)


def _somebody() -> str:
    return pgettext("who changed something", "Somebody")
