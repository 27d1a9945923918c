"""Costs of aiogram a process pays once, at its start, and a test run would pay for each of its thousands of bots.

Nothing that a test observes changes. Fixtures that build bots call `spare_bot_costs`; a second call changes nothing.
"""

import inspect
import ssl
from collections.abc import Callable
from functools import cache
from types import CodeType, SimpleNamespace
from typing import Any

from aiogram.client.session import aiohttp as aiogram_session
from aiogram.dispatcher.event import handler as aiogram_handler


def spare_bot_costs() -> None:
    """Build bots without reading certificates, dispatchers without inspecting each function again; close at once."""
    # 15 ms a bot, and bots under test talk plain HTTP
    setattr(aiogram_session, "ssl", SimpleNamespace(create_default_context=_ssl_context))  # noqa: B010
    setattr(aiogram_session.AiohttpSession, "close", _close_without_grace)  # noqa: B010
    # a dispatcher of 20 routers asks for 700 signatures, most of them of one empty function: 40 ms
    remembering = vars(inspect) | {"signature": _signature}
    setattr(aiogram_handler, "inspect", SimpleNamespace(**remembering))  # noqa: B010


_ssl_context = cache(ssl.create_default_context)
_signatures: dict[tuple[CodeType, bool], inspect.Signature] = {}


def _signature(callback: Callable[..., Any]) -> inspect.Signature:
    """`inspect.signature`, computed once for all functions of the same code: aiogram reads only parameter names."""
    code = getattr(callback, "__code__", None)
    if not isinstance(code, CodeType):
        return inspect.signature(callback)
    key = (code, inspect.ismethod(callback))
    if key not in _signatures:
        _signatures[key] = inspect.signature(callback)
    return _signatures[key]


async def _close_without_grace(session: aiogram_session.AiohttpSession) -> None:
    """Close at once: aiogram waits 250 ms for TLS connections to end, and there are none to the sandbox."""
    if session._session is not None and not session._session.closed:
        await session._session.close()
