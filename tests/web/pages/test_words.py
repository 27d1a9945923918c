"""The texts of the admin page: complete in each language, as the scripts ask for them."""

import json
import re
from string import Formatter

import httpx
import pytest

from views.catalogues import our_catalogues
from views.language import ngettext, speaking
from views.page.forms import forms
from web_app.languages import LANGUAGES
from web_app.pages.assets import FOLDER
from web_app.pages.views import SHELL, VIEWS, WORDS
from web_app.pages.words import PageWords

#: characters of the categories that a browser's Intl.PluralRules names
CATEGORIES = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}


def fields(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", WORDS)
def test_each_count_has_a_form_for_every_category_of_the_language(view: str, language: str) -> None:
    words = json.loads(PageWords().file(language, view))
    assert words
    for key, text in words.items():
        if isinstance(text, dict):
            assert set(text) == CATEGORIES[language], key
            assert len({frozenset(fields(form) - {"count"}) for form in text.values()}) == 1, key
        else:
            assert text, key


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_text_a_script_asks_for_is_there(view: object) -> None:
    name = getattr(view, "name", "")
    with speaking(our_catalogues().of("en")):
        known = {**WORDS[SHELL](), **WORDS[name]()}
    scripts = [*FOLDER.glob(f"view_{name}.js"), *FOLDER.glob(f"view_{name}_*.js")]
    assert scripts
    for path in scripts:
        text = path.read_text(encoding="utf-8")
        for function, key in re.findall(r'\b([tn])\("([\w ]+)"', text):
            assert key in known, f"{path.name}: {key}"
            assert isinstance(known[key], str) is (function == "t"), f"{path.name}: {key}"


def test_forms_are_those_of_the_spoken_language() -> None:
    def credits(count: int) -> str:
        return ngettext("{count} credit", "{count} credits", count)

    assert forms(credits) == {"other": "{count} credits", "one": "{count} credit"}
    with speaking(our_catalogues().of("ru")):
        found = forms(credits)
    assert len({found["one"], found["few"], found["many"]}) == 3


async def test_an_address_with_the_version_is_kept_for_ever_and_others_are_asked_again(
    client: httpx.AsyncClient,
) -> None:
    version = PageWords().version
    for query, caching in ((f"?v={version}", "immutable"), ("?v=x", "no-cache"), ("", "no-cache")):
        answer = await client.get(f"/admin/words/ru/shell.json{query}")
        assert answer.status_code == 200
        assert caching in answer.headers["cache-control"]
    assert f'data-words-version="{version}"' in (await client.get("/admin")).text


@pytest.mark.parametrize("path", ["de/shell", "en/nothing", "EN/shell", "en/..", "..%2Fen/shell"])
async def test_other_languages_and_views_are_not_there(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/admin/words/{path}.json")).status_code == 404
