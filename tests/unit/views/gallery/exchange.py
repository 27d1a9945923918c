"""Export and old links."""

from core.exchange.exports import FileFormat
from core.exchange.old_links import OldMessages
from core.team.admins import Role
from tests.unit.views.gallery import LONG_CHANNEL, LONG_USERNAME
from views.system import old_links_screen as old
from views.system.export_screen import export_screen

_MOST = 2**31 - 1
_ID = -(2**52)

SCREENS = {
    **{f"export {form}": export_screen(form, Role.OWNER) for form in FileFormat},
    "off": old.off(old.turned_off()),
    "off, refused": old.off(old.is_storage()),
    "on": old.on(LONG_CHANNEL, 10**9, old.changed_meanwhile()),
    "on, nothing counted": old.on("V", 0),
    "not there": old.not_there(_ID, LONG_CHANNEL, LONG_USERNAME),
    "link asked": old.ask_link(LONG_CHANNEL),
    "one message": old.opens(OldMessages(_MOST, _MOST), _ID, LONG_CHANNEL),
    "too many messages": old.opens(OldMessages(1, _MOST), _ID, LONG_CHANNEL),
}
