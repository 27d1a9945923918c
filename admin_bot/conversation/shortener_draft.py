"""A shortener that is being added, or whose key is being replaced: stored with the conversation. The key is sealed."""

import secrets
from typing import Any

from pydantic import ValidationError

from core.records import Record
from core.shorteners.records import CODE_LENGTH, Shortener


class ShortenerDraft(Record):
    """What an owner has sent so far. Frozen: a change returns a new one."""

    #: becomes the code of a new shortener
    id: str
    api_url: str
    #: encrypted; None: not sent yet
    sealed_key: str | None = None
    #: host of the link it gave when it was tested; "": not tested, or the test failed
    link_host: str = ""
    #: the shortener whose key is replaced; None: a new one
    replaces: str | None = None
    #: its name, and its sealed key when the new one was asked for: another one means that somebody else replaced it
    name: str = ""
    seen_key: str | None = None

    def with_key(self, sealed_key: str) -> "ShortenerDraft":
        """Return the draft with a key that was not tested yet."""
        return self.model_copy(update={"sealed_key": sealed_key, "link_host": ""})

    def tested(self, link_host: str) -> "ShortenerDraft":
        return self.model_copy(update={"link_host": link_host})


def _new_id() -> str:
    return secrets.token_hex(CODE_LENGTH // 2)


def new_shortener_draft(api_url: str) -> ShortenerDraft:
    return ShortenerDraft(id=_new_id(), api_url=api_url)


def replacing_draft(one: Shortener) -> ShortenerDraft:
    """Return a draft that replaces the key of `one`."""
    return ShortenerDraft(id=_new_id(), api_url=one.api_url, replaces=one.code, name=one.name, seen_key=one.sealed_key)


def read_shortener_draft(stored: Any) -> ShortenerDraft | None:
    """Read the draft stored with a conversation; None if there is none or it is of another version."""
    if stored is None:
        return None
    try:
        return ShortenerDraft.model_validate(stored)
    except ValidationError:
        return None
