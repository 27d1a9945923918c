"""Conditions on a multikey index of folded words (`core.words`)."""

import re

from database.collection import Collection
from database.values import Document

#: documents counted of a word; one with as many is common
FEW = 500


def begins(word: str) -> Document:
    """Return the condition for documents with a word that begins so."""
    # anchored, so that the index is used; escaped, so that no input is a pattern
    return {"words": {"$regex": "^" + re.escape(word)}}


def all_begin(searched: tuple[str, ...]) -> Document:
    """Return the condition for documents where each searched word begins a word; the first one bounds the search."""
    conditions = [begins(word) for word in searched]
    condition: Document = dict(conditions[0]) if conditions else {}
    if conditions[1:]:
        condition["$and"] = conditions[1:]
    return condition


async def rarest_first(collection: Collection, searched: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words with the rarer one of the two longest in front; of one word nothing is asked.

    Two commands for several words: each of the two is counted up to FEW.
    """
    if len(searched) < 2:
        return searched
    counted = [(await collection.count(begins(word), limit=FEW), word) for word in searched[:2]]
    first = min(counted)[1]
    return (first, *(word for word in searched if word != first))
