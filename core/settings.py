"""Settings that admins change while the bots run (DESIGN §6): one typed model with ranges."""

from enum import StrEnum
from typing import Any

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.addresses import is_button_address
from core.errors import BadInput

#: settings that can be stored but are not read by any code yet, which owners are shown
NOT_USED_YET = frozenset(
    {
        "post_template",
        "cover_photo",
        "public_channel_id",
    }
)
#: settings whose value is not written to the audit log
SECRET = frozenset({"post_password"})
#: the lowest id of a channel (Bot API: at most 52 significant bits)
CHANNEL_ID_LOWEST = -(2**52)
#: values that mean "empty" in `/set NAME VALUE`
_EMPTY_WORDS = frozenset({"", "-", "none", "off", "empty"})


class AccessMode(StrEnum):
    OPEN = "open"
    CREDITS = "credits"
    PASS = "pass"  # noqa: S105 - a mode, not a password


class ShortenerFailure(StrEnum):
    DIRECT = "direct"
    GRANT = "grant"
    REFUSE = "refuse"


class BotSettings(BaseModel):
    """Every setting with its default and range; immutable."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    access_mode: AccessMode = Field(
        AccessMode.OPEN,
        description="who gets posts: open (everybody), credits or pass (whoever earned them by a verification)",
    )
    free_deliveries_per_token: int = Field(10, ge=1, le=1000, description="deliveries a verification pays for")
    pass_hours: int = Field(24, ge=1, le=720, description="hours a verification opens everything (mode pass)")
    delete_after_minutes: int = Field(
        30, ge=0, le=2820, description="minutes until a delivery is taken back; 0 never, at most 2820 (47 hours)"
    )
    daily_token_limit: int = Field(15, ge=1, le=1000, description="verification links a person may ask for in a day")
    min_verify_seconds: int = Field(30, ge=0, le=600, description="seconds a verification takes at least")
    require_referer: bool = Field(False, description="verification must come from a shortener's page: on or off")
    on_shortener_failure: ShortenerFailure = Field(
        ShortenerFailure.DIRECT, description="when no shortener answers: direct, grant or refuse"
    )
    how_to_verify_url: str | None = Field(
        None, max_length=256, description="address of a how-to, like https://example.org/how; - for none"
    )
    protect_content: bool = Field(False, description="deliveries cannot be saved or forwarded: on or off")
    post_password: str | None = Field(None, max_length=128, description="password shown with archives; - for none")
    post_template: str | None = Field(None, max_length=900, description="text of a public announcement; - for none")
    welcome_text: str | None = Field(None, max_length=900, description="what /start says; - for the usual text")
    deleted_text: str | None = Field(None, max_length=500, description="what stands when time is up; - for the usual")
    resend_grace_minutes: int = Field(10, ge=0, le=1440, description="minutes a repeated open costs nothing")
    keep_unused_tokens_days: int | None = Field(None, ge=1, le=3650, description="days unused tokens stay; - for ever")
    inactive_user_days: int | None = Field(None, ge=30, le=3650, description="days until the inactive go; - never")
    history_days: int = Field(30, ge=1, le=365, description="days of history that are kept")
    cover_photo: str | None = Field(None, max_length=256, description="picture of announcements; - for none")
    public_channel_id: int | None = Field(
        None, ge=CHANNEL_ID_LOWEST, le=-1, description="id of the channel for announcements, a number; - for none"
    )
    broadcast_stop_button: bool = Field(
        False, description="a button below broadcasts that turns them off for whoever presses it: on or off"
    )
    send_backups: bool = Field(
        False, description="each backup is also sent to the owners by the admin bot, up to 50 MB: on or off"
    )
    storage_channel_id: int | None = Field(None, description="the storage channel (chosen with /start)")

    @field_validator("how_to_verify_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is not None and not is_button_address(value):
            raise ValueError("an address like https://example.org/how is expected")
        return value


def meaning(name: str) -> str:
    """Return what the setting `name` is for and which values it accepts, in words for admins."""
    field = BotSettings.model_fields[name]
    words = field.description or ""
    lowest = highest = None
    for constraint in field.metadata:
        if isinstance(constraint, MaxLen):
            return f"{words} (at most {constraint.max_length} characters)"
        lowest = constraint.ge if isinstance(constraint, Ge) else lowest
        highest = constraint.le if isinstance(constraint, Le) else highest
    # without a range that the description contains already, and without one of ids
    is_complete = lowest is None or highest is None or str(highest) in words or str(lowest).startswith("-")
    return words if is_complete else f"{words} ({lowest} to {highest})"


def _read_value(name: str, raw: str) -> Any:
    field = BotSettings.model_fields[name]
    text = raw.strip()
    if field.default is None and text.lower() in _EMPTY_WORDS:
        return None
    return text


def parse_setting(name: str, raw: str) -> Any:
    """Validate `raw` for the setting `name`; return the value in its stored form (int, bool, str or None).

    Raises BadInput with a sentence naming what is expected.
    """
    if name not in BotSettings.model_fields:
        raise BadInput(f"There is no setting “{name}”. /settings lists them all.")
    try:
        checked = BotSettings.model_validate({name: _read_value(name, raw)})
    except ValidationError:
        raise BadInput(f"{name} does not take that. Expected: {meaning(name)}.") from None
    value = getattr(checked, name)
    return value.value if isinstance(value, StrEnum) else value
