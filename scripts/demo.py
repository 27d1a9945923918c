"""`make demo`: the sandbox Telegram and the product beside it, in one process group, until Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
WORLD = ROOT / "scripts" / "demo_world.json"
PORT = 8081
#: seconds each part gets to come up, and to end
UP_S, END_S = 60.0, 4.0


class Stop(Exception):
    """Ctrl-C or SIGTERM."""


def free_port(wanted: int) -> int:
    """`wanted` when nobody listens there, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("demo: no free port on 127.0.0.1")


def wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    """Return when `url` answers. Raises SystemExit when the child ends or the time is up."""
    until = time.monotonic() + UP_S
    while time.monotonic() < until and child.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - always our own http://127.0.0.1
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"demo: {url} did not come up")


def environment(base_url: str) -> dict[str, str]:
    """The product's configuration for the demo's world; nothing of the caller's `.env` applies."""
    world = json.loads(WORLD.read_text(encoding="utf-8"))
    tokens = {bot["role"]: bot["token"] for bot in world["bots"]}
    owners = [str(user["id"]) for user in world["users"] if user.get("role") == "owner"]
    return os.environ | {
        "USER_BOT_TOKEN": tokens["user bot"],
        "ADMIN_BOT_TOKEN": tokens["admin bot"],
        "ADMIN_IDS": ",".join(owners),
        "STORAGE_CHANNEL_ID": str(world["chats"][0]["id"]),
        "MONGO_URI": "memory://",
        "TELEGRAM_API_URL": base_url,
        "SANDBOX_CLOCK_URL": f"{base_url}/control/clock",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask each child to end, the last started first; kill what has not ended in END_S."""
    for child in reversed(children):
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(END_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def ignore_interrupt() -> None:
    """Ctrl-C reaches the whole group; Telegram must outlive the bots, which say goodbye to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> int:
    def stop(_signum: int, _frame: FrameType | None) -> None:
        raise Stop

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    port = free_port(int(os.environ.get("DEMO_PORT", PORT)))
    url = f"http://127.0.0.1:{port}"
    children: list[subprocess.Popen[bytes]] = []
    try:
        command = [sys.executable, "-m", "sandbox", "--port", str(port), "--world", str(WORLD)]
        children.append(
            subprocess.Popen(command, cwd=ROOT, preexec_fn=ignore_interrupt, stdout=subprocess.DEVNULL)  # noqa: PLW1509
        )
        wait_for(f"{url}/control/state", children[0])
        print(f"sandbox Telegram: running at {url}", flush=True)
        children.append(subprocess.Popen([sys.executable, "main.py"], cwd=ROOT, env=environment(url)))
        print(f"\nOpen {url} in a browser as soon as both bots are running. Ctrl-C ends everything.\n", flush=True)
        while all(child.poll() is None for child in children):
            time.sleep(0.2)
        print("demo: a part has ended by itself", file=sys.stderr)
        return 1
    except Stop:
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end(children)


if __name__ == "__main__":
    raise SystemExit(main())
