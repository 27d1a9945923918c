"""Addresses typed in a chat reach public hosts only, whatever name or form leads to a private one."""

import asyncio
import random
import socket
from typing import Any

import pytest
from pydantic import SecretStr

from core.clock import SystemClock
from shorteners.failover import Shorteners
from shorteners.failures import FailureKind
from shorteners.providers import Provider
from shorteners.public_hosts import is_public_address
from shorteners.trying import Trial, try_provider
from tests.unit.shorteners.local import DESTINATION, KEY, LINK, giving, hang, stub

PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address that is refused
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "::ffff:127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::a00:1",
]
PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]


def provider(api_url: str, *, is_public_only: bool = True) -> Provider:
    return Provider("typed", api_url, SecretStr(KEY), is_public_only=is_public_only)


async def tried(one: Provider, timeout_s: float = 5.0) -> Trial:
    return await try_provider(one, DESTINATION, SystemClock(), timeout_s=timeout_s)


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name resolve to these addresses; returns the names asked for."""
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address: str) -> None:
    assert is_public_address(address)


async def test_a_private_address_is_refused_without_a_request() -> None:
    async with stub(giving({"shortenedUrl": LINK})) as server:
        assert (await tried(provider(f"http://127.0.0.1:{server.port}/api"))).failure is FailureKind.PRIVATE
        assert server.asked == []


async def test_an_ipv6_loopback_address_is_refused() -> None:
    assert (await tried(provider("http://[::1]:9/api"))).failure is FailureKind.PRIVATE


async def test_a_name_that_leads_to_a_private_address_is_refused_without_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stub(giving({"shortenedUrl": LINK})) as server:
        asked = resolving_to(monkeypatch, "127.0.0.1")
        assert (await tried(provider(f"http://short.example:{server.port}/api"))).failure is FailureKind.PRIVATE
        assert (asked, server.asked) == (["short.example"], [])


async def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, "93.184.215.14", "10.0.0.1")
    assert (await tried(provider("http://short.example/api"))).failure is FailureKind.PRIVATE


async def test_a_number_instead_of_a_host_reaches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stub(giving({"shortenedUrl": LINK})) as server:
        resolving_to(monkeypatch, "127.0.0.1")
        for host in ("2130706433", "127.1", "0x7f000001"):
            assert (await tried(provider(f"http://{host}:{server.port}/api"))).failure is not None
        assert server.asked == []


async def test_a_public_name_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the check is public: the connection goes to the stub."""
    monkeypatch.setattr("shorteners.public_hosts.is_public_address", lambda _: True)
    async with stub(giving({"shortenedUrl": LINK})) as server:
        resolving_to(monkeypatch, "127.0.0.1")
        assert (await tried(provider(f"http://short.example:{server.port}/api"))).url == LINK


async def test_a_name_that_no_longer_leads_to_a_public_address_is_not_asked_for_subscribers_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stub(giving({"shortenedUrl": LINK})) as server:
        resolving_to(monkeypatch, "127.0.0.1")
        typed = provider(f"http://short.example:{server.port}/api")
        async with Shorteners([typed], rng=random.Random(1)) as shorteners:
            assert await shorteners.shorten(DESTINATION) is None
        assert server.asked == []


async def test_a_provider_of_the_environment_may_be_in_the_local_network() -> None:
    async with stub(giving({"shortenedUrl": LINK})) as server:
        trial = await tried(provider(f"http://127.0.0.1:{server.port}/api", is_public_only=False))
        assert (trial.url, trial.failure) == (LINK, None)


async def test_a_hanging_provider_is_given_up() -> None:
    async with stub(hang) as server:
        one = provider(f"http://127.0.0.1:{server.port}/api", is_public_only=False)
        assert (await tried(one, timeout_s=0.05)).failure is FailureKind.TIMED_OUT


async def test_a_redirect_is_not_followed() -> None:
    async with stub(giving("", 302, Location="/elsewhere")) as server:
        trial = await tried(provider(f"http://127.0.0.1:{server.port}/api", is_public_only=False))
        assert (trial.failure, trial.status, len(server.asked)) == (FailureKind.REDIRECTED, 302, 1)
