"""Build a `Bot`: its server, its defaults, and the middlewares that every call passes."""

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.methods import (
    AnswerCallbackQuery,
    CopyMessage,
    CopyMessages,
    EditMessageText,
    GetChatMember,
    GetUpdates,
    Response,
    SendMessage,
)

from core.exchange.whole_text import loads
from sender.departures import DepartureSession
from sender.limiting.send_limiter import SendLimiter
from sender.message_ids import MessageIds
from sender.updates.poison import PoisonGuard

OFFICIAL_URL = "https://api.telegram.org"
#: connections per bot. Calls take up to 8 s inside Telegram's own flood control (BOTAPI §6.1), so 30 a second need 240
#: at once; the server itself refuses a bot with more than 1000 active requests (same section)
CONNECTIONS = 1000
#: seconds for one request; must be far above those 8 s
TIMEOUT_S = 60.0
#: aiogram uses `Response[…]` at every answer and pydantic drops such a class at the next garbage collection; building
#: one again costs 2 to 12 ms, so the frequent ones are kept alive here
_KEPT_ALIVE = tuple(
    Response[method.__returning__]  # type: ignore[name-defined]
    for method in (
        AnswerCallbackQuery,
        CopyMessage,
        CopyMessages,
        EditMessageText,
        GetChatMember,
        GetUpdates,
        SendMessage,
    )
)


def build_bot(token: str, api_url: str, limiter: SendLimiter, *, timeout_s: float = TIMEOUT_S) -> Bot:
    """Return a bot whose calls all pass `limiter`. Opens no connection.

    `api_url` is empty or the official address for Telegram itself, else any Bot API server. Raises aiogram's
    TokenValidationError for a malformed token and ValueError when `limiter` belongs to another bot.
    """
    session = DepartureSession(limit=CONNECTIONS, api=_server(api_url), timeout=timeout_s, json_loads=loads)
    bot = Bot(
        token,
        session=session,
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True),
    )
    limiter.bind(bot.id)
    limiter.follow_departures()
    # the first registered is the outermost: the limiter comes last, so that no other middleware sees its retries
    session.middleware(MessageIds())
    session.middleware(PoisonGuard())
    session.middleware(limiter)
    return bot


def _server(api_url: str) -> TelegramAPIServer:
    base = api_url.strip().rstrip("/")
    return PRODUCTION if base in ("", OFFICIAL_URL) else TelegramAPIServer.from_base(base)
