"""Two people change one thing: what the second one is asked."""

from views.buttons import button
from views.html import bare, cut, isolate
from views.screens import Parent, Screen

_NAME_MAX = 10


def conflict(who: str, change: str, *, save_mine: str, keep_theirs: str, parent: Parent) -> Screen:
    """Return “Bob changed this to 60 min a moment ago. Yours is not saved.”

    `who`: the other person's name, as typed; `change`: the value they set, HTML; `save_mine`, `keep_theirs`: callback
    data.
    """
    name = cut(bare(who), _NAME_MAX)
    return Screen(
        f"{isolate(who)} changed this to {change} a moment ago. Yours is not saved.",
        ([button("Save mine", save_mine), button(f"Keep {name}'s", keep_theirs)],),
        parent,
    )
