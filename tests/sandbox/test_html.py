"""Row 19: Telegram's HTML, its errors, and the HTML of the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import ApiError
from sandbox.text.entities import parse_html, utf16_length
from sandbox.text.formatting import detect, to_html
from tests.sandbox.conftest import Json


def entity(kind: str, offset: int, length: int, **more: object) -> Json:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>a</b>", "a", [entity("bold", 0, 1)]),
        ("<STRONG>a</strong>", "a", [entity("bold", 0, 1)]),
        ("<i>a<b>b</b></i>", "ab", [entity("italic", 0, 2), entity("bold", 1, 1)]),
        ("😀<u>a</u>", "😀a", [entity("underline", 2, 1)]),
        ("<b></b>x", "x", []),
        ("&lt;b&gt; &amp; &quot;", '<b> & "', []),
        ("&nbsp; & &#65;&#x42;", "&nbsp; & AB", []),
        ("<tg-spoiler>a</tg-spoiler>", "a", [entity("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [entity("spoiler", 0, 1)]),
        ('<a href="https://example.com">a</a>', "a", [entity("text_link", 0, 1, url="https://example.com/")]),
        (
            "<a href='example.com/x?a=1&amp;b=2'>a</a>",
            "a",
            [entity("text_link", 0, 1, url="http://example.com/x?a=1&b=2")],
        ),
        ('<a href="nowhere">a</a>', "a", []),
        (
            '<a href="tg://user?id=7">A</a>',
            "A",
            [entity("text_mention", 0, 1, user={"id": 7, "is_bot": False, "first_name": ""})],
        ),
        ('<pre><code class="language-python">x</code></pre>', "x", [entity("pre", 0, 1, language="python")]),
        ("<blockquote expandable>a</blockquote>", "a", [entity("expandable_blockquote", 0, 1)]),
        ("<b>a</>", "a", [entity("bold", 0, 1)]),
    ],
)
def test_html_becomes_text_and_entities(source: str, text: str, entities: list[Json]) -> None:
    found_text, found = parse_html(source)
    assert (found_text, found) == (text, entities)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b>Ann <3</b>", 'Unsupported start tag "3</b" at byte offset 7'),
        ("ü<x>", 'Unsupported start tag "x" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>hello </i>", 'Unmatched end tag at byte offset 9, expected "</b>", found "</i>"'),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a =x>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
    ],
)
def test_broken_html_gets_telegrams_error_texts(source: str, error: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_html(source)
    assert caught.value.description == f"Bad Request: can't parse entities: {error}"


@given(st.text(alphabet="<>/&;=ab \"'#x1😀", max_size=40))
def test_parser_returns_or_raises_400_for_any_text(source: str) -> None:
    try:
        text, entities = parse_html(source)
    except ApiError as error:
        assert error.status == 400
        return
    length = utf16_length(text)
    assert all(0 <= e["offset"] < e["offset"] + e["length"] <= length for e in entities)


@given(st.text(max_size=40))
def test_escaped_text_comes_back_unchanged(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert parse_html(f"<b>{escaped}</b>")[0] == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start p_1", [("bot_command", 0, 6)]),
        ("😀 /help", [("bot_command", 3, 5)]),
        ("see https://t.me/x?start=1.", [("url", 4, 22)]),
        ("@alice #sale a@example.com", [("mention", 0, 6), ("hashtag", 7, 5), ("email", 13, 13)]),
        ("a/b 1/2", []),
    ],
)
def test_entities_are_detected(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert [(e["type"], e["offset"], e["length"]) for e in detect(text, [])] == expected


@pytest.mark.parametrize(
    "source",
    [
        "<b>a</b>",
        "<b>a<i>b</i></b>",
        "x &lt;script&gt; &amp;",
        "😀<u>ü</u>",
        "<pre>a</pre>",
        "<blockquote>q</blockquote>",
        "<blockquote expandable>q <b>r</b></blockquote>",
    ],
)
def test_page_html_equals_the_senders_html(source: str) -> None:
    assert to_html(*parse_html(source)) == source


def test_page_html_escapes_addresses() -> None:
    link = entity("text_link", 0, 1, url='https://example.com/"><script>')
    assert to_html("a", [link]) == '<a href="https://example.com/&quot;&gt;&lt;script&gt;">a</a>'


def test_page_html_ignores_unknown_entities() -> None:
    assert to_html("a<", [entity("custom_emoji", 0, 1, custom_emoji_id="1")]) == "a&lt;"
