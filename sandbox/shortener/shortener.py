"""The state of the stub shortener: its links, its calls, and how it answers."""

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
#: The modes, with the options of each and their defaults.
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
    """One short link; `opened` counts views of its first page."""

    id: str
    destination: str
    key: str
    opened: int = 0


@dataclass(slots=True, eq=False)
class Mode:
    """How calls are answered: all of them, or those with `key`. `times` None: until the mode is replaced."""

    name: str
    options: Json
    key: str | None = None
    times: int | None = None
    hits: int = 0
    #: Set when the mode is replaced: hanging calls are aborted then.
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_used_up(self) -> bool:
        """Whether it has answered `times` calls."""
        return self.times is not None and self.hits >= self.times


class Shortener:
    """The state. Keys are stored as fingerprints only."""

    def __init__(self) -> None:
        self.modes: dict[str | None, Mode] = {}
        self.clear()

    def clear(self) -> None:
        """Remove all links, calls and modes."""
        for mode in self.modes.values():
            mode.ended.set()
        self.modes = {}
        self.links: dict[str, ShortLink] = {}
        #: Fingerprint of a key -> calls made with it.
        self.calls: dict[str, int] = {}

    def set_mode(self, wanted: Json) -> None:
        """Set the mode from `{"mode", "key"?, "times"?, …}`. Raises ControlError for unknown modes and options."""
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
        """Count a call made with `key`. Returns the mode that answers it: the key's own, the general one, or ok."""
        key_id = fingerprint(key)
        self.calls[key_id] = self.calls.get(key_id, 0) + 1
        for wanted in (key_id, None):
            mode = self.modes.get(wanted)
            if mode is not None and not mode.is_used_up:
                mode.hits += 1
                return mode
        return Mode("ok", MODES["ok"])

    @property
    def calls_made(self) -> int:
        """The number of calls since the reset."""
        return sum(self.calls.values())

    def shorten(self, destination: str, key: str, rng: random.Random) -> ShortLink:
        """Make a new link; each call makes another one, also for the same destination."""
        link_id = "".join(rng.choices(string.ascii_letters + string.digits, k=7))
        link = self.links[link_id] = ShortLink(link_id, destination, fingerprint(key))
        return link

    def shown(self, base: str) -> Json:
        """The state as the control API shows it; `base` is the server's own address."""
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
    """Eight hexadecimal digits shown in place of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def is_web_address(url: str) -> bool:
    """Whether `url` is http or https with a host, at most 2048 characters, without spaces and control characters."""
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
