"""What a form sends, read within bounds."""

import asyncio
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

#: bytes of a body; the page's own form sends about 150
BODY_MAX = 4096
#: fields of a form; ours has two
FIELDS_MAX = 8
#: seconds a body may take to arrive
BODY_S = 10.0


async def read_form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form, the first of each name; {} for anything else.

    Raises HTTPException: 413 above BODY_MAX, 408 when it does not arrive.
    """
    body = await _read(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return {}
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}
    return dict(reversed(fields))


async def _read(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > BODY_MAX:
        raise HTTPException(413)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_MAX:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    return bytes(body)
