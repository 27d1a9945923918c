"""The views of the admin page: one table, in the order of its menu."""

from collections.abc import Callable
from dataclasses import dataclass

from core.team.admins import Role
from core.team.rights import Right, may
from views.page import broadcasts, posts, schedule, sessions, settings, shell, statistics, subscribers, system, team
from views.page.forms import Words


@dataclass(frozen=True, slots=True)
class PageView:
    """A part of the page with an address of its own, `/admin#<name>`; its script is `static/view_<name>.js`."""

    name: str
    #: who lacks it does not see the view; the API checks each request by itself
    right: Right
    words: Callable[[], Words]


VIEWS = (
    PageView("subscribers", Right.SUBSCRIBERS, subscribers.words),
    PageView("posts", Right.POSTS, posts.words),
    PageView("schedule", Right.POSTS, schedule.words),
    # an editor sees the numbers of posts in it
    PageView("statistics", Right.POST_STATISTICS, statistics.words),
    PageView("settings", Right.SETTINGS, settings.words),
    PageView("broadcasts", Right.BROADCASTS, broadcasts.words),
    PageView("team", Right.TEAM, team.words),
    PageView("system", Right.JOBS, system.words),
    # each their own, owners everybody's
    PageView("sessions", Right.PAGE, sessions.words),
)
#: the words of the frame have the name of no view
SHELL = "shell"
WORDS: dict[str, Callable[[], Words]] = {SHELL: shell.words, **{view.name: view.words for view in VIEWS}}


def views_of(role: Role) -> list[str]:
    """Return the names of the views a role may open, in order."""
    return [view.name for view in VIEWS if may(role, view.right)]
