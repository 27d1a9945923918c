"""The table of settings: one row a field, in the order of the panel. Panel and /set are made from it.

Its texts are marked here and looked up by `SettingField`.
"""

from collections.abc import Mapping

from core.durations import DAY, HOUR, MINUTE, SECOND
from core.language import N_
from core.settings.fields import Control, Group, SettingField
from core.settings.model import AccessMode, ShortenerFailure

_A, _U, _T, _P, _S = Group.ACCESS, Group.UNLOCKING, Group.TEXTS, Group.PUBLISHING, Group.SYSTEM

FIELDS: tuple[SettingField, ...] = (
    SettingField(
        "access_mode",
        _A,
        N_("Who gets posts"),
        N_("Everyone, or those who earned it by an unlock: with credits, or with a pass for a time."),
        Control.CHOICE,
        words_source={
            AccessMode.OPEN: N_("everyone"),
            AccessMode.CREDITS: N_("with credits"),
            AccessMode.PASS: N_("with a pass"),
        },
        is_confirmed=True,
    ),
    SettingField(
        "free_deliveries_per_token",
        _A,
        N_("Credits per unlock"),
        N_("How many posts one unlock opens."),
        Control.NUMBER,
    ),
    SettingField(
        "pass_hours",
        _A,
        N_("Pass per unlock"),
        N_("How long one unlock opens every post, when posts are for those with a pass."),
        Control.DURATION,
        unit=HOUR,
        offered=(6, 24, 72, 168),
    ),
    SettingField(
        "resend_grace_minutes",
        _A,
        N_("Again for free"),
        N_("How long a post that was paid for can be opened again without a credit."),
        Control.DURATION,
        unit=MINUTE,
        never_source=N_("off"),
        offered=(10, 60, 1440),
    ),
    SettingField(
        "delete_after_minutes",
        _A,
        N_("Auto-delete"),
        N_("How long a post stays with the subscriber. At most 47 h: Telegram deletes nothing older than 48."),
        Control.DURATION,
        unit=MINUTE,
        never_source=N_("never"),
        offered=(5, 15, 30, 60, 360, 1440, 2820),
    ),
    SettingField(
        "protect_content",
        _A,
        N_("Restrict saving"),
        N_("Posts cannot be saved or forwarded."),
        Control.SWITCH,
    ),
    SettingField(
        "daily_token_limit",
        _U,
        N_("Unlocks a day"),
        N_("How many unlocks a subscriber may begin in a day."),
        Control.NUMBER,
    ),
    SettingField(
        "min_verify_seconds",
        _U,
        N_("Too fast below"),
        N_("An unlock that ends sooner does not count."),
        Control.DURATION,
        unit=SECOND,
        never_source=N_("off"),
        offered=(15, 30, 60),
    ),
    SettingField(
        "require_referer",
        _U,
        N_("Check where they come from"),
        N_("An unlock counts only from a shortener's page. Careful browsers fail this."),
        Control.SWITCH,
    ),
    SettingField(
        "on_shortener_failure",
        _U,
        N_("If no shortener works"),
        N_("What a subscriber gets while no shortener answers."),
        Control.CHOICE,
        words_source={
            ShortenerFailure.DIRECT: N_("my own page"),
            ShortenerFailure.GRANT: N_("let them in"),
            ShortenerFailure.REFUSE: N_("ask to wait"),
        },
    ),
    SettingField(
        "how_to_verify_url",
        _U,
        N_("How-to link"),
        N_("A page that shows subscribers how to unlock."),
        Control.LINK,
    ),
    SettingField(
        "welcome_text",
        _T,
        N_("Welcome"),
        N_("What a subscriber reads after Start."),
        Control.TEXT,
    ),
    SettingField(
        "deleted_text",
        _T,
        N_("Deleted notice"),
        N_("What stands in the place of a post whose time is up."),
        Control.TEXT,
    ),
    SettingField(
        "post_template",
        _T,
        N_("Announcement"),
        N_("What your channel reads of a post you publish."),
        Control.TEXT,
    ),
    SettingField(
        "button_label",
        _T,
        N_("Button label"),
        N_("What stands on the button of an announcement."),
        Control.LINE,
    ),
    SettingField(
        "contact",
        _T,
        N_("Contact"),
        N_("Whom subscribers ask; /help shows it."),
        Control.TEXT,
    ),
    SettingField(
        "post_password",
        _T,
        N_("Archive password"),
        N_("Shown with a copy button under posts that hold a .zip, .rar or .7z."),
        Control.LINE,
        is_secret=True,
    ),
    SettingField(
        "public_channel_id",
        _P,
        N_("Channels"),
        N_("The channels you publish in; this one is ticked beforehand."),
        Control.CHANNEL,
    ),
    SettingField(
        "cover_photo",
        _P,
        N_("Default cover"),
        N_("The picture above announcements of posts without one of their own."),
        Control.ELSEWHERE,
    ),
    SettingField(
        "leaves_after_minutes",
        _P,
        N_("Leaves"),
        N_("How long an announcement stays in its channel. At most 47 h: Telegram deletes nothing older than 48."),
        Control.DURATION,
        unit=MINUTE,
        never_source=N_("never"),
        offered=(60, 360, 1440, 2820),
    ),
    SettingField(
        "broadcast_stop_button",
        _P,
        N_("Stop button under news"),
        N_("A button under each broadcast turns news off for whoever presses it."),
        Control.SWITCH,
    ),
    SettingField(
        "maintenance_until",
        Group.BOTS,
        N_("Maintenance until"),
        N_("Until then subscribers read when the bot is back, and get nothing else."),
        Control.ELSEWHERE,
        is_for_owners=True,
    ),
    SettingField(
        "monday_summary",
        Group.BOTS,
        N_("Monday summary"),
        N_("The numbers of last week come into the owners' chats on Mondays at 9:00."),
        Control.SWITCH,
    ),
    SettingField(
        "storage_channel_id",
        _S,
        N_("Storage channel"),
        N_("The private channel where posts are kept."),
        Control.ELSEWHERE,
        is_for_owners=True,
    ),
    SettingField(
        "old_links_channel",
        _S,
        N_("Old links"),
        N_("Links of the bot that had this token before open messages of its channel."),
        Control.ELSEWHERE,
        is_for_owners=True,
    ),
    SettingField(
        "send_backups",
        _S,
        N_("Send backups to owners"),
        N_("Each backup up to 50 MB also comes into the owners' chats."),
        Control.SWITCH,
    ),
    SettingField(
        "history_days",
        _S,
        N_("Keep history"),
        N_("How long finished deliveries and runs of jobs are kept."),
        Control.DURATION,
        unit=DAY,
        offered=(7, 30, 90, 365),
    ),
    SettingField(
        "keep_unused_tokens_days",
        _S,
        N_("Keep unused unlocks"),
        N_("How long unlocks that nobody finished are kept."),
        Control.DURATION,
        unit=DAY,
        never_source=N_("for ever"),
        offered=(7, 30, 90, 365),
    ),
    SettingField(
        "inactive_user_days",
        _S,
        N_("Keep silent subscribers"),
        N_("How long subscribers who hold nothing are kept after their last visit."),
        Control.DURATION,
        unit=DAY,
        never_source=N_("for ever"),
        offered=(30, 90, 180, 365),
    ),
)
_BY_NAME: Mapping[str, SettingField] = {one.name: one for one in FIELDS}


def field_of(name: str) -> SettingField:
    """Return the row of a setting. Raises KeyError for an unknown name."""
    return _BY_NAME[name]
