"""`make demo`: run the sandbox Telegram and the product until Ctrl-C."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
WORLD = ROOT / "scripts" / "demo_world.json"
PORT = 8081
#: the sandbox's link shortener takes any key
STUB = {"name": "Stub", "api_key": "demo-key-0123456789"}
TETHERED = ROOT / "scripts" / "tethered.py"
#: names and prefixes of the variables kept of the caller's environment; a token or a time zone would change the demo
KEPT, KEPT_FAMILIES = frozenset({"PATH", "HOME", "LANG"}), ("LC_", "PYTHON")
#: seconds each process gets to start, and to end
UP_S, END_S = 60.0, 4.0


class Stop(Exception):
    """Raised in the main thread on Ctrl-C or SIGTERM."""


def free_port(wanted: int) -> int:
    """Return `wanted` if it is free on 127.0.0.1, else any free port. Raises SystemExit when there is none."""
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
    """Wait until `url` answers. Raises SystemExit when the child has ended or UP_S is over."""
    until = time.monotonic() + UP_S
    while time.monotonic() < until and child.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - always our own http://127.0.0.1
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"demo: {url} did not come up")


def wait_for_bots(sandbox_url: str, child: subprocess.Popen[bytes]) -> None:
    """Wait until every bot has asked for updates: nothing more is printed then. Raises SystemExit as `wait_for`."""
    until = time.monotonic() + UP_S
    while time.monotonic() < until and child.poll() is None:
        with urllib.request.urlopen(f"{sandbox_url}/control/state", timeout=5) as answer:  # noqa: S310
            if all(bot["polls"] for bot in json.load(answer)["bots"]):
                return
        time.sleep(0.1)
    raise SystemExit("demo: the bots did not come up")


def bare_environment() -> dict[str, str]:
    """The caller's environment variables that every program needs, and no others."""
    return {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_FAMILIES)}


def web_url(port: int) -> str:
    """The base address of the verification page."""
    return f"http://127.0.0.1:{port}"


def environment(sandbox_url: str, web_port: int) -> dict[str, str]:
    """The product's environment for the demo's world; of the caller's configuration only LOG_LEVEL applies."""
    world = json.loads(WORLD.read_text(encoding="utf-8"))
    tokens = {bot["role"]: bot["token"] for bot in world["bots"]}
    owners = [str(user["id"]) for user in world["users"] if user.get("role") == "owner"]
    return bare_environment() | {
        "USER_BOT_TOKEN": tokens["user bot"],
        "ADMIN_BOT_TOKEN": tokens["admin bot"],
        "ADMIN_IDS": ",".join(owners),
        "STORAGE_CHANNEL_ID": str(world["chats"][0]["id"]),
        "MONGO_URI": "memory://",
        "TELEGRAM_API_URL": sandbox_url,
        "SANDBOX_CLOCK_URL": f"{sandbox_url}/control/clock",
        "WEB_PORT": str(web_port),
        "PUBLIC_BASE_URL": web_url(web_port),
        "SHORTENERS": json.dumps([STUB | {"api_url": f"{sandbox_url}/shortener/api"}]),
        # set, so that the product writes no secret file, which would remain after kill -9 of the launcher
        "JWT_SECRET": secrets.token_hex(32),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def end(children: list[subprocess.Popen[bytes]]) -> None:
    """Terminate the children, the last started first; kill each that has not ended within END_S."""
    for child in reversed(children):
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(END_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def start(
    module: str,
    *arguments: str,
    folder: str,
    environment: dict[str, str],
    before: subprocess.Popen[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a module of ours in `folder`. It ends when this process ends or is killed; it does not receive Ctrl-C.

    `before`: a child that must end after the new one, which therefore inherits the pipe that keeps `before` alive.
    Otherwise a killed launcher would stop the sandbox Telegram while a bot still answers.
    """
    held = () if before is None or before.stdin is None else (before.stdin.fileno(),)
    return subprocess.Popen(
        [sys.executable, str(TETHERED), module, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL if module == "sandbox" else None,
        start_new_session=True,
        pass_fds=held,
    )


def open_the_gate(sandbox_url: str) -> None:
    """Send `/set access_mode open` as the owner, so that posts need no verification until this is changed."""
    world = json.loads(WORLD.read_text(encoding="utf-8"))
    bot = next(bot["username"] for bot in world["bots"] if bot["role"] == "admin bot")
    owner = next(user["id"] for user in world["users"] if user.get("role") == "owner")
    deed = {"as": owner, "do": "text", "to": bot, "text": "/set access_mode open"}
    request = urllib.request.Request(  # noqa: S310 - always our own http://127.0.0.1
        f"{sandbox_url}/control/act", json.dumps(deed).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310


def run(folder: str, children: list[subprocess.Popen[bytes]]) -> int:
    """Start both processes, append them to `children`, and wait until one ends by itself; return the exit status."""
    port = free_port(int(os.environ.get("DEMO_PORT", PORT)))
    url = f"http://127.0.0.1:{port}"
    world = ("--port", str(port), "--world", str(WORLD))
    children.append(start("sandbox", *world, folder=folder, environment=bare_environment()))
    wait_for(f"{url}/control/state", children[0])
    print(f"sandbox Telegram: running at {url}", flush=True)
    web_port = free_port(port + 1)
    children.append(start("main", folder=folder, environment=environment(url, web_port), before=children[0]))
    # its port accepts connections before the bots run; it answers once all three parts have been started
    wait_for(f"{web_url(web_port)}/robots.txt", children[1])
    wait_for_bots(url, children[1])
    open_the_gate(url)
    print(f"\nOpen {url} in a browser. Ctrl-C ends everything.\n", flush=True)
    while all(child.poll() is None for child in children):
        time.sleep(0.2)
    print("demo: a part has ended by itself", file=sys.stderr)
    return 1


def main() -> int:
    def stop(_signum: int, _frame: FrameType | None) -> None:
        raise Stop

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    children: list[subprocess.Popen[bytes]] = []
    # an empty working directory: the configuration reads the `.env` of the working directory
    with tempfile.TemporaryDirectory(prefix="tollgate-demo-") as folder:
        try:
            return run(folder, children)
        except Stop:
            return 0
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            end(children)


if __name__ == "__main__":
    raise SystemExit(main())
