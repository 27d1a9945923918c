"""Builds the services of jobs, backups and the admin page."""

from dataclasses import dataclass
from pathlib import Path

from admin_bot.context import AdminConfig, AdminContext
from admin_bot.job_runs import JobRuns
from admin_bot.run_follower import RunFollower
from admin_bot.storage.channel import StorageChannel
from admin_bot.system.admin_page import AdminPage
from admin_bot.system.backup import BackupService
from admin_bot.system.exports import ExportService
from admin_bot.system.import_worker import FileFetcher, ImportWorker
from admin_bot.system.imports import ImportService
from admin_bot.system.jobs import JobService
from admin_bot.system.old_links import OldLinkService


@dataclass(frozen=True, slots=True)
class SystemServices:
    """What handlers of the system's commands need."""

    jobs: JobService
    backup: BackupService
    admin_page: AdminPage
    exports: ExportService
    imports: ImportService
    old_links: OldLinkService


def build_system(
    context: AdminContext, config: AdminConfig, runs: JobRuns, follower: RunFollower, storage: StorageChannel
) -> SystemServices:
    """Build the services."""
    bot, clock, zone = context.bot, context.clock, context.zone
    return SystemServices(
        jobs=JobService(bot, clock, zone, config.plans, runs, follower),
        backup=BackupService(
            bot, clock, zone, runs, follower, config.backup_job, folder=config.backup_folder, keep=config.backup_keep
        ),
        admin_page=AdminPage(
            bot, context.team, clock, zone, public_base_url=config.public_base_url, web_address=config.web_address
        ),
        exports=ExportService(bot, clock, zone, context.supervisor, Path(config.backup_folder).parent),
        imports=_imports(context, config),
        old_links=OldLinkService(context.user_bot, context.user_bot_username, clock, storage, context.alerts),
    )


def _imports(context: AdminContext, config: AdminConfig) -> ImportService:
    bot, clock, zone, supervisor = context.bot, context.clock, context.zone, context.supervisor
    files = FileFetcher(bot, Path(config.backup_folder).parent)
    worker = ImportWorker(bot, context.team, clock, zone, supervisor, files, config.tombstones)
    return ImportService(bot, context.user_bot_username, clock, zone, supervisor, files, config.tombstones, worker)
