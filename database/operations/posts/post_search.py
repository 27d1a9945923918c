"""Lists of posts, newest first, and the search for words, numbers and links (collection `posts`).

A page of a list is read along an index in its order. A search for words has two indexes to go by, and MongoDB tries
both: the posts with the rarest word, all of which are read, and the newest posts, of which few are read until a page is
full if the words are common. Which word is rarest is asked before: the two longest are counted, up to FEW.
"""

import re

from core.payloads import find_post_code
from core.posts import Post, PostFilter, PostStatus
from core.words import searched_words
from database.collection import Collection
from database.connection import current_database
from database.operations.posts.post_ops import READ
from database.operations.searching.word_search import all_begin, rarest_first
from database.readable import find_records, record_of, record_or_none
from database.values import Document

#: digits of a searched number; longer ones do not fit an integer of the database
_NUMBER_DIGITS = 18
_NUMBER = re.compile(rf"(#?)([0-9]{{1,{_NUMBER_DIGITS}}})", re.ASCII)
_EITHER: Document = {"$in": [False, True]}
#: what the fields of the lists' index are, all of them listed: so each list is read along it in order
_SHOWN: dict[PostFilter, Document] = {
    PostFilter.LIVE: {"status": PostStatus.LIVE},
    PostFilter.SCHEDULED: {"status": PostStatus.LIVE, "is_scheduled": True, "is_announced": _EITHER},
    PostFilter.NOT_ANNOUNCED: {"status": PostStatus.LIVE, "is_scheduled": False, "is_announced": False},
    PostFilter.REMOVED: {"status": PostStatus.REMOVED},
    PostFilter.IMPORTED: {"is_imported": True},
    PostFilter.ALL: {},
}


def _posts() -> Collection:
    return current_database().collection("posts")


async def search(
    text: str | None, *, skip: int, limit: int, show: PostFilter = PostFilter.LIVE
) -> tuple[list[Post], bool]:
    """Return one page of posts, newest first, and whether more follow; `([], False)` when nothing matches.

    None or blank: every post of the filter. `#12` and a post's link: that post, whatever its status. `12`: that post,
    then those with a word that begins so. Other text: the posts of the filter of which each word begins a word of the
    title, the text or the number. At most three commands, one for a list.
    """
    words = (text or "").strip()
    code, number = find_post_code(words), _NUMBER.fullmatch(words)
    if code is not None:
        return await _only({"code": code}, skip)
    if number is not None:
        exact: Document = {"number": int(number[2])}
        return await _only(exact, skip) if number[1] else await _number_first(exact, words, show, skip, limit)
    searched = searched_words(words)
    if words and not searched:
        return [], False
    return await _page(_condition(await rarest_first(_posts(), searched), show), skip, limit)


def _condition(searched: tuple[str, ...], show: PostFilter) -> Document:
    return {**_SHOWN[show], **all_begin(searched)}


async def _page(condition: Document, skip: int, limit: int) -> tuple[list[Post], bool]:
    found = await find_records(_posts(), READ, condition, sort=[("number", -1)], skip=skip, limit=limit + 1)
    return found[:limit], len(found) > limit


async def _only(condition: Document, skip: int) -> tuple[list[Post], bool]:
    found = None if skip else await record_of(_posts(), await _posts().find_one(condition), READ)
    return ([] if found is None else [found]), False


async def _number_first(
    exact: Document, digits: str, show: PostFilter, skip: int, limit: int
) -> tuple[list[Post], bool]:
    """Show the post of that number before all others, on the first page."""
    first = await record_or_none(_posts(), await _posts().find_one(exact), READ)
    condition = _condition(searched_words(digits), show) | {"number": {"$ne": exact["number"]}}
    if first is None:
        return await _page(condition, skip, limit)
    if skip:
        return await _page(condition, skip - 1, limit)
    rest, more = await _page(condition, 0, limit - 1)
    return [first, *rest], more
