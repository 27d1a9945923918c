"""Texts that owners write: Telegram HTML with placeholders like {name}. Parsed, checked and filled.

Stored texts are in one form: allowed tags only, balanced, everything else escaped, and braces that are no placeholder
as references, so that `fill` never takes them for one.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape

from core.addresses import is_button_address
from core.errors import BadInput
from core.language import _

#: what a message takes, and a caption; counted in UTF-16 units, as entities are (BOTAPI §2.4)
MESSAGE_MAX, CAPTION_MAX = 4096, 1024
#: first-strong isolate and its end: a right-to-left name must not reverse the sentence around it
_ISOLATE, _END = "\u2068", "\u2069"
#: direction controls that could break out of the isolate
_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

#: tag as typed -> tag as stored (Bot API, "HTML style")
_TAGS = {
    **{tag: tag for tag in ("b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler", "tg-emoji", "tg-time")},
    **{"strong": "b", "em": "i", "ins": "u", "strike": "s", "del": "s", "span": "tg-spoiler"},
}
_NAMES = "|".join(sorted(_TAGS, key=len, reverse=True))
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9-]*)(?P<rest>(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>", re.IGNORECASE)
_CUT_TAG = re.compile(rf"</?(?:{_NAMES})(?=[\s\"'=]|$)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=]+)))?", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{([^{}\n]{0,40})\}")
#: what Telegram decodes; other names stay as they are
_REFERENCE = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot));", re.IGNORECASE)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_APP_LINK = re.compile(r"(?:tg|ton)://\S+|mailto:\S+@\S+|tel:\+?[0-9-]+", re.IGNORECASE)


class Html(str):
    """A value that is HTML already and goes into a template as it is."""


@dataclass(frozen=True, slots=True)
class TemplateRules:
    """What one text may hold."""

    #: characters as typed, placeholders as they stand
    typed_max: int
    #: placeholder -> the most UTF-16 units that take its place
    placeholders: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a template: `text` and `tag` hold HTML, a placeholder its name."""

    kind: str
    value: str


def check(source: str, rules: TemplateRules) -> str:
    """Return the text in its stored form, which `check` returns unchanged. Raises BadInput naming what is wrong."""
    parts = _parse(source, rules.placeholders)
    plain = _plain(parts)
    if not is_visible(plain):
        raise BadInput(_("There is nothing to read in this text."))
    if len(plain) > rules.typed_max:
        words = _("At most {most} characters; this has {count}.")
        raise BadInput(words.format(most=f"{rules.typed_max:,}", count=f"{len(plain):,}"))
    longest = longest_length(parts, rules)
    if longest > MESSAGE_MAX:
        words = _("With the longest values this has {count} characters; a message takes {most}.")
        raise BadInput(words.format(count=f"{longest:,}", most=f"{MESSAGE_MAX:,}"))
    return _joined(parts)


def filled_length(html: str, rules: TemplateRules) -> int:
    """Return the UTF-16 units of a stored text with the longest value for each placeholder."""
    return longest_length(_parse(html, rules.placeholders), rules)


def longest_length(parts: Iterable[_Part], rules: TemplateRules) -> int:
    return sum(
        rules.placeholders[part.value] if part.kind == "placeholder" else units(_plain([part])) for part in parts
    )


def fill(html: str, values: Mapping[str, str]) -> str:
    """Return a stored text with its placeholders replaced: by HTML for `Html`, by escaped text for others.

    An empty value leaves no empty lines behind.
    """
    filled = "".join(
        _as_html(values[part.value]) if part.kind == "placeholder" else part.value for part in _parse(html, values)
    )
    return re.sub(r"\n{3,}", "\n\n", filled).strip() if "" in values.values() else filled


def placeholders_of(html: str, known: Iterable[str]) -> frozenset[str]:
    """Return the placeholders a stored text uses."""
    return frozenset(part.value for part in _parse(html, known) if part.kind == "placeholder")


def from_plain(text: str) -> str:
    """Return the stored form of a text without formatting and placeholders."""
    return _text(escape(text, quote=False))


def without_tags(html: str) -> str:
    """Return what a reader of the HTML sees, as plain text."""
    return _unescaped(_TAG.sub("", html))


def is_visible(text: str) -> bool:
    """Return whether a plain text has a character that can be seen; Telegram refuses a message without one."""
    return any(unicodedata.category(letter)[0] not in "CZ" for letter in text)


def units(text: str) -> int:
    """Return the length of a plain text as Telegram counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def bare(text: str) -> str:
    """Remove direction controls. Enough for buttons, which are not HTML."""
    return text.translate(_CONTROLS)


def isolated(text: str) -> str:
    """Isolate the direction of a name or title for the middle of a sentence."""
    return f"{_ISOLATE}{bare(text)}{_END}"


def _as_html(value: str) -> str:
    return value if isinstance(value, Html) else escape(value, quote=False)


def _parse(source: str, known: Iterable[str]) -> list[_Part]:
    """Split the text into parts. Raises BadInput for unknown placeholders and tags that do not fit."""
    parts: list[_Part] = []
    open_tags: list[str] = []
    position = 0
    for found in _TAG.finditer(source):
        parts += _text_parts(source[position : found.start()], known)
        parts.append(_Part("tag", _end(found, open_tags) if found["end"] else _start(found, open_tags)))
        position = found.end()
    parts += _text_parts(source[position:], known)
    if open_tags:
        raise BadInput(_("<{tag}> is not closed. Put </{tag}> where it ends.").format(tag=open_tags[-1]))
    return [part for part in parts if part.value]


def _text_parts(raw: str, known: Iterable[str]) -> list[_Part]:
    cut_off = _CUT_TAG.search(raw)
    if cut_off is not None:
        words = _("“{tag}” has no “>” at its end. Write &lt; for a “<” that is meant as one.")
        raise BadInput(words.format(tag=cut_off[0]))
    parts, position, names = [], 0, tuple(known)
    for found in _PLACEHOLDER.finditer(raw):
        name = found[1].strip().lower()
        if name not in names:
            raise BadInput(_unknown(found[0], names))
        parts += [_Part("text", _normal(raw[position : found.start()])), _Part("placeholder", name)]
        position = found.end()
    return [*parts, _Part("text", _normal(raw[position:]))]


def _unknown(typed: str, names: tuple[str, ...]) -> str:
    if not names:
        return _("{typed} is not known here. This text has no placeholders.").format(typed=typed)
    known = ", ".join(f"{{{name}}}" for name in names)
    return _("{typed} is not known here. Known: {known}.").format(typed=typed, known=known)


def _normal(raw: str) -> str:
    return _text(escape(_unescaped(raw), quote=False))


def _text(escaped: str) -> str:
    return escaped.replace("{", "&#123;").replace("}", "&#125;")


def _start(found: re.Match[str], open_tags: list[str]) -> str:
    typed = found["name"].lower()
    if typed not in _TAGS:
        known = ", ".join(dict.fromkeys(_TAGS.values()))
        words = _("<{tag}> is no tag Telegram knows. Known: {known}. Write &lt; for a “<” that is meant as one.")
        raise BadInput(words.format(tag=found["name"][:40], known=known))
    name = _TAGS[typed]
    open_tags.append(name)
    attributes = {
        one[1].lower(): _unescaped(one[2] or one[3] or one[4] or "") for one in _ATTRIBUTE.finditer(found["rest"])
    }
    return f"<{name}{_attributes(name, typed, attributes)}>"


def _attributes(name: str, typed: str, found: Mapping[str, str]) -> str:
    """Return the attributes Telegram reads, for a start tag."""
    match name:
        case "a":
            return f' href="{escape(_address(found.get("href", "")))}"'
        case "blockquote":
            return " expandable" if "expandable" in found else ""
        case "code":
            # aiogram writes the attribute `language`, Telegram reads `class`
            language = (found.get("class") or found.get("language") or "").removeprefix("language-")
            return f' class="language-{escape(language)}"' if language else ""
        case "tg-emoji":
            emoji = _digits(found.get("emoji-id", ""), _("<tg-emoji> needs an emoji-id."))
            return f' emoji-id="{emoji}"'
        case "tg-time":
            form = re.sub(r"[^A-Za-z]", "", found.get("format", ""))
            unix = _digits(found.get("unix", ""), _("<tg-time> needs unix, a number of seconds."))
            return f' unix="{unix}"' + (f' format="{form}"' if form else "")
    if typed == "span" and found.get("class") != "tg-spoiler":
        raise BadInput(_('<span> must be <span class="tg-spoiler">.'))
    return ""


def _address(url: str) -> str:
    url = url.strip()
    if not is_button_address(url) and not (_APP_LINK.fullmatch(url) and url.isprintable()):
        words = _("“{url}” is no address for a link. It looks like https://example.org/page.")
        raise BadInput(words.format(url=url[:80]))
    return url


def _digits(text: str, needed: str) -> str:
    if not re.fullmatch("[0-9]{1,20}", text):
        raise BadInput(needed)
    return text


def _end(found: re.Match[str], open_tags: list[str]) -> str:
    typed = found["name"].lower()
    name = _TAGS.get(typed)
    if not open_tags:
        raise BadInput(_("</{tag}> closes nothing: no tag is open before it.").format(tag=typed[:40]))
    if name != open_tags[-1]:
        words = _("</{tag}> comes while <{inner}> is open. Close <{inner}> first.")
        raise BadInput(words.format(tag=typed[:40], inner=open_tags[-1]))
    open_tags.pop()
    return f"</{name}>"


def _plain(parts: Iterable[_Part]) -> str:
    """Return what is read, with placeholders as they are typed."""
    return "".join(
        f"{{{part.value}}}" if part.kind == "placeholder" else _unescaped(part.value)
        for part in parts
        if part.kind != "tag"
    )


def _joined(parts: Iterable[_Part]) -> str:
    return "".join(f"{{{part.value}}}" if part.kind == "placeholder" else part.value for part in parts)


def _unescaped(html: str) -> str:
    return _REFERENCE.sub(_decoded, html)


def _decoded(found: re.Match[str]) -> str:
    if found[3]:
        return _NAMED[found[3].lower()]
    code = int(found[1]) if found[1] else int(found[2], 16)
    is_letter = 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_letter else found[0]
