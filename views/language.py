"""The language of what people read, for the texts of `views`; see `core.language`."""

from core.language import N_, _, gettext, ngettext, pgettext, speaking, spoken

__all__ = ["N_", "_", "gettext", "ngettext", "pgettext", "speaking", "spoken"]
