"""Builds the services of subscribers."""

from dataclasses import dataclass

from admin_bot.context import AdminContext
from admin_bot.people.gifts import GiftService
from admin_bot.people.giving import GivingService
from admin_bot.people.personal import PersonalMessages
from admin_bot.people.service import PeopleService
from admin_bot.people.stored_message import MessageKeeper
from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.copier import Copier
from admin_bot.undo import UndoService


@dataclass(frozen=True, slots=True)
class PeopleServices:
    """What handlers of subscribers need."""

    people: PeopleService
    giving: GivingService
    #: one message to one subscriber
    messages: MessageKeeper
    gifts: GiftService


def build_people(
    context: AdminContext, copier: Copier, undo_service: UndoService, answer_albums: SeenKeys
) -> PeopleServices:
    """Build the services."""
    username, clock, zone = context.user_bot_username, context.clock, context.zone
    personal = PersonalMessages(context.user_bot, username, clock)
    return PeopleServices(
        people=PeopleService(username, clock, zone, context.team),
        giving=GivingService(personal, context.team, undo_service, clock, zone),
        messages=MessageKeeper(context.bot, copier, personal, answer_albums, clock),
        gifts=GiftService(username, clock, zone),
    )
