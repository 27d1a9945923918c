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


#: every state that waits for an answer
QUESTIONS = (
    Asked.title,
    Asked.description,
    Asked.deletion,
    Asked.search,
    Asked.channel,
    Asked.label,
    Asked.person,
    Composing.message,
    Composing.buttons,
    Composing.days,
    Composing.language,
    Composing.source,
    Composing.lifetime,
    Composing.send_at,
)
