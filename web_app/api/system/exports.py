"""`/api/admin/system/export`: files of whole collections, streamed as they are read."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from core.clock import to_milliseconds
from core.exchange.exports import FileFormat, RowWriter, file_name, may_export, writer
from core.team.rights import Right
from database.operations import session_ops
from database.operations.exchange import export_rows
from database.team import Team
from web_app import audit
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import body_of
from web_app.api.system.models import ExportFile, ExportRequest
from web_app.auth.download_tickets import TICKET_MAX, BadTicket, Ticket, new_ticket, read_ticket, write_ticket
from web_app.problems import forbidden, role_forbids, too_many, unauthorized

#: files that are read at once by this process; a slow download holds a page of rows in memory
AT_ONCE = 3
#: seconds after which one more may be tried
_WAIT_S = 30
_TYPES = {FileFormat.CSV: "text/csv; charset=utf-8", FileFormat.JSON: "application/json"}
#: Telegram's web client fetches the file with a script of its own (WebApp.downloadFile)
_FOR_TELEGRAM = {"Access-Control-Allow-Origin": "https://web.telegram.org"}


def export_router(access: ApiAccess, team: Team, zone: ZoneInfo, key: bytes) -> APIRouter:
    """The routes of exports. `key` signs the tickets."""
    router = APIRouter(prefix="/system/export", tags=["system"])
    allowed = Annotated[Operator, Depends(access.may(Right.EXPORT))]
    exports = Exports()

    @router.post("", response_model=ExportFile, openapi_extra=body_of(ExportRequest))
    async def order(request: Request, operator: allowed) -> ExportFile:
        """Return the address of a file. Nothing is read yet."""
        body, now = await read_model(request, ExportRequest), access.clock.now()
        if not may_export(operator.role, body.what):
            raise role_forbids(operator.role)
        ticket = new_ticket(operator.user_id, operator.session.sid, body.what, body.format, now)
        name = file_name(body.what, body.format, now, zone)
        return ExportFile(path=f"/system/export/file?ticket={write_ticket(ticket, key)}", name=name)

    @router.get(
        "/file",
        response_class=StreamingResponse,
        responses={200: {"content": {media: {"schema": {"type": "string"}} for media in _TYPES.values()}}},
        openapi_extra={"security": []},
    )
    async def file(ticket: Annotated[str, Query(max_length=TICKET_MAX)]) -> StreamingResponse:
        """The file of an address that was ordered: a table, or a list of objects."""
        now = to_milliseconds(access.clock.now())
        try:
            read = read_ticket(ticket, key, now)
        except BadTicket:
            raise unauthorized(was_given=True) from None
        await _check(read, team)
        pages = export_rows.pages(read.what, now, zone)
        # before the answer begins: an outage is an answer, not a broken file
        stream = await exports.begin(pages, writer(read.what, read.form, zone))
        await audit.record(now, read.user_id, "data.exported", read.what.value)
        name = file_name(read.what, read.form, now, zone)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(stream, media_type=_TYPES[read.form], headers=headers | _FOR_TELEGRAM)

    return router


async def _check(ticket: Ticket, team: Team) -> None:
    """Refuse somebody who was signed out, or lost the right, since the ticket was made. Raises Problem."""
    if await session_ops.is_refused(ticket.user_id, ticket.made_at, ticket.sid):
        raise unauthorized(was_given=True)
    role = await team.role_now(ticket.user_id)
    if role is None:
        raise forbidden()
    if not may_export(role, ticket.what):
        raise role_forbids(role)


class Exports:
    """Counts the files that are being read."""

    def __init__(self) -> None:
        self._open = 0

    async def begin(self, pages: AsyncIterator[deque[list[Any]]], lines: RowWriter) -> AsyncIterator[bytes]:
        """Read the first rows and return the bytes of the file. Raises Problem 429 while AT_ONCE are being read."""
        if self._open >= AT_ONCE:
            raise too_many(_WAIT_S)
        stream = self._bytes(pages, lines)
        # started, so that it also ends when the reader goes away
        return _after(await anext(stream), stream)

    async def _bytes(self, pages: AsyncIterator[deque[list[Any]]], lines: RowWriter) -> AsyncGenerator[bytes, None]:
        self._open += 1
        try:
            chunk, is_first = lines.start(), True
            async for rows in pages:
                for row in rows:
                    chunk += lines.row(row, is_first=is_first)
                    is_first = False
                yield chunk
                chunk = b""
            yield chunk + lines.end()
        finally:
            self._open -= 1


async def _after(first: bytes, stream: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(stream):
        yield first
        async for chunk in stream:
            yield chunk
