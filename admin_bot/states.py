"""What a conversation with an admin can wait for. State names are stored with the conversation."""

from aiogram.fsm.state import State, StatesGroup


class Collecting(StatesGroup):
    """Messages of a batch, or the new content of a post."""

    messages = State()


class Asked(StatesGroup):
    """One question, one answer; a command or another button ends it."""

    title = State()
    description = State()
    deletion = State()
    search = State()
    #: the channel to add
    channel = State()
    #: the label of a channel's button
    label = State()
    #: the subscriber to show
    person = State()


class Composing(StatesGroup):
    """Parts of a broadcast; one question, one answer, as above."""

    #: the message that is broadcast: a single one or an album
    message = State()
    buttons = State()
    days = State()
    language = State()
    source = State()
    lifetime = State()
    send_at = State()


class SettingAsked(StatesGroup):
    """The value of a setting."""

    value = State()


class PublishAsked(StatesGroup):
    """Parts of an announcement, and the slots of a channel."""

    text = State()
    cover = State()
    label = State()
    time = State()
    leaves = State()
    slot = State()
    #: the channel to connect
    channel = State()


class ShortenerAsked(StatesGroup):
    """What is needed of a shortener."""

    address = State()
    key = State()


class PostAsked(StatesGroup):
    """Options and content of a post, besides those of `Asked`."""

    label = State()
    cover = State()
    password = State()
    #: the name of a place, for a link with a source
    place = State()


class PeopleAsked(StatesGroup):
    """About a subscriber, besides `Asked.person`, and about gift links."""

    source = State()
    credits = State()
    days = State()
    reason = State()
    #: the message that is sent to one subscriber
    message = State()
    gift = State()


class OldLinksAsked(StatesGroup):
    """About the links of another bot."""

    link = State()


class ImportAsked(StatesGroup):
    """The file with subscribers."""

    file = State()


class MaintenanceAsked(StatesGroup):
    """About the maintenance."""

    end = State()


class BotsAsked(StatesGroup):
    """About what both bots show of themselves."""

    part = State()


_QUESTION_GROUPS = (
    Asked,
    Composing,
    SettingAsked,
    PublishAsked,
    ShortenerAsked,
    PostAsked,
    PeopleAsked,
    OldLinksAsked,
    ImportAsked,
    MaintenanceAsked,
    BotsAsked,
)
#: every state that waits for an answer
QUESTIONS = tuple(state for group in _QUESTION_GROUPS for state in group.__states__)
