"""Whom /readyz and /metrics answer: they tell of database, bots and jobs, which is the operator's business."""

import hmac
from dataclasses import dataclass, field
from enum import Enum

from starlette.exceptions import HTTPException
from starlette.requests import Request

from core.addresses import host_named, is_this_machine
from monitoring import metrics

#: headers that a proxy adds: a request with one of them came from elsewhere, whoever the other end is
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


class Reach(Enum):
    """From where they can be asked."""

    NOWHERE = "nowhere"
    #: from this machine, under its own name, and by no proxy that names itself
    THIS_MACHINE = "this machine"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class OpsAccess:
    """The rule of one port. It is a dependency of the routes themselves: no way of writing a path goes around it."""

    reach: Reach = Reach.NOWHERE
    #: what `Authorization: Bearer …` has to name; empty: nothing
    token: str = field(default="", repr=False)

    def __call__(self, request: Request) -> None:
        """Raise HTTPException: 404 for who cannot ask at all, 401 without the token."""
        if self.reach is Reach.NOWHERE or (self.reach is Reach.THIS_MACHINE and not _is_from_here(request)):
            raise HTTPException(404)
        if self.token:
            self._check_token(request.headers.get("authorization", ""))

    def _check_token(self, given: str) -> None:
        scheme, _, token = given.partition(" ")
        is_bearer = scheme.lower() == "bearer"
        # headers are read as Latin-1, which every byte is; the token is ASCII
        if is_bearer and hmac.compare_digest(token.strip().encode("latin-1"), self.token.encode()):
            return
        metrics.WEB_REFUSED.labels("ops_token").inc()
        challenge = 'Bearer realm="tollgate"' + (', error="invalid_token"' if is_bearer else "")
        raise HTTPException(401, headers={"WWW-Authenticate": challenge})


def _is_from_here(request: Request) -> bool:
    peer = request.client.host if request.client is not None else ""
    host = host_named(request.headers.get("host", "")) or ""
    return is_this_machine(peer) and is_this_machine(host) and not any(name in request.headers for name in _OF_PROXIES)
