"""Builds the services of the team and of the first hour."""

from dataclasses import dataclass

from admin_bot.channel_connector import ChannelConnector
from admin_bot.context import AdminContext
from admin_bot.storage.channel import StorageChannel
from admin_bot.team.first_hour import FirstHourGuide
from admin_bot.team.members import TeamService
from admin_bot.team.menus import TeamMenus
from admin_bot.team.notices import TeamNotices
from database import bot_profiles
from sender.profiles import BotProfile


@dataclass(frozen=True, slots=True)
class TeamServices:
    """What handlers of the team need."""

    menus: TeamMenus
    first_hour: FirstHourGuide
    members: TeamService
    notices: TeamNotices
    #: used by publishing, too
    connector: ChannelConnector


def build_team(context: AdminContext, storage: StorageChannel) -> TeamServices:
    """Build the services."""
    connector = ChannelConnector(context.bot, storage, BotProfile(context.user_bot, bot_profiles), context.clock)
    menus = TeamMenus(BotProfile(context.bot, bot_profiles), context.team, context.user_bot_username)
    members = TeamService(context.bot, context.team, menus, context.clock, context.zone)
    return TeamServices(
        menus,
        FirstHourGuide(context.bot, context.team, storage, connector, context.clock),
        members,
        TeamNotices(members, context.clock),
        connector,
    )
