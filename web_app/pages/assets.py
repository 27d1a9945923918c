"""Static files of the pages: read once at start, cached by browsers until their content changes."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.responses import Response

FOLDER = Path(__file__).parents[1] / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: Cache-Control for an address that holds the version: its content never changes
_IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, their media type, and a short hash of them as its version."""

    content: bytes
    media_type: str
    version: str

    @property
    def tag(self) -> str:
        return f'"{self.version}"'


class Assets:
    """The files of a folder by name."""

    def __init__(self, base_path: str = "", folder: Path = FOLDER) -> None:
        self._base_path = base_path
        self._assets = {path.name: _read(path) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}

    def url(self, name: str) -> str:
        """Return the address of a file, with its version. Raises KeyError for an unknown file."""
        return f"{self._base_path}/static/{name}?v={self._assets[name].version}"

    def plain_url(self, name: str) -> str:
        """Return the address without a version, as scripts import each other. Raises KeyError for an unknown file."""
        return self.url(name).partition("?")[0]

    def answer(self, name: str, version: str | None, seen: str = "") -> Response | None:
        """Answer with the file, None for an unknown one. With an outdated version it must be revalidated each time.

        `seen`: If-None-Match of the request, the tags of what the browser has; it is answered with 304.
        """
        asset = self._assets.get(name)
        if asset is None:
            return None
        headers = {"Cache-Control": caching(is_versioned=version == asset.version), "ETag": asset.tag}
        if asset.tag in seen.replace("W/", ""):
            return Response(status_code=304, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)


def caching(*, is_versioned: bool) -> str:
    """Return the Cache-Control of a file: for ever under its version, else it is asked for each time."""
    return _IMMUTABLE if is_versioned else "no-cache"


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], sha256(content).hexdigest()[:12])
