"""Builds the services of /stats."""

from admin_bot.context import AdminContext
from admin_bot.statistics.charts import ChartAlbums
from admin_bot.statistics.service import StatisticsService
from monitoring.pictures import draw


def build_statistics(context: AdminContext) -> StatisticsService:
    """Build the service."""
    charts = ChartAlbums(context.bot, context.zone, context.supervisor, draw, context.clock)
    return StatisticsService(context.bot, context.clock, context.zone, charts)
