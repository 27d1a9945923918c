"""The limit of visits to the unlock page, and who is counted."""

from dataclasses import replace
from ipaddress import ip_network

import httpx
import pytest
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from tests.web.auth.signing import Ticks
from tests.web.conftest import Making
from web_app.app import build_app
from web_app.rate_limit import VISITS_MAX
from web_app.services import Services

pytestmark = pytest.mark.usefixtures("db")

FEW = 3
NOWHERE = f"/v/{'0' * 32}"


@pytest.fixture
def few(services: Services) -> Services:
    return replace(services, visits_max=FEW)


def client_of(app: ASGIApp, peer: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(peer, 4000)), base_url="http://127.0.0.1")


async def test_who_visits_too_often_is_told_so_and_others_go_on(few: Services, make: Making, ticks: Ticks) -> None:
    token, app = await make(), build_app(few)
    async with client_of(app, "203.0.113.5") as eager, client_of(app, "203.0.113.6") as visitor:
        assert [(await eager.get(NOWHERE)).status_code for _ in range(FEW)] == [404] * FEW
        answer = await eager.get(f"/v/{token.token}")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "try again" in answer.text
        assert (await visitor.get(f"/v/{token.token}")).status_code == 200
        ticks.now += 61
        assert (await eager.get(f"/v/{token.token}")).status_code == 200


async def test_a_school_behind_one_address_is_let_in_up_to_the_limit(services: Services, make: Making) -> None:
    token = await make()
    async with client_of(build_app(services), "203.0.113.5") as client:
        found = [(await client.head(f"/v/{token.token}")).status_code for _ in range(VISITS_MAX + 1)]
    assert found == [200] * VISITS_MAX + [429]


@pytest.mark.parametrize("peer", ["10.1.2.3", "127.0.0.1", "203.0.113.5"])
async def test_an_address_made_up_for_each_request_is_no_new_client(few: Services, peer: str) -> None:
    async with client_of(build_app(few), peer) as client:
        made_up = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in range(FEW + 1)]
        found = [(await client.get(NOWHERE, headers=headers)).status_code for headers in made_up]
    assert found == [404] * FEW + [429]


async def test_nobody_can_lock_out_an_address_that_is_not_theirs(few: Services) -> None:
    app = build_app(replace(few, trusted_proxies=(ip_network("10.0.0.1/32"),)))
    theirs = {"X-Forwarded-For": "198.51.100.7"}
    async with client_of(app, "10.0.0.2") as stranger, client_of(app, "10.0.0.1") as proxy:
        for _ in range(FEW + 1):
            await stranger.get(NOWHERE, headers=theirs)
        assert (await proxy.get(NOWHERE, headers=theirs)).status_code == 404


async def test_a_proxy_that_is_not_named_is_told_of_once(services: Services) -> None:
    with capture_logs() as logs:
        async with client_of(build_app(services), "127.0.0.1") as client:
            for _ in range(3):
                await client.get(NOWHERE, headers={"X-Forwarded-For": "198.51.100.7"})
    told = [entry for entry in logs if entry["event"] == "web.proxy_not_trusted"]
    assert len(told) == 1
    assert "TRUSTED_PROXIES" in told[0]["remedy"]
