"""The words things are searched by: folded alike when they are stored and when somebody types them."""

import re
import unicodedata
from itertools import chain

#: words of one document: each is a key of the index
WORDS_MAX = 120
#: characters of one word; longer ones are cut, on both sides
WORD_MAX = 32
#: words of one search; further ones are not looked at
SEARCHED_MAX = 6

_WORD = re.compile(r"[^\W_]+")
#: scripts whose marks belong to an accent that people leave out when they type; in others marks spell the word
_ACCENTED = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")
#: scripts that put no space between words: a word may begin at any of their letters
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def words_of(*texts: str) -> tuple[str, ...]:
    """Return the distinct folded words of the texts in order, at most WORDS_MAX.

    Case, Unicode form, accents of Latin, Greek and Cyrillic letters and the vowel points of Arabic and Hebrew are
    folded. Words are runs of letters and digits of any script; in scripts without spaces one begins at each letter. A
    text without any (emoji alone) counts as one word, so that it can be found.
    """
    found: dict[str, None] = {}
    for text in texts:
        for word in chain.from_iterable(map(_beginnings, _split(text))):
            if len(found) == WORDS_MAX:
                return tuple(found)
            found.setdefault(word[:WORD_MAX])
    return tuple(found)


def searched_words(text: str) -> tuple[str, ...]:
    """Return the words of a search, the longest first: it matches fewest. Empty when there is none.

    A word that begins another one of the search is left out: whatever matches the other matches it.
    """
    words = sorted({word[:WORD_MAX] for word in _split(text)}, key=lambda word: (-len(word), word))
    kept: list[str] = []
    for word in words:
        if not any(longer.startswith(word) for longer in kept):
            kept.append(word)
    return tuple(kept[:SEARCHED_MAX])


def _beginnings(word: str) -> list[str]:
    """Return the word from each letter at which one may begin."""
    return [word, *(word[place:] for place in range(1, len(word)) if _is_of(_UNSPACED, word[place]))]


def _is_of(scripts: tuple[str, ...], character: str) -> bool:
    return character > "\x7f" and unicodedata.name(character, "").startswith(scripts)


def _split(text: str) -> list[str]:
    folded = _fold(text)
    # a mark that spells the word (vowels of Hindi, Arabic, Thai) is no letter to `re`
    joined = "".join(" " if _separates(character) else character for character in folded)
    words = [word for word in joined.split() if _WORD.search(word)]
    if words:
        return words
    # neither spaces nor what is not seen
    seen = "".join(character for character in folded if unicodedata.category(character)[0] not in "CZ")
    return [seen] if seen else []


def _separates(character: str) -> bool:
    return unicodedata.category(character)[0] not in "LNM"


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    decomposed = unicodedata.normalize("NFD", folded)
    kept: list[str] = []
    is_accented = False
    for character in decomposed:
        if unicodedata.combining(character) == 0 and not unicodedata.category(character).startswith("M"):
            is_accented = character <= "\x7f" or _is_of(_ACCENTED, character)
        elif is_accented:
            continue
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))
