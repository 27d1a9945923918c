"""Answers of the Bot API: of a method, of a fault that replaces it, of a server that restarts."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.errors import ApiError, bad_request, describe, flood, unauthorized
from sandbox.wire import encode, failure

Json = dict[str, Any]

#: What a closing server asks for (telegram-bot-api Query.h, PromiseDeleter), seconds.
CLOSING_RETRY_S = 5


@dataclass(slots=True)
class Answer:
    """The answer to a bot."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    retry_after_s: int | None = None
    #: Messages sent by the call, for the rate counters.
    size: int = 1

    def response(self) -> web.Response:
        """The HTTP response; 500 for a connection that is reset anyway."""
        status = self.status or 500
        return web.Response(status=status, body=self.body, content_type=self.content_type, headers=self.headers)


def failed(error: ApiError) -> Answer:
    """The envelope of an error; 429 has its header."""
    retry_after = (error.parameters or {}).get("retry_after")
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return Answer(
        error.status,
        encode(failure(error)),
        headers=headers,
        error=error.description,
        retry_after_s=retry_after,
    )


def cut_off() -> Answer:
    """No answer: the connection is reset."""
    return Answer(0, b"", error="the connection was cut")


def restarting() -> Answer:
    """500 of a server that closes; it says nothing about the effect of the call."""
    return failed(ApiError(500, describe(500, "restart")))


def while_down(mode: str) -> Answer:
    """The answer of a server that is down, by `Restarts.answer`."""
    if mode == "500":
        return restarting()
    if mode == "429":
        return failed(flood(CLOSING_RETRY_S))
    return _html(502) if mode == "502" else cut_off()


def injected(effect: Json) -> Answer:
    """The answer a fault gives instead of the method."""
    kind = effect["kind"]
    if kind == "error":
        return failed(ApiError(int(effect["status"]), str(effect["description"]), effect.get("parameters")))
    if kind == "flood":
        return failed(flood(int(effect["retry_after"])))
    if kind == "unauthorized":
        return failed(unauthorized())
    if kind == "html":
        return _html(int(effect["status"]))
    if kind == "empty":
        return Answer(int(effect["status"]), b"", error=f"empty {effect['status']}")
    if kind == "no_description":
        status = int(effect["status"])
        return Answer(status, encode({"ok": False, "error_code": status}), error="no description")
    if kind == "drop_before":
        return cut_off()
    return failed(bad_request(f"unknown fault {kind}"))


def _html(status: int) -> Answer:
    page = f"<html><head><title>{status}</title></head><body><h1>{status} Bad Gateway</h1></body></html>"
    return Answer(status, page.encode(), "text/html", error=f"HTML {status}")
