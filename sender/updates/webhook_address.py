"""Where Telegram posts the updates of a bot, and how such an address is known again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

from aiogram.types import WebhookInfo

#: as in `web_app.updates`; the bot's id follows
PATH = "/telegram/"
#: posts Telegram has under way at a time: the most it takes. Twice as many updates are on their way, so that some chats
#: whose updates wait do not hold up all others (WebhookActor.cpp, max_loaded_updates_)
MAX_CONNECTIONS = 100


@dataclass(frozen=True, slots=True)
class Address:
    """Where Telegram posts the updates of a bot, and the secret it names."""

    url: str
    secret: str = field(repr=False)

    def is_set(self, info: WebhookInfo, allowed_updates: Sequence[str]) -> bool:
        """Whether Telegram posts here already, in the wanted way."""
        return (
            info.url == self.url
            and info.max_connections == MAX_CONNECTIONS
            and set(info.allowed_updates or ()) == set(allowed_updates)
        )


def address_of(base_url: str, bot_id: int, secret: str) -> Address:
    """Return the address of a bot. It shows when the secret is another one, which getWebhookInfo does not."""
    mark = sha256(b"tollgate webhook address" + secret.encode()).hexdigest()[:12]
    return Address(f"{base_url}{PATH}{bot_id}?secret={mark}", secret)


def is_ours(url: str, bot_id: int) -> bool:
    """Whether `url` is the address of this bot in any house of ours, whatever its host and secret."""
    return urlsplit(url).path.endswith(f"{PATH}{bot_id}")
