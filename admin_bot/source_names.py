"""Names of sources that are no words of a person: those of announcements in a channel, and of broadcasts."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from core.announcements import is_channel_source, source_of
from core.broadcasts import key_of_source
from database.operations import broadcast_ops, channel_ops
from views.statistics.source_names import broadcast_name, gone_broadcast, gone_channel


async def find_names(sources: Iterable[str], now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return the names by the source in the link; one command when there are broadcasts among them."""
    known = {one.source_number: one.name for one in await channel_ops.current(now)}
    by_source = {source_of(number): name for number, name in known.items() if number is not None}
    found = list(sources)
    names = {one: by_source.get(one, gone_channel()) for one in found if is_channel_source(one)}
    keys = {one: key for one in found if (key := key_of_source(one)) is not None}
    broadcasts = await broadcast_ops.find_titles(keys.values()) if keys else {}
    for source, key in keys.items():
        title = broadcasts.get(key)
        names[source] = gone_broadcast() if title is None else broadcast_name(*title, zone)
    return names
