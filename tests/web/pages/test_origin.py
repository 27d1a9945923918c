"""`require_referer`: the referring host, carried from GET to POST with a seal."""

from datetime import timedelta

import httpx
import pytest

from core.clock import ManualClock
from core.shorteners.records import Shortener
from core.verification import Token, TokenStatus
from database.operations.shorteners import shortener_ops
from tests.web.conftest import BOT, LINKS, SHORT, Making, stored
from tests.web.pages.test_page import Outline
from web_app.app import build_app
from web_app.pages.origin import host_of, is_sealed, seal
from web_app.services import Services

GOOD = (
    f"https://{SHORT}/",
    f"https://{SHORT}/abc?x=1",
    "https://SHORT.Example/abc",
    f"http://{SHORT}:8443/",
    f"https://someone:secret@{SHORT}/",
)
BAD = (
    "",
    "https://evil-short.example/",
    "https://short.example.evil/",
    "https://evil.short.example/",
    "https://short.example@evil/",
    "https://evil/short.example",
    "https://evil/?short.example",
    "https://evil#short.example",
    "https://evil\\@short.example\\.evil/",
    "//short.example/",
    "short.example",
    "android-app://short.example/",
    "javascript://short.example/",
    "https://[short.example",
    "https://short.example:port.evil/x@evil:99",
    "https://",
    "https://short.examplé/",
)


async def through_the_page(client: httpx.AsyncClient, token: Token, referer: str | None) -> httpx.Response:
    """Load the page and submit its form as a browser does, with our own page as Referer."""
    address = f"/v/{token.token}"
    headers = [] if referer is None else [(b"referer", referer.encode())]
    page = Outline((await client.get(address, headers=headers)).text)
    fields = {field["name"] or "": field["value"] or "" for field in page.all("input")}
    return await client.post(address, data=fields, headers={"referer": f"https://gate.example{address}"})


@pytest.mark.usefixtures("require_referer")
@pytest.mark.parametrize("referer", GOOD)
async def test_a_visitor_from_the_shortener_is_verified(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, referer: str
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))
    assert (await through_the_page(client, token, referer)).status_code == 200


@pytest.mark.usefixtures("require_referer")
@pytest.mark.parametrize("referer", [None, *BAD])
async def test_a_visitor_from_elsewhere_is_refused(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, referer: str | None
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))
    answer = await through_the_page(client, token, referer)
    assert answer.status_code == 403
    assert "This way does not count" in answer.text
    assert f'{LINKS}/{BOT}"' in answer.text
    assert (await stored(token)).status is TokenStatus.UNUSED
    # whoever it was: the subscriber's own way is still open
    assert (await through_the_page(client, token, GOOD[0])).status_code == 200


@pytest.mark.parametrize("referer", [None, "https://evil-short.example/"])
async def test_without_the_setting_the_origin_is_not_checked(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, referer: str | None
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))
    assert (await through_the_page(client, token, referer)).status_code == 200


@pytest.mark.usefixtures("require_referer")
async def test_the_origin_is_not_checked_without_a_shortener(client: httpx.AsyncClient, make: Making) -> None:
    assert (await through_the_page(client, await make(shortener=None), None)).status_code == 200


@pytest.mark.usefixtures("require_referer")
@pytest.mark.parametrize(
    "forged",
    [
        {"host": SHORT},
        {"host": SHORT, "seal": ""},
        {"host": SHORT, "seal": "0" * 64},
        {"host": SHORT, "seal": "é" * 64},
        {"host": SHORT, "seal": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
        {"host": SHORT, "seal": seal(b"another key", "x" * 32, SHORT)},
        {"host": SHORT, "seal": seal(b"the page's key", "x" * 32, SHORT)},
        {"seal": seal(b"the page's key", "x" * 32, SHORT)},
    ],
)
async def test_a_form_with_a_wrong_seal_has_no_origin(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, forged: dict[str, str]
) -> None:
    # the last two are valid seals of another token
    token = await make()
    clock.move(timedelta(seconds=60))
    answer = await client.post(f"/v/{token.token}", data=forged, headers={"referer": f"https://{SHORT}/"})
    assert answer.status_code == 403
    assert (await stored(token)).status is TokenStatus.UNUSED


@pytest.mark.usefixtures("require_referer")
@pytest.mark.parametrize("body", [b"host=%FF&seal=%FF", b"&&&&", b"host", b"=" * 4000, b"a=1&" * 20, b"\x00\xff" * 100])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "application/json", ""])
async def test_a_malformed_body_has_no_origin(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, body: bytes, kind: str
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))
    answer = await client.post(f"/v/{token.token}", content=body, headers={"content-type": kind})
    assert answer.status_code == 403


async def test_the_page_contains_a_seal_only_for_shortener_hosts(client: httpx.AsyncClient, make: Making) -> None:
    token = await make()
    for referer, count in ((f"https://{SHORT}/", 2), ("https://evil.example/", 0), ("", 0)):
        answer = await client.get(f"/v/{token.token}", headers={"referer": referer})
        assert len(Outline(answer.text).all("input")) == count
        assert "evil" not in answer.text


@pytest.mark.usefixtures("require_referer")
async def test_another_process_with_the_same_key_accepts_the_form(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, services: Services
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))
    address = f"/v/{token.token}"
    page = Outline((await client.get(address, headers={"referer": f"https://{SHORT}/"})).text)
    fields = {field["name"] or "": field["value"] or "" for field in page.all("input")}
    twin = httpx.ASGITransport(build_app(services))
    async with httpx.AsyncClient(transport=twin, base_url="http://127.0.0.1") as other:
        assert (await other.post(address, data=fields)).status_code == 200


@pytest.mark.parametrize("referer", GOOD)
def test_the_host_of_a_referer_is_lower_case_without_port(referer: str) -> None:
    assert host_of(referer) == SHORT


@pytest.mark.parametrize("referer", [None, *BAD])
def test_a_misleading_referer_is_not_taken_for_the_shortener(referer: str | None) -> None:
    assert host_of(referer) != SHORT


def test_a_seal_is_valid_only_for_its_key_token_and_host() -> None:
    made = seal(b"key", "token", SHORT)
    assert is_sealed(b"key", "token", SHORT, made)
    assert not is_sealed(b"other", "token", SHORT, made)
    assert not is_sealed(b"key", "other", SHORT, made)
    assert not is_sealed(b"key", "token", "other.example", made)
    assert not is_sealed(b"key", "token", SHORT, made.upper())


@pytest.mark.usefixtures("require_referer")
async def test_a_visitor_from_a_shortener_added_in_the_chat_is_verified_also_after_its_removal(
    client: httpx.AsyncClient, make: Making, clock: ManualClock
) -> None:
    added = Shortener(code="a", name="short", sealed_key="sealed", link_hosts=("added.example",))
    await shortener_ops.add(added)
    for _ in range(2):
        token = await make()
        clock.move(timedelta(seconds=60))
        assert (await through_the_page(client, token, "https://added.example/abc")).status_code == 200
        await shortener_ops.remove(added.code, clock.now())
