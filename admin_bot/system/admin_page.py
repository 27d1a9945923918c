"""/admin: a link that signs in once, and the menu button that opens the page as a Mini App."""

import ipaddress
from collections.abc import Collection
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import LinkPreviewOptions

from admin_bot.audit import note
from core.clock import Clock
from database.operations import login_ops
from sender.failures import TELEGRAM_ERRORS, classify
from views.catalogues import Languages, speaking_to_member
from views.system import admin_page_keyboards as keyboards
from views.system import admin_page_texts as texts

log = structlog.get_logger("tollgate.admin")


def local_address(host: str, port: int) -> str:
    """Return the page's address on the machine itself; "" for port 0, which is a new one at each start."""
    if not port:
        return ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}{keyboards.PATH}"
    if address.is_unspecified:
        # listens on all addresses; a browser needs one of them
        return f"http://{'[::1]' if address.version == 6 else '127.0.0.1'}:{port}{keyboards.PATH}"
    return f"http://{f'[{address}]' if address.version == 6 else address}:{port}{keyboards.PATH}"


class AdminPage:
    """Leads admins to the page.

    `public_base_url`: PUBLIC_BASE_URL, "" if not set; `web_address`: the page's address on the machine itself.
    """

    def __init__(
        self, bot: Bot, team: Languages, clock: Clock, zone: ZoneInfo, *, public_base_url: str, web_address: str
    ) -> None:
        self._bot = bot
        self._team = team
        self._clock = clock
        self._zone = zone
        self._base_url = public_base_url
        self._web_address = web_address

    async def send_link(self, admin_id: int) -> None:
        """Send a link that signs this admin in. Its code is neither logged nor written to the audit log."""
        now = self._clock.now()
        code = await login_ops.create(admin_id, now)
        await note(now, admin_id, "page.link_made", str(admin_id))
        until = now + login_ops.CODE_HOLDS_FOR
        if self._base_url:
            has_mini_app = keyboards.takes_mini_app(self._base_url)
            html = texts.link(until, self._zone, has_mini_app=has_mini_app)
            keyboard = keyboards.admin_page(self._base_url, code)
        else:
            html = texts.without_address(self._web_address, code, until, self._zone)
            keyboard = keyboards.copy_link(f"{self._web_address}#{code}")
        await self._bot.send_message(
            admin_id,
            html,
            reply_markup=keyboard,
            protect_content=True,
            # fetching a preview would open the link
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

    async def set_menu_buttons(self, admin_ids: Collection[int]) -> None:
        """Make the page the menu button of each admin's chat, if its address is https. A failure is logged."""
        if not keyboards.takes_mini_app(self._base_url):
            return
        for admin_id in sorted(admin_ids):
            async with speaking_to_member(self._team, admin_id):
                button = keyboards.menu_button(self._base_url)
            try:
                await self._bot.set_chat_menu_button(chat_id=admin_id, menu_button=button)
            except TELEGRAM_ERRORS as error:
                log.info("menu.button_not_set", admin_id=admin_id, reason=classify(error))
