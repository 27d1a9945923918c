"""Sessions of the admin page, as they are listed: one for each sign-in."""

from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from pydantic import Field

from core.records import Record

#: how long a session lasts, however often its token is replaced
SESSION_FOR = timedelta(hours=12)
#: letters of `session_key`
KEY_LENGTH = 16


class SignInWay(StrEnum):
    """What somebody signed in with. A closed list."""

    #: the link that /admin answers with
    LINK = "link"
    #: the page opened inside Telegram
    MINI_APP = "mini app"


class OpenSession(Record):
    """One session. Times are aware UTC."""

    #: shared by all tokens of the sign-in; alone it opens nothing
    sid: str = Field(min_length=1, max_length=64)
    user_id: int
    way: SignInWay
    #: browser and system in words, "" when neither is known
    device: str = ""
    signed_in_at: datetime
    ends_at: datetime

    @property
    def key(self) -> str:
        return session_key(self.sid)


def session_key(sid: str) -> str:
    """Return what names a session to people who may end it: the beginning of a hash."""
    return sha256(sid.encode()).hexdigest()[:KEY_LENGTH]
