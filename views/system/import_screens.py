"""Import: the question for a file, what a look at it found, how far it is, and what became of it."""

from aiogram.types import InlineKeyboardButton

from core.exchange.imports.problems import FileProblem, UnusableFile
from core.exchange.imports.runs import ImportCounts, ImportRun, ImportState
from views.buttons import PRIMARY, Row, button
from views.html import esc, isolate
from views.language import gettext as _
from views.language import ngettext
from views.navigation import Section, data_of, parent
from views.screens import Parent, Screen
from views.system.exchange_callbacks import ImportAction, ImportButton

#: characters of a file's name
_NAME_MAX = 60
#: cells of the bar
_CELLS = 20


def ask(last: ImportRun | None = None, note: str | None = None) -> Screen:
    """Ask for a file. `last`: the import before, which is over."""
    text = "\n\n".join(
        (
            _("<b>Import</b>\nSend me a file with subscribers: CSV, one line each, like the file of Export."),
            _(
                "It needs a column <code>user_id</code> or <code>id</code>; first_name, username, language, credits, "
                "pass_until and joined_at are read, too. Ids alone will do. Whoever I know stays as they are."
            ),
            *([] if last is None else [_last(last)]),
        )
    )
    return Screen(text, (), parent(Section.SYSTEM)).with_note(note)


def expected() -> str:
    """Say what is expected instead of what was sent."""
    return _("A file is expected, like subscribers.csv: one, sent as a document. Send it, or press ‹ System above.")


def reading(name: str, lines: int = 0) -> Screen:
    """Say that a file is being looked at. `lines`: read so far."""
    said = [_("Reading {file}. If this does not change within two minutes, send it again.").format(file=_named(name))]
    if lines:
        said.append(ngettext("{count} line so far.", "{count} lines so far.", lines).format(count=f"{lines:,}"))
    return Screen("\n".join(said))


def busy() -> str:
    """Say that another file is being read or imported."""
    return _("Another file is being read or imported. Send this one when that is over.")


def offer(run: ImportRun, bot: str, note: str | None = None) -> Screen:
    """Show what a look found, and ask whether it shall be done. `bot`: the user bot's username."""
    if run.is_of_this_bot:
        whose = _("They pressed Start at @{bot}: messages reach them at once.").format(bot=esc(bot))
        switch = _act(_("They started: this bot"), ImportAction.OF_OTHER_BOT, run.key)
    else:
        whose = _("They pressed Start at another bot: messages reach them once they press Start at @{bot}.").format(
            bot=esc(bot)
        )
        switch = _act(_("They started: another bot"), ImportAction.OF_THIS_BOT, run.key)
    text = "\n\n".join((f"<b>{_named(run.file.name)}</b>\n{counts(run.found)}", whose))
    begin: Row = [_act(_("Import"), ImportAction.START, run.key, style=PRIMARY)] if run.found.new else []
    another = _act(_("Another file"), ImportAction.ASK)
    return Screen(text, (begin, [switch] if begin else [], [another]), parent(Section.SYSTEM)).with_note(note)


def progress(run: ImportRun, done: ImportCounts) -> Screen:
    """Show how far an import is. Without a way on: the message is edited until the end."""
    all_ = max(run.found.total, done.total, 1)
    full = _CELLS * done.total // all_
    bar = _("{bar} {done} of {all} lines").format(
        bar="█" * full + "░" * (_CELLS - full), done=f"{done.total:,}", all=f"{all_:,}"
    )
    return Screen(_("Importing {file}.").format(file=_named(run.file.name)) + "\n" + bar)


def under_way(run: ImportRun, note: str | None = None) -> Screen:
    """Show how far an import is that another message follows."""
    look = button(_("Look again"), data_of(Section.IMPORT))
    return Screen(progress(run, run.done).text, ([look],), parent(Section.SYSTEM)).with_note(note)


def over(run: ImportRun) -> Screen:
    """Show what became of an import."""
    another = _act(_("Another file"), ImportAction.ASK)
    return Screen(result(run), ([another],), parent(Section.SYSTEM))


def refused(name: str, problem: UnusableFile) -> Screen:
    """Say why a file cannot be used, and what helps."""
    text = f"<b>{_named(name)}</b>\n{problem_words(problem.problem, problem.line)}"
    return Screen(text, ([_act(_("Another file"), ImportAction.ASK)],), Parent(_("Import"), data_of(Section.IMPORT)))


def no_answer() -> str:
    """Say that a file could not be looked at because the database did not answer."""
    return _("The database did not answer, so I could not look at the file. Send it again in a few minutes.")


def result(run: ImportRun) -> str:
    """Return what became of an import (HTML)."""
    if run.state is ImportState.DONE:
        return _("{file} is imported.").format(file=_named(run.file.name)) + "\n" + counts(run.done)
    why = problem_words(run.problem or FileProblem.NOT_GIVEN, None)
    stays = _("What is stored stays. Send the file again: nobody is stored twice.")
    return "\n".join((_stopped(run), why, stays, counts(run.done)))


def _last(run: ImportRun) -> str:
    """Return what became of the last import, beside the question for the next."""
    if run.state is ImportState.DONE:
        return result(run)
    return _stopped(run) + "\n" + problem_words(run.problem or FileProblem.NOT_GIVEN, None)


def _stopped(run: ImportRun) -> str:
    return _("The import of {file} has stopped.").format(file=_named(run.file.name))


def counts(found: ImportCounts) -> str:
    """Return the lines of a file by what becomes of them."""
    new, known = f"{found.new:,}", f"{found.known:,}"
    if found.unreadable:
        more = " …" if found.unreadable > len(found.lines) else ""
        said = ngettext(
            "{new} new, {known} known, {unreadable} unreadable: line {lines}.",
            "{new} new, {known} known, {unreadable} unreadable: lines {lines}.",
            found.unreadable,
        ).format(
            new=new,
            known=known,
            unreadable=f"{found.unreadable:,}",
            lines=", ".join(f"{line:,}" for line in found.lines) + more,
        )
    else:
        said = _("{new} new, {known} known.").format(new=new, known=known)
    lines = [said]
    if found.doubled:
        lines.append(
            ngettext(
                "{count} line repeats an id: the first one counts.",
                "{count} lines repeat an id: the first one counts.",
                found.doubled,
            ).format(count=f"{found.doubled:,}")
        )
    if found.erased:
        lines.append(
            ngettext(
                "{count} asked to be deleted, and is left out.",
                "{count} asked to be deleted, and are left out.",
                found.erased,
            ).format(count=f"{found.erased:,}")
        )
    return "\n".join(lines)


def problem_words(problem: FileProblem, line: int | None) -> str:
    """Return why a file cannot be used, and the next step (HTML)."""
    match problem:
        case FileProblem.NOT_TEXT:
            return _("That is a spreadsheet or an archive, no text. Save it as “CSV UTF-8” and send that.")
        case FileProblem.LETTERS if line is not None:
            return _("I cannot read the letters of line {line}. Save the file as “CSV UTF-8” and send that.").format(
                line=f"{line:,}"
            )
        case FileProblem.LETTERS:
            return _("I cannot read the letters. Save the file as “CSV UTF-8” and send that.")
        case FileProblem.EMPTY:
            return _("Nothing is in that file.")
        case FileProblem.NO_IDS:
            return _(
                "No column has Telegram ids. The first line must name one <code>user_id</code> or <code>id</code>, or "
                "begin with an id like 123456789."
            )
        case FileProblem.NOT_GIVEN:
            return _("Telegram did not give me the file. Send it again.")
        case FileProblem.TOO_BIG:
            return _(
                "Telegram gives bots files of up to 20 MB. Send several smaller ones, or import it on the server: "
                "<code>python -m database import FILE</code>."
            )
        case FileProblem.NO_ROOM:
            return _("There is no room on the disk for the file. Make some and send it again.")


def begun_already() -> str:
    """Say that the file that was offered is not the last one any more."""
    return _("Another file was sent meanwhile, or this one is being imported. Here is how it is now.")


def _named(name: str) -> str:
    return isolate(name or "CSV", _NAME_MAX)


def _act(text: str, act: ImportAction, key: str = "", *, style: str | None = None) -> InlineKeyboardButton:
    return button(text, ImportButton(act=act, key=key).pack(), style=style)
