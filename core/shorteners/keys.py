"""Which texts are secrets: API keys of shorteners, tokens of bots."""

import re
from collections.abc import Iterable

#: what a shortener's key may consist of. A shorter one could occur in a link by chance
_KEY = re.compile(r"[\x21-\x7e]{8,512}")
#: one word as shorteners make their keys; both letters and digits are looked for besides
_ONE_WORD = re.compile(r"[A-Za-z0-9-]{20,512}")
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")
#: a token from BotFather, also inside a longer text: he sends it within a message that people forward
_BOT_TOKEN = re.compile(r"(?<![0-9])[0-9]{6,}:[A-Za-z0-9_-]{30,}")
#: characters of a known key from which on it is also looked for inside a longer text
_UNMISTAKABLE = 16


def is_key(text: str) -> bool:
    """Return whether `text` can be the key of a shortener: 8 to 512 visible ASCII characters."""
    return _KEY.fullmatch(text) is not None


def looks_like_secret(text: str, known: Iterable[str] = ()) -> bool:
    """Return whether a message should not be kept: it is a key by its shape, one of `known`, or holds a bot token.

    By its shape: one word of 20 characters or more that mixes letters and digits. Links, post codes (16 characters)
    and ordinary words are none.
    """
    word = text.strip()
    if _BOT_TOKEN.search(word) or any(_is_known(word, key) for key in known):
        return True
    return bool(_ONE_WORD.fullmatch(word) and _LETTER.search(word) and _DIGIT.search(word))


def _is_known(text: str, key: str) -> bool:
    return text == key or (len(key) >= _UNMISTAKABLE and key in text)
