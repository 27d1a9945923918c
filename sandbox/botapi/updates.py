"""getMe, getUpdates, the webhook methods, logOut, close (rows 4 and 5, BOTAPI §2.1 to §2.3)."""

import asyncio
import json
import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.botapi.method import Method
from sandbox.chats.objects import me_json
from sandbox.errors import OTHER_WEBHOOK, WEBHOOK_ACTIVE, bad_request, conflict, flood
from sandbox.state.update_queue import ALL_UPDATES, DEFAULT_UPDATES
from sandbox.state.webhook import Webhook, is_local
from sandbox.wire import Call

Json = dict[str, Any]

MAX_POLL_S = 50
#: The anti-spin rule: a repeated offset within this time waits that long.
SPIN_WINDOW_S = 3
SPIN_SINGLE_S = 0.5
#: `close` is refused for this long after the bot was registered, seconds.
CLOSE_AFTER_S = 600


def get_me(call: Call) -> Json:
    return me_json(call.bot)


async def get_updates(call: Call) -> list[Json]:
    """Confirm by offset, then answer at once with queued updates, or wait for one up to `timeout` seconds."""
    bot, queue = call.bot, call.bot.queue
    if bot.webhook is not None:
        raise conflict(WEBHOOK_ACTIVE)
    _keep_allowed_updates(call)
    offset = call.integer("offset")
    limit = min(max(call.integer("limit", 100), 1), 100)
    timeout_s: float = min(max(call.integer("timeout"), 0), MAX_POLL_S)
    limit, timeout_s = _slow_down_spinning(call, offset, limit, timeout_s)
    if offset:
        queue.confirm(offset)
        call.world.changed.fire()
    batch = queue.take(limit, call.world.clock.now())
    if not batch and timeout_s:
        await queue.wait(timeout_s)
        batch = queue.take(limit, call.world.clock.now())
    if batch and call.world.faults.takes_batch(bot.id):
        queue.repeat(batch)
    call.world.changed.fire()
    return batch


def _slow_down_spinning(call: Call, offset: int, limit: int, timeout_s: float) -> tuple[int, float]:
    now = asyncio.get_running_loop().time()
    last_offset, last_at = call.bot.last_poll
    call.bot.last_poll, call.bot.has_polled = (offset, now), True
    if not call.world.config.anti_spin or offset != last_offset or now - last_at >= SPIN_WINDOW_S:
        return limit, timeout_s
    return (1 if now - last_at < SPIN_SINGLE_S else limit), max(timeout_s, SPIN_WINDOW_S)


def _keep_allowed_updates(call: Call) -> None:
    """Store the list. A missing or invalid one changes nothing; an empty one, or only unknown names, is the default."""
    raw = call.text("allowed_updates")
    if not raw:
        return
    try:
        names = json.loads(raw)
    except ValueError:
        return
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return
    wanted = frozenset(names) & ALL_UPDATES
    call.bot.allowed_updates = wanted or DEFAULT_UPDATES


def set_webhook(call: Call) -> tuple[bool, str]:
    """Store the webhook, to which the sandbox posts if it is on this machine; getUpdates answers 409 from now on."""
    url = call.text("url")
    if not url:
        return delete_webhook(call)
    bot, now = call.bot, call.world.clock.now()
    if now < bot.set_webhook_from:
        raise flood(1)
    bot.set_webhook_from = now + 1
    limit = min(max(call.integer("max_connections", 40) or 40, 1), 100)
    wanted = Webhook(url, limit, call.text("secret_token"))
    drops = call.flag("drop_pending_updates")
    if wanted.is_like(bot.webhook) and not drops:
        _keep_allowed_updates(call)
        return True, "Webhook is already set"
    _check_webhook(url, wanted.secret_token)
    _keep_allowed_updates(call)
    if drops:
        bot.queue.clear()
    bot.queue.stop_waiting(conflict(OTHER_WEBHOOK))
    call.world.set_webhook(bot, wanted)
    return True, "Webhook was set"


def _check_webhook(url: str, secret: str) -> None:
    """Raises 400 for what Telegram refuses; plain http and every port are allowed on this machine, as with --local."""
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise bad_request("invalid webhook URL specified") from error
    if parts.scheme == "http" and is_local(url):
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if port not in (None, 80, 88, 443, 8443):
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def delete_webhook(call: Call) -> tuple[bool, str]:
    if call.flag("drop_pending_updates"):
        call.bot.queue.clear()
    was_set = call.bot.webhook is not None
    call.world.set_webhook(call.bot, None)
    return True, "Webhook was deleted" if was_set else "Webhook is already deleted"


def get_webhook_info(call: Call) -> Json:
    bot, webhook = call.bot, call.bot.webhook
    shown: Json = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(bot.queue),
    }
    if webhook is not None:
        shown["max_connections"] = webhook.max_connections
        shown["ip_address"] = "127.0.0.1" if webhook.is_local else "<unknown>"
        if webhook.last_error_at is not None:
            shown |= {"last_error_date": webhook.last_error_at, "last_error_message": webhook.last_error}
    if bot.allowed_updates != DEFAULT_UPDATES:
        shown["allowed_updates"] = sorted(bot.allowed_updates)
    return shown


def log_out(call: Call) -> bool:
    """Clear the queue; every later call of this bot is answered with 400 `Logged out`."""
    call.bot.queue.clear()
    call.world.set_webhook(call.bot, None)
    call.bot.is_logged_out = True
    return True


def close(call: Call) -> bool:
    age = call.world.clock.now() - call.bot.created_at
    if age < CLOSE_AFTER_S:
        raise flood(int(CLOSE_AFTER_S - age) + 1)
    return True


METHODS: dict[str, Method] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "logOut": log_out,
    "close": close,
}
