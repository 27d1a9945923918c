"""The open steps of the first hour on the Menu."""

from collections.abc import Iterable

from core.team.first_hour import Step
from views.buttons import button
from views.language import _
from views.menu.screen import MenuStep
from views.navigation import FIRST_CHANNEL, Section, data_of, open_button


def menu_steps(steps: Iterable[Step]) -> list[MenuStep]:
    """Return their sentences and the buttons that take them, in order."""
    shown = {
        Step.STORAGE: MenuStep(
            _("First: where posts are kept."), open_button(Section.STORAGE, _("Choose the storage channel"))
        ),
        Step.CHANNEL: MenuStep(
            _("Which channel do your subscribers read?"), button(_("Choose my channel"), FIRST_CHANNEL)
        ),
        Step.PUBLISH: MenuStep(_("Nothing is published yet."), button(_("Publish a post"), data_of(Section.POSTS))),
    }
    return [shown[step] for step in steps]
