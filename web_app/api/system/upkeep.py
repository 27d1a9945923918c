"""`/api/admin/system`: backups, exports and maintenance. The jobs have a file of their own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from core.clock import to_milliseconds
from core.settings.changes import Editor
from core.settings.maintenance import OFFERED, end_after, is_possible_end, maintenance_end
from core.team.rights import Right
from database.operations import lease_ops, run_ops, settings_ops
from database.team import Team
from views.page import system as texts
from web_app import audit
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import body_of
from web_app.api.system.jobs import run_of
from web_app.api.system.models import Backups, Maintenance, MaintenanceChange
from web_app.problems import changed_meanwhile, refused

#: the job, and how many of its runs are listed: more than a week of them
BACKUP, RUNS = "backup", 10
#: the setting
MAINTENANCE = "maintenance_until"


def system_router(access: ApiAccess, team: Team) -> APIRouter:
    """The routes of backups and maintenance."""
    router = APIRouter(prefix="/system", tags=["system"])
    _add_backups(router, access)
    _add_maintenance(router, access, team)
    return router


def _add_backups(router: APIRouter, access: ApiAccess) -> None:
    allowed = Annotated[Operator, Depends(access.may(Right.BACKUP_NOW))]

    @router.get("/backups", response_model=Backups)
    async def backups(_: allowed) -> Backups:
        """How the last backups went. One is asked for as a run of the job `backup`."""
        lease, runs = await lease_ops.find(BACKUP), await run_ops.last_runs(RUNS, BACKUP)
        return Backups(
            runs=[run_of(run) for run in runs if not run.is_waiting],
            is_running=lease is not None and lease.is_held(access.clock.now()),
            is_waiting=any(run.is_waiting for run in runs),
        )


def _add_maintenance(router: APIRouter, access: ApiAccess, team: Team) -> None:
    allowed = Annotated[Operator, Depends(access.may(Right.MAINTENANCE))]

    async def read() -> Maintenance:
        now = access.clock.now()
        until = maintenance_end((await settings_ops.load_now(now)).settings, now)
        return Maintenance(until=until, offered=[end_after(span, now) for span in OFFERED])

    @router.get("/maintenance", response_model=Maintenance)
    async def maintenance(_: allowed) -> Maintenance:
        """Until when subscribers get nothing, and which ends can be chosen."""
        return await read()

    @router.put("/maintenance", response_model=Maintenance, openapi_extra=body_of(MaintenanceChange))
    async def change(request: Request, operator: allowed) -> Maintenance:
        """Begin, move or end maintenance, if it still ends when it was seen to. 409 otherwise."""
        body, now = await read_model(request, MaintenanceChange), to_milliseconds(access.clock.now())
        if body.until is not None and not is_possible_end(body.until, now):
            raise refused(texts.not_an_end())
        stored = (await settings_ops.load_now(now)).settings
        stands = maintenance_end(stored, now)
        if body.seen != stands and body.until != stands:
            raise changed_meanwhile(texts.maintenance_changed())
        editor = Editor(operator.user_id, await team.name_of(operator.user_id))
        expected = stored.maintenance_until
        done = await settings_ops.change_from(MAINTENANCE, body.until, expected=expected, by=editor, at=now)
        if done.is_conflict:
            raise changed_meanwhile(texts.maintenance_changed())
        if done.is_stored:
            await audit.record(now, operator.user_id, "setting.changed", MAINTENANCE, expected, body.until)
        return await read()
