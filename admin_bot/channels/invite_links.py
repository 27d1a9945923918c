"""Invite links the user bot makes: named, so that owners know them and joins through them can be counted."""

from collections import OrderedDict
from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from core.subscriptions import ChannelMode
from sender.failures import TELEGRAM_ERRORS, Failure, classify, retry_after
from views.channels import texts

log = structlog.get_logger("tollgate.admin")

#: what the links are called in the channel's list of them; at most 32 characters (BOTAPI §2.8)
LINK_NAME = "Tollgate"
#: links kept for a second try when the database went away in between
KEPT_MAX = 50
_RIGHT_LOST = frozenset({Failure.KICKED, Failure.UNREACHABLE})


class NoLink(Exception):
    """Telegram made no link; `sentence` (HTML) says why and what to do. `is_right_lost`: the bot may make none."""

    def __init__(self, sentence: str, *, is_right_lost: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.is_right_lost = is_right_lost


@dataclass(frozen=True, slots=True)
class InviteLink:
    """A link that was made, and the one whose place it takes (None: the channel is new)."""

    url: str
    replaces: str | None = None


class InviteLinks:
    """Makes and revokes links. One that could not be stored is kept, so that a second try needs no second link."""

    def __init__(self, user_bot: Bot) -> None:
        self._bot = user_bot
        self._kept: OrderedDict[tuple[int, ChannelMode], InviteLink] = OrderedDict()

    async def make(self, chat_id: int, mode: ChannelMode, replaces: str | None = None) -> InviteLink:
        """A link that lets people in at once, or by request. Raises NoLink."""
        kept = self.take_kept(chat_id, mode)
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
        """Let nobody in by this link any more; False when Telegram does not do it."""
        try:
            await self._bot.revoke_chat_invite_link(chat_id, link)
        except TELEGRAM_ERRORS as error:
            log.info("invite_link.not_revoked", chat_id=chat_id, reason=classify(error))
            return False
        return True

    async def revoke_replaced(self, chat_id: int, stored: InviteLink, before: str) -> bool:
        """`stored` is the channel's link now: revoke `before` and the one it replaces, and what is kept in other modes.

        Those would be made the channel's link later, when it has been revoked for long. False when Telegram leaves
        one as it is, or there was none.
        """
        kept = [self._kept.pop(key) for key in list(self._kept) if key[0] == chat_id]
        known = [before, stored.replaces, *(url for link in kept for url in (link.url, link.replaces))]
        old = [url for url in dict.fromkeys(known) if url and url != stored.url]
        return bool(old) and all([await self.revoke(chat_id, url) for url in old])

    def keep(self, chat_id: int, mode: ChannelMode, link: InviteLink) -> None:
        """Whether the link was stored is not known: the same one is for the next try."""
        self._kept[chat_id, mode] = link
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)

    def has_kept(self, chat_id: int, mode: ChannelMode) -> bool:
        return (chat_id, mode) in self._kept

    def take_kept(self, chat_id: int, mode: ChannelMode) -> InviteLink | None:
        """The link kept for this, once."""
        return self._kept.pop((chat_id, mode), None)


def _sentence(failure: Failure, error: BaseException) -> str:
    match failure:
        case _ if failure in _RIGHT_LOST:
            return texts.RIGHTS_LOST
        case Failure.FLOOD:
            return texts.link_wait(retry_after(error) or 1)
        case Failure.TRANSIENT:
            return texts.LINK_TROUBLE
        case Failure.CONTENT | Failure.OTHER if isinstance(error, TelegramAPIError):
            return texts.link_refused(error.message)
    return texts.LINK_UNSURE
