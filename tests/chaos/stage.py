"""The environment of episodes: a sandbox process, new for each episode, and a store process that is reused."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.client import SandboxClient

ROOT = Path(__file__).resolve().parents[2]
_SERVER = ROOT / ".ci" / "server"


class StageFailed(Exception):
    """The sandbox or the store did not start."""


@dataclass(slots=True)
class Store:
    """A MongoDB-protocol server on loopback; `folder` is None for an external one, which is never killed."""

    port: int
    folder: str | None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"

    async def kill_and_start(self) -> None:
        """Send SIGKILL, and start the server again with the same data and port."""
        assert self.folder is not None
        async with self._starting:
            await _server("kill", self.folder)
            await _server("start", self.folder)


async def _server(*arguments: str) -> dict[str, str]:
    process = await asyncio.create_subprocess_exec(
        str(_SERVER), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, errors = await process.communicate()
    if process.returncode != 0:
        raise StageFailed(f".ci/server {arguments[0]}: {errors.decode().strip()}")
    return dict(line.split("=", 1) for line in said.decode().splitlines())


@asynccontextmanager
async def store() -> AsyncIterator[Store]:
    """Start a server for this worker, and stop it at the end."""
    told = await _server("start")
    port = int(told["MONGO_URI"].rstrip("/").rpartition(":")[2])
    try:
        yield Store(port, told["MONGO_DIR"])
    finally:
        await _server("stop", told["MONGO_DIR"])


def free_port() -> int:
    """Return a loopback port that nobody uses now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@asynccontextmanager
async def telegram(log: Path) -> AsyncIterator[SandboxClient]:
    """Run the sandbox as a process; its output goes to `log`."""
    port = free_port()
    with log.open("ab") as told:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sandbox",
            "--port",
            str(port),
            cwd=ROOT,
            stdout=told,
            stderr=told,
            env={"PATH": os.environ["PATH"]},
        )
    try:
        async with SandboxClient(f"http://127.0.0.1:{port}") as client:
            await _answers(client, process)
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(client: SandboxClient, process: asyncio.subprocess.Process) -> None:
    for _ in range(600):
        if process.returncode is not None:
            break
        try:
            await client.state()
        except OSError:
            await asyncio.sleep(0.05)
        else:
            return
    raise StageFailed("the sandbox does not answer")
