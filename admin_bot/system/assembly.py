"""Builds the services of jobs, backups and the admin page."""

from dataclasses import dataclass

from admin_bot.context import AdminConfig, AdminContext
from admin_bot.job_runs import JobRuns
from admin_bot.run_follower import RunFollower
from admin_bot.system.admin_page import AdminPage
from admin_bot.system.backup import BackupService
from admin_bot.system.jobs import JobService


@dataclass(frozen=True, slots=True)
class SystemServices:
    """What handlers of the system's commands need."""

    jobs: JobService
    backup: BackupService
    admin_page: AdminPage


def build_system(context: AdminContext, config: AdminConfig, runs: JobRuns, follower: RunFollower) -> SystemServices:
    """Build the services."""
    bot, clock, zone = context.bot, context.clock, context.zone
    return SystemServices(
        jobs=JobService(bot, clock, zone, config.plans, runs, follower),
        backup=BackupService(
            bot, clock, zone, runs, follower, config.backup_job, folder=config.backup_folder, keep=config.backup_keep
        ),
        admin_page=AdminPage(bot, clock, zone, public_base_url=config.public_base_url, web_address=config.web_address),
    )
