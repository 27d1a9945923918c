"""What others could read or change of a deployment: files too open, and secrets that travel in plain text.

Each finding is one line for the operator that names the variable or file and the remedy, and never a secret. What no
start accepts is in `config.py` and `database/secret_file.py`; `docs/operations.md` has the whole table.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.addresses import is_this_machine
from core.private_files import is_changeable_by_others, is_open_to_others

#: endings of names that no public server has (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`)
_PRIVATE_ENDINGS = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is looked at. Addresses may hold secrets; they are shown in no finding."""

    mongo_uri: str = ""
    api_url: str = ""
    public_url: str = ""
    alert_url: str = ""
    env_file: Path | None = None
    data_dir: Path | None = None
    #: files that NAME_FILE names, by variable
    mounted: Sequence[tuple[str, Path]] = ()
    #: where /readyz and /metrics have a port of their own; empty when they have none
    ops_host: str = ""
    #: that port asks for a token
    has_ops_token: bool = False


def find_exposures(deployment: Deployment) -> list[str]:
    """Return one line for each weakness."""
    return [*_of_files(deployment), *_of_mongo(deployment.mongo_uri), *_of_addresses(deployment)]


def is_public_host(host: str) -> bool:
    """Return whether packets to `host` (a name or an IP address, IPv6 without brackets) may leave one's own network.

    A name without a dot is one of the own network: Docker's, Kubernetes', /etc/hosts'.
    """
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        name = host.lower().rstrip(".")
        # a percent sign: the path of a Unix socket, in a connection string
        return "." in name and "%" not in name and not name.endswith(_PRIVATE_ENDINGS)


def _of_files(deployment: Deployment) -> Iterator[str]:
    if (env := deployment.env_file) is not None and is_open_to_others(env):
        yield f"other accounts of this machine can read {env}, which holds the bot tokens: chmod 600 {env}"
    folder = deployment.data_dir
    if folder is not None and is_open_to_others(folder):
        yield f"DATA_DIR: other accounts of this machine can look into {folder}: chmod 700 {folder}"
    # mounted secrets are often 0444: containers have one account
    for name, path in deployment.mounted:
        if is_changeable_by_others(path):
            yield f"{name}_FILE: other accounts of this machine can change {path}: chmod go-w {path}"


def _of_mongo(uri: str) -> Iterator[str]:
    scheme, _, rest = uri.partition("://")
    if scheme not in ("mongodb", "mongodb+srv"):
        return
    netloc, _, options = rest.partition("/")
    credentials, _, hosts = netloc.rpartition("@")
    if not any(is_public_host(host) for host in _hosts(hosts.split(","))):
        return
    if not credentials:
        yield "MONGO_URI: a database on a public address without a password: whoever finds it has all of it"
    asked = {option.lower() for option in options.partition("?")[2].split("&")}
    if scheme == "mongodb" and asked.isdisjoint({"tls=true", "ssl=true"}):
        yield "MONGO_URI: to a public address without encryption all can be read on the way: add tls=true to it"


def _hosts(places: Iterable[str]) -> Iterator[str]:
    """The hosts of `host:port` and `[address]:port`."""
    for place in places:
        yield place[1:].partition("]")[0] if place.startswith("[") else place.partition(":")[0]


def _of_addresses(deployment: Deployment) -> Iterator[str]:
    api = urlsplit(deployment.api_url)
    host = api.hostname or ""
    if api.scheme == "http" and not is_this_machine(host):
        yield "TELEGRAM_API_URL: with http:// the bot tokens can be read in the network between: use https://"
    public = urlsplit(deployment.public_url)
    if public.scheme == "http" and is_public_host(public.hostname or ""):
        yield "PUBLIC_BASE_URL: with http:// links, passwords and sessions can be read on the way: use https://"
    alert = urlsplit(deployment.alert_url)
    if alert.scheme == "http" and is_public_host(alert.hostname or ""):
        yield "ALERT_WEBHOOK_URL: with http:// alerts, and a key in the address, can be read on the way: use https://"
    if deployment.ops_host and not is_this_machine(deployment.ops_host) and not deployment.has_ops_token:
        yield (
            "OPS_HOST: whoever reaches OPS_PORT from another machine reads /readyz and /metrics: set OPS_TOKEN, or "
            "have a firewall admit only your monitoring"
        )
