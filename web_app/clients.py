"""Who a client is, for limits: one instance for the whole app."""

import structlog
from starlette.datastructures import Headers
from starlette.types import Scope

from core.addresses import Networks
from web_app.rate_limit import address_of, is_peer_in

log = structlog.get_logger("tollgate.web_app")


class Clients:
    """Tells the addresses of clients, and the operator, once, of a proxy that is not named."""

    def __init__(self, trusted: Networks) -> None:
        """`trusted`: the proxies whose X-Forwarded-For is believed."""
        self._trusted = trusted
        self._is_told = False

    def address_of(self, scope: Scope) -> str:
        """Return the key of the client that made a request."""
        if not self._is_told and "x-forwarded-for" in Headers(scope=scope) and not is_peer_in(scope, self._trusted):
            self._is_told = True
            # without the address: whoever sends the header chooses when this line is written, not what it says
            log.warning(
                "web.proxy_not_trusted", remedy="name the reverse proxy in TRUSTED_PROXIES (docs/operations.md)"
            )
        return address_of(scope, self._trusted)
