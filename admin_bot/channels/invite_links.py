"""Invite links made by the user bot: named, so that owners recognise them and joins through them are counted."""

from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from cachetools import FIFOCache

from core.subscriptions import LINK_NAME, ChannelMode
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.refusals import Failure
from views.channels import texts

log = structlog.get_logger("tollgate.admin")

#: links kept for a retry after the database went away; the oldest are evicted
KEPT_MAX = 50
_RIGHT_LOST = frozenset({Failure.KICKED, Failure.UNREACHABLE})


class NoLink(Exception):
    """Telegram made no link; `sentence` (HTML) says why and what to do. `is_right_lost`: the bot lacks the right."""

    def __init__(self, sentence: str, *, is_right_lost: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.is_right_lost = is_right_lost


@dataclass(frozen=True, slots=True)
class InviteLink:
    """A link, and the one it replaces (None: the channel is new)."""

    url: str
    replaces: str | None = None


class InviteLinks:
    """Makes and revokes links. One that could not be stored is kept for a retry, which then makes no second link."""

    def __init__(self, user_bot: Bot) -> None:
        self._bot = user_bot
        self._kept: FIFOCache[tuple[int, ChannelMode], InviteLink] = FIFOCache(KEPT_MAX)

    async def make(self, chat_id: int, mode: ChannelMode, replaces: str | None = None) -> InviteLink:
        """Make a link that admits at once, or by request; a kept one is used first. Raises NoLink."""
        kept = self.pop_kept(chat_id, mode)
        if kept is not None:
            return kept
        try:
            made = await self._bot.create_chat_invite_link(
                chat_id, name=LINK_NAME, creates_join_request=mode is ChannelMode.REQUEST
            )
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            log.warning("invite_link.not_made", chat_id=chat_id, reason=failure)
            raise NoLink(_sentence(failure, error), is_right_lost=failure in _RIGHT_LOST) from error
        return InviteLink(made.invite_link, replaces)

    async def revoke(self, chat_id: int, link: str) -> bool:
        """Revoke a link; False if Telegram refuses."""
        try:
            await self._bot.revoke_chat_invite_link(chat_id, link)
        except TELEGRAM_ERRORS as error:
            log.info("invite_link.not_revoked", chat_id=chat_id, reason=classify(error))
            return False
        return True

    async def revoke_replaced(self, chat_id: int, stored: InviteLink, before: str) -> bool:
        """Revoke the links that `stored` replaced: `before`, the one it was made for, and those kept for a retry.

        A kept link must not become the channel's link later: it is revoked by then. False if Telegram did not revoke
        one, or there was none.
        """
        kept = [self._kept.pop(key) for key in list(self._kept) if key[0] == chat_id]
        known = [before, stored.replaces, *(url for link in kept for url in (link.url, link.replaces))]
        old = [url for url in dict.fromkeys(known) if url and url != stored.url]
        return bool(old) and all([await self.revoke(chat_id, url) for url in old])

    def keep(self, chat_id: int, mode: ChannelMode, link: InviteLink) -> None:
        """Keep a link for the next attempt: it is not known whether it was stored."""
        self._kept[chat_id, mode] = link

    def has_kept(self, chat_id: int, mode: ChannelMode) -> bool:
        """Return whether a link is kept for this."""
        return (chat_id, mode) in self._kept

    def pop_kept(self, chat_id: int, mode: ChannelMode) -> InviteLink | None:
        """Remove and return the link kept for this; None if there is none."""
        return self._kept.pop((chat_id, mode), None)


def _sentence(failure: Failure, error: BaseException) -> str:
    match failure:
        case _ if failure in _RIGHT_LOST:
            return texts.rights_lost()
        case Failure.FLOOD:
            return texts.link_wait(retry_after(error) or 1)
        case Failure.TRANSIENT:
            return texts.link_trouble()
        case Failure.CONTENT | Failure.OTHER if isinstance(error, TelegramAPIError):
            return texts.link_refused(error.message)
    return texts.link_unsure()
