"""The gettext catalogues: complete, and compiled from the .po file beside them."""

import ast
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from views.subscribers import verification_texts
from web_app.pages.languages import DOMAIN, LOCALES, Languages, direction

SOURCE = Path(verification_texts.__file__)
SENTENCES = {str(found[1]) for found in extract_from_file("python", SOURCE)}
LANGUAGES = sorted(path.name for path in LOCALES.iterdir())
EXPECTED = {"ar", "de", "es", "hi", "id", "pt", "ru"}


def text_of(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def sentences(file: Any) -> dict[str, str]:
    """The translations in a compiled catalogue, without its header."""
    said = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {sentence: text for sentence, text in said.items() if sentence}


def test_the_expected_languages_are_known() -> None:
    assert set(LANGUAGES) >= EXPECTED
    assert Languages().known == {*LANGUAGES, "en"}


def test_every_marked_sentence_is_extracted() -> None:
    marked = [
        node
        for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    ]
    assert len(marked) >= len(SENTENCES) > 15


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_catalogue_translates_exactly_the_marked_sentences(language: str) -> None:
    with text_of(language).open("rb") as file:
        catalogue = read_po(file)
    said = {str(message.id): str(message.string) for message in catalogue if message.id}
    assert set(said) == SENTENCES
    assert all(said.values())
    assert [text for text in said.values() if text in SENTENCES] == []
    # figures have to be kept in translations
    for sentence, text in said.items():
        assert ("3" in sentence) == ("3" in text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogues_match_their_sources(language: str) -> None:
    """Compile with `pybabel compile -d views/locales -D web`."""
    with text_of(language).open("rb") as file:
        catalogue = read_po(file)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    with text_of(language).with_suffix(".mo").open("rb") as shipped:
        assert sentences(shipped) == sentences(compiled)


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("pt-br", "pt"),
        ("pt_BR", "pt"),
        ("en", "en"),
        ("xx", "en"),
        ("", "en"),
        (None, "en"),
        ("../de", "en"),
        ("de" * 5000, "en"),
        ("de\x00", "en"),
    ],
)
def test_a_language_code_selects_a_catalogue_or_english(code: str | None, language: str) -> None:
    assert Languages().choose(code) == language


def test_arabic_is_written_from_right_to_left() -> None:
    assert {language: direction(language) for language in ("ar", "de", "en")} == {"ar": "rtl", "de": "ltr", "en": "ltr"}
