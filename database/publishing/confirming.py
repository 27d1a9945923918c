"""A confirmed draft becomes rows: one announcement a channel, which the publisher sends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.announcements import STANDING, Announcement, CoverMessage, NewAnnouncement, source_of
from core.subscriptions import Channel, publishing_channels
from database.operations import announcement_ops, channel_ops


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person confirmed."""

    #: of the draft: confirmed twice, each channel gets it once
    key: str
    code: str
    number: int
    title: str
    chat_ids: tuple[int, ...]
    #: HTML
    text: str
    cover: CoverMessage | None
    label: str
    #: None: at once
    publish_at: datetime | None
    leaves_after_minutes: int = 0
    silent: bool = False
    pin: bool = False
    #: also where the post is announced already
    again: bool = False
    #: the message in the chat of who confirmed it that shows what becomes of it
    progress_message_id: int | None = None
    progress_bot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation came to."""

    #: of this draft, one a channel
    made: tuple[Announcement, ...]
    #: another announcement of the post that stands in a channel already, so that nothing was made there
    standing: tuple[Announcement, ...] = ()
    #: those of `made` that this call made
    new: tuple[Announcement, ...] = ()


async def standing(plan: Plan) -> list[Announcement]:
    """Return other announcements of the post in the channels of the draft; none once that was agreed to."""
    if plan.again:
        return []
    found = await announcement_ops.find_of_post(plan.code, STANDING)
    return [one for one in found if one.key != plan.key and one.chat_id in plan.chat_ids]


async def confirm(plan: Plan, by: int, now: datetime, url_of: Callable[[str], str]) -> Confirmed:
    """Plan the draft in each of its channels, at once or for its time. May be repeated: each gets it once.

    `url_of`: the post's link with a source. Raises StoreUnavailable: what is made stays, and the same call makes the
    rest.
    """
    made: list[Announcement] = []
    standing: list[Announcement] = []
    new: list[Announcement] = []
    for channel in publishing_channels(await channel_ops.current(now)):
        if channel.chat_id not in plan.chat_ids:
            continue
        created = await announcement_ops.create(new_in(plan, channel, by, now, url_of), again=plan.again)
        one = created.announcement
        (made if one.key == plan.key else standing).append(one)
        if created.is_new:
            new.append(one)
    return Confirmed(tuple(made), tuple(standing), tuple(new))


def new_in(plan: Plan, channel: Channel, by: int, now: datetime, url_of: Callable[[str], str]) -> NewAnnouncement:
    """Return the announcement of a plan in one channel."""
    source = source_of(channel.source_number or 0)
    return NewAnnouncement(
        key=plan.key,
        post_code=plan.code,
        chat_id=channel.chat_id,
        publish_at=plan.publish_at or now,
        is_now=plan.publish_at is None,
        leaves_after_minutes=plan.leaves_after_minutes,
        source=source,
        text=plan.text,
        cover=plan.cover,
        label=plan.label,
        url=url_of(source),
        silent=plan.silent,
        pin=plan.pin,
        created_by=by,
        created_at=now,
        number=plan.number,
        title=plan.title,
        channel=channel.name,
        progress_message_id=plan.progress_message_id,
        progress_bot_id=plan.progress_bot_id,
        is_reported=plan.publish_at is not None or plan.progress_message_id is None,
    )


def made_for_audit(one: Announcement) -> dict[str, object]:
    """Return what the audit log keeps of an announcement that was made."""
    return {"post": one.post_code, "publish_at": one.publish_at, "leaves_after": one.leaves_after_minutes}


def state_for_audit(one: Announcement) -> dict[str, object]:
    """Return what the audit log keeps of a decision about one."""
    return {"post": one.post_code, "chat_id": one.chat_id, "state": one.state}
