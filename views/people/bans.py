"""Banning: for how long, and why."""

from core.users import User
from views.buttons import DANGER, Row
from views.language import _
from views.people.callbacks import PeopleList, SubscriberAction
from views.people.words import act, act_data, card_parent, days_words, name_of
from views.screens import Parent, Screen, in_pairs

#: days of a ban; 0: for ever
BAN_DAYS = (1, 7, 30, 0)
#: characters of a reason, all of which the user bot shows
REASON_MAX = 200


def _parent(user_id: int, user: User | None, place: PeopleList) -> Parent:
    if user is not None and user.first_name:
        return card_parent(user, place)
    return Parent(str(user_id), act_data(SubscriberAction.SHOW, user_id, place))


def _named(user_id: int, user: User | None) -> str:
    return name_of(user.first_name) if user is not None and user.first_name else f"<code>{user_id}</code>"


def choose_days(user_id: int, user: User | None, place: PeopleList) -> Screen:
    """Ask for how long somebody is banned; `user` None: not stored."""
    text = _("Ban {name}? A banned subscriber gets no posts, not by old buttons either.")
    choices = [
        act(days_words(days) if days else _("For ever"), SubscriberAction.BAN_FOR, user_id, place, days)
        for days in BAN_DAYS
    ]
    return Screen(text.format(name=_named(user_id, user)), in_pairs(choices), _parent(user_id, user, place))


def ask_reason(user_id: int, user: User | None, days: int, place: PeopleList) -> Screen:
    """Ask why, which bans; the button bans without a reason."""
    name = _named(user_id, user)
    if days:
        question = _("Ban {name} for {days}?").format(name=name, days=days_words(days))
    else:
        question = _("Ban {name} for ever?").format(name=name)
    why = _("Why? {name} reads it.").format(name=name)
    rows: tuple[Row, ...] = ([act(_("No reason"), SubscriberAction.BAN_NOW, user_id, place, days, style=DANGER)],)
    return Screen(f"{question}\n{why}", rows, _parent(user_id, user, place))


def reason_expected() -> str:
    return _("Send the reason as text, at most {most} characters, like: sold my posts").format(most=REASON_MAX)


def is_admin() -> str:
    return _("That is a member of the team, and they cannot be banned.")
