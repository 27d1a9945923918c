"""The request to a provider: encoding, headers, secrecy of the key."""

import pytest
from pydantic import SecretStr
from yarl import URL

from config import Shortener
from shorteners.calls import ask, new_session
from shorteners.providers import Provider
from tests.unit.shorteners.local import DESTINATION, KEY, LINK, TOKEN, giving, stub

NASTY = (
    "https://bot.example/v/x?a=1&b=2#part",
    'https://bot.example/v/ü ö?name="O\'Neil"&q=%26%2520',
    "https://t.me/tollgate_bot?start=v_abc-def_123",
    "https://bot.example/?url={key}&api=other&x={url}",
    "https://bot.example/\r\nX-Header: 1",
)


def provider(api_url: str) -> Provider:
    return Provider("p", api_url, SecretStr(KEY))


@pytest.mark.parametrize("destination", NASTY)
@pytest.mark.parametrize("path", ["/api", "/api?v=2&v=3&api=old&url=old&empty=", "/make?t={key}&x=1&l={url}"])
async def test_the_server_receives_exactly_the_key_and_the_destination(path: str, destination: str) -> None:
    async with stub(giving(LINK)) as server, new_session(5) as session:
        await ask(session, server.provider(path=path), destination)
    query = server.asked[0].query
    if "{" in path:
        assert dict(query) == {"t": KEY, "x": "1", "l": destination}
    else:
        assert (query.getall("api"), query.getall("url")) == ([KEY], [destination])
        assert query.getall("v", []) == (["2", "3"] if "v=" in path else [])


async def test_placeholders_may_be_in_the_path() -> None:
    async with stub(giving(LINK)) as server, new_session(5) as session:
        await ask(session, server.provider(path="/k/{key}/{url}"), DESTINATION)
    raw = server.asked[0].raw_path
    assert raw == f"/k/k3y%26odd%3D%2F%23%3F%252B%2Bsign/https%3A%2F%2Fbot.example%2Fv%2F{TOKEN}"


def test_the_query_is_fully_encoded() -> None:
    found = str(provider("https://a.example/api").request_for("https://b.example/?q=ü +"))
    assert found.endswith("&url=https%3A%2F%2Fb.example%2F%3Fq%3D%C3%BC%20%2B")
    assert URL(found).query["api"] == KEY


async def test_the_request_is_a_get_without_cookies_and_with_our_user_agent() -> None:
    async with stub(giving(LINK, Set_Cookie="seen=1; Path=/")) as server, new_session(5) as session:
        # by host name: a cookie jar ignores cookies of an IP address
        named = Provider("p", f"http://localhost:{server.port}/api", SecretStr(KEY))
        await ask(session, named, DESTINATION)
        await ask(session, named, DESTINATION)
    assert [request.method for request in server.asked] == ["GET", "GET"]
    assert [request.headers.get("Cookie") for request in server.asked] == [None, None]
    assert server.asked[0].headers["User-Agent"] == "Tollgate"


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with stub(giving(LINK)) as server, new_session(5) as session:
        assert await ask(session, server.provider(), DESTINATION) == LINK


def test_known_hosts_are_the_configured_ones_and_the_api_host() -> None:
    found = Provider("p", "https://API.Example:8443/api", SecretStr(KEY), hosts=("Go.Example", "www.go.example"))
    assert found.known_hosts == {"api.example", "go.example", "www.go.example"}
    assert found.api_host == "api.example"


def test_a_provider_shows_neither_its_key_nor_its_address() -> None:
    found = provider(f"https://a.example/api?api={KEY}")
    assert KEY not in repr(found) + str(found)


def test_a_configured_shortener_becomes_a_provider_unchanged() -> None:
    configured = Shortener(
        name="a", api_url="https://a.example", api_key=SecretStr(KEY), hosts=("S.example",), weight=7, answer="x.y"
    )
    found = Provider(**dict(configured))
    assert (found.weight, found.answer, found.hosts) == (7, "x.y", ("s.example",))
    assert found.request_for("d").query == {"api": KEY, "url": "d"}
