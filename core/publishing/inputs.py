"""Reading what is typed about a post or an announcement: in the form it is stored in, None when it has none."""

from core.announcements import LABEL_MAX, TEXT_MAX
from core.posts import PASSWORD_MAX
from core.templates import TemplateRules, bare, check, is_visible


def line_of(text: str, longest: int) -> str | None:
    """Return a title or a label in one line."""
    line = " ".join(text.split())
    return line if 1 <= len(line) <= longest else None


def password_of(text: str) -> str | None:
    """Return a password as it was typed, but for spaces around it."""
    password = text.strip()
    return None if not 1 <= len(password) <= PASSWORD_MAX or "\n" in password else password


def button_of(text: str) -> str | None:
    """Return the words on an announcement's button."""
    typed = bare(text).strip()
    return None if not is_visible(typed) or "\n" in typed or len(typed) > LABEL_MAX else typed


def announcement_of(html: str) -> str:
    """Return a typed announcement in the form it is stored in. Raises BadInput.

    Allowed tags only, closed; braces are text: placeholders are filled by now.
    """
    return check(html.replace("{", "&#123;").replace("}", "&#125;"), TemplateRules(TEXT_MAX))
