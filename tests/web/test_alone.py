"""`python -m web_app`, the component of `main.py`, and the configuration both read."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from config import Settings
from core.clock import SystemClock
from runtime.lifecycle import CannotStart
from web_app.main import component, page_key, services_of, shortener_hosts

pytestmark = pytest.mark.sweep

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://gate.example"
ENOUGH = {
    "USER_BOT_TOKEN": "1002:sandbox-user",
    "ADMIN_BOT_TOKEN": "1001:sandbox-admin",
    "ADMIN_IDS": "7",
    "MONGO_URI": "memory://",
    "ALLOW_MEMORY_STORE": "true",
    "PUBLIC_BASE_URL": BASE,
    "WEB_PORT": "0",
    "JWT_SECRET": "q7Zr2mKx9TfLw4VbNc8Ps3HdJy6GuEaR",
}
#: runs web_app as `python -m` does, and prints at the end which heavy modules were imported
WITHOUT_TELEGRAM = """
import runpy, sys
try:
    runpy.run_module("web_app", run_name="__main__")
finally:
    loaded = [name for name in ("aiogram", "matplotlib", "playwright") if name in sys.modules]
    print("loaded:", loaded, flush=True)
"""


def settings(**more: Any) -> Settings:
    return Settings(_env_file=None, **(ENOUGH | {"ADMIN_IDS": (7,)} | more))


@asynccontextmanager
async def alone(folder: Path, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WITHOUT_TELEGRAM,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | ENOUGH | more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_runs_without_aiogram_until_sigterm(tmp_path: Path) -> None:
    async with alone(tmp_path) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"database: in memory, forgotten at the end\n"
        state = (await process.stdout.readline()).decode().strip()
        assert state.startswith("web app: http://127.0.0.1:")
        assert state.endswith(f", seen as {BASE}")
        port = int(state.split(",")[0].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v/x HTTP/1.1\r\nHost: gate.example\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 404")
        writer.close()
        process.send_signal(signal.SIGTERM)
        said, errors = await asyncio.wait_for(process.communicate(), 10)
        assert (process.returncode, said) == (0, b"loaded: []\n")
        assert b"Traceback" not in errors


async def test_without_a_public_address_it_serves_this_machine_without_the_page(tmp_path: Path) -> None:
    async with alone(tmp_path, PUBLIC_BASE_URL="", JWT_SECRET="") as process:
        assert process.stdout is not None
        await process.stdout.readline()
        state = (await process.stdout.readline()).decode().strip()
        assert state.endswith(", for this machine")
        port = int(state.split(",")[0].rpartition(":")[2])
        for path, status in ((f"/v/{'x' * 32}", 404), ("/api/admin/scheduler/status", 401)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            assert (await reader.read()).startswith(f"HTTP/1.1 {status}".encode())
            writer.close()
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 10)
        assert (process.returncode, b"Traceback" in errors) == (0, False)
    assert len((tmp_path / "data" / "jwt_secret").read_text().strip()) >= 32


async def test_a_short_secret_is_reported_in_one_line_with_status_2(tmp_path: Path) -> None:
    async with alone(tmp_path, JWT_SECRET="short") as process:
        _, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 2
        (line,) = errors.decode().splitlines()
        assert line.startswith("config: JWT_SECRET: 32 or more characters")


async def test_a_port_in_use_is_reported_in_one_line_with_status_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with alone(tmp_path, WEB_PORT=str(port)) as process:
            _, errors = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode == 1
            (line,) = errors.decode().splitlines()
            assert line.startswith(f"tollgate: WEB_HOST, WEB_PORT: cannot listen on 127.0.0.1:{port}: ")
            assert "in use" in line


@pytest.mark.parametrize("host", ["203.0.113.1", "::ffff:203.0.113.1", "no such host"])
def test_a_host_that_cannot_be_bound_is_reported_in_one_line(host: str) -> None:
    with pytest.raises(CannotStart) as problem:
        component(settings(WEB_HOST=host), SystemClock())
    assert problem.value.status == 1
    assert "\n" not in str(problem.value)
    assert "WEB_HOST" in str(problem.value)


def test_importing_the_web_app_loads_no_aiogram() -> None:
    code = "import sys, web_app.main, web_app.app; assert 'aiogram' not in sys.modules, 'aiogram was loaded'"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


def test_the_component_shows_its_public_address() -> None:
    one = component(settings(), SystemClock(), "gate_bot")
    one.serve.close()
    one.server.close()
    assert one.name == "web app"
    assert one.state.endswith(f", seen as {BASE}")


# --- the configuration


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("", ""),
        (BASE, BASE),
        (f"{BASE}/", BASE),
        (f"{BASE}//", BASE),
        (f"{BASE}/gate/", f"{BASE}/gate"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_public_address_has_no_slash_at_its_end(written: str, taken: str) -> None:
    found = settings(PUBLIC_BASE_URL=written).PUBLIC_BASE_URL
    assert found == taken


@pytest.mark.parametrize(
    "wrong",
    [
        "gate.example",
        "ftp://gate.example",
        "https://",
        "https:///path",
        f"{BASE}?x=1",
        f"{BASE}/#top",
        f"{BASE}/?",
        "https://user:secret@gate.example",
        "https://gate.example:99999",
        "https://gate.example:port",
        "https://[::1",
        "https://[::1]:8080",
        # Telegram refuses buttons to a host without a dot
        "http://localhost:8080",
        "https://gate .example",
        'https://gate.example/"',
    ],
)
def test_an_invalid_public_address_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError) as problem:
        settings(PUBLIC_BASE_URL=wrong)
    assert "secret" not in str(problem.value)


def test_links_to_bots_lead_to_telegram_or_to_the_sandbox() -> None:
    assert settings().telegram_links == "https://t.me"
    sandboxed = settings(
        TELEGRAM_API_URL="http://127.0.0.1:8081", SANDBOX_CLOCK_URL="http://127.0.0.1:8081/control/clock"
    )
    assert sandboxed.telegram_links == "http://127.0.0.1:8081/t.me"
    assert services_of(sandboxed, SystemClock()).links == "http://127.0.0.1:8081/t.me"


def test_the_app_shows_what_the_bots_write_after_it_was_built() -> None:
    states: dict[str, str] = {}
    shown = services_of(settings(), SystemClock(), update_states=states).update_states
    states["user_bot"] = "polling"
    assert shown == {"user_bot": "polling"}


def test_the_shortener_hosts_are_those_of_all_shorteners() -> None:
    several = [
        {
            "name": "a",
            "api_url": "https://API.one.example:8443/x?a=b",
            "api_key": "0123456789",
            "hosts": ["One.Example"],
        },
        {"name": "b", "api_url": "https://two.example/api", "api_key": "0123456789"},
    ]
    assert shortener_hosts(settings(SHORTENERS=several)) == {"api.one.example", "one.example", "two.example"}
    assert shortener_hosts(settings()) == frozenset()


def test_the_pages_key_is_derived_from_the_user_bots_token() -> None:
    key = page_key(settings())
    assert len(key) == 32
    assert key == page_key(settings(ADMIN_BOT_TOKEN="1001:another", PUBLIC_BASE_URL="http://x.example"))
    assert key != page_key(settings(USER_BOT_TOKEN="1002:another"))
    assert b"sandbox-user" not in key
    assert repr(key)[2:-1] not in repr(services_of(settings(), SystemClock()))


def test_the_path_of_the_public_address_is_the_base_path() -> None:
    assert services_of(settings(PUBLIC_BASE_URL=f"{BASE}/gate/"), SystemClock()).base_path == "/gate"
    assert services_of(settings(), SystemClock()).base_path == ""
