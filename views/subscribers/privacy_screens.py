"""/privacy: what is kept, a copy of it, and the question before it is deleted."""

from dataclasses import dataclass
from datetime import datetime

from core.users import User, is_banned
from views.buttons import DANGER, button
from views.language import gettext as _
from views.language import ngettext, pgettext
from views.screens import Parent, Screen
from views.subscribers.privacy_callbacks import AskToErase, CopyMyData, EraseMe, OpenPrivacy


@dataclass(frozen=True, slots=True)
class Kept:
    """What the screen depends on."""

    history_days: int
    #: unlocking leads over a shortener's page
    has_shortener: bool


def privacy(kept: Kept) -> Screen:
    """Say what is kept, with the way to a copy and to deletion."""
    parts = [
        ngettext(
            "I keep your Telegram id, name, @username, language, when and from where you came, credits, pass, joined "
            "required channels, and the posts of the last {count} day.",
            "I keep your Telegram id, name, @username, language, when and from where you came, credits, pass, joined "
            "required channels, and the posts of the last {count} days.",
            kept.history_days,
        ).format(count=kept.history_days),
        _(
            "Also your unlocks, the news you got, a ban, what the team changed for you, and which posts you paid for "
            "as long as they stay here."
        ),
    ]
    if kept.has_shortener:
        parts.append(_("The unlock page belongs to another company, which sees your visit."))
    rows = (
        [button(_("Get a copy"), CopyMyData().pack())],
        [button(_("Delete my data"), AskToErase().pack())],
    )
    return Screen("\n\n".join(parts), rows)


def confirm(user: User, now: datetime) -> Screen:
    """Ask whether everything is deleted, and say what is lost."""
    has_pass = user.pass_until is not None and user.pass_until > now
    parts = [
        _("Delete everything?"),
        *_lost(user.credits, has_pass=has_pass),
        _("Posts here are still deleted on time."),
    ]
    if is_banned(user, now):
        parts.append(_("A ban stays."))
    rows = ([button(pgettext("button", "Delete"), EraseMe().pack(), style=DANGER)],)
    return Screen(" ".join(parts), rows, Parent(_("Privacy"), OpenPrivacy().pack()))


def _lost(credits: int, *, has_pass: bool) -> list[str]:
    if credits > 0 and has_pass:
        text = ngettext("{count} credit and your pass are lost.", "{count} credits and your pass are lost.", credits)
        return [text.format(count=credits)]
    if credits > 0:
        return [ngettext("{count} credit is lost.", "{count} credits are lost.", credits).format(count=credits)]
    return [_("Your pass is lost.")] if has_pass else []


def done() -> str:
    """Say that everything is deleted."""
    return _("Done.")


def being_erased() -> str:
    """Answer somebody whose data is being deleted."""
    return _("I am deleting your data. Come back in a minute.")


def copy_caption() -> str:
    """Say what the file is."""
    return _("Everything I keep about you.")


def copy_is_coming() -> str:
    """Answer the press."""
    return _("One moment.")


def copy_not_sent() -> str:
    """Say that the file did not go."""
    return _("That did not work. Try again in a few minutes.")
