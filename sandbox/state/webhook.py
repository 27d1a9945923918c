"""The webhook of one bot: where its updates are posted, and how that went (BOTAPI §2.3)."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK = "localhost"


@dataclass(slots=True, eq=False)
class Webhook:
    """A webhook as setWebhook has set it. Another setting is another object."""

    url: str
    max_connections: int = 40
    secret_token: str = ""
    #: as getWebhookInfo shows them; None: no post has failed
    last_error_at: int | None = None
    last_error: str = ""

    def is_like(self, other: "Webhook | None") -> bool:
        """Whether `other` asks for the same posts."""
        return other is not None and (self.url, self.max_connections, self.secret_token) == (
            other.url,
            other.max_connections,
            other.secret_token,
        )

    @property
    def is_local(self) -> bool:
        """Whether it leads to this machine. The sandbox posts nowhere else."""
        return is_local(self.url)

    def fail(self, error: str, now: int) -> None:
        """Note why a post failed."""
        self.last_error_at, self.last_error = now, error


def is_local(url: str) -> bool:
    """Whether the host of `url` is the loopback interface. Names but `localhost` are not asked for."""
    host = urlsplit(url).hostname or ""
    try:
        return host == LOOPBACK or ip_address(host).is_loopback
    except ValueError:
        return False
