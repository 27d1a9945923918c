"""Errors by what the caller does next. `sentence` is what a person may be told; `str(error)` is for the log."""


class TollgateError(Exception):
    """Base of everything Tollgate raises on purpose."""

    sentence = "Something went wrong on our side. Please try again in a moment."


class StoreUnavailable(TollgateError):
    """The database did not answer in time or refused the connection: keep the work and try again."""

    sentence = "I am having a short break. Please try again in a moment."


class StoreRefused(TollgateError):
    """The database answered and said no (a bug or a broken document): do not repeat the same call."""


class AlreadyThere(TollgateError):
    """A unique key is taken: somebody else was first."""


class BadInput(TollgateError):
    """A person typed something that cannot be used; `sentence` says what is expected."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotReady(TollgateError):
    """Something the owner has to set up first is missing (for example the storage channel)."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
