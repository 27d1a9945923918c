"""One message of the team to one subscriber, which the user bot sends."""

from core.users import User
from views.buttons import PRIMARY, Row
from views.language import _
from views.people.callbacks import PeopleList, SubscriberAction
from views.people.words import act, act_data, card_parent, name_of
from views.screens import Parent, Screen


def ask_message(user: User, place: PeopleList, bot: str) -> Screen:
    text = _("Send what {name} shall get from @{bot}: a text, a photo, a file or anything else, in one message.")
    return Screen(text.format(name=name_of(user.first_name), bot=bot), (), card_parent(user, place))


def one_message_expected() -> str:
    return _("I take one message here, and no album. Send a text, a photo, a video, a file or a voice message.")


def confirm(user: User, place: PeopleList, message_id: int, bot: str) -> Screen:
    """Ask whether the message shown above is sent; `message_id`: its copy in the storage channel."""
    text = _("Send this to {name}? It comes from @{bot}.").format(name=name_of(user.first_name), bot=bot)
    rows: tuple[Row, ...] = (
        [
            act(_("Send"), SubscriberAction.SEND, user.user_id, place, message_id, style=PRIMARY),
        ],
    )
    # the way back does not send it
    back = Parent(card_parent(user, place).name, act_data(SubscriberAction.DISCARD, user.user_id, place, message_id))
    return Screen(text, rows, back)


def sent(name: str) -> str:
    return _("{name} has it.").format(name=name_of(name))


def not_sent() -> str:
    return _("Nothing was sent.")


def blocked(name: str, bot: str) -> str:
    return _("{name} has blocked @{bot}, so nothing arrives.").format(name=name_of(name), bot=bot)


def unreachable(name: str, bot: str) -> str:
    return _("@{bot} cannot write to {name}: they have not pressed Start there.").format(name=name_of(name), bot=bot)


def gone() -> str:
    return _("That message was sent before, or its copy is gone. Write it again.")


def unconfirmed(name: str) -> str:
    return _("Telegram did not confirm that {name} got it. It may have arrived.").format(name=name_of(name))


def wait(seconds: int) -> str:
    return _("Telegram asks for a pause of {seconds} s. Nothing was sent; try again after it.").format(seconds=seconds)


def voice_forbidden(name: str) -> str:
    text = _("{name}'s privacy settings refuse voice and video messages from bots. Send something else.")
    return text.format(name=name_of(name))


def refused() -> str:
    return _("Telegram refused it. Nothing was sent; try it in another form.")
