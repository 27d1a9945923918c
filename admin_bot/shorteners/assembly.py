"""Builds the services of shorteners."""

from dataclasses import dataclass

from admin_bot.context import AdminConfig, AdminContext
from admin_bot.shorteners.drafts import DraftService
from admin_bot.shorteners.providers import Providers
from admin_bot.shorteners.service import KEY_SET, PAUSE_SET, SHARE_SET, ShortenerService
from admin_bot.undo import UndoService
from core.team.rights import Right


@dataclass(frozen=True, slots=True)
class ShortenerServices:
    """What handlers of shorteners need."""

    service: ShortenerService
    drafts: DraftService


def build_shorteners(context: AdminContext, config: AdminConfig, undo: UndoService) -> ShortenerServices:
    """Build the services, and register what can be undone."""
    providers = Providers(
        config.shortener_access, context.clock, context.zone, config.public_base_url, context.user_bot_username
    )
    service = ShortenerService(providers, context.clock, context.zone)
    for kind in (SHARE_SET, PAUSE_SET, KEY_SET):
        undo.register(kind, service.undo, Right.SHORTENERS)
    return ShortenerServices(service, DraftService(providers, service, context.clock))
