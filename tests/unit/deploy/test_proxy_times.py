"""The shipped proxies wait for as long as the app may take to answer."""

import re
from pathlib import Path

import pytest

from sender.updates.webhook import OPEN_FOR_S
from web_app.api.system.run_results import WAIT_MAX_S

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
#: by file: where the times for the API stand in it, and where those for updates do
API = {
    "nginx/tollgate.conf": r"location /api/ \{[^}]*proxy_read_timeout (\d+)s",
    "caddy/Caddyfile": r"handle @public \{.*?response_header_timeout (\d+)s",
    "kubernetes/ingress.yaml": r'proxy-read-timeout: "(\d+)"',
}
UPDATES = {
    "nginx/tollgate.conf": r"\n    proxy_read_timeout (\d+)s",
    "caddy/Caddyfile": r"handle @telegram \{.*?response_header_timeout (\d+)s",
    "kubernetes/ingress.yaml": r'proxy-read-timeout: "(\d+)"',
}


def _seconds(name: str, where: str) -> int:
    found = re.search(where, (DEPLOY / name).read_text(), re.DOTALL)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("name", API)
def test_an_answer_of_the_longest_wait_for_a_run_arrives(name: str) -> None:
    assert _seconds(name, API[name]) > WAIT_MAX_S


@pytest.mark.parametrize("name", UPDATES)
def test_an_update_whose_handler_takes_long_is_answered_by_the_app(name: str) -> None:
    assert _seconds(name, UPDATES[name]) > OPEN_FOR_S


def test_caddy_writes_for_longer_than_the_longest_wait() -> None:
    found = re.search(r"write (\d+)m", (DEPLOY / "caddy/Caddyfile").read_text())
    assert found is not None and 60 * int(found[1]) > WAIT_MAX_S
