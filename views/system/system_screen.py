"""System: whether all is well, and the way to jobs, backups and the page."""

from datetime import datetime

from core.health.findings import Health
from views.html import bare, cut, esc
from views.language import _
from views.navigation import MENU, Section, open_button
from views.screens import Screen
from views.system import health_texts
from views.system.jobs_words import ago

#: findings shown, and characters of each
_FINDINGS_MAX, _SENTENCE_MAX = 3, 160


def system(health: Health | None, now: datetime, hidden: frozenset[Section] = frozenset()) -> Screen:
    """Return the screen by the last health check, None when there was none. `hidden`: what the role may not open."""
    lines = [_("<b>System</b>")]
    if health is None:
        lines.append(_("Not checked yet. The job Watch looks every minute."))
    elif not health.is_fresh(now):
        lines.append(_("⚠ Last checked {ago}: the job Watch does not run.").format(ago=ago(health.at, now)))
    elif health.findings:
        lines[0] = _("<b>System</b>, checked {ago}").format(ago=ago(health.at, now))
        found = health.findings[:_FINDINGS_MAX]
        lines += [f"⚠ {esc(cut(bare(health_texts.sentence(one)), _SENTENCE_MAX))}" for one in found]
    else:
        lines.append(_("All well, checked {ago}.").format(ago=ago(health.at, now)))
    return Screen(
        "\n".join(lines),
        (
            [open_button(Section.JOBS), open_button(Section.BACKUPS)],
            [open_button(Section.WEB_PAGE), open_button(Section.EXPORT)],
            [open_button(section) for section in (Section.IMPORT, Section.OLD_LINKS) if section not in hidden],
            [open_button(Section.SYSTEM, _("Refresh"))],
        ),
        MENU,
    )
