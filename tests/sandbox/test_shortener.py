"""The stub shortener: its answers, its adverts, its failures on demand."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.client import SandboxError
from sandbox.shortener.shortener import is_web_address
from tests.sandbox.conftest import Town

KEY = "key-5f0c"
DEST = "http://127.0.0.1:8080/v/abc?x=1&y=\"'<b>"


async def ask(town: Town, **query: str) -> tuple[int, str]:
    """Call the shortener with `query`, by default KEY and DEST, without following redirects."""
    url = f"{town.sandbox.url}/shortener/api"
    params = {"api": KEY, "url": DEST} | query
    async with town.session.get(url, params=params, allow_redirects=False) as response:
        return response.status, await response.text()


async def shorten(town: Town, url: str = DEST) -> str:
    status, text = await ask(town, url=url)
    body = json.loads(text)
    assert (status, body["status"]) == (200, "success")
    return str(body["shortenedUrl"])


@pytest.fixture
async def destination() -> AsyncIterator[tuple[str, list[str]]]:
    """A site on another port, and the Referers of its visitors."""
    referers: list[str] = []

    async def page(request: web.Request) -> web.Response:
        referers.append(request.headers.get("Referer", ""))
        return web.Response(text="arrived")

    app = web.Application()
    app.router.add_get("/v/abc", page)
    async with TestServer(app) as server:
        yield str(server.make_url("/v/abc")), referers


async def test_a_short_link_leads_through_two_pages_to_the_destination(town: Town) -> None:
    short = await shorten(town)
    assert short.startswith(f"{town.sandbox.url}/s/")
    assert await town.client.through_adverts(short) == (DEST, short + "?step=2")
    assert (await town.client.shortener())["links"][0]["opened"] == 1


async def test_pages_escape_the_destination_and_let_the_referer_through(town: Town) -> None:
    async with town.session.get(await shorten(town) + "?step=2") as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert response.headers["Referrer-Policy"] == "unsafe-url"
    assert "script-src" not in policy and policy.startswith("default-src 'none'")
    assert 'href="http://127.0.0.1:8080/v/abc?x=1&amp;y=&quot;&#x27;&lt;b&gt;"' in page
    assert "<b>" not in page.split("</header>")[1]
    assert "<script" not in page


async def test_a_link_to_a_bot_of_this_world_stays_on_this_machine(town: Town) -> None:
    short = await shorten(town, "https://t.me/shop_bot?start=v_abc")
    onward, _ = await town.client.through_adverts(short)
    assert onward == f"{town.sandbox.url}/t.me/shop_bot?start=v_abc"
    short = await shorten(town, "https://t.me/somebody_else?start=v_abc")
    assert (await town.client.through_adverts(short))[0] == "https://t.me/somebody_else?start=v_abc"


@pytest.mark.parametrize(
    "url",
    [
        *("", "abc", "javascript:alert(1)", "data:text/html,x", "//x.example", "http://", "http://a b", "http://["),
        *("ftp://a.example", "http://a.example/\r\nX: y", "http://a.example/" + "x" * 2048),
    ],
)
async def test_invalid_urls_are_refused_with_status_200(town: Town, url: str) -> None:
    status, text = await ask(town, url=url)
    assert (status, json.loads(text)["status"]) == (200, "error")
    assert json.loads(text)["message"] == "URL is invalid"
    assert (await town.client.shortener())["links"] == []


def test_urls_up_to_the_maximum_length_are_accepted() -> None:
    assert is_web_address("http://a.example/" + "x" * (2048 - 17))


async def test_a_call_without_a_key_is_refused(town: Town) -> None:
    _, text = await ask(town, api="")
    assert json.loads(text)["message"] == "Invalid API token"


async def test_text_format_is_answered_on_request(town: Town) -> None:
    status, text = await ask(town, format="text")
    assert (status, text.startswith(town.sandbox.url + "/s/")) == (200, True)
    assert await ask(town, format="text", url="abc") == (200, "")


async def test_calls_are_counted_and_keys_are_not_shown(town: Town) -> None:
    await shorten(town)
    await ask(town, api="another key", url="bad")
    await town.client.shortener_mode("error", key="another key")
    seen = await town.client.shortener()
    assert (seen["calls"], [key["calls"] for key in seen["keys"]]) == (2, [1, 1])
    assert seen["links"][0]["destination"] == DEST
    assert seen["links"][0]["key"] == seen["keys"][0]["key"]
    assert KEY not in json.dumps(seen) and "another key" not in json.dumps(seen)


async def test_waiting_for_calls(town: Town) -> None:
    waiting = asyncio.create_task(town.client.shortener(calls=1))
    await shorten(town)
    assert (await waiting)["calls"] == 1
    with pytest.raises(SandboxError) as caught:
        await town.client.shortener(calls=2, timeout_s=0)
    assert caught.value.status == 408


@pytest.mark.parametrize(
    ("mode", "options", "status", "part"),
    [
        ("html", {}, 200, "<!doctype html>"),
        ("html", {"status": 503}, 503, "<!doctype html>"),
        ("429", {}, 429, "Too many requests"),
        ("error", {}, 200, '"message":"Invalid API token"'),
        ("error", {"message": "No credit", "status": 403}, 403, '"message":"No credit"'),
        ("redirect", {"to": "http://10.0.0.1/"}, 302, ""),
        ("raw", {"body": "javascript:alert(1)"}, 200, "javascript:alert(1)"),
        ("ok", {"field": "short_url"}, 200, '"short_url":"http://127.0.0.1'),
        ("ok", {"field": "data.url"}, 200, '"data":{"url":"http://127.0.0.1'),
    ],
)
async def test_it_fails_on_demand(town: Town, mode: str, options: dict[str, Any], status: int, part: str) -> None:
    await town.client.shortener_mode(mode, **options)
    found, text = await ask(town)
    assert (found, part in text) == (status, True)
    await town.client.shortener_mode("ok")
    await shorten(town)


async def test_headers_of_a_429_and_of_a_redirect(town: Town) -> None:
    for mode, name, value in (("429", "Retry-After", "60"), ("redirect", "Location", "http://127.0.0.1:9/private")):
        await town.client.shortener_mode(mode)
        async with town.session.get(f"{town.sandbox.url}/shortener/api", allow_redirects=False) as response:
            assert response.headers[name] == value


async def test_hanging_calls_are_aborted_when_the_mode_ends(town: Town) -> None:
    await town.client.shortener_mode("hang")
    # without aiohttp's client, which retries by itself when its connection is closed
    reader, writer = await asyncio.open_connection("127.0.0.1", int(town.sandbox.url.rpartition(":")[2]))
    writer.write(b"GET /shortener/api?api=k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    answer = asyncio.create_task(reader.read())
    await town.client.shortener(calls=1)
    assert not answer.done()
    await town.client.shortener_mode("ok")
    assert await answer == b""
    writer.close()
    await writer.wait_closed()


async def test_a_mode_can_be_limited_to_one_key_and_a_number_of_calls(town: Town) -> None:
    await town.client.shortener_mode("html", key=KEY, times=1)
    assert "<!doctype" not in (await ask(town, api="healthy"))[1]
    assert "<!doctype" in (await ask(town))[1]
    assert "<!doctype" not in (await ask(town))[1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"mode": "sleep"},
        {"mode": "html", "colour": "red"},
        {"mode": "html", "status": "many"},
        {"mode": "html", "status": 99},
        {"mode": "html", "times": 0},
        {"mode": "html", "key": 7},
        {"mode": "ok", "field": "link"},
    ],
)
async def test_wrong_modes_are_refused_and_change_nothing(town: Town, body: dict[str, Any]) -> None:
    with pytest.raises(SandboxError) as caught:
        await town.client.request("POST", "shortener", body)
    assert caught.value.status == 400
    await shorten(town)


async def test_reset_forgets_links_and_modes(town: Town) -> None:
    short = await shorten(town)
    await town.client.shortener_mode("html")
    await town.client.reset()
    assert await town.client.shortener() == {"modes": [], "calls": 0, "keys": [], "links": []}
    async with town.session.get(short) as response:
        assert response.status == 404


async def test_a_visitor_arrives_with_the_shorteners_referer(town: Town, destination: tuple[str, list[str]]) -> None:
    url, referers = destination
    onward, page = await town.client.through_adverts(await shorten(town, url))
    async with town.session.get(onward, headers={"Referer": page}) as response:
        assert await response.text() == "arrived"
    assert referers == [page]


async def test_the_short_link_fits_into_a_button(town: Town) -> None:
    markup = {"inline_keyboard": [[{"text": "Verify", "url": await shorten(town)}]]}
    await town.send("verify", reply_markup=markup)
    pressed = await town.alice.press("shop_bot", "Verify")
    assert pressed["url"] == markup["inline_keyboard"][0][0]["url"]
