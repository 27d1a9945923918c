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

    def answer(self, name: str, version: str | None) -> Response | None:
        """Answer with the file, None for an unknown one. With an outdated version it must be revalidated each time."""
        asset = self._assets.get(name)
        if asset is None:
            return None
        caching = _IMMUTABLE if version == asset.version else "no-cache"
        return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": caching})


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], sha256(content).hexdigest()[:12])
