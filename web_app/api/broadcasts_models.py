"""Bodies of the answers about broadcasts."""

from datetime import datetime

from pydantic import Field

from web_app.api.models import Answer


class BroadcastButton(Answer):
    text: str
    url: str


class Audience(Answer):
    kind: str
    days: int | None
    language: str | None
    source: str | None


class BroadcastRow(Answer):
    """A confirmed broadcast as it is now."""

    id: str
    title: str = Field(description="the first line of its text; empty: it has none")
    status: str
    is_filled: bool = Field(description="the list of its recipients is complete")
    has_recipients: bool = Field(description="false: another program sent it, and nobody knows to whom")
    created_at: datetime
    created_by: int
    send_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    delete_at: datetime | None = Field(description="when copies are deleted next")
    lifetime_minutes: int = Field(description="after which each copy is deleted; 0: never")
    messages: int
    buttons: list[BroadcastButton]
    has_stop_button: bool
    silent: bool
    pin: bool
    audience: Audience
    counts: dict[str, int] = Field(description="recipients by state")
    total: int
    arrived: int = Field(description="who got it, whether or not their copy was deleted since")
    remaining: int = Field(description="recipients without a result")
    error: str | None
    decisions: list[str] = Field(description="what can be decided about it now")


class BroadcastList(Answer):
    """One page, the latest first."""

    broadcasts: list[BroadcastRow]
    page: int
    more: bool
