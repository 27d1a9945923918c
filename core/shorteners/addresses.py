"""The API address of a shortener: its form, what an owner pastes, and the name that is made of it."""

import re
from collections.abc import Container
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from core.shorteners.keys import is_key, looks_like_secret

#: characters of a name and of an address
NAME_MAX, API_URL_MAX = 64, 2048
#: no user name, no fragment, nothing that would have to be encoded
_API_URL = re.compile(r"https?://[A-Za-z0-9_.-]+(:[0-9]+)?([/?][!-\"$-\[\]-~]*)?")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
#: parameters that every request gets: what stands there in a pasted address is an example, or the key
_ADDED = frozenset({"api", "url"})
#: the first labels of hosts that say nothing
_SAYS_NOTHING = frozenset({"api", "app", "link", "my", "www"})
#: characters of a name made of a host
_MADE_NAME_MAX = 24


def is_api_url(text: str) -> bool:
    """Return whether requests can be made with this address: http(s), no user name, no fragment, no spaces."""
    try:
        return len(text) <= API_URL_MAX and bool(_API_URL.fullmatch(text)) and urlsplit(text).port != 0
    except ValueError:  # the port is no number of a port
        return False


def has_sound_placeholders(api_url: str) -> bool:
    """Return whether `api_url` has both {key} and {url}, after the host, or no braces at all."""
    return sorted(set(_PLACEHOLDER.findall(api_url))) in ([], ["{key}", "{url}"])


@dataclass(frozen=True, slots=True)
class PastedAddress:
    """What an owner sent as the API address."""

    #: without the key
    api_url: str
    #: the key that stood in it, as in `https://short.example/api?api=KEY&url=…`
    key: str | None = field(default=None, repr=False)


def read_api_url(text: str) -> PastedAddress | None:
    """Read an API address as shorteners' own pages show it; None when it is none.

    `https://` is added when no scheme is there. A key in it is taken out, because addresses are stored readable; one
    with a key elsewhere than in `api` is none.
    """
    address = text.strip()
    if "://" not in address:
        address = f"https://{address}"
    if not is_api_url(address) or not has_sound_placeholders(address) or "." not in (urlsplit(address).hostname or ""):
        return None
    if "{key}" in address:
        return PastedAddress(address)
    parts = urlsplit(address)
    values = parse_qsl(parts.query, keep_blank_values=True)
    key = next((value for name, value in values if name == "api" and is_key(value)), None)
    kept = urlencode([(name, value) for name, value in values if name not in _ADDED])
    if holds_secret(urlunsplit(parts._replace(query=kept))):
        return None
    return PastedAddress(urlunsplit(parts._replace(query=kept)), key)


def holds_secret(address: str) -> bool:
    """Return whether a part of the address, between slashes and signs, looks like a key."""
    return any(looks_like_secret(part) for part in re.split(r"[^A-Za-z0-9-]+", address))


def name_for(api_url: str, taken: Container[str]) -> str:
    """Return a name for the shortener at this address that is not `taken` (names in lower case): gplinks, gplinks 2."""
    labels = (urlsplit(api_url).hostname or "shortener").split(".")
    if all(label.isdecimal() for label in labels):
        labels = [".".join(labels)]
    elif len(labels) > 2 and labels[0] in _SAYS_NOTHING:
        labels = labels[1:]
    name = labels[0][:_MADE_NAME_MAX]
    number = 1
    while (numbered := name if number == 1 else f"{name} {number}") in taken:
        number += 1
    return numbered
