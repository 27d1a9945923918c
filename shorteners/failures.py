"""Why a provider gave no link. A failure holds its kind and HTTP status, never the URL, the answer or the key."""

from enum import StrEnum


class FailureKind(StrEnum):
    #: no complete answer before the timeout
    TIMED_OUT = "timed_out"
    #: no connection, or it was closed before the answer started
    UNREACHABLE = "unreachable"
    #: this process or machine has no file, port or memory left for a connection: no provider's failure
    NOT_ASKED = "not_asked"
    #: the host is in a private network, where addresses typed in a chat may not lead
    PRIVATE = "private"
    #: an HTTP status other than 2xx, 3xx and 429
    REFUSED = "refused"
    #: HTTP 429
    RATE_LIMITED = "rate_limited"
    #: a 3xx; redirects are not followed
    REDIRECTED = "redirected"
    #: more than 64 KiB
    TOO_LONG = "too_long"
    #: incomplete, not UTF-8, or neither JSON nor a single URL (an HTML page, for example)
    UNREADABLE = "unreadable"
    #: status 2xx, but the JSON reports a failure
    DECLINED = "declined"
    #: an empty answer, or JSON without a link at the expected path
    NO_LINK = "no_link"
    #: the link is the destination itself
    NOT_SHORTENED = "not_shortened"
    #: not http(s), with a user name, too long, not public, or containing the API key
    UNSAFE_LINK = "unsafe_link"
    #: the host is not one of the provider's
    FOREIGN_LINK = "foreign_link"


class ShortenerError(Exception):
    """One provider failed; ask the next one. Never raised with a library's error as its context: that holds the key."""

    def __init__(self, kind: FailureKind, status: int | None = None) -> None:
        super().__init__(kind, status)
        self.kind = kind
        #: HTTP status, when that is the failure
        self.status = status


class NoProviderAsked(Exception):
    """Nobody was asked, for a reason of ours: what a provider's failure leads to must not follow."""
