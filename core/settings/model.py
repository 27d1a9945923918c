"""The model of the settings: types, ranges, usual values."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from core.addresses import is_button_address
from core.errors import BadInput
from core.posts import LABEL_MAX
from core.templates import TemplateRules, check

#: the lowest id of a channel (Bot API: at most 52 significant bits)
CHANNEL_ID_LOWEST = -(2**52)
#: 47 hours: Telegram deletes nothing older than 48
LONGEST_MINUTES = 2820
#: characters of stored HTML; what may be typed is bounded by the rules of each text
_HTML_MAX = 16_000
#: a name of at most 64 characters between two isolates; an @username of at most 32
_IN_CHAT = {"name": 66, "bot": 33}
#: texts with formatting and placeholders, stored as HTML
TEXTS: Mapping[str, TemplateRules] = {
    "welcome_text": TemplateRules(900, _IN_CHAT),
    "deleted_text": TemplateRules(500, _IN_CHAT),
    # a title between two isolates, a post's text, its number, “100 messages”, “1 h 30 min”
    "post_template": TemplateRules(900, {"title": 82, "text": 500, "number": 7, "count": 12, "autodelete": 12}),
    "contact": TemplateRules(200),
}


class AccessMode(StrEnum):
    OPEN = "open"
    CREDITS = "credits"
    PASS = "pass"  # noqa: S105 - a mode, not a password


class ShortenerFailure(StrEnum):
    DIRECT = "direct"
    GRANT = "grant"
    REFUSE = "refuse"


class BotSettings(BaseModel):
    """Every setting with its usual value and range; immutable. What each is for: `core.settings.fields`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    access_mode: AccessMode = AccessMode.OPEN
    free_deliveries_per_token: int = Field(10, ge=1, le=1000)
    pass_hours: int = Field(24, ge=1, le=720)
    resend_grace_minutes: int = Field(10, ge=0, le=1440)
    #: 0: never
    delete_after_minutes: int = Field(30, ge=0, le=LONGEST_MINUTES)
    protect_content: bool = False
    daily_token_limit: int = Field(15, ge=1, le=1000)
    min_verify_seconds: int = Field(30, ge=0, le=600)
    require_referer: bool = False
    on_shortener_failure: ShortenerFailure = ShortenerFailure.DIRECT
    how_to_verify_url: str | None = Field(None, max_length=256)
    welcome_text: str | None = Field(None, max_length=_HTML_MAX)
    deleted_text: str | None = Field(None, max_length=_HTML_MAX)
    post_template: str | None = Field(None, max_length=_HTML_MAX)
    contact: str | None = Field(None, max_length=_HTML_MAX)
    #: plain text: Telegram shows no formatting on buttons
    button_label: str | None = Field(None, max_length=LABEL_MAX)
    post_password: str | None = Field(None, max_length=128)
    #: the channel that is ticked first when a post is published
    public_channel_id: int | None = Field(None, ge=CHANNEL_ID_LOWEST, le=-1)
    #: the default cover, a message in the storage channel
    cover_photo: int | None = Field(None, ge=1)
    #: 0: never
    leaves_after_minutes: int = Field(0, ge=0, le=LONGEST_MINUTES)
    broadcast_stop_button: bool = False
    #: subscribers get nothing until then; `core.settings.maintenance`
    maintenance_until: AwareDatetime | None = None
    monday_summary: bool = True
    storage_channel_id: int | None = None
    #: the channel of another bot whose links are opened; None: they are not
    old_links_channel: int | None = Field(None, ge=CHANNEL_ID_LOWEST, le=-1)
    send_backups: bool = False
    history_days: int = Field(30, ge=1, le=365)
    keep_unused_tokens_days: int | None = Field(30, ge=1, le=3650)
    inactive_user_days: int | None = Field(365, ge=7, le=3650)

    @field_validator("how_to_verify_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is not None and not is_button_address(value):
            raise ValueError("an address like https://example.org/how is expected")
        return value

    @field_validator("welcome_text", "deleted_text", "post_template", "contact")
    @classmethod
    def _is_text(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        try:
            return check(value, TEXTS[info.field_name or ""])
        except BadInput as problem:
            raise ValueError(problem.sentence) from problem

    @field_validator("cover_photo", mode="before")
    @classmethod
    def _is_message(cls, value: object) -> object:
        """Read a file_id or an address as no cover: earlier versions stored one, which no bot can copy."""
        return None if isinstance(value, str) else value
