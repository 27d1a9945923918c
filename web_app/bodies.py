"""Reads request bodies, bounded in size and time."""

import asyncio
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request

#: bytes of a form; the page's own sends about 150
BODY_MAX = 4096
#: fields of a form; ours has two
FIELDS_MAX = 8
#: seconds a body may take to arrive
BODY_S = 10.0


async def read_form(request: Request) -> dict[str, str]:
    """Read the fields of an urlencoded form, the first of each name; {} for any other content.

    Raises HTTPException: 413 above BODY_MAX, 408 when it does not arrive in BODY_S.
    """
    body = await read_body(request, BODY_MAX)
    if media_type_of(request) != "application/x-www-form-urlencoded":
        return {}
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}
    return dict(reversed(fields))


def media_type_of(request: Request) -> str:
    """Return the Content-Type in lower case, without parameters; "" when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_longer(headers: Headers, longest: int) -> bool:
    """Whether Content-Length exceeds `longest` bytes. A body without one is counted while it is read."""
    announced = headers.get("content-length", "0")
    return announced.isdecimal() and int(announced[:20]) > longest


async def read_body(request: Request, longest: int) -> bytes:
    """Read the whole body. Raises HTTPException: 413 above `longest` bytes, 408 when it does not arrive in BODY_S."""
    if is_longer(request.headers, longest):
        raise HTTPException(413)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > longest:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    return bytes(body)
