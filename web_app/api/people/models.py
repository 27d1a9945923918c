"""Bodies of the API's requests and answers about subscribers."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.gifts.records import GIFT_CREDITS_MAX, GIFT_DAYS_MAX
from core.segments import SegmentKind
from core.users import User, is_banned
from web_app.api.models import Instant

#: subscribers changed by one request
BATCH_MAX = 100
#: the highest user id (Bot API: at most 52 significant bits)
USER_ID_MAX = 2**52 - 1
CREDITS_MAX, DAYS_MAX = 100_000, 3650
REASON_MAX = 200
#: longest search and source, in characters
SEARCH_MAX, SOURCE_MAX = 120, 24


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Row(_Answer):
    """A subscriber in the list."""

    user_id: int
    name: str
    username: str | None
    credits: int
    pass_until: datetime | None
    is_banned: bool
    banned_until: datetime | None
    has_blocked: bool = Field(description="the user bot, or their account is gone")
    joined_at: datetime
    last_seen_at: datetime
    source: str | None


class Rows(_Answer):
    """One page of the list."""

    rows: list[Row]
    page: int
    more: bool
    subscribers: int = Field(description="all there are, counted at most ten seconds ago")
    reached: int = Field(description="of them, those something can be sent to")


class Happening(_Answer):
    at: datetime
    kind: str
    post: str | None = Field(description="the title of the post, if it is about one")
    amount: int = Field(description="credits given, negative for taken")


class Card(_Answer):
    """Everything there is to see of a subscriber."""

    subscriber: Row
    ban_reason: str | None
    unlocks: int
    received: int = Field(description="posts they got in the last `kept_days` days")
    kept_days: int
    joined_channels: int
    channels: int
    gets_news: bool
    may_ban: bool = Field(description="false: a member of the team")
    history: list[Happening] = Field(description="the last 20 events, the newest first")


class Part(_Body):
    """A part of the subscribers, as the list shows it."""

    show: SegmentKind
    source: str | None = Field(None, max_length=SOURCE_MAX)
    after: int = Field(0, ge=0, le=USER_ID_MAX, description="only those with a higher id: where the last one ended")


class Change(_Body):
    """What is changed for each of some subscribers: one of the three."""

    credits: int | None = Field(None, ge=-CREDITS_MAX, le=CREDITS_MAX, description="given; negative: taken")
    days: int | None = Field(None, ge=1, le=DAYS_MAX, description="the pass is prolonged by")
    ban_days: int | None = Field(None, ge=0, le=DAYS_MAX, description="banned for; 0: for ever")
    reason: str | None = Field(None, max_length=REASON_MAX, description="of a ban; the subscriber reads it")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(one is not None for one in (self.credits or None, self.days, self.ban_days)) != 1:
            raise ValueError("one of credits, days and ban_days, and no 0 credits")
        if self.reason is not None and self.ban_days is None:
            raise ValueError("only a ban has a reason")
        return self


class ChangeRequest(_Body):
    """A change of some subscribers, named by id or as a part; repeated with the same key it is done once."""

    key: str = Field(pattern=r"^[0-9A-Za-z-]{8,40}$")
    change: Change
    ids: list[int] | None = Field(None, min_length=1, max_length=BATCH_MAX)
    part: Part | None = None

    @model_validator(mode="after")
    def _names_them_once(self) -> Self:
        if (self.ids is None) == (self.part is None):
            raise ValueError("either ids or part")
        if self.ids is not None and any(not 1 <= one <= USER_ID_MAX for one in self.ids):
            raise ValueError("an id is a number from 1 to 2^52 - 1")
        return self


class Changed(BaseModel):
    """What was changed for one subscriber: enough to undo it."""

    model_config = ConfigDict(extra="forbid")

    user_id: int = Field(ge=1, le=USER_ID_MAX)
    credits: int = Field(0, ge=-CREDITS_MAX, le=CREDITS_MAX, description="given, negative for taken; 0: the pass")
    was: Instant | None = Field(None, description="the end of the pass before")
    became: Instant | None = Field(None, description="and after")
    ban_reason: str | None = Field(None, max_length=REASON_MAX, description="of the ban")
    banned_until: Instant | None = Field(None, description="its end; null: without one")


class ChangeAnswer(_Answer):
    changed: list[Changed]
    skipped: int = Field(description="left as they were: gone, of the team, or done before")
    after: int = Field(description="the highest id looked at")
    more: bool


class UndoRequest(_Body):
    """Takes back what a change with this key did, where it still holds."""

    key: str = Field(pattern=r"^[0-9A-Za-z-]{8,40}$")
    changed: list[Changed] = Field(min_length=1, max_length=BATCH_MAX)


class UndoAnswer(_Answer):
    undone: int
    kept: int = Field(description="changed since, so left as they are")


class EndPass(_Body):
    """`seen`: the end of the pass that was shown."""

    seen: Instant


class Count(_Answer):
    count: int


class GiftRequest(_Body):
    """What a gift link gives: credits or days of a pass."""

    code: str = Field(
        pattern=r"^[0-9A-Za-z]{16}$", description="the code of the link: with the same one it is made once"
    )
    credits: int = Field(0, ge=0, le=GIFT_CREDITS_MAX)
    days: int = Field(0, ge=0, le=GIFT_DAYS_MAX)
    is_for_one: bool = True
    hours: Literal[24, 168] = 24

    @model_validator(mode="after")
    def _gives_one_thing(self) -> Self:
        if bool(self.credits) == bool(self.days):
            raise ValueError("either credits or days")
        return self


class GiftLink(_Answer):
    code: str
    link: str
    credits: int
    days: int
    is_for_one: bool
    expires_at: datetime
    claimed: int
    is_cancelled: bool


def row_of(user: User, now: datetime) -> Row:
    """Return a subscriber as the list shows them."""
    is_out = is_banned(user, now)
    return Row(
        user_id=user.user_id,
        name=user.first_name,
        username=user.username,
        credits=user.credits,
        pass_until=user.pass_until,
        is_banned=is_out,
        banned_until=user.banned_until if is_out else None,
        has_blocked=user.blocked_at is not None,
        joined_at=user.joined_at,
        last_seen_at=user.last_seen_at,
        source=user.source,
    )
