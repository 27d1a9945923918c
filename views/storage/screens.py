"""The screen of the storage channel."""

from dataclasses import replace

from views.navigation import Section, parent
from views.screens import Screen
from views.storage.keyboards import change_button


def storage(shown: Screen) -> Screen:
    """Return the section that shows where posts are kept, or what is missing there with the buttons that mend it."""
    return replace(shown.with_row(change_button()), parent=parent(Section.SETTINGS))
