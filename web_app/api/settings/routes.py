"""`/api/admin/settings`: the settings of the panel in the admin bot, by the same rules."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from core.clock import to_milliseconds
from core.errors import BadInput
from core.settings import FIELDS, TEXTS, Control, SettingField, limits_of, parse_setting
from core.settings.changes import Editor, SettingsNow, recorded
from core.team.admins import Role
from core.team.rights import Right
from database.operations import settings_ops
from database.operations.shorteners import shortener_ops
from database.team import Team
from views.page import settings as texts
from views.settings.samples import length_words, sample
from views.settings.words import value_words
from web_app import audit
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import body_of
from web_app.api.rich_text import pieces_of
from web_app.api.settings import models
from web_app.problems import changed_meanwhile, not_there, refused

#: changed in the chat: it needs a picker, a photo, or rights that are checked there
_IN_CHAT = frozenset({Control.CHANNEL, Control.ELSEWHERE})
Name = Annotated[str, Path(json_schema_extra={"enum": [field.name for field in FIELDS]})]


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """What the routes of settings share. `bot`: username of the user bot, which samples name."""

    access: ApiAccess
    team: Team
    bot: str

    async def read(self, role: Role) -> models.Settings:
        """Return what a role may see; one command besides the cached shorteners."""
        at = self.access.clock.now()
        now = await settings_ops.load_now(at)
        return models.Settings(
            settings=[self.setting(field, now) for field in FIELDS if _is_shown(field, role)],
            has_shorteners=await shortener_ops.has_active(at),
            bot=self.bot,
        )

    def setting(self, field: SettingField, now: SettingsNow) -> models.Setting:
        value, limits, last = now.value(field.name), limits_of(field.name), now.changes.get(field.name)
        rules = TEXTS.get(field.name)
        return models.Setting(
            name=field.name,
            group=field.group,
            control=field.control,
            value=_plain(value),
            usual=_plain(getattr(now.usual, field.name)),
            changed=None if last is None else models.LastChanged(by=last.by, name=last.name, at=last.at),
            lowest=limits.lowest,
            highest=limits.highest,
            longest=limits.longest if rules is None else rules.typed_max,
            unit_s=int(field.unit.total_seconds()),
            never=field.never,
            offered=list(field.offered),
            choices=[str(choice) for choice in field.words],
            placeholders=[] if rules is None else list(rules.placeholders),
            preview=[] if rules is None or value is None else pieces_of(sample(field.name, value, self.bot)),
            is_confirmed=field.is_confirmed,
            is_here=field.control not in _IN_CHAT,
        )

    async def change(
        self, operator: Operator, field: SettingField, body: models.SettingChange
    ) -> models.SettingChanged:
        """Store a value if nobody changed it since it was seen. Raises Problem: 422, and 409 with what it is now."""
        at = to_milliseconds(self.access.clock.now())
        value = await self._wanted(field, body)
        editor = Editor(operator.user_id, await self.team.name_of(operator.user_id))
        try:
            change = await settings_ops.change_from(field.name, value, expected=body.seen, by=editor, at=at)
        except ValueError:
            raise refused(texts.not_a_value()) from None
        stands = change.now.value(field.name)
        if change.is_conflict:
            last = change.now.changes.get(field.name)
            raise changed_meanwhile(texts.conflict(last.name if last else "", value_words(field, stands)))
        if change.is_stored:
            before, after = recorded(field, body.seen), recorded(field, _plain(stands))
            await audit.record(at, operator.user_id, "setting.changed", field.name, before, after)
        return models.SettingChanged(
            setting=self.setting(field, change.now), before=body.seen, is_stored=change.is_stored
        )

    async def _wanted(self, field: SettingField, body: models.SettingChange) -> Any:
        if (body.typed is not None) == body.usual:
            raise refused(texts.not_a_value())
        if body.typed is None:
            return getattr((await settings_ops.load_now(self.access.clock.now())).usual, field.name)
        try:
            return parse_setting(field.name, body.typed)
        except BadInput as problem:
            raise refused(problem.sentence) from None


def settings_router(access: ApiAccess, team: Team, bot: str) -> APIRouter:
    """The routes of the settings."""
    router = APIRouter(prefix="/settings", tags=["settings"])
    allowed = Annotated[Operator, Depends(access.may(Right.SETTINGS))]
    page = SettingsPage(access, team, bot)

    @router.get("", response_model=models.Settings)
    async def read(operator: allowed) -> models.Settings:
        """Every setting the member may see, with its value, its usual value and who changed it last."""
        return await page.read(operator.role)

    @router.put("/{name}", response_model=models.SettingChanged, openapi_extra=body_of(models.SettingChange))
    async def change(name: Name, request: Request, operator: allowed) -> models.SettingChanged:
        """Change a setting, if it still has the value that was seen."""
        field = _changeable(name, operator.role)
        return await page.change(operator, field, await read_model(request, models.SettingChange))

    @router.post("/{name}/preview", response_model=models.TextPreview, openapi_extra=body_of(models.TypedText))
    async def preview(name: Name, request: Request, operator: allowed) -> models.TextPreview:
        """Show a text that is being typed as its readers would get it."""
        field = _changeable(name, operator.role)
        if field.control is not Control.TEXT:
            raise not_there(texts.no_such_setting())
        body = await read_model(request, models.TypedText)
        try:
            html = parse_setting(name, body.typed)
        except BadInput as problem:
            raise refused(problem.sentence) from None
        if html is None:
            return models.TextPreview(preview=[], length="")
        return models.TextPreview(preview=pieces_of(sample(name, html, bot)), length=length_words(name, html))

    return router


def _is_shown(field: SettingField, role: Role) -> bool:
    return not field.is_for_owners or role is Role.OWNER


def _changeable(name: str, role: Role) -> SettingField:
    """Return a setting that is changed here. Raises Problem 404 for others, and those the role does not see."""
    for field in FIELDS:
        if field.name == name and _is_shown(field, role) and field.control not in _IN_CHAT:
            return field
    raise not_there(texts.no_such_setting())


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, bool | int | str) else value.isoformat()
