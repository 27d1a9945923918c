"""The storage channel, with the longest names."""

from views.screens import Screen
from views.storage import keyboards, texts
from views.storage.rights import Lack
from views.storage.screens import storage

_CHANNEL, _BOT = -(2**52), "b" * 32
_LACKS = (Lack.POST, Lack.DELETE)
_BOTS = [(_BOT, keyboards.ADMIN_BOT_RIGHTS), (_BOT, keyboards.USER_BOT_RIGHTS)]

SCREENS: dict[str, Screen] = {
    "ready": storage(Screen(texts.ready("W" * 128))),
    "user bot missing": storage(Screen(texts.add_user_bot(_BOT), keyboards.add_user_bot(_CHANNEL, _BOT))),
    "rights missing": storage(
        Screen(
            texts.missing("W" * 128, (_BOT, _LACKS), (_BOT, (Lack.NOT_THERE,))),
            keyboards.missing_rights(_CHANNEL, _BOTS),
        )
    ),
    "restricted": storage(Screen(texts.restricted("W" * 128), keyboards.missing_rights(_CHANNEL, ()))),
}
