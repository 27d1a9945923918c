"""Settings that admins change while the bots run (DESIGN §6): their model, their table, and how values are typed."""

from core.settings.fields import Control, Group, SettingField, limits_of
from core.settings.model import TEXTS, AccessMode, BotSettings, ShortenerFailure
from core.settings.reading import parse_setting
from core.settings.table import FIELDS, field_of

__all__ = [
    "FIELDS",
    "TEXTS",
    "AccessMode",
    "BotSettings",
    "Control",
    "Group",
    "SettingField",
    "ShortenerFailure",
    "field_of",
    "limits_of",
    "parse_setting",
]
