"""One HTTP request to one provider."""

import errno
import os
import socket

import aiohttp

from shorteners.answers import link_in
from shorteners.failures import FailureKind, ShortenerError
from shorteners.providers import Provider
from shorteners.public_hosts import PrivateAddress, is_private_literal, public_resolver

#: bytes of an answer that are read; a link needs a few hundred
ANSWER_MAX = 64 * 1024

#: errors of a process or machine that is short of files or memory
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, socket.EAI_MEMORY, socket.EAI_SYSTEM})

#: some providers' proxies block the default User-Agent of HTTP libraries
_HEADERS = {"User-Agent": "Tollgate", "Accept": "application/json, text/plain"}


def new_session(timeout_s: float, *, public_only: bool = False) -> aiohttp.ClientSession:
    """A session with a total timeout per request, without cookies and without proxies from the environment.

    `public_only`: names that resolve to an address in a private network are refused.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=public_resolver()) if public_only else None,
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_HEADERS,
        trust_env=False,
    )


async def ask(session: aiohttp.ClientSession, provider: Provider, destination: str) -> str:
    """Ask the provider for a link to `destination` and check it. Raises ShortenerError, also after the timeout."""
    if provider.is_public_only and is_private_literal(provider.api_host.strip("[]")):
        raise ShortenerError(FailureKind.PRIVATE)
    fetched = await _fetch(session, provider, destination)
    if isinstance(fetched, FailureKind):
        # raised outside of the except blocks: the library's error as its context would hold the URL with the key
        raise ShortenerError(fetched)
    status, body = fetched
    return link_in(status, body, provider, destination)


async def _fetch(
    session: aiohttp.ClientSession, provider: Provider, destination: str
) -> tuple[int, bytes] | FailureKind:
    """Return status and body, or the kind of failure. The body is read only for a 2xx, else it is empty."""
    try:
        async with session.get(provider.request_for(destination), allow_redirects=False) as answer:
            body = await _read(answer.content) if 200 <= answer.status < 300 else b""
            return FailureKind.TOO_LONG if body is None else (answer.status, body)
    except TimeoutError:
        return FailureKind.TIMED_OUT
    except aiohttp.ClientConnectorDNSError as error:
        return FailureKind.PRIVATE if isinstance(error.os_error, PrivateAddress) else _unreachable(error)
    except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError):
        return FailureKind.UNREADABLE
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _unreachable(error)


def _unreachable(error: BaseException) -> FailureKind:
    """Return whose failure it is that there is no connection."""
    causes = (error, getattr(error, "os_error", None), error.__cause__)
    is_ours = any(isinstance(one, OSError) and one.errno in _OURS for one in causes)
    return FailureKind.NOT_ASKED if is_ours or not _can_open_a_file() else FailureKind.UNREACHABLE


def _can_open_a_file() -> bool:
    # the C library's resolver says "try again" when it could not open a socket
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return False
    return True


async def _read(content: aiohttp.StreamReader) -> bytes | None:
    """The whole content, decompressed; None when it is longer than ANSWER_MAX."""
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > ANSWER_MAX:
            return None
    return bytes(body)
