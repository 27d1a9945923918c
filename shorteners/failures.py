"""Why a provider gave no link. A failure holds a kind and a status: no address, no answer, no key."""

from enum import StrEnum


class FailureKind(StrEnum):
    #: no whole answer within the time
    TIMED_OUT = "timed_out"
    #: no connection, or it broke before the answer began
    UNREACHABLE = "unreachable"
    #: an HTTP status other than 2xx, 3xx and 429
    REFUSED = "refused"
    #: HTTP 429
    RATE_LIMITED = "rate_limited"
    #: a 3xx; redirects are not followed
    REDIRECTED = "redirected"
    #: more than 64 KiB
    TOO_LONG = "too_long"
    #: broken on the way, not UTF-8, or neither JSON nor one address (a page, say)
    UNREADABLE = "unreadable"
    #: a good status, but the JSON says that it failed
    DECLINED = "declined"
    #: nothing in it, or JSON without a link where one is looked for
    NO_LINK = "no_link"
    #: the destination itself came back
    NOT_SHORTENED = "not_shortened"
    #: not an address to send people to: no http(s), a user name, over-long, not public, or the API key in it
    UNSAFE_LINK = "unsafe_link"
    #: a host that is not among the provider's
    FOREIGN_LINK = "foreign_link"


class ShortenerError(Exception):
    """One provider failed; ask the next one. Raised where no library's error is its context: those carry the key."""

    def __init__(self, kind: FailureKind, status: int | None = None) -> None:
        super().__init__(kind, status)
        self.kind = kind
        #: of the HTTP answer, when that is what failed
        self.status = status
