"""Errors of the Bot API with Telegram's exact texts (BOTAPI §1.2, §1.3, §2.9), and of the control API."""

from typing import Any

_PREFIXES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
}

KICKED = "bot was kicked from the {} chat"
NOT_A_MEMBER = "bot is not a member of the {} chat"
BLOCKED = "bot was blocked by the user"
DEACTIVATED = "user is deactivated"
CANNOT_INITIATE = "bot can't initiate conversation with a user"
BOT_TO_BOT = "the bot can't send messages to the bot"
CHAT_NOT_FOUND = "chat not found"
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
OTHER_WEBHOOK = "terminated by setWebhook request"


class ApiError(Exception):
    """A failed Bot API call: HTTP `status` (equal to error_code), full `description`, optional `parameters`."""

    def __init__(self, status: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


def describe(status: int, text: str) -> str:
    """Prefix `text` as Telegram does for `status`, lowering its first letter by the rule of BOTAPI §1.3."""
    prefix = _PREFIXES[status] + ": "
    if text.startswith(prefix):
        return text
    is_code = len(text) > 1 and (text[1].isupper() or text[1] == "_")
    return prefix + (text if is_code else text[:1].lower() + text[1:])


def bad_request(text: str) -> ApiError:
    """400 `Bad Request: …`."""
    return ApiError(400, describe(400, text))


def forbidden(text: str) -> ApiError:
    """403 `Forbidden: …`."""
    return ApiError(403, describe(403, text))


def conflict(text: str) -> ApiError:
    """409 `Conflict: …`."""
    return ApiError(409, describe(409, text))


def unauthorized() -> ApiError:
    """401 for an unknown token, or one of before a reset."""
    return ApiError(401, "Unauthorized")


def flood(retry_after_s: int) -> ApiError:
    """429 with `parameters.retry_after` in seconds; the server adds the Retry-After header."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after_s}", {"retry_after": retry_after_s})


def method_not_found() -> ApiError:
    """404 for a method the sandbox does not have."""
    return ApiError(404, "Not Found: method not found")


class ControlError(Exception):
    """A refused control call: HTTP `status`, and one sentence for its caller."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
