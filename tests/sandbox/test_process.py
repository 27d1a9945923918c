"""`python -m sandbox` as a process: starts, serves a world file, ends at a signal."""

import asyncio
import json
import pathlib
import signal
import sys

import aiohttp
import pytest

ROOT = pathlib.Path(__file__).parents[2]
WORLD = {
    "bots": [{"token": "1001:sandbox-admin", "username": "admin_bot", "first_name": "Admin", "role": "admin bot"}],
    "users": [{"id": 7001, "first_name": "Olga", "role": "owner"}],
    "chats": [
        {
            "type": "channel",
            "title": "Storage",
            "id": -1001000000001,
            "members": [
                {"id": 7001, "status": "creator"},
                {"id": 1001, "status": "administrator", "rights": {"can_post_messages": True}},
            ],
        }
    ],
}


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        "--port",
        "0",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=_heed_ctrl_c,
    )


def _heed_ctrl_c() -> None:
    """Undo the ignored SIGINT that children of a background shell inherit; the sandbox would keep it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def _url(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().removeprefix("sandbox: ").strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_at_once_while_a_bot_polls(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    world = tmp_path / "world.json"
    world.write_text(json.dumps(WORLD))
    process = await _start("--world", str(world), "--seed", "1")
    url = await _url(process)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/control/state") as response:
            state = await response.json()
        assert state["bots"][0]["role"] == "admin bot"
        poll = asyncio.create_task(session.get(f"{url}/bot1001:sandbox-admin/getUpdates?timeout=50"))
        counted = 0
        while not counted:
            async with session.get(f"{url}/control/counters") as response:
                counted = (await response.json())["methods"].get("getUpdates", 0)
        process.send_signal(number)
        _, errors = await process.communicate()
        await asyncio.gather(poll, return_exceptions=True)
    assert (process.returncode, errors) == (0, b"")


async def test_a_wrong_world_file_is_reported_in_one_line(tmp_path: pathlib.Path) -> None:
    world = tmp_path / "world.json"
    world.write_text('{"bots": [{"token": "nonsense", "username": "x", "first_name": "x"}]}')
    process = await _start("--world", str(world))
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode() == "sandbox: a token is digits, a colon and more, like 1001:sandbox-admin\n"


async def test_flood_control_from_the_command_line() -> None:
    process = await _start("--flood", "7")
    url = await _url(process)
    async with aiohttp.ClientSession() as session, session.post(f"{url}/control/config", json={}) as response:
        config = await response.json()
    process.terminate()
    await process.wait()
    assert [config[f"flood_{name}"] for name in ("per_s", "chat_per_s", "group_per_min")] == [7, 1.0, 20]
