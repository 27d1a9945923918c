"""Texts of the owners: what is accepted, how it is kept, and what readers get."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.settings import TEXTS
from core.templates import (
    Html,
    TemplateRules,
    check,
    fill,
    filled_length,
    from_plain,
    is_visible,
    placeholders_of,
    units,
    without_tags,
)
from sandbox.text.entities import parse_html

RULES = TemplateRules(900, {"name": 66, "bot": 33})
ALICE = {"name": "Alice", "bot": "@shop_bot"}


def refused(source: str, rules: TemplateRules = RULES) -> str:
    with pytest.raises(BadInput) as problem:
        check(source, rules)
    return problem.value.sentence


def read(html: str) -> str:
    """What a reader sees, by the sandbox's parser of Telegram HTML."""
    return parse_html(html)[0]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Hi", "Hi"),
        ("<b>Hi</b> {name}", "<b>Hi</b> {name}"),
        (
            "<strong>a</strong><em>b</em><ins>c</ins><del>d</del><strike>e</strike>",
            "<b>a</b><i>b</i><u>c</u><s>d</s><s>e</s>",
        ),
        ('<span class="tg-spoiler">x</span>', "<tg-spoiler>x</tg-spoiler>"),
        ("<B>x</B >", "<b>x</b>"),
        ("<b onclick='x()'>x</b>", "<b>x</b>"),
        ("<blockquote expandable>x</blockquote>", "<blockquote expandable>x</blockquote>"),
        ('<a href="https://example.org/?a=1&b=2">x</a>', '<a href="https://example.org/?a=1&amp;b=2">x</a>'),
        ('<a href="tg://user?id=5">x</a>', '<a href="tg://user?id=5">x</a>'),
        ('<pre><code language="language-py">x</code></pre>', '<pre><code class="language-py">x</code></pre>'),
        ('<tg-emoji emoji-id="53">x</tg-emoji>', '<tg-emoji emoji-id="53">x</tg-emoji>'),
        ('<tg-time unix="60" format="r">x</tg-time>', '<tg-time unix="60" format="r">x</tg-time>'),
        ("I <3 you & 1 < 2 > 0", "I &lt;3 you &amp; 1 &lt; 2 &gt; 0"),
        ("&lt;b&gt; &amp; &#60;i&#62; &copy;", "&lt;b&gt; &amp; &lt;i&gt; &amp;copy;"),
        ("{ NAME }", "{name}"),
        ("a { b } } {", None),
        ("open { brace", "open &#123; brace"),
        ("{na<b>me}</b>", "&#123;na<b>me&#125;</b>"),
        ('<a href="https://example.org/{name}">x</a>', '<a href="https://example.org/{name}">x</a>'),
        ("<b><i><u>nested</u></i></b>", "<b><i><u>nested</u></i></b>"),
        ("\u202eمرحبا {name}\u202c", "\u202eمرحبا {name}\u202c"),
        ("🎁" * 500, "🎁" * 500),
    ],
)
def test_a_text_is_kept_in_one_form(typed: str, stored: str | None) -> None:
    if stored is None:
        assert refused(typed) == "{ b } is not known here. Known: {name}, {bot}."
        return
    assert check(typed, RULES) == stored
    assert check(stored, RULES) == stored


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("Hi {nme}", "{nme} is not known here. Known: {name}, {bot}."),
        ("Hi {}", "{} is not known here. Known: {name}, {bot}."),
        ("{name.__class__}", "{name.__class__} is not known here. Known: {name}, {bot}."),
        ("<b>Hi", "<b> is not closed. Put </b> where it ends."),
        ("<b><i>Hi</i>", "<b> is not closed. Put </b> where it ends."),
        ("<b><i>Hi</b></i>", "</b> comes while <i> is open. Close <i> first."),
        ("Hi</b>", "</b> closes nothing: no tag is open before it."),
        ("<b>Hi</foo>", "</foo> comes while <b> is open. Close <b> first."),
        ("Hi <b", "“<b” has no “>” at its end. Write &lt; for a “<” that is meant as one."),
        ('Hi <a href="x', "“<a” has no “>” at its end. Write &lt; for a “<” that is meant as one."),
        ("<span>x</span>", '<span> must be <span class="tg-spoiler">.'),
        ("<a>x</a>", "“” is no address for a link. It looks like https://example.org/page."),
        ('<a href="javascript:alert(1)">x</a>', "“javascript:alert(1)” is no address for a link. It looks like https://example.org/page."),
        ('<tg-emoji emoji-id="x">x</tg-emoji>', "<tg-emoji> needs an emoji-id."),
        ("", "There is nothing to read in this text."),
        (" \n\u200b\u202e", "There is nothing to read in this text."),
        ("<b> </b>", "There is nothing to read in this text."),
        ("x" * 901, "At most 900 characters; this has 901."),
        ("🎁" * 901, "At most 900 characters; this has 901."),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_used_is_answered_with_why(typed: str, sentence: str) -> None:
    assert refused(typed) == sentence


def test_an_unknown_tag_is_named_with_the_known_ones() -> None:
    sentence = refused("<script>alert(1)</script>")
    assert sentence.startswith("<script> is no tag Telegram knows. Known: b, i, u, s, code, pre, a, ")
    assert "&lt;" in sentence


def test_a_text_without_placeholders_says_so() -> None:
    assert refused("Ask {name}", TemplateRules(200)) == "{name} is not known here. This text has no placeholders."


def test_tags_do_not_count_and_900_characters_are_taken() -> None:
    assert check(f"<b>{'x' * 900}</b>", RULES)


def test_the_length_is_measured_with_the_longest_values() -> None:
    rules = TemplateRules(900, {"text": 500})
    assert filled_length(check("{text}" * 8, rules), rules) == 4000
    assert refused("{text}" * 9, rules) == "With the longest values this has 4,500 characters; a message takes 4,096."
    assert units("🎁") == 2


def test_names_are_escaped_where_they_are_filled_in() -> None:
    html = fill("<b>{name}</b> at {bot}", {"name": "<i>&{bot}", "bot": "@shop_bot"})
    assert html == "<b>&lt;i&gt;&amp;{bot}</b> at @shop_bot"
    assert read(html) == "<i>&{bot} at @shop_bot"
    assert fill("{name}", {"name": Html("<b>x</b>")}) == "<b>x</b>"


def test_braces_that_are_no_placeholder_stay_braces() -> None:
    assert read(fill(check("&#123;name&#125; { {name}", RULES), ALICE)) == "{name} { Alice"


def test_an_empty_value_leaves_no_empty_lines() -> None:
    template = "<b>{title}</b>\n\n{text}\n\n{count}"
    assert fill(template, {"title": "T", "text": "", "count": "1"}) == "<b>T</b>\n\n1"
    assert fill("{title}\n\n{text}", {"title": "T", "text": ""}) == "T"


def test_a_plain_text_of_an_earlier_version_reads_the_same() -> None:
    old = "<b>Hi</b> {name} & &lt; {nme} }{ 5 < 6"
    stored = from_plain(old)
    assert read(fill(stored, ALICE)) == old
    assert check(stored, RULES) == stored


def test_the_used_placeholders_are_known() -> None:
    assert placeholders_of("Hi {name} &#123;bot&#125;", RULES.placeholders) == {"name"}


def test_what_has_no_visible_character_is_told_apart() -> None:
    assert not is_visible("\u2068\u2069 \n\u00ad")
    assert is_visible("🎁")


TAGS = st.sampled_from(
    ["<b>", "</b>", "<i>", "</i>", "<pre>", "</pre>", '<a href="https://e.org">', "</a>", "<br>", "<"]
)
PIECES = st.one_of(
    st.text(max_size=5), TAGS, st.sampled_from(["{name}", "{bot}", "{x}", "{", "}", "&amp;", "&#123;", "&"])
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_whatever_is_typed_is_kept_so_that_telegram_takes_it_or_refused(typed: str) -> None:
    try:
        stored = check(typed, RULES)
    except BadInput as problem:
        assert problem.sentence
        return
    assert check(stored, RULES) == stored
    assert read(fill(stored, ALICE)) == without_tags(fill(stored, ALICE))


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_plain_text_and_any_name_reads_as_it_is(text: str, name: str) -> None:
    assert read(fill(from_plain(text), {"name": name, "bot": "@b"})).strip() == text.strip()
    assert read(fill("<b>{name}</b>", {"name": name, "bot": "@b"})).strip() == name.strip()


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_fits_into_a_message_with_its_longest_values(name: str) -> None:
    rules = TEXTS[name]
    longest = "x" * (rules.typed_max - sum(len(one) + 2 for one in rules.placeholders))
    each_once = longest + "".join(f"{{{one}}}" for one in rules.placeholders)
    assert filled_length(check(each_once, rules), rules) <= 4096
