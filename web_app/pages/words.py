"""`/admin/words/<language>/<view>.json`: the texts of the admin page, which hold no data and are the same for all."""

import json
from hashlib import sha256

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from views.catalogues import our_catalogues
from views.language import speaking
from web_app.languages import LANGUAGES
from web_app.pages.assets import caching
from web_app.pages.views import WORDS

PATH = "/admin/words"


class PageWords:
    """The texts of each view and language as JSON, looked up once when they are first needed."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], bytes] = {}
        self._version = ""

    @property
    def version(self) -> str:
        """A short hash of all the texts: an address that holds it never changes its content."""
        if not self._version:
            together = sha256()
            for language in LANGUAGES:
                for view in WORDS:
                    together.update(self.file(language, view))
            self._version = together.hexdigest()[:12]
        return self._version

    def file(self, language: str, view: str) -> bytes:
        """Return the texts of a view. Raises KeyError for an unknown language or view."""
        if language not in LANGUAGES:
            raise KeyError(language)
        if (language, view) not in self._files:
            with speaking(our_catalogues().of(language)):
                words = WORDS[view]()
            self._files[language, view] = json.dumps(words, ensure_ascii=False).encode()
        return self._files[language, view]


def words_router(words: PageWords) -> APIRouter:
    """The route of the texts; they need no session."""
    router = APIRouter()

    @router.api_route(PATH + "/{language}/{view}.json", methods=["GET", "HEAD"], include_in_schema=False)
    async def file(language: str, view: str, v: str | None = None) -> Response:
        try:
            content = words.file(language, view)
        except KeyError:
            raise HTTPException(404) from None
        headers = {"Cache-Control": caching(is_versioned=v == words.version)}
        return Response(content, media_type="application/json", headers=headers)

    return router
