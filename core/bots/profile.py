"""What a bot shows of itself: how an owner's own texts are told from ours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShownText:
    """What we know of one text or command list of a bot that Telegram shows."""

    #: what we wanted to be shown when we last looked
    wanted: str
    #: what we set; None where an owner's text stands, which is left alone
    ours: str | None


def may_replace(current: str, wanted: str, *known: ShownText | None) -> bool:
    """Return whether a text may be set: nothing is shown, or what is shown is ours, one of those `known`.

    The wanted text itself is ours, too: the process may have ended before it was stored.
    """
    return current in ("", wanted) or current in (one.ours for one in known if one is not None)
