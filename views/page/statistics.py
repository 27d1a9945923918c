"""The view “Statistics” of the admin page."""

from views.language import _, pgettext
from views.page.forms import Words
from views.page.posts import numbers


def words() -> Words:
    return {**numbers(), **_figures(), **_lists()}


def _figures() -> dict[str, str]:
    return {
        "heading": pgettext("view", "Statistics"),
        "subscribers": _("Subscribers"),
        "subscribers_note": _("+{new}, {blocked} blocked"),
        "active": pgettext("subscribers", "Active"),
        "active_all": _("in the last 30 days"),
        "more_than_before": _("{share} more than before"),
        "less_than_before": _("{share} less than before"),
        "as_before": _("as before"),
        "not_comparable": _("nothing to compare with"),
        "unlocks": _("Unlocks"),
        "too_fast": _("too fast: {count} ({share})"),
        "sent": _("Announcements"),
        "sent_note": _("broadcasts {broadcasts}, reached {copies}"),
        "funnel": _("Where they stop"),
        "counted_since": _("Tries, unlocks and announcements are counted since {date}."),
    }


def _lists() -> dict[str, str]:
    return {
        "day_by_day": _("Day by day"),
        "figure": pgettext("chart", "Figure"),
        "chart_delivered": _("Delivered"),
        "chart_new": _("New subscribers"),
        "chart_active": _("Active subscribers"),
        "chart_alt": _("{figure} a day from {first} to {last}: least {least}, most {most}."),
        "last_year": _("The last year is shown."),
        "as_table": _("As a table"),
        "day": pgettext("column", "Day"),
        "csv": _("CSV"),
        "no_days": _("Nothing was counted in this time."),
        "posts": pgettext("view", "Posts"),
        "no_posts": _("No post was delivered in this time."),
        "no_title": _("Without a title"),
        "sources": _("Sources"),
        "column_source": _("Source"),
        "new": _("New"),
        "others": pgettext("sources", "others"),
        "no_sources": _("Nobody came by a link with a source. A post's links for places make one."),
        "shorteners": _("Shorteners"),
        "column_shortener": _("Shortener"),
        "links": _("Links"),
        "finished": _("Finished"),
        "fast": _("Too fast"),
        "failed": _("Failed"),
        "median": _("Median time"),
        "seconds": _("{count} s"),
        "no_shorteners": _("None. Subscribers unlock on your own page; you earn nothing."),
    }
