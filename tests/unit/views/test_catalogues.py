"""The catalogues: complete, with the fields and plurals of each text, and one file a language."""

import ast
import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Message

from core.settings import BotSettings
from scripts.catalogues import ROOT, read, wanted
from views.catalogues import LOCALES, SOURCE, TEAM_LANGUAGES, Catalogues, direction, own_name
from views.language import _, speaking
from views.subscribers.texts import help_text
from views.times import date_and_time, duration

LANGUAGES = sorted(path.stem for path in LOCALES.glob("*.po"))
EXPECTED = {"ar", "de", "es", "hi", "id", "pt", "ru"}


def forms(message: Message) -> Iterator[tuple[str, str]]:
    """Pairs of a source and a translation of it: one, or one for each plural form of the language."""
    if isinstance(message.id, str):
        yield message.id, str(message.string)
        return
    for translation in message.string or ():
        yield message.id[1], translation


def fields(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None}


def test_the_expected_languages_are_there() -> None:
    assert set(LANGUAGES) >= EXPECTED
    assert set(Catalogues().languages) == {SOURCE, *LANGUAGES}
    assert set(TEAM_LANGUAGES) <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_catalogue_has_exactly_the_texts_of_the_source(language: str) -> None:
    """`python -m scripts.catalogues` brings new ones in."""
    assert set(read(LOCALES / f"{language}.po")._messages) == set(wanted(language)._messages)


def looked_up(tree: ast.AST) -> Iterator[tuple[str | None, str]]:
    """Context and text of each call that looks a text up."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        written = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        match node.func.id:
            case "_" | "ngettext" if written:
                yield None, written[0]
            case "pgettext" if len(written) == 2:
                yield written[0], written[1]


def test_each_text_that_is_looked_up_is_found_for_translators() -> None:
    """One inside an f-string would not be: it stays English for everybody."""
    found = {(one.context, one.id if isinstance(one.id, str) else one.id[0]) for one in wanted(TEAM_LANGUAGES[0])}
    for folder in ("views", "user_bot", "admin_bot", "core"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            missing = set(looked_up(ast.parse(path.read_text(encoding="utf-8")))) - found
            assert not missing, (path, missing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_is_translated_in_every_form_and_keeps_its_fields(language: str) -> None:
    catalogue = read(LOCALES / f"{language}.po")
    for message in catalogue:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        if not isinstance(message.id, str):
            assert len(message.string or ()) == catalogue.num_plurals, message.id
        for source, translation in forms(message):
            assert translation.strip(), message.id
            # some languages say "one" and "two" in words
            assert fields(source) - fields(translation) <= {"count"}, message.id
            assert fields(translation) <= fields(source), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_tags_of_a_text_are_those_of_its_source(language: str) -> None:
    for message in read(LOCALES / f"{language}.po"):
        for source, translation in forms(message):
            for tag in ("<b>", "</b>", "<i>", "</i>", "<code>", "</code>", "<a ", "</a>"):
                assert source.count(tag) == translation.count(tag), (message.id, tag)


def named(source: str, known: dict[str, set[str]]) -> Iterator[set[str]]:
    """The translations of each button a text names, “Like this”: one for each place the same words stand in."""
    for words in re.findall("“([^”]+)”", source):
        if words in known:
            yield known[words]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_that_a_text_names_is_called_as_it_is_written(language: str) -> None:
    catalogue = read(LOCALES / f"{language}.po")
    known: dict[str, set[str]] = {}
    for message in catalogue:
        if isinstance(message.id, str):
            known.setdefault(message.id, set()).add(str(message.string))
    for message in catalogue:
        for source, translation in forms(message):
            for called in named(source, known):
                assert any(words in translation for words in called), (message.id, called)


@pytest.mark.parametrize(
    ("codes", "language"),
    [
        (("de",), "de"),
        (("DE",), "de"),
        (("pt-br",), "pt"),
        (("pt_BR",), "pt"),
        (("en",), "en"),
        ((None, "de"), "de"),
        (("xx", "de"), "de"),
        (("en", "de"), "en"),
        (("ru", "de"), "ru"),
        (("xx",), "en"),
        (("",), "en"),
        ((None,), "en"),
        (("../de",), "en"),
        (("de" * 5000,), "en"),
        (("de\x00",), "en"),
        ((), "en"),
    ],
)
def test_the_first_code_with_a_catalogue_is_the_language_else_english(
    codes: tuple[str | None, ...], language: str
) -> None:
    assert Catalogues().choose(*codes) == language


def test_a_new_language_is_one_file(tmp_path: Path) -> None:
    shutil.copy(LOCALES / "de.po", tmp_path / "fr.po")
    catalogues = Catalogues(tmp_path)
    assert catalogues.choose("fr-ca") == "fr"
    with speaking(catalogues.of("fr")):
        assert _("Language") == "Sprache"
        assert _("No text of ours") == "No text of ours"


def test_english_is_the_source() -> None:
    with speaking(Catalogues().of("en")):
        assert _("Language") == "Language"


def test_arabic_is_written_from_right_to_left_and_languages_name_themselves() -> None:
    assert [direction(language) for language in ("ar", "de", "en")] == ["rtl", "ltr", "ltr"]
    assert [own_name(language) for language in ("ar", "de", "ru", "en")] == ["العربية", "Deutsch", "Русский", "English"]


def test_a_command_in_a_right_to_left_text_is_isolated_and_begins_no_left_to_right_line(tmp_path: Path) -> None:
    texts = {
        "/me shows": "/me يعرض",
        "see /me": "انظر /me.\n/unlock يفتح",
        "a/b": "أ/b <a href='https://x.example/y'>ب</a> </b>",
    }
    written = "".join(
        f"msgid {json.dumps(one, ensure_ascii=False)}\nmsgstr {json.dumps(two, ensure_ascii=False)}\n\n"
        for one, two in texts.items()
    )
    for language in ("ar", "de"):
        (tmp_path / f"{language}.po").write_text(written, encoding="utf-8")
    known = Catalogues(tmp_path)
    assert [known.of("ar").gettext(one) for one in texts] == [
        "\u200f\u2066/me\u2069 يعرض",
        "انظر \u2066/me\u2069.\n\u200f\u2066/unlock\u2069 يفتح",
        texts["a/b"],
    ]
    assert known.of("de").gettext("/me shows") == texts["/me shows"]


def test_the_lines_of_arabic_help_begin_from_the_right() -> None:
    with speaking(Catalogues().of("ar")):
        for line in help_text(BotSettings()).split("\n"):
            first = next(unicodedata.bidirectional(letter) for letter in line if letter.isalpha() or letter == "\u200f")
            assert first in ("R", "AL"), line


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "2 days 1 hour, 3 March 2026, 12:00 (UTC)"),
        ("de", "2 Tage 1 Stunde, 3. März 2026, 12:00 (UTC)"),
        ("ru", "2 дня 1 час, 3 марта 2026\u202fг., 12:00 (UTC)"),
    ],
)
def test_durations_and_dates_are_in_the_language_spoken(language: str, words: str) -> None:
    moment = datetime(2026, 3, 3, 12, tzinfo=UTC)
    with speaking(Catalogues().of(language)):
        assert f"{duration(timedelta(days=2, hours=1))}, {date_and_time(moment, ZoneInfo('UTC'))}" == words
