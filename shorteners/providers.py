"""A provider: its configuration and the request it is asked with."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr
from yarl import URL

from core.shorteners.records import Shortener, environment_code

_PLACEHOLDER = re.compile(r"\{(key|url)\}")


class Configured(Protocol):
    """A shortener of the environment (`config.Shortener`)."""

    @property
    def name(self) -> str: ...
    @property
    def api_url(self) -> str: ...
    @property
    def api_key(self) -> SecretStr: ...
    @property
    def hosts(self) -> tuple[str, ...]: ...
    @property
    def weight(self) -> int: ...
    @property
    def answer(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Provider:
    """A URL shortener, with the fields of a validated `config.Shortener`."""

    name: str
    #: `{key}` and `{url}` are replaced; without them `?api=<key>&url=<destination>` is added
    api_url: str = field(repr=False)
    api_key: SecretStr
    #: hosts of its links and pages; empty: its links may have any public host
    hosts: tuple[str, ...] = ()
    #: probability of being asked first, relative to the weights of the others
    weight: int = 1
    #: path of the link in its JSON, keys and list positions joined by dots; None: the names of the common family
    answer: str | None = None
    #: whether requests go to public addresses only; False for one of the environment, which may be in a local network
    is_public_only: bool = False

    @property
    def api_host(self) -> str:
        """The host of `api_url`, in lower case, without its port."""
        return URL(self.api_url).raw_host or ""

    @property
    def known_hosts(self) -> frozenset[str]:
        """`hosts` and `api_host`, in lower case."""
        return frozenset({self.api_host, *(host.lower() for host in self.hosts)})

    @classmethod
    def of_stored(cls, one: Shortener, key: SecretStr, *, is_public_only: bool) -> "Provider":
        """Return what to ask of one added in the admin bot; `key`: its API key, opened."""
        return cls(
            one.name,
            one.api_url,
            key,
            hosts=one.hosts,
            weight=one.share,
            answer=one.answer,
            is_public_only=is_public_only,
        )

    def with_weight(self, weight: int) -> "Provider":
        """Return the same provider with another weight."""
        return replace(self, weight=weight)

    def request_for(self, destination: str) -> URL:
        """The URL to GET for a link to `destination`. It contains the key: never log it, nor errors that quote it."""
        values = {"key": self.api_key.get_secret_value(), "url": destination}
        if _PLACEHOLDER.search(self.api_url):
            filled = _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), self.api_url)
            return URL(filled, encoded=True)
        parts = urlsplit(self.api_url)
        kept = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in {"api", "url"}]
        query = urlencode([*kept, ("api", values["key"]), ("url", destination)], quote_via=quote)
        return URL(urlunsplit(parts._replace(query=query)), encoded=True)


def configured_providers(shorteners: Iterable[Configured]) -> dict[str, Provider]:
    """Return the providers of the environment, by the code of their shortener."""
    return {
        environment_code(one.name): Provider(
            one.name, one.api_url, one.api_key, hosts=one.hosts, weight=one.weight, answer=one.answer
        )
        for one in shorteners
    }
