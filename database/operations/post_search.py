"""Lists of posts, newest first, and the search for words, numbers and links (collection `posts`).

A page of a list is read along an index in its order. A search for words has two indexes to go by, and MongoDB tries
both: the posts with the longest word, which are few if it is rare, and all posts newest first, of which few are read
until a page is full if it is not.
"""

import re

from core.payloads import find_post_code
from core.posts import Post, PostFilter, PostStatus
from core.words import searched_words
from database.collection import Collection
from database.connection import current_database
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
    title, the text or the number. At most two commands.
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
    return await _page(_condition(searched, show), skip, limit)


def _condition(searched: tuple[str, ...], show: PostFilter) -> Document:
    condition = dict(_SHOWN[show])
    # anchored, so that the index is used; escaped, so that no input is a pattern. The longest word bounds the walk
    begins: list[Document] = [{"words": {"$regex": "^" + re.escape(word)}} for word in searched]
    if begins:
        condition |= begins[0]
    if begins[1:]:
        condition["$and"] = begins[1:]
    return condition


async def _page(condition: Document, skip: int, limit: int) -> tuple[list[Post], bool]:
    found = await _posts().find(condition, sort=[("number", -1)], skip=skip, limit=limit + 1)
    return [Post.model_validate(document) for document in found[:limit]], len(found) > limit


async def _only(condition: Document, skip: int) -> tuple[list[Post], bool]:
    found = None if skip else await _posts().find_one(condition)
    return ([] if found is None else [Post.model_validate(found)]), False


async def _number_first(
    exact: Document, digits: str, show: PostFilter, skip: int, limit: int
) -> tuple[list[Post], bool]:
    """Show the post of that number before all others, on the first page."""
    first = await _posts().find_one(exact)
    condition = _condition(searched_words(digits), show) | {"number": {"$ne": exact["number"]}}
    if first is None:
        return await _page(condition, skip, limit)
    if skip:
        return await _page(condition, skip - 1, limit)
    rest, more = await _page(condition, 0, limit - 1)
    return [Post.model_validate(first), *rest], more
