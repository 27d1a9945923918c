"""Builds the services of /stats."""

from admin_bot.context import AdminContext
from admin_bot.job_runs import JobRuns
from admin_bot.run_follower import RunFollower
from admin_bot.statistics.charts import ChartAlbums
from admin_bot.statistics.service import StatisticsService
from monitoring.pictures import draw


def build_statistics(context: AdminContext, runs: JobRuns, follower: RunFollower, job: str) -> StatisticsService:
    """Build the service; `job` counts the numbers it shows."""
    charts = ChartAlbums(context.bot, context.zone, context.supervisor, draw, context.clock)
    return StatisticsService(context.bot, context.clock, context.zone, runs, charts, follower, job)
