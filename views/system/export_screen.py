"""Export: what can be had as a file, and how it is written."""

from core.exchange.exports import Exported, FileFormat, may_export
from core.team.admins import Role
from views.buttons import button
from views.language import gettext as _
from views.language import ngettext, pgettext
from views.navigation import Section, parent
from views.screens import Screen, in_pairs
from views.system.exchange_callbacks import ExportButton, ExportScreen


def export_screen(form: FileFormat, role: Role) -> Screen:
    """Return the screen; the files will be written as `form`."""
    text = "\n\n".join(
        (
            _("<b>Export</b>"),
            _(
                "What do you need as a file? It comes into this chat, as several where it is bigger than Telegram "
                "takes. Files hold what you know about people: keep them where only you can read them."
            ),
        )
    )
    files = [
        button(name_of(what), ExportButton(what=what, form=form).pack()) for what in Exported if may_export(role, what)
    ]
    other = FileFormat.JSON if form is FileFormat.CSV else FileFormat.CSV
    switch = button(_("Format: {format}").format(format=form.value.upper()), ExportScreen(form=other).pack())
    return Screen(text, (*in_pairs(files), [switch]), parent(Section.SYSTEM))


def name_of(what: Exported) -> str:
    """Return the name of what is exported."""
    match what:
        case Exported.POSTS:
            return pgettext("export", "Posts")
        case Exported.SUBSCRIBERS:
            return pgettext("export", "Subscribers")
        case Exported.DAYS:
            return pgettext("export", "Days")
        case Exported.ACTIVITY:
            return pgettext("export", "Activity")


def caption(what: Exported, count: int, number: int, *, is_last: bool) -> str:
    """Return the words under a file of `count` lines."""
    if is_last and number == 1:
        said = ngettext("{name}: {count} line.", "{name}: {count} lines.", count)
    elif is_last:
        said = ngettext(
            "{name}, file {number}, the last: {count} line.", "{name}, file {number}, the last: {count} lines.", count
        )
    else:
        said = ngettext("{name}, file {number}: {count} line.", "{name}, file {number}: {count} lines.", count)
    return said.format(name=name_of(what), number=number, count=f"{count:,}")


def begun() -> str:
    """Say that the file is being made."""
    return _("The file comes below.")


def busy() -> str:
    """Say that another export is being made."""
    return _("Another export is being made. Try again when its file is here.")


def not_sent(what: Exported) -> str:
    """Say that Telegram did not take a file."""
    return _("{name}: Telegram did not take the file. Try again in a few minutes.").format(name=name_of(what))


def not_read(what: Exported) -> str:
    """Say that not everything could be read."""
    return _("{name}: the database did not answer, so the file is not complete. Try again in a few minutes.").format(
        name=name_of(what)
    )


def not_written(what: Exported) -> str:
    """Say that the disk did not take the file."""
    return _("{name}: there is no room on the disk for the file. Make some and try again.").format(name=name_of(what))
