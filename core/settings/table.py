"""The table of settings: one row a field, in the order of the panel. Panel and /set are made from it."""

from collections.abc import Mapping

from core.durations import DAY, HOUR, MINUTE, SECOND
from core.settings.fields import Control, Group, SettingField
from core.settings.model import AccessMode, ShortenerFailure

#: why some durations end at 47 hours
_WHY_47 = "At most 47 h: Telegram deletes nothing older than 48."
_A, _U, _T, _P, _S = Group.ACCESS, Group.UNLOCKING, Group.TEXTS, Group.PUBLISHING, Group.SYSTEM

FIELDS: tuple[SettingField, ...] = (
    SettingField(
        "access_mode",
        _A,
        "Who gets posts",
        "Everyone, or those who earned it by an unlock: with credits, or with a pass for a time.",
        Control.CHOICE,
        words={AccessMode.OPEN: "everyone", AccessMode.CREDITS: "with credits", AccessMode.PASS: "with a pass"},
        is_confirmed=True,
    ),
    SettingField(
        "free_deliveries_per_token",
        _A,
        "Credits per unlock",
        "How many posts one unlock opens.",
        Control.NUMBER,
    ),
    SettingField(
        "pass_hours",
        _A,
        "Pass per unlock",
        "How long one unlock opens every post, when posts are for those with a pass.",
        Control.DURATION,
        unit=HOUR,
        offered=(6, 24, 72, 168),
    ),
    SettingField(
        "resend_grace_minutes",
        _A,
        "Again for free",
        "How long a post that was paid for can be opened again without a credit.",
        Control.DURATION,
        unit=MINUTE,
        never="off",
        offered=(10, 60, 1440),
    ),
    SettingField(
        "delete_after_minutes",
        _A,
        "Auto-delete",
        f"How long a post stays with the subscriber. {_WHY_47}",
        Control.DURATION,
        unit=MINUTE,
        never="never",
        offered=(5, 15, 30, 60, 360, 1440, 2820),
    ),
    SettingField(
        "protect_content",
        _A,
        "Restrict saving",
        "Posts cannot be saved or forwarded.",
        Control.SWITCH,
    ),
    SettingField(
        "daily_token_limit",
        _U,
        "Unlocks a day",
        "How many unlocks a subscriber may begin in a day.",
        Control.NUMBER,
    ),
    SettingField(
        "min_verify_seconds",
        _U,
        "Too fast below",
        "An unlock that ends sooner does not count.",
        Control.DURATION,
        unit=SECOND,
        never="off",
        offered=(15, 30, 60),
    ),
    SettingField(
        "require_referer",
        _U,
        "Check where they come from",
        "An unlock counts only from a shortener's page. Careful browsers fail this.",
        Control.SWITCH,
    ),
    SettingField(
        "on_shortener_failure",
        _U,
        "If no shortener works",
        "What a subscriber gets while no shortener answers.",
        Control.CHOICE,
        words={
            ShortenerFailure.DIRECT: "my own page",
            ShortenerFailure.GRANT: "let them in",
            ShortenerFailure.REFUSE: "ask to wait",
        },
    ),
    SettingField(
        "how_to_verify_url",
        _U,
        "How-to link",
        "A page that shows subscribers how to unlock.",
        Control.LINK,
    ),
    SettingField(
        "welcome_text",
        _T,
        "Welcome",
        "What a subscriber reads after Start.",
        Control.TEXT,
    ),
    SettingField(
        "deleted_text",
        _T,
        "Deleted notice",
        "What stands in the place of a post whose time is up.",
        Control.TEXT,
    ),
    SettingField(
        "post_template",
        _T,
        "Announcement",
        "What your channel reads of a post you publish.",
        Control.TEXT,
    ),
    SettingField(
        "button_label",
        _T,
        "Button label",
        "What stands on the button of an announcement.",
        Control.LINE,
    ),
    SettingField(
        "contact",
        _T,
        "Contact",
        "Whom subscribers ask; /help shows it.",
        Control.TEXT,
    ),
    SettingField(
        "post_password",
        _T,
        "Archive password",
        "Shown with a copy button under posts that hold a .zip, .rar or .7z.",
        Control.LINE,
        is_secret=True,
    ),
    SettingField(
        "public_channel_id",
        _P,
        "Channels",
        "The channels you publish in; this one is ticked beforehand.",
        Control.CHANNEL,
    ),
    SettingField(
        "cover_photo",
        _P,
        "Default cover",
        "The picture above announcements of posts without one of their own.",
        Control.ELSEWHERE,
    ),
    SettingField(
        "leaves_after_minutes",
        _P,
        "Leaves",
        f"How long an announcement stays in its channel. {_WHY_47}",
        Control.DURATION,
        unit=MINUTE,
        never="never",
        offered=(60, 360, 1440, 2820),
    ),
    SettingField(
        "broadcast_stop_button",
        _P,
        "Stop button under news",
        "A button under each broadcast turns news off for whoever presses it.",
        Control.SWITCH,
    ),
    SettingField(
        "storage_channel_id",
        _S,
        "Storage channel",
        "The private channel where posts are kept.",
        Control.ELSEWHERE,
        is_for_owners=True,
    ),
    SettingField(
        "send_backups",
        _S,
        "Send backups to owners",
        "Each backup up to 50 MB also comes into the owners' chats.",
        Control.SWITCH,
    ),
    SettingField(
        "history_days",
        _S,
        "Keep history",
        "How long finished deliveries and runs of jobs are kept.",
        Control.DURATION,
        unit=DAY,
        offered=(7, 30, 90, 365),
    ),
    SettingField(
        "keep_unused_tokens_days",
        _S,
        "Keep unused unlocks",
        "How long unlocks that nobody finished are kept.",
        Control.DURATION,
        unit=DAY,
        never="for ever",
        offered=(7, 30, 90, 365),
    ),
    SettingField(
        "inactive_user_days",
        _S,
        "Keep silent subscribers",
        "How long subscribers who hold nothing are kept after their last visit.",
        Control.DURATION,
        unit=DAY,
        never="for ever",
        offered=(30, 90, 180, 365),
    ),
)
_BY_NAME: Mapping[str, SettingField] = {one.name: one for one in FIELDS}


def field_of(name: str) -> SettingField:
    """Return the row of a setting. Raises KeyError for an unknown name."""
    return _BY_NAME[name]
