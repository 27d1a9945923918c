"""Reads the short link from a provider's answer."""

import json
import re
from typing import Any

from shorteners.failures import FailureKind, ShortenerError
from shorteners.links import check_link, is_same
from shorteners.providers import Provider

#: where the common family of APIs puts the link; the first one that is present is used
COMMON_PATHS = ("shortenedUrl", "shorturl", "short_url", "url", "data.url")

_ONE_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_FAILED_STATUS = frozenset({"error", "err", "fail", "failed", "failure", "false"})
_NO_ERROR = frozenset({"", "0", "false", "none", "null"})


def link_in(status: int, body: bytes, provider: Provider, destination: str) -> str:
    """Return the checked link for `destination`. Raises ShortenerError for any answer without one."""
    _check_status(status)
    text = _decoded(body)
    if not text:
        raise ShortenerError(FailureKind.NO_LINK)
    found = text if provider.answer is None and _ONE_ADDRESS.fullmatch(text) else _in_json(text, provider, destination)
    return check_link(found, provider, destination)


def _check_status(status: int) -> None:
    if status == 429:
        raise ShortenerError(FailureKind.RATE_LIMITED, status)
    if 300 <= status < 400:
        raise ShortenerError(FailureKind.REDIRECTED, status)
    if not 200 <= status < 300:
        raise ShortenerError(FailureKind.REFUSED, status)


def _decoded(body: bytes) -> str:
    try:
        # some providers send a byte order mark
        return body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        pass
    raise ShortenerError(FailureKind.UNREADABLE)


def _in_json(text: str, provider: Provider, destination: str) -> str:
    document = _parsed(text)
    if isinstance(document, dict) and _says_failed(document):
        raise ShortenerError(FailureKind.DECLINED)
    paths = COMMON_PATHS if provider.answer is None else (provider.answer,)
    found = [value.strip() for value in (_at(document, path) for path in paths) if isinstance(value, str)]
    links = [link for link in found if link]
    if not links:
        raise ShortenerError(FailureKind.NO_LINK)
    # some providers repeat the destination as `url` and put the short link into `data.url`
    return next((link for link in links if not is_same(link, destination)), links[0])


def _parsed(text: str) -> Any:
    """Parse a JSON object or list. Raises ShortenerError(unreadable) without a context, which would hold the text."""
    document = None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict | list):
        raise ShortenerError(FailureKind.UNREADABLE)
    return document


def _says_failed(document: dict[str, Any]) -> bool:
    """Whether the answer reports a failure: `status: error`, `success: false`, or a truthy `error`."""
    status, error = document.get("status"), document.get("error")
    if status is False or (isinstance(status, str) and status.strip().lower() in _FAILED_STATUS):
        return True
    if document.get("success") is False:
        return True
    return error.strip().lower() not in _NO_ERROR if isinstance(error, str) else bool(error)


def _at(document: Any, path: str) -> Any:
    """The value at `path`; None when there is none."""
    found = document
    for step in path.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal():
            found = found[int(step)] if int(step) < len(found) else None
        else:
            return None
    return found
