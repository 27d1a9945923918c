"""The message of the team to one subscriber: kept in the storage channel until it is sent, or is not."""

from aiogram import Bot
from aiogram.types import Message

from admin_bot.audit import note
from admin_bot.content import COPYABLE
from admin_bot.people.personal import Outcome, PersonalMessages
from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.copier import Copier, NotStored, Stored
from core.clock import Clock
from core.errors import NotReady
from core.users import User
from sender.copies import send_copies
from sender.failures import TELEGRAM_ERRORS
from views.html import esc
from views.people import messages as texts


class MessageKeeper:
    """Takes a message, shows it, and has the user bot send it once."""

    def __init__(
        self, bot: Bot, copier: Copier, personal: PersonalMessages, answer_albums: SeenKeys, clock: Clock
    ) -> None:
        self._bot = bot
        self._copier = copier
        self._personal = personal
        self._answer_albums = answer_albums
        self._clock = clock
        self._over = SeenKeys()

    async def take(self, message: Message) -> Stored | NotStored:
        """Store one message and show it as the subscriber will see it; an album and what bots cannot copy is refused.

        Nothing stays stored when it cannot be shown.
        """
        if message.media_group_id is not None:
            # its other messages are neither answers nor posts
            self._answer_albums.add((message.chat.id, message.media_group_id))
        if message.media_group_id is not None or message.content_type not in COPYABLE:
            return NotStored(texts.one_message_expected())
        try:
            stored = await self._copier.store(message.chat.id, [message.message_id])
        except NotReady as problem:
            return NotStored(esc(problem.sentence))
        if isinstance(stored, Stored):
            try:
                await send_copies(self._bot, message.chat.id, stored.chat_id, stored.message_ids)
            except TELEGRAM_ERRORS:
                await self._copier.delete_copies(stored)
                return NotStored(texts.refused())
        return stored

    async def send(self, admin_id: int, user: User, message_id: int) -> Outcome:
        """Have the user bot send a stored message; a second time only if it certainly did not arrive."""
        chat_id = await self._copier.home()
        if (user.user_id, message_id) in self._over:
            return Outcome(texts.gone(), is_over=True)
        outcome = await self._personal.copy(user, chat_id, message_id)
        if not outcome.is_over:
            return outcome
        self._over.add((user.user_id, message_id))
        await self._copier.delete_copies(Stored(chat_id, (message_id,)))
        if outcome.has_arrived:
            await note(self._clock.now(), admin_id, "person.written", str(user.user_id))
        return outcome

    async def discard(self, message_id: int) -> None:
        """Delete a stored message that is not sent."""
        await self._copier.delete_copies(Stored(await self._copier.home(), (message_id,)))
