"""Tickets of downloads: Telegram's apps and browsers fetch a file by its address, without the session of the page."""

import base64
import binascii
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.exchange.exports import Exported, FileFormat

#: how long a ticket holds; role and session are checked again when it is used
HOLDS_FOR = timedelta(minutes=2)
#: characters; ours have some 250
TICKET_MAX = 512


class BadTicket(Exception):
    """Forged or over."""


class Ticket(BaseModel):
    """One file for one person. `expires_s`: whole seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: int = Field(ge=1, lt=1 << 52)
    #: of the session it was made in
    sid: str = Field(max_length=64)
    what: Exported
    form: FileFormat
    expires_s: int = Field(ge=0, lt=1 << 36)
    #: makes every ticket another one
    nonce: str = Field(max_length=16)

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.expires_s, UTC)

    @property
    def made_at(self) -> datetime:
        return self.expires_at - HOLDS_FOR


def new_ticket(user_id: int, sid: str, what: Exported, form: FileFormat, now: datetime) -> Ticket:
    """Return a ticket that holds from now on."""
    expires_s = int((now + HOLDS_FOR).timestamp())
    return Ticket(user_id=user_id, sid=sid, what=what, form=form, expires_s=expires_s, nonce=secrets.token_hex(4))


def write_ticket(ticket: Ticket, key: bytes) -> str:
    """Return the ticket signed, of characters that need no escaping in an address."""
    body = base64.urlsafe_b64encode(ticket.model_dump_json().encode()).decode().rstrip("=")
    return f"{body}.{_signature(body, key)}"


def read_ticket(text: str, key: bytes, now: datetime) -> Ticket:
    """Verify a ticket. Raises BadTicket."""
    body, _, signature = text.partition(".")
    if len(text) > TICKET_MAX or not text.isascii() or not hmac.compare_digest(_signature(body, key), signature):
        raise BadTicket
    try:
        ticket = Ticket.model_validate_json(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValidationError, binascii.Error):
        raise BadTicket from None
    if ticket.expires_at <= now:
        raise BadTicket
    return ticket


def _signature(body: str, key: bytes) -> str:
    # a key of its own: what is signed here is never a session
    own = hmac.new(key, b"tollgate download", sha256).digest()
    return hmac.new(own, body.encode(), sha256).hexdigest()
