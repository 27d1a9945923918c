"""GET and HEAD of the verification page, for visitors, crawlers and prefetching browsers: they change nothing."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest

from core.clock import ManualClock
from core.verification import TokenStatus
from database.connection import Database
from database.operations import token_ops
from tests.web.conftest import BOT, LINKS, SHORT, Making, whole
from web_app.app import build_app
from web_app.pages.assets import FOLDER
from web_app.pages.rendering import COUNTED_MAX_S
from web_app.services import Services

VISITORS: dict[str, dict[str, str]] = {
    "a person": {},
    "from the shortener": {"referer": f"https://{SHORT}/abc"},
    "a crawler": {"user-agent": "TelegramBot (like TwitterBot)"},
    "a prefetch": {"sec-purpose": "prefetch;prerender", "purpose": "prefetch"},
    "a preview": {"user-agent": "facebookexternalhit/1.1", "range": "bytes=0-99"},
}
NOT_TOKENS = (
    "x" * 10_000,
    "x" * 31,
    "x" * 33,
    'a"onload="b',
    "a'b",
    "%22%3E%3Cscript%3E",
    "..%2F..%2Fetc",
    "%00",
    "x" * 31 + "%00",
    "x" * 31 + "%0A",
    "é" * 32,
    "%D9%A1" * 32,
    "%FF%FE",
    "{{7*7}}",
    "$ne",
)
HEADERS = {
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Outline(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_get_and_head_change_nothing(
    client: httpx.AsyncClient, db: Database, make: Making, clock: ManualClock, method: str, visitor: str
) -> None:
    token = await make()
    clock.move(timedelta(seconds=60))
    before = await whole(db)
    db.calls.clear()
    for _ in range(3):
        answer = await client.request(method, f"/v/{token.token}", headers=VISITORS[visitor])
        assert answer.status_code == 200
    assert await whole(db) == before
    # whose hosts are known is read once in five seconds
    assert db.calls.pop("find shorteners", 0) <= 1
    # and the settings
    assert db.calls.pop("find_one admin_config", 0) <= 1
    assert dict(db.calls) == {"find_one tokens": 3}


async def test_an_early_get_does_not_bypass_the_token(client: httpx.AsyncClient, db: Database, make: Making) -> None:
    token = await make()
    before = await whole(db)
    assert (await client.get(f"/v/{token.token}")).status_code == 200
    assert await whole(db) == before


async def test_the_page_waits_with_one_button_that_posts_to_itself(client: httpx.AsyncClient, make: Making) -> None:
    answer = await client.get(f"/v/{(await make()).token}")
    page = Outline(answer.text)
    assert page.all("form") == [{"method": "post"}]
    assert len(page.all("button")) == 1
    assert page.all("a") == page.all("input") == []
    assert "refresh" not in answer.text


@pytest.mark.parametrize(
    ("state", "status", "leads_to"),
    [
        ("verified", 200, "?start=v_"),
        ("bypassed", 403, "?start=newtoken"),
        ("expired", 410, "?start=newtoken"),
        ("used", 410, ""),
    ],
)
async def test_a_get_of_a_decided_token_shows_the_result(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, state: str, status: int, leads_to: str
) -> None:
    token = await make()
    if state in ("verified", "used"):
        await token_ops.mark_verified(token.token, clock.now(), 40.0)
    if state == "used":
        assert await token_ops.redeem(token.token, token.user_id, clock.now())
    if state == "bypassed":
        await token_ops.mark_bypassed(token.token, clock.now())
    if state == "expired":
        clock.move(timedelta(days=3))
    answer = await client.get(f"/v/{token.token}")
    assert answer.status_code == status
    page = Outline(answer.text)
    assert page.all("form") == []
    (link,) = page.all("a")
    assert link["href"] == f"{LINKS}/{BOT}{leads_to}" + (token.token if leads_to.endswith("v_") else "")
    # only the answer to the button redirects
    assert "refresh" not in answer.text


@pytest.mark.parametrize("text", NOT_TOKENS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_an_invalid_token_is_404_without_a_database_query(
    client: httpx.AsyncClient, db: Database, method: str, text: str
) -> None:
    db.calls.clear()
    answer = await client.request(method, f"/v/{text}")
    assert answer.status_code == 404
    assert not db.calls
    assert "<script" not in answer.text
    assert "49" not in answer.text.partition("<h1>")[2]
    assert ("<h1>" in answer.text) is (method != "HEAD")


async def test_an_unknown_token_is_404_with_a_link_to_the_bot(client: httpx.AsyncClient, db: Database) -> None:
    answer = await client.get(f"/v/{'x' * 32}")
    assert answer.status_code == 404
    assert Outline(answer.text).all("a") == [{"class": "button", "href": f"{LINKS}/{BOT}"}]


async def test_without_a_known_bot_there_is_no_link(
    db: Database, clock: ManualClock, make: Making, services: Services
) -> None:
    nameless = Services(clock, LINKS, services.page_key)
    token = await make(bot_username="", shortener=None)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(nameless)), base_url="http://127.0.0.1"
    ) as client:
        for answer in (await client.get("/v/nothing"), await client.post(f"/v/{token.token}")):
            assert LINKS not in answer.text
            assert "refresh" not in answer.text
            assert "<h1>" in answer.text


@pytest.mark.parametrize("path", ["/", "/v", "/v/", "/v/a/b", "/v/../nothing", "/static/../app.py", "/favicon.ico"])
async def test_an_unknown_path_is_a_404_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "<h1>There is nothing here</h1>" in answer.text


async def test_a_trailing_slash_is_404_and_no_redirect(client: httpx.AsyncClient, make: Making) -> None:
    answer = await client.get(f"/v/{(await make()).token}/")
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
async def test_the_frameworks_own_pages_are_off(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, make: Making) -> None:
    token = (await make()).token
    answers = [
        await client.get(f"/v/{token}"),
        await client.post(f"/v/{token}"),
        await client.put(f"/v/{token}"),
        await client.get("/v/unknown"),
        await client.get("/nothing"),
        await client.get("/robots.txt"),
        await client.post(f"/v/{token}", content=b"x" * 5000),
    ]
    assert len({answer.status_code for answer in answers}) == 5
    for answer in answers:
        assert HEADERS.items() <= dict(answer.headers).items()
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers


async def test_a_page_loads_nothing_foreign_and_runs_no_script(client: httpx.AsyncClient, make: Making) -> None:
    token = (await make(shortener=None)).token
    for answer in (await client.get(f"/v/{token}"), await client.post(f"/v/{token}"), await client.get("/v/none")):
        page = Outline(answer.text)
        loaded = [address.get("href") or "" for address in page.all("link")]
        loaded += [address.get("src") or "" for address in page.all("img")]
        assert loaded
        assert all(re.fullmatch(r"/static/[a-z.]+\?v=[0-9a-f]{12}", address) for address in loaded)
        assert page.all("script") == []
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
        assert not [1 for _, attributes in page.tags if "style" in attributes]
        for address in loaded:
            assert (await client.get(address)).status_code == 200


async def test_all_files_of_a_visit_are_under_15_kb(client: httpx.AsyncClient, make: Making) -> None:
    token = (await make(shortener=None)).token
    parts = [await client.get(f"/v/{token}"), await client.post(f"/v/{token}")]
    parts += [await client.get(link["href"] or "") for link in Outline(parts[0].text).all("link")]
    assert sum(len(part.content) for part in parts) < 15_000


async def test_files_are_cached_forever_under_their_version(client: httpx.AsyncClient) -> None:
    (style,) = [link["href"] for link in Outline((await client.get("/v/x")).text).all("link") if "css" in link["href"]]  # type: ignore[operator]
    kept = await client.get(style or "")
    assert kept.headers["content-type"] == "text/css; charset=utf-8"
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    stale = await client.get("/static/page.css?v=000000000000")
    assert (stale.content, stale.headers["cache-control"]) == (kept.content, "no-cache")
    assert (await client.head(style or "")).status_code == 200
    assert (await client.get("/static/nothing.css")).status_code == 404


async def test_a_base_path_is_in_front_of_file_addresses(db: Database, clock: ManualClock) -> None:
    services = Services(clock, LINKS, b"k", base_path="/gate")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(services)), base_url="http://127.0.0.1"
    ) as client:
        assert 'href="/gate/static/page.css?v=' in (await client.get("/v/x")).text


async def test_robots_txt_disallows_everything(client: httpx.AsyncClient) -> None:
    answer = await client.get("/robots.txt")
    assert answer.text == "User-agent: *\nDisallow: /\n"
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("state", ["waiting", "verified", "spoilt", "unknown"])
async def test_a_page_is_accessible_to_screen_readers_and_keyboards(
    client: httpx.AsyncClient, make: Making, clock: ManualClock, state: str
) -> None:
    token = await make(shortener=None if state == "verified" else "short")
    method = "GET" if state == "waiting" else "POST"
    answer = await client.request(method, f"/v/{'unknown' if state == 'unknown' else token.token}")
    page = Outline(answer.text)
    assert page.all("html") == [{"lang": "en", "dir": "ltr"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    assert len(page.all("button")) + len(page.all("a")) == 1
    # the sign is hidden from screen readers; the countdown is announced once
    assert [attributes for tag, attributes in page.tags if attributes.get("aria-hidden") == "true"]
    assert len([1 for _, attributes in page.tags if attributes.get("role") == "status"]) == (state == "verified")


async def test_a_bots_name_is_escaped(client: httpx.AsyncClient, make: Making) -> None:
    token = await make(shortener=None, bot_username='"><script>x</script>')
    answer = await client.post(f"/v/{token.token}")
    assert Outline(answer.text).all("script") == []
    assert f"{LINKS}/%22%3E%3Cscript%3Ex%3C%2Fscript%3E?start=v_{token.token}" in answer.text


async def test_the_page_is_in_the_persons_language(client: httpx.AsyncClient, make: Making) -> None:
    spoken = {"de": "Fast fertig", "pt-br": "Quase pronto", "en": "Almost done", "xx": "Almost done", "": "Almost done"}
    for code, heading in spoken.items():
        answer = await client.get(f"/v/{(await make(language=code or None)).token}")
        assert f"<h1>{heading}</h1>" in answer.text
    arabic = await client.get(f"/v/{(await make(language='ar')).token}")
    assert Outline(arabic.text).all("html") == [{"lang": "ar", "dir": "rtl"}]


@pytest.mark.parametrize(
    ("accepted", "language", "heading"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru", "Эта ссылка недействительна"),
        ("xx, de;q=0.5, ru;q=0.7", "ru", "Эта ссылка недействительна"),
        ("ru;q=0, de", "de", "Dieser Link ist ungültig"),
        ("ar", "ar", "هذا الرابط غير صالح"),
        ("", "en", "This link is not valid"),
        ("ru;q=x, " + "de;q=9" * 5000, "en", "This link is not valid"),
    ],
)
async def test_a_page_of_no_known_token_is_in_the_browsers_language(
    client: httpx.AsyncClient, accepted: str, language: str, heading: str
) -> None:
    answer = await client.get(f"/v/{'0' * 32}", headers={"Accept-Language": accepted})
    assert f'lang="{language}"' in answer.text and f"<h1>{heading}</h1>" in answer.text
    assert answer.headers["vary"] == "Accept-Language"
    for path in ("/nothing", "/healthz"):
        refused = await client.request("DELETE", path, headers={"Accept-Language": accepted})
        assert f'lang="{language}"' in refused.text, path


async def test_repeated_gets_leave_a_token_unused(client: httpx.AsyncClient, make: Making) -> None:
    token = await make()
    for _ in range(5):
        await client.get(f"/v/{token.token}")
    found = await token_ops.find(token.token)
    assert found is not None
    assert found.status is TokenStatus.UNUSED


async def test_the_page_counts_down_until_its_button_counts_and_needs_no_script(
    client: httpx.AsyncClient, make: Making, clock: ManualClock
) -> None:
    token = await make()
    for waited, left in ((0, 30), (12.5, 18), (18, 0)):
        clock.move(timedelta(seconds=waited))
        page = (await client.get(f"/v/{token.token}")).text
        assert (f"Wait {left} seconds" in page) is (left > 0)
        numbers = re.findall(r"<b>(\d+)</b>", page)
        assert numbers == [str(number) for number in range(left, 0, -1)]
    direct = await make(shortener=None)
    assert "seconds before you press" not in (await client.get(f"/v/{direct.token}")).text


def test_the_stylesheet_has_a_rule_for_each_second_counted() -> None:
    css = (FOLDER / "page.css").read_text(encoding="utf-8")
    delays = {
        int(k): int(s) for k, s in re.findall(r"\.waiting b:nth-of-type\((\d+)\) \{ animation-delay: (\d+)s", css)
    }
    # the tick is the one after the last second
    assert delays == {number: number - 1 for number in range(2, COUNTED_MAX_S + 2)}
