"""The links of the stub shortener, how often it was asked, and how it is to fail."""

import asyncio
import hashlib
import random
import string
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import ControlError

Json = dict[str, Any]

MAX_URL = 2048
#: Which field of the answer holds the short link: the shapes of the common family.
FIELDS = ("shortenedUrl", "shorturl", "short_url", "url", "data.url")
#: The modes and what each can be told.
MODES: dict[str, Json] = {
    "ok": {"field": FIELDS[0]},
    "html": {"status": 200},
    "429": {"retry_after": 60},
    "error": {"message": "Invalid API token", "status": 200},
    "hang": {},
    "redirect": {"to": "http://127.0.0.1:9/private"},
    "raw": {"body": "", "status": 200, "content_type": "text/plain"},
}


@dataclass(slots=True, eq=False)
class ShortLink:
    """One short link; `opened` counts its first page."""

    id: str
    destination: str
    key: str
    opened: int = 0


@dataclass(slots=True, eq=False)
class Mode:
    """How calls are answered: all, or those with one key. `times` None: until another mode comes."""

    name: str
    options: Json
    key: str | None = None
    times: int | None = None
    hits: int = 0
    #: Set when the mode ends: calls that hang are cut.
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_used_up(self) -> bool:
        """Whether it has answered all the calls it was for."""
        return self.times is not None and self.hits >= self.times


class Shortener:
    """Its state. Keys are kept as fingerprints only."""

    def __init__(self) -> None:
        self.modes: dict[str | None, Mode] = {}
        self.clear()

    def clear(self) -> None:
        """No links, no calls, every mode ended."""
        for mode in self.modes.values():
            mode.ended.set()
        self.modes = {}
        self.links: dict[str, ShortLink] = {}
        #: Fingerprint of a key -> calls made with it.
        self.calls: dict[str, int] = {}

    def set_mode(self, wanted: Json) -> None:
        """Answer from now on as `{"mode", "key"?, "times"?, …}` says. Raises ControlError for what it does not know."""
        name = str(wanted.get("mode"))
        if name not in MODES:
            raise ControlError(f"mode must be one of {', '.join(MODES)}")
        given = {option: value for option, value in wanted.items() if option not in ("mode", "key", "times")}
        options = MODES[name] | given
        for option, value in options.items():
            if option not in MODES[name] or type(value) is not type(MODES[name][option]):
                raise ControlError(f"the mode {name} knows {MODES[name] or 'no options'}")
        if name == "ok" and options["field"] not in FIELDS:
            raise ControlError(f"field must be one of {', '.join(FIELDS)}")
        if not 200 <= int(options.get("status", 200)) <= 599:
            raise ControlError("a status is from 200 to 599")
        self._put(Mode(name, options, _key(wanted), _times(wanted)))

    def _put(self, mode: Mode) -> None:
        before = self.modes.pop(mode.key, None)
        if before is not None:
            before.ended.set()
        self.modes[mode.key] = mode

    def count(self, key: str) -> Mode:
        """Count a call made with `key`. The mode that answers it: its own, else everybody's, else ok."""
        mark = fingerprint(key)
        self.calls[mark] = self.calls.get(mark, 0) + 1
        for wanted in (mark, None):
            mode = self.modes.get(wanted)
            if mode is not None and not mode.is_used_up:
                mode.hits += 1
                return mode
        return Mode("ok", MODES["ok"])

    @property
    def calls_made(self) -> int:
        """All calls since the reset."""
        return sum(self.calls.values())

    def shorten(self, destination: str, key: str, rng: random.Random) -> ShortLink:
        """A new link; the same destination gets another one each time."""
        link_id = "".join(rng.choices(string.ascii_letters + string.digits, k=7))
        link = self.links[link_id] = ShortLink(link_id, destination, fingerprint(key))
        return link

    def shown(self, base: str) -> Json:
        """As the control API lists it; `base` is the server's own address."""
        modes = [
            {"mode": mode.name, "key": mode.key, "times": mode.times, "hits": mode.hits, **mode.options}
            for mode in self.modes.values()
        ]
        links = [
            {"id": link.id, "url": f"{base}/s/{link.id}", "destination": link.destination}
            | {"key": link.key, "opened": link.opened}
            for link in self.links.values()
        ]
        keys = [{"key": key, "calls": calls} for key, calls in self.calls.items()]
        return {"modes": modes, "calls": self.calls_made, "keys": keys, "links": links}


def fingerprint(key: str) -> str:
    """What is shown instead of a key: eight letters that tell two keys apart."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def is_web_address(url: str) -> bool:
    """Whether a browser may be led to `url`: http or https with a host, 2048 characters, no spaces or controls."""
    if len(url) > MAX_URL or any(letter <= " " or letter == "\x7f" for letter in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _key(wanted: Json) -> str | None:
    key = wanted.get("key")
    if key is None:
        return None
    if not isinstance(key, str) or not key:
        raise ControlError('"key" must be a text')
    return fingerprint(key)


def _times(wanted: Json) -> int | None:
    times = wanted.get("times")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise ControlError('"times" must be a whole number from 1')
    return times
