"""When a request really leaves: after its connection is made, and after whatever else the process does before.

Telegram counts what arrives. A call that was allowed may leave much later, together with those allowed after it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import ClientDecodeError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import ClientResponse, ClientSession, ClientTimeout, TraceConfig, TraceRequestChunkSentParams

#: seconds in which a connection must be made, and its TLS handshake once more. A call that fails then has not left and
#: may be made again
CONNECT_S = 15.0
#: characters of an answer that is no JSON, in the error that says so
SHOWN_MAX = 100

_on_departure: ContextVar[Callable[[], None] | None] = ContextVar("tollgate_on_departure", default=None)


@contextmanager
def noting_departure(note: Callable[[], None]) -> Iterator[None]:
    """Have `note` called when the request made in this block leaves; several times when its body has several parts.

    Only by a `DepartureSession`. It must be cheap and raise nothing.
    """
    token = _on_departure.set(note)
    try:
        yield
    finally:
        _on_departure.reset(token)


def note_departure() -> None:
    """Say that the request of this task leaves now."""
    note = _on_departure.get()
    if note is not None:
        note()


class WholeResponse(ClientResponse):
    """An answer that can always be read as text: one broken letter must not stop polling, nor repeat a call."""

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        """Return the body as UTF-8, which JSON is, whatever the headers say; other bytes become U+FFFD."""
        return await super().text("utf-8", "replace")


class UnreadableAnswer(ClientDecodeError):
    """An answer that cannot be parsed. aiogram's error repeats it, with what somebody wrote; this one says its kind."""

    def __str__(self) -> str:
        why = type(self.original).__name__
        if isinstance(self.data, str):
            # without the last word, which may be half of an address with the token in it
            words = " ".join(self.data[:SHOWN_MAX].split()[:-1])
            return f"{self.message} ({why}, {len(self.data)} characters): {words}"
        names = sorted(map(str, self.data))[:10] if isinstance(self.data, dict) else [type(self.data).__name__]
        return f"{self.message} ({why}): {', '.join(name[: SHOWN_MAX // 4] for name in names)}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class DepartureSession(AiohttpSession):
    """A session that calls what `noting_departure` was given when the body of a request is handed to the socket."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._trace = TraceConfig()
        self._trace.on_request_chunk_sent.append(_note)
        self._trace.freeze()

    async def create_session(self) -> ClientSession:
        """Return the open session, with the trace and answers that can be read; aiogram passes neither on."""
        session = await super().create_session()
        if self._trace not in session.trace_configs:
            session.trace_configs.append(self._trace)
            session._response_class = WholeResponse
        return session

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        """Make one request, within `timeout` seconds in all, and its connection within CONNECT_S."""
        # aiohttp takes a number for the whole only: a connection that is never made would end like a lost answer
        limits = ClientTimeout(total=self.timeout if timeout is None else timeout, sock_connect=CONNECT_S)
        return await super().make_request(bot, method, timeout=limits)  # type: ignore[arg-type]

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """Return the answer as aiogram does. Raises UnreadableAnswer, and aiogram's errors for Telegram's own."""
        try:
            return super().check_response(bot, method, status_code, content)
        except ClientDecodeError as error:
            # `from None`: what pydantic says repeats parts of the answer, too
            raise UnreadableAnswer(error.message, error.original, error.data) from None


async def _note(session: ClientSession, context: SimpleNamespace, sent: TraceRequestChunkSentParams) -> None:
    # aiohttp writes the body in the request's own task, or in one it makes there
    note_departure()
