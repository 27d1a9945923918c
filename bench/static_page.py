"""What the verification page is compared with: the same server, one handler, a page that never changes.

`python -m bench.static_page`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, TextIO

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bench.line import answer_lines, take_stdout
from bench.usage import StoreTime, usage
from core.ids import new_token
from core.supervisor import Supervisor
from web_app.serving import WebServer

HOST = "127.0.0.1"


async def main(answers: TextIO) -> None:
    pages = {"GET": b"", "POST": b""}

    async def page(request: Request) -> HTMLResponse:
        if request.method == "POST":
            await request.body()
        return HTMLResponse(pages[request.method])

    server = WebServer(Starlette(routes=[Route("/v/{token}", page, methods=[*pages])]))
    url = f"http://{HOST}:{server.listen(HOST, 0)}/v/"

    async def fresh(wish: dict[str, Any]) -> Mapping[str, Any]:
        """Pages of so many bytes, by method."""
        pages.update({method: b"x" * size for method, size in wish["sizes"].items()})
        return {"url": url, "tokens": [new_token() for _ in range(wish["tokens"])]}

    async def used(_: dict[str, Any]) -> Mapping[str, Any]:
        return usage(None, None, StoreTime())

    serving = Supervisor().spawn(server.serve(), "static page")
    await answer_lines({"fresh": fresh, "usage": used}, answers)
    await server.stop()
    await serving


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
