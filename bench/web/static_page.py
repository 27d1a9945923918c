"""What the web app is compared with: the same server, one handler, a page that never changes.

`python -m bench.web.static_page`.
"""

import asyncio
from typing import TextIO

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bench.harness.actions import Answer, serve_actions, take_stdout
from bench.harness.usage import cpu, resources
from core.supervisor import Supervisor
from web_app.serving import WebServer

HOST = "127.0.0.1"


async def main(answers: TextIO) -> None:
    body = b""

    async def page(request: Request) -> HTMLResponse:
        if request.method == "POST":
            await request.body()
        return HTMLResponse(body)

    server = WebServer(Starlette(routes=[Route("/", page, methods=["GET", "POST"])]))
    url = f"http://{HOST}:{server.listen(HOST, 0)}/"

    async def fresh(size: int) -> Answer:
        """Answer with so many bytes from now on."""
        nonlocal body
        body = b"x" * size
        return {"url": url}

    async def usage() -> Answer:
        return cpu()

    async def standing() -> Answer:
        return resources()

    serving = Supervisor().spawn(server.serve(), "static page")
    await serve_actions(answers, fresh, usage, standing)
    await server.stop()
    await serving


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
