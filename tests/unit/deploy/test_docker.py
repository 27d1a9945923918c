"""deploy/ as far as it can be looked at without Docker: what the image holds, what the services may and may not do."""

import ast
import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymongo.uri_parser import parse_uri

from config import Settings
from scripts.supply.pins import canonical, read_pins
from sender.updates.intake import DRAIN_FOR_S
from tests.unit.test_architecture import imported
from user_bot.main import JOBS_END_S

pytestmark = pytest.mark.sweep

ROOT = Path(__file__).resolve().parents[3]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
#: name, three numbers, perhaps what it is based on, and the digest; no registry host before it
PINNED = re.compile(r"[a-z-]+:\d+\.\d+\.\d+(-[a-z-]+)?@sha256:[0-9a-f]{64}")
#: ${NAME} with whatever follows the name, up to the brace
VARIABLE = re.compile(r"\$\{(\w+)([^}]*)\}")
#: what a checkout holds besides, and must never go into an image
KEPT_OUT = (
    ".env",
    ".env.production",
    "core/.env",
    ".git/config",
    ".venv/bin/python",
    "core/__pycache__/days.pyc",
    "__pycache__/main.pyc",
    "data/backup.gz",
    "deploy/compose.yaml",
    "tests/house.py",
    "sandbox/state/world.py",
    "bench/__main__.py",
    "scripts/demo.py",
)
#: mongosh's names for deploy/mongo/setup.js; prints what is asked of the server
STAND_IN = """
const line = (value) => console.log(JSON.stringify(value));
const there = %s, print = console.log, sleep = () => { throw new Error("it is the primary at once"); };
const named = (name) => ({
  getSiblingDB: named,
  runCommand: (command) => {
    if (command.replSetGetStatus && !there) throw Object.assign(new Error("no"), { codeName: "NotYetInitialized" });
    if (command.replSetInitiate) line(["replSetInitiate", command.replSetInitiate]);
    return { isWritablePrimary: true };
  },
  getUser: () => (there ? {} : null),
  createUser: (user) => line(["createUser", name, user]),
  updateUser: (id, user) => line(["updateUser", name, id, user]),
});
class Mongo { constructor(address) { line(address); } getDB(name) { return named(name); } }
"""
#: the one module that needs more than requirements.txt: the store in memory, imported when it is asked for
DEMO_ONLY = "database/memory.py"
#: starts main.py with nothing configured and nothing but the image's libraries, tells how that ended and every module
#: that was imported, with its file, then imports all others
STARTED = """
import importlib, json, runpy, sys
others, modules = (json.loads(word) for word in sys.argv[1:])
sys.modules.update(dict.fromkeys(others))
for name in ("user_bot.__main__", "admin_bot.__main__", "database.__main__"):
    importlib.import_module(name)
try:
    runpy.run_path("main.py", run_name="__main__")
except SystemExit as end:
    files = {name: module.__file__ for name, module in list(sys.modules.items()) if getattr(module, "__file__", None)}
    print(json.dumps({"status": end.code, "files": files | {"main": "main.py"}}))
for name in modules:
    importlib.import_module(name)
"""


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


#: the app's processes, and everything of MongoDB
APP, MONGO = ("tollgate", "standby"), ("mongo", "mongo-setup")


def seconds(span: str) -> int:
    assert span.endswith("s")
    return int(span[:-1])


def instructions(name: str) -> list[str]:
    """What follows `name` on each of its lines of the Dockerfile."""
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the Dockerfile copies, as /app holds it."""
    folder = tmp_path_factory.mktemp("app")
    for line in instructions("COPY"):
        pattern, target = line.split()
        sources = sorted(ROOT.glob(pattern.rstrip("/")))
        assert sources, f"nothing to copy for {pattern}"
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / target)
    return folder


def pinned_in(image: Path) -> set[str]:
    """The packages that the image installs."""
    return {pin.name for pin in read_pins(image / "requirements.txt")}


def not_installed_in(image: Path) -> list[str]:
    """What can be imported here and not there."""
    pinned = pinned_in(image)
    owned = packages_distributions().items()
    return [
        name for name, owners in owned if not {canonical(owner) for owner in owners} & {*pinned, "pip", "setuptools"}
    ]


@pytest.fixture(scope="module")
def started(image: Path) -> dict[str, Any]:
    """What STARTED says, with what was on standard error."""
    paths = sorted(path.relative_to(image) for path in image.rglob("*.py"))
    modules = [".".join(path.with_suffix("").parts) for path in paths if path.as_posix() != DEMO_ONLY]
    words = [json.dumps(not_installed_in(image)), json.dumps([name.removesuffix(".__init__") for name in modules])]
    command = [sys.executable, "-B", "-c", STARTED, *words]
    done = subprocess.run(command, cwd=image, env={}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout), errors=done.stderr)


# --- the image


def test_the_image_holds_exactly_what_is_imported(image: Path, started: dict[str, Any]) -> None:
    ours = {name.split(".")[0] for name, file in started["files"].items() if (image / file).is_relative_to(image)}
    assert ours == {path.stem for path in image.iterdir()} - {"requirements"}


def test_what_our_files_import_besides_is_pinned_in_the_runtime_set(image: Path) -> None:
    owners = packages_distributions()
    paths = [path for path in image.rglob("*.py") if path != image / DEMO_ONLY]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    named = {name.split(".")[0] for tree in trees for name in imported(tree)}
    used = {canonical(owner) for name in named for owner in owners.get(name, ())}
    assert "aiogram" in used
    assert used - pinned_in(image) == set()


def test_everything_but_the_store_in_memory_works_without_the_libraries_of_the_demo_and_the_tests(
    image: Path, started: dict[str, Any]
) -> None:
    assert {"mongomock", "mongomock_motor", "pytest", "hypothesis"} <= set(not_installed_in(image))
    assert not {"mongomock", "mongomock_motor", "pytest", "hypothesis"} & set(started["files"])
    assert (image / DEMO_ONLY).exists()


def test_the_image_starts_and_names_what_is_missing(started: dict[str, Any]) -> None:
    assert started["status"] == 2
    assert "config: USER_BOT_TOKEN: is missing" in started["errors"]


def test_the_image_has_no_user_root_and_one_pinned_base() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", instructions("USER")[-1])
    (base,) = instructions("FROM")
    assert PINNED.fullmatch(base)
    (wanted,) = re.findall(r'requires-python = ">=(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert base.startswith(f"python:{wanted}.")


def is_kept_out(path: str) -> bool:
    """What .dockerignore says of a file: the last pattern that fits it, or a folder it lies in, decides."""
    out = False
    parts = path.split("/")
    ways = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if pattern and not pattern.startswith("#") and any(_fits(way, pattern) for way in ways):
            out = not line.startswith("!")
    return out


def _fits(way: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatchcase(way.rsplit("/", 1)[-1], pattern.removeprefix("**/"))
    return way.count("/") == pattern.count("/") and fnmatchcase(way, pattern)


def test_docker_is_sent_what_it_copies_and_nothing_else(image: Path) -> None:
    sent = [path.relative_to(image).as_posix() for path in image.rglob("*") if path.is_file()]
    assert [path for path in sent if is_kept_out(path)] == []
    assert [path for path in KEPT_OUT if not is_kept_out(path)] == []
    others = {path.name for path in ROOT.iterdir()} - {Path(path).parts[0] for path in sent}
    assert [name for name in others if not is_kept_out(name)] == []


# --- the services


def test_nothing_is_published_beyond_this_machine() -> None:
    for service in services().values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ()))
        assert not {"network_mode", "privileged", "extra_hosts"} & set(service)


def test_every_foreign_image_is_pinned_and_names_no_host() -> None:
    images = [service["image"] for service in services().values() if "image" in service]
    foreign = [image for image in images if not image.startswith("tollgate:")]
    assert len(foreign) == len(MONGO)
    assert [image for image in foreign if not PINNED.fullmatch(image)] == []
    (mongo,) = set(foreign)
    assert mongo.startswith("mongo:8.")


def test_every_variable_is_a_setting_or_is_explained_in_docker_md() -> None:
    guide = (ROOT / "docs/docker.md").read_text(encoding="utf-8")
    text = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    asked = {name for name, _ in VARIABLE.findall(text)}
    assert {name for name in asked if f"`{name}`" not in guide and f"{name}=" not in guide} == set()
    assert all(rest.startswith(":?") for _, rest in VARIABLE.findall(text)), "a missing secret must be an error"
    assert all(set(services()[name]["environment"]) <= set(Settings.model_fields) for name in APP)


def test_no_secret_stands_in_the_file() -> None:
    values = [pair for service in services().values() for pair in service.get("environment", {}).items()]
    secret = [value for name, value in values if re.search("PASSWORD|SECRET|TOKEN|KEY", name)]
    addresses = [value for _, value in values if "@" in value]
    assert secret
    assert addresses
    assert all(VARIABLE.fullmatch(value) for value in secret)
    script = (ROOT / "deploy/mongo/setup.js").read_text(encoding="utf-8")
    assert not re.search(r"pwd: [^M]", script)
    assert all(VARIABLE.sub("", address).partition("@")[0].endswith(":") for address in addresses)


def test_the_address_names_the_replica_set_and_the_user_that_the_setup_makes() -> None:
    script = (ROOT / "deploy/mongo/setup.js").read_text(encoding="utf-8")
    for name in APP:
        environment = services()[name]["environment"]
        parsed = parse_uri(VARIABLE.sub("0123abcdef", environment["MONGO_URI"]))
        assert parsed["nodelist"] == [("mongo", 27017)]
        assert (parsed["username"], parsed["password"]) == ("tollgate", "0123abcdef")
        replica_set = parsed["options"]["replicaSet"]
        assert replica_set == argument("--replSet")
        assert f'_id: "{replica_set}", members: [{{ _id: 0, host: "mongo:27017" }}]' in script
        # the user is made in the bots' own database
        assert parsed["options"]["authSource"] == environment["MONGO_DB"]
        assert services()["mongo-setup"]["environment"]["MONGO_DB"] == environment["MONGO_DB"]
    assert 'createUser({ user: "tollgate"' in script


def argument(name: str) -> str:
    """What stands behind it on mongod's command line."""
    command = services()["mongo"]["command"]
    return str(command[command.index(name) + 1])


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize("is_repeated", [False, True])
def test_the_setup_grants_two_databases_and_nothing_else_however_often_it_runs(is_repeated: bool) -> None:
    """In node instead of mongosh, on a stand-in for the server: what is asked of it, in order."""
    script = (ROOT / "deploy/mongo/setup.js").read_text(encoding="utf-8")
    environment = {"MONGO_ROOT_PASSWORD": "r/oot", "MONGO_PASSWORD": "word", "MONGO_DB": "tollgate"}
    command = [str(shutil.which("node")), "-e", STAND_IN % json.dumps(is_repeated) + script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    address, *asked = map(json.loads, done.stdout.splitlines()[:-1])
    assert address == "mongodb://root:r%2Foot@mongo:27017/admin?directConnection=true"
    change = "updateUser" if is_repeated else "createUser"
    assert [name for name, *_ in asked] == [*(() if is_repeated else ["replSetInitiate"]), change]
    database, *_, user = asked[-1][1:]
    assert (database, user["pwd"]) == ("tollgate", "word")
    assert user["roles"] == [{"role": "readWrite", "db": name} for name in ("tollgate", "tollgate_restored")]


def test_the_root_of_the_server_is_known_to_the_server_and_its_setup_only() -> None:
    assert services()["mongo"]["environment"]["MONGO_INITDB_ROOT_USERNAME"] == "root"
    text = json.dumps([services()[name] for name in APP])
    assert "MONGO_ROOT_PASSWORD" not in text
    assert "root" not in text


def test_the_members_keyfile_is_made_where_the_server_looks_for_it(tmp_path: Path) -> None:
    """The first command of the entrypoint, run by bash on a folder of the test; twice, because a restart keeps it."""
    shell, flags, script, dashes = services()["mongo"]["entrypoint"]
    assert (shell, flags, dashes) == ("bash", "-ec", "--")
    assert argument("--keyFile") == "/data/configdb/keyfile"
    script = script.replace("$$", "$").replace("/data/configdb", str(tmp_path))
    script = script.replace("exec docker-entrypoint.sh", "printf '%s\\n'")
    found = []
    for _ in range(2):
        done = subprocess.run(
            [shell, flags, script, dashes, "mongod", "--x"], capture_output=True, text=True, timeout=10
        )
        assert (done.returncode, done.stdout) == (0, "mongod\n--x\n"), done.stderr
        found.append((tmp_path / "keyfile").read_bytes())
    assert found[0] == found[1]
    # MongoDB takes 6 to 1024 characters of base64, and no file that others may read
    assert re.fullmatch(rb"[A-Za-z0-9+/=]{6,1024}", found[0])
    assert (tmp_path / "keyfile").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["keyfile"]


def test_the_bots_wait_for_the_server_and_are_given_the_time_a_stop_takes() -> None:
    found = services()
    for name in APP:
        assert found[name]["depends_on"] == {"mongo-setup": {"condition": "service_completed_successfully"}}
        assert seconds(found[name]["stop_grace_period"]) >= DRAIN_FOR_S + JOBS_END_S + 15
        assert (found[name]["stop_signal"], found[name]["init"]) == ("SIGTERM", True)
    assert found["mongo-setup"]["depends_on"]["mongo"]["condition"] == "service_healthy"
    assert found["mongo"]["healthcheck"]["test"][0] == "CMD"
    restarts = {name: service["restart"] for name, service in found.items()}
    assert restarts == dict.fromkeys(("tollgate", "standby", "mongo"), "unless-stopped") | {"mongo-setup": "no"}


def test_a_second_process_differs_from_the_first_only_in_its_port() -> None:
    first, second = (services()[name] for name in APP)
    assert second["profiles"] == ["standby"]
    assert {name for name in {*first, *second} if first.get(name) != second.get(name)} == {"profiles", "ports"}


def test_no_container_can_write_to_its_image_or_rise_to_anything() -> None:
    for name, service in services().items():
        assert (name, service["read_only"], service["cap_drop"]) == (name, True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "cap_add" not in service
        assert "mem_limit" in service
    assert all(services()[name]["user"] == "999:999" for name in MONGO)
    assert all(services()[name]["env_file"] == "../.env" for name in APP)


def test_what_is_stored_outlives_the_container_and_fits_the_memory() -> None:
    mongo = services()["mongo"]
    volumes = dict(volume.split(":") for volume in mongo["volumes"])
    assert "/data/db" in volumes.values()
    assert not any(name.startswith((".", "/")) for name in volumes)
    cache = float(argument("--wiredTigerCacheSizeGB"))
    # MongoDB takes no smaller one, and by itself half of what is above a gigabyte
    assert 0.25 <= cache <= 0.5 * int(mongo["mem_limit"].removesuffix("g"))
