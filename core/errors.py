"""Errors by what the caller does next. `sentence` may be shown to people; `str(error)` is for the log."""

from core.language import N_, _


class TollgateError(Exception):
    """Base of everything Tollgate raises on purpose."""

    #: what people read, in English; `sentence` is it in the language spoken
    source = N_("Something went wrong on our side. Please try again in a moment.")

    @property
    def sentence(self) -> str:
        return _(self.source)


class StoreUnavailable(TollgateError):
    """The database did not answer in time or refused the connection: keep the work and retry."""

    #: what it means, for an operator
    meaning = "the database does not answer"
    source = N_("I am having a short break. Please try again in a moment.")


class StoreSlow(StoreUnavailable):
    """The database answers, but did not finish this command in time. It may have been executed.

    The work is kept as during an outage, but repeated rarely: each attempt costs the database its whole time again.
    """

    meaning = "the database answers, but too slowly"
    source = N_("That takes longer than usual at the moment. Please try again in a minute.")


class StoreReadOnly(StoreUnavailable):
    """The database can be read but refuses writes (rights, disk, quota): keep the work until it takes them again."""

    meaning = "the database can be read but refuses writes"


class StoreNotFound(StoreUnavailable):
    """The name of the database's server is not found (`mongodb+srv`)."""

    meaning = "the name of the database's server is not found"


class StoreRefused(TollgateError):
    """The database refused the command (a bug or a broken document): do not retry the same call."""


class UnreadableRow(StoreRefused):
    """A stored document has not the shape of its record; it was noted for the owners. Others can be read."""

    source = N_("What is stored about this is damaged, so I cannot go on with it. The owners are told within minutes.")


class AlreadyThere(TollgateError):
    """A unique key is taken: a concurrent or earlier call was first."""


class BadInput(TollgateError):
    """Typed input cannot be used; `sentence` says what is expected."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self._sentence = sentence

    @property
    def sentence(self) -> str:
        return self._sentence


class NotReady(TollgateError):
    """The owner has to set something up first (for example the storage channel); `sentence` says what."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self._sentence = sentence

    @property
    def sentence(self) -> str:
        return self._sentence


def for_operators(error: BaseException) -> str:
    """Return one line for a terminal: the text for the log, and what it means when the database is the reason."""
    return f"{error.meaning} ({error})" if isinstance(error, StoreUnavailable) else str(error)
