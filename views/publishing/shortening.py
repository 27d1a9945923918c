"""Cut a formatted text to a length, as Telegram counts it: UTF-16 units of what is read."""

import re
from html import escape, unescape

_TOKEN = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9-]*)[^>]*>|&(?:#\d+|#x[0-9a-f]+|\w+);|[^<&]|[<&]", re.IGNORECASE)
_ELLIPSIS = "…"


def shorten(html: str, limit: int) -> str:
    """Return the HTML cut to at most `limit` units with an ellipsis, every tag closed; unchanged when it is shorter."""
    if _units(unescape(re.sub(r"<[^>]+>", "", html))) <= limit:
        return html
    left = limit - _units(_ELLIPSIS)
    kept: list[str] = []
    open_tags: list[str] = []
    for token in _TOKEN.finditer(html):
        if token["name"] is None:
            letters = unescape(token[0])
            left -= _units(letters)
            if left < 0:
                break
            kept.append(escape(letters, quote=False))
            continue
        kept.append(token[0])
        if token["end"]:
            open_tags.pop()
        else:
            open_tags.append(token["name"])
    closing = "".join(f"</{name}>" for name in reversed(open_tags))
    return "".join(kept).rstrip() + _ELLIPSIS + closing


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
