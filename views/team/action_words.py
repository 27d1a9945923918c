"""What members of the team did, in words: one row an action of the audit log."""

from collections.abc import Callable
from typing import Any

from core.settings import FIELDS, Control, SettingField
from core.settings.fields import amount_words
from views.html import isolate
from views.language import _, pgettext

#: characters of a value, and of a target's name
_VALUE_MAX, _NAME_MAX = 14, 30

#: makes the words of an action (HTML) from its target, the value before and the value after
Words = Callable[[str, Any, Any], str]


#: areas that can be chosen, in order
AREAS = ("post", "announcement", "broadcast", "person", "channel", "setting", "shortener", "team", "job", "session")


def area_name(area: str) -> str:
    """Return what an area of actions is called on a button; "" for one that cannot be chosen."""
    return {
        "post": _("posts"),
        "announcement": _("announcements"),
        "broadcast": _("broadcasts"),
        "person": _("subscribers"),
        "channel": _("channels"),
        "setting": _("settings"),
        "shortener": _("shorteners"),
        "team": _("team"),
        "job": _("jobs"),
        "session": _("signing in"),
    }.get(area, "")


def in_words(action: str, target: str | None, before: Any, after: Any) -> str:
    """Return what was done (HTML); an action of another version by its name."""
    words = ACTIONS.get(action)
    return words(target or "", before, after) if words else isolate(action)


def _same(make: Callable[[], str]) -> Words:
    return lambda target, before, after: make()


def _named(make: Callable[[], str]) -> Words:
    """Words with the field `target`."""
    return lambda target, before, after: make().format(target=isolate(target, _NAME_MAX))


def _one_or_another(own: Callable[[], str], of_another: Callable[[], str]) -> Words:
    """Words for what somebody did to themselves; with the field `target` where it was somebody else."""

    def words(target: str, before: Any, after: Any) -> str:
        return of_another().format(target=isolate(target, _NAME_MAX)) if target else own()

    return words


def _post(make: Callable[[], str], unknown: Callable[[], str]) -> Words:
    """Words with the field `number`, which only some of these entries have."""

    def words(target: str, before: Any, after: Any) -> str:
        known = [one["number"] for one in (after, before) if isinstance(one, dict) and "number" in one]
        return make().format(number=known[0]) if known else unknown()

    return words


def _setting(target: str, before: Any, after: Any) -> str:
    field = _field(target)
    if field is None:
        return _("changed {setting}").format(setting=isolate(target, _NAME_MAX))
    if field.is_secret or field.control in (Control.TEXT, Control.ELSEWHERE):
        return _("changed {setting}").format(setting=isolate(field.label, _NAME_MAX))
    return _("{setting} {before} → {after}").format(
        setting=isolate(field.label, _NAME_MAX),
        before=isolate(_value(field, before), _VALUE_MAX),
        after=isolate(_value(field, after), _VALUE_MAX),
    )


def _field(name: str) -> SettingField | None:
    return next((field for field in FIELDS if field.name == name), None)


def _value(field: SettingField, value: Any) -> str:
    """Return a setting's value in short words, plain."""
    match field.control:
        case Control.DURATION:
            return amount_words(field, value) if value else field.never or "0"
        case Control.CHOICE:
            return field.words.get(str(value), str(value))
        case Control.SWITCH:
            return pgettext("switch", "on") if value else pgettext("switch", "off")
    return pgettext("value", "none") if value is None else str(value)


ACTIONS: dict[str, Words] = {
    "announcement.confirmed": _same(lambda: _("said that an announcement is there")),
    "announcement.held": _same(lambda: _("held announcements of a channel")),
    "announcement.made": _same(lambda: _("published or scheduled a post")),
    "announcement.moved": _same(lambda: _("moved an announcement to another time")),
    "announcement.off_schedule": _same(lambda: _("took an announcement off the schedule")),
    "announcement.published_now": _same(lambda: _("published a scheduled post at once")),
    "announcement.sent_again": _same(lambda: _("had an announcement sent again")),
    "announcement.undone": _same(lambda: _("undid a change of an announcement")),
    "announcement.withdrawn": _same(lambda: _("withdrew an announcement")),
    "broadcast.cancelled": _same(lambda: _("cancelled a broadcast")),
    "broadcast.made": _same(lambda: _("made a broadcast")),
    "broadcast.paused": _same(lambda: _("paused a broadcast")),
    "broadcast.recall_wanted": _same(lambda: _("had a broadcast deleted for everyone")),
    "broadcast.resumed": _same(lambda: _("let a broadcast go on")),
    "buttons.renewal_stopped": _same(lambda: _("stopped renewing all buttons")),
    "buttons.renewed": _same(lambda: _("had all buttons renewed")),
    "channel.added": _same(lambda: _("added a required channel")),
    "channel.connected": _same(lambda: _("connected a channel")),
    "channel.labelled": _same(lambda: _("changed a channel's button")),
    "channel.link_renewed": _same(lambda: _("renewed a channel's link")),
    "channel.moved": _same(lambda: _("moved a channel in the list")),
    "channel.on_error_set": _same(lambda: _("changed what holds when a channel cannot be checked")),
    "channel.paused": _same(lambda: _("made a channel not required")),
    "channel.publishing_off": _same(lambda: _("stopped publishing in a channel")),
    "channel.removed": _same(lambda: _("removed a channel")),
    "channel.resumed": _same(lambda: _("made a channel required")),
    "data.exported": _named(lambda: _("exported {target}")),
    "job.paused": _named(lambda: _("paused the job {target}")),
    "job.resumed": _named(lambda: _("let the job {target} run again")),
    "job.run": _named(lambda: _("ran the job {target}")),
    "owner.claimed": _same(lambda: _("became the first owner")),
    "page.link_made": _same(lambda: _("made a link to the admin page")),
    "person.banned": _named(lambda: _("banned subscriber {target}")),
    "person.credits_undone": _named(lambda: _("undid a change of credits of subscriber {target}")),
    "person.gift_cancelled": _same(lambda: _("cancelled a gift link")),
    "person.gift_made": _same(lambda: _("made a gift link")),
    "person.grant_repeated": _named(lambda: _("gave subscriber {target} the same once more, which adds nothing")),
    "person.granted": _named(lambda: _("gave subscriber {target} credits or days")),
    "person.imported": _named(lambda: _("imported subscribers from {target}")),
    "person.pass_ended": _named(lambda: _("ended the pass of subscriber {target}")),
    "person.pass_undone": _named(lambda: _("undid a change of the pass of subscriber {target}")),
    "person.unbanned": _named(lambda: _("unbanned subscriber {target}")),
    "person.written": _named(lambda: _("sent subscriber {target} a message")),
    "post.access_set": _same(lambda: _("changed who gets a post")),
    "post.announcements_changed": _same(lambda: _("changed a post's announcements")),
    "post.cover_set": _same(lambda: _("changed a post's cover")),
    "post.deletion_set": _same(lambda: _("changed a post's auto-delete")),
    "post.described": _same(lambda: _("changed a post's text")),
    "post.discarded": _post(lambda: _("undid making post {number}"), lambda: _("undid making a post")),
    "post.item_taken_out": _same(lambda: _("took a message out of a post")),
    "post.items_added": _same(lambda: _("added messages to a post")),
    "post.items_replaced": _same(lambda: _("replaced a post's messages")),
    "post.items_undone": _same(lambda: _("undid a change of a post's messages")),
    "post.label_set": _same(lambda: _("changed a post's button label")),
    "post.made": _post(lambda: _("made post {number}"), lambda: _("made a post")),
    "post.password_set": _same(lambda: _("changed a post's archive password")),
    "post.place_added": _same(lambda: _("made a post's link for a place")),
    "post.protected": _same(lambda: _("changed whether a post can be saved")),
    "post.removed": _post(lambda: _("removed post {number}"), lambda: _("removed a post")),
    "post.renamed": _same(lambda: _("changed a post's title")),
    "post.restored": _same(lambda: _("brought a removed post back")),
    "post.taken_down": _same(lambda: _("took a post down everywhere")),
    "session.ended": _one_or_another(
        lambda: _("signed out of the admin page"), lambda: _("ended a session of {target}")
    ),
    "session.all_ended": _one_or_another(
        lambda: _("ended all of their sessions"), lambda: _("ended all sessions of {target}")
    ),
    "session.started": _same(lambda: _("signed in to the admin page")),
    "setting.bot_changed": _named(lambda: _("changed what {target} shows of itself")),
    "setting.changed": _setting,
    "shortener.added": _named(lambda: _("added the shortener {target}")),
    "shortener.key_set": _named(lambda: _("replaced the key of {target}")),
    "shortener.key_set.undone": _named(lambda: _("undid replacing the key of {target}")),
    "shortener.pause_set": _named(lambda: _("paused or resumed the shortener {target}")),
    "shortener.pause_set.undone": _named(lambda: _("undid a pause of the shortener {target}")),
    "shortener.removed": _named(lambda: _("removed the shortener {target}")),
    "shortener.share_set": _named(lambda: _("changed the share of {target}")),
    "shortener.share_set.undone": _named(lambda: _("undid a change of the share of {target}")),
    "slots.changed": _same(lambda: _("changed a channel's slots")),
    "team.invited": _same(lambda: _("invited somebody to the team")),
    "team.invitation_cancelled": _same(lambda: _("cancelled an invitation")),
    "team.joined": _same(lambda: _("joined the team")),
    "team.removed": _named(lambda: _("removed {target} from the team")),
    "team.role_set": _named(lambda: _("changed the role of {target}")),
}
