"""Buttons that lead to the admin page."""

from aiogram.types import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup, MenuButtonWebApp, WebAppInfo

from views.buttons import Row, keyboard
from views.language import _
from views.system.admin_page_texts import menu_button_text

#: the path below PUBLIC_BASE_URL
PATH = "/admin"


def takes_mini_app(base_url: str) -> bool:
    """Return whether the page can be a Mini App: Telegram accepts only https (BOTAPI §2.4)."""
    return base_url.lower().startswith("https://")


def admin_page(base_url: str, code: str) -> InlineKeyboardMarkup:
    """Return the link that signs in once, and the Mini App if possible. `base_url`: PUBLIC_BASE_URL, not ""."""
    # after the "#": it reaches neither a server's log nor a Referer header
    link: Row = [InlineKeyboardButton(text=_("Sign in with this link"), url=f"{base_url}{PATH}#{code}")]
    here: Row = []
    if takes_mini_app(base_url):
        here.append(InlineKeyboardButton(text=_("Open here"), web_app=WebAppInfo(url=f"{base_url}{PATH}")))
    return keyboard(here, link)


def copy_link(link: str) -> InlineKeyboardMarkup:
    """Return a button that copies the link (256 characters at most): text of protected messages cannot be copied."""
    return keyboard([InlineKeyboardButton(text=_("Copy it"), copy_text=CopyTextButton(text=link))])


def menu_button(base_url: str) -> MenuButtonWebApp:
    """Return the menu button that opens the page as a Mini App."""
    return MenuButtonWebApp(text=menu_button_text(), web_app=WebAppInfo(url=f"{base_url}{PATH}"))
