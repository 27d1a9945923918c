"""The answers of providers: the link that is read, or the kind of failure."""

from typing import Any

import pytest

from shorteners.calls import ANSWER_MAX, ask, new_session
from shorteners.failures import FailureKind, ShortenerError
from tests.unit.shorteners.local import DESTINATION, LINK, giving, stub

PAGE = f"<!doctype html><title>Log in</title><a href='{LINK}'>{LINK}</a>"


async def answered(body: Any, status: int = 200, *, answer: str | None = None, **headers: str) -> str:
    """Return the link read from the answer. Raises ShortenerError."""
    async with stub(giving(body, status, **headers)) as server, new_session(5) as session:
        return await ask(session, server.provider(answer=answer), DESTINATION)


async def complaint(body: Any, status: int = 200, *, answer: str | None = None, **headers: str) -> ShortenerError:
    with pytest.raises(ShortenerError) as caught:
        await answered(body, status, answer=answer, **headers)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        {"status": "success", "shortenedUrl": LINK},
        {"shortenedUrl": LINK, "url": "https://else.example/x"},
        {"shorturl": LINK, "url": {"keyword": "aB3", "url": DESTINATION}, "status": "success", "statusCode": 200},
        {"short_url": LINK},
        {"url": LINK},
        {"data": {"url": LINK}, "success": True, "error": None},
        {"url": DESTINATION, "data": {"url": LINK}},
        {"shortenedUrl": "", "url": LINK},
        {"shortenedUrl": None, "data": {"url": f" {LINK}\n"}},
        {"error": 0, "short_url": LINK},
        {"error": "0", "short_url": LINK},
        {"error": False, "errors": [], "url": LINK},
        {"status": 1, "url": LINK},
        LINK,
        f"\n  {LINK}\r\n",
        f"\ufeff{LINK}",
        '\ufeff{"shortenedUrl": "https:\\/\\/s.example\\/aB3"}',
    ],
)
async def test_the_answers_of_the_common_apis_are_understood(body: Any) -> None:
    assert await answered(body) == LINK


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/html", "", "nonsense"])
async def test_the_content_type_of_the_answer_is_ignored(content_type: str) -> None:
    assert await answered({"shortenedUrl": LINK}, Content_Type=content_type) == LINK


@pytest.mark.parametrize("status", [200, 201, 299])
async def test_every_2xx_status_is_accepted(status: int) -> None:
    assert await answered({"url": LINK}, status) == LINK


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("link", {"link": LINK, "url": "https://else.example/x"}),
        ("data.link.short", {"data": {"link": {"short": LINK}}}),
        ("result.1.short", {"result": [{}, {"short": LINK}]}),
        ("0", [LINK]),
        ("0.7", {"0": {"7": LINK}}),
    ],
)
async def test_a_configured_path_finds_the_link(answer: str, body: Any) -> None:
    assert await answered(body, answer=answer) == LINK


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"shortenedUrl": ""},
        {"shortenedUrl": "  "},
        {"url": 5, "short_url": ["x"], "data": "x"},
        {"data": {"url": {"url": LINK}}},
        [{"shortenedUrl": LINK}],
        {"link": LINK},
        "",
        " \r\n\t",
        "\ufeff",
    ],
)
async def test_an_answer_without_a_link_is_reported_as_such(body: Any) -> None:
    assert (await complaint(body)).kind == FailureKind.NO_LINK


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("data.link", {"url": LINK, "data": {}}),
        ("data.link", {"data": "x"}),
        ("result.1", {"result": [LINK]}),
        ("result.-1", {"result": [LINK]}),
        ("result.²", {"result": [LINK] * 3}),
        ("result.9999999999999999999999", {"result": [LINK]}),
    ],
)
async def test_a_wrong_configured_path_finds_no_other_link(answer: str, body: Any) -> None:
    assert (await complaint(body, answer=answer)).kind == FailureKind.NO_LINK


async def test_with_a_configured_path_a_plain_text_is_unreadable() -> None:
    assert (await complaint(LINK, answer="link")).kind == FailureKind.UNREADABLE


@pytest.mark.parametrize(
    "body",
    [
        {"status": "error", "message": "Invalid API token"},
        {"status": "error", "message": ["URL is invalid"], "shortenedUrl": ""},
        {"status": "Error", "shortenedUrl": LINK},
        {"status": False, "url": LINK},
        {"success": False, "data": {"url": LINK}},
        {"error": 1, "msg": "no", "short_url": LINK},
        {"error": "quota exceeded", "url": LINK},
        {"error": {"code": 17}, "url": LINK},
    ],
)
async def test_a_good_status_with_an_error_in_it_is_a_failure(body: Any) -> None:
    assert (await complaint(body)).kind == FailureKind.DECLINED


@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        "error: no such key",
        f"{LINK} {LINK}",
        f"here you are: {LINK}",
        '{"shortenedUrl": "https://s.exa',
        "null",
        "17",
        "[" * 30_000,
        '{"a":' * 10_000,
        "1" * 10_000,
        b"\xff\xfe" + LINK.encode("utf-16-le"),
        b'{"shortenedUrl": "https://s.example/\xe4"}',
        b"\x00\x01\x02",
    ],
)
async def test_an_answer_that_is_neither_json_nor_one_url_is_unreadable(body: str | bytes) -> None:
    assert (await complaint(body)).kind == FailureKind.UNREADABLE


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, FailureKind.REDIRECTED),
        (304, FailureKind.REDIRECTED),
        (308, FailureKind.REDIRECTED),
        (400, FailureKind.REFUSED),
        (403, FailureKind.REFUSED),
        (404, FailureKind.REFUSED),
        (429, FailureKind.RATE_LIMITED),
        (500, FailureKind.REFUSED),
        (503, FailureKind.REFUSED),
    ],
)
async def test_any_other_status_is_a_failure_despite_a_good_body(status: int, kind: FailureKind) -> None:
    error = await complaint({"shortenedUrl": LINK}, status)
    assert (error.kind, error.status) == (kind, status)


async def test_the_destination_alone_is_no_short_link() -> None:
    for body in (DESTINATION, {"url": DESTINATION}, {"shortenedUrl": DESTINATION, "data": {"url": DESTINATION}}):
        assert (await complaint(body)).kind == FailureKind.NOT_SHORTENED


@pytest.mark.parametrize("link", ["http://10.0.0.1/x", "http://169.254.169.254/latest", "http://localhost/x"])
async def test_a_private_address_in_the_answer_is_refused(link: str) -> None:
    assert (await complaint({"shortenedUrl": link})).kind == FailureKind.UNSAFE_LINK


async def test_an_answer_over_64_kib_is_too_long() -> None:
    assert await answered(LINK.encode().ljust(ANSWER_MAX)) == LINK
    assert (await complaint(LINK.encode().ljust(ANSWER_MAX + 1))).kind == FailureKind.TOO_LONG
