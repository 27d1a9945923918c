"""Links of another bot whose token the user bot has: each becomes a post when it is opened first."""

from datetime import timedelta
from functools import partial

import structlog
from aiogram import Bot
from cachetools import TTLCache

from core.clock import Clock
from core.exchange.old_links import OldMessages, OtherBotsLink, old_link_code, parse_old_link
from core.users import User, is_banned
from database.operations import settings_ops
from database.operations.exchange import old_link_ops
from database.operations.posts import post_ops
from database.tolerated import tolerated
from monitoring.alerts import Alerts
from user_bot.delivery.deliverer import Deliverer
from user_bot.text_messages import send_text
from views import owner_alerts
from views.subscribers import old_link_texts
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.old_links")

#: posts one subscriber can have made in NEW_WITHIN, in one process: such links can be made up
NEW_MAX = 30
NEW_WITHIN = timedelta(hours=1)
_SUBSCRIBERS_MAX = 10_000
_INCIDENT = "old links: too many messages"
#: of posts that nobody of the team made
_NOBODY = 0


class OldLinks:
    """One per bot and process; `open` may run concurrently."""

    def __init__(self, bot: Bot, clock: Clock, alerts: Alerts, deliverer: Deliverer) -> None:
        self._bot = bot
        self._clock = clock
        self._alerts = alerts
        self._deliverer = deliverer
        self._made: TTLCache[int, int] = TTLCache(_SUBSCRIBERS_MAX, NEW_WITHIN.total_seconds(), timer=clock.monotonic)

    async def open(self, user: User, parameter: str, update_key: str, update_id: int) -> None:
        """Deliver what a link opens whose start parameter is none of ours, or say why it opens nothing.

        Raises StoreUnavailable; then it may be called again.
        """
        channel_id = (await settings_ops.current(self._clock.now())).old_links_channel
        found = None if channel_id is None else parse_old_link(parameter, channel_id)
        if channel_id is None or found is None:
            await send_text(self._bot, user.user_id, user_texts.invalid_link())
        elif isinstance(found, OtherBotsLink):
            await tolerated("old_link.not_counted", old_link_ops.count_other())
            await send_text(self._bot, user.user_id, old_link_texts.of_another_bot())
        elif found.is_too_many:
            await self._refuse(user, found)
        else:
            code = old_link_code(channel_id, found)
            if await self._is_post(user, code, found, channel_id):
                await self._deliverer.deliver(user, code, update_key, opening=update_id, moves_down=True)
            else:
                await send_text(self._bot, user.user_id, old_link_texts.too_many_new())

    async def _is_post(self, user: User, code: str, found: OldMessages, channel_id: int) -> bool:
        """Make the post where there is none; False when this subscriber has had too many made.

        A banned subscriber has none made, and is told of the ban by the delivery.
        """
        now = self._clock.now()
        if await post_ops.find(code) is not None or is_banned(user, now):
            return True
        made = self._made.get(user.user_id, 0)
        if made >= NEW_MAX:
            return False
        self._made[user.user_id] = made + 1
        await post_ops.create(
            title=str(found.first) if found.count == 1 else f"{found.first}–{found.last}",
            storage_chat_id=channel_id,
            message_ids=found.message_ids,
            protect=True if found.restricts_saving else None,
            is_imported=True,
            created_by=_NOBODY,
            created_at=now,
            code=code,
        )
        log.info("old_link.imported", code=code, count=found.count)
        return True

    async def _refuse(self, user: User, found: OldMessages) -> None:
        is_told = await self._alerts.tell(_INCIDENT, partial(owner_alerts.old_link_too_long, found.first, found.last))
        text = old_link_texts.too_many_messages()
        await send_text(self._bot, user.user_id, user_texts.owner_knows(text) if is_told else text)
