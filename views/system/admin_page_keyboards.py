"""Buttons that lead to the admin page."""

from aiogram.types import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup, MenuButtonWebApp, WebAppInfo

from views.admin_buttons import Row, keyboard
from views.system.admin_page_texts import MENU_BUTTON

#: what stands behind PUBLIC_BASE_URL
PATH = "/admin"


def takes_mini_app(base_url: str) -> bool:
    """Telegram takes only https for Mini Apps (BOTAPI §2.4)."""
    return base_url.lower().startswith("https://")


def admin_page(base_url: str, code: str) -> InlineKeyboardMarkup:
    """The link that signs in once, and the Mini App where Telegram takes one. `base_url`: PUBLIC_BASE_URL, not ""."""
    # behind the "#": a server's log and a Referer header never see it
    link: Row = [InlineKeyboardButton(text="Sign in with this link", url=f"{base_url}{PATH}#{code}")]
    here: Row = []
    if takes_mini_app(base_url):
        here.append(InlineKeyboardButton(text="Open here", web_app=WebAppInfo(url=f"{base_url}{PATH}")))
    return keyboard(here, link)


def copy_link(link: str) -> InlineKeyboardMarkup:
    """A protected message's text cannot be copied; this button does. At most 256 characters."""
    return keyboard([InlineKeyboardButton(text="Copy it", copy_text=CopyTextButton(text=link))])


def menu_button(base_url: str) -> MenuButtonWebApp:
    """Beside the text field, where Telegram takes one."""
    return MenuButtonWebApp(text=MENU_BUTTON, web_app=WebAppInfo(url=f"{base_url}{PATH}"))
