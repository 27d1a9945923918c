"""Settings in the languages of the team: what a screen or a refusal names can be typed."""

import pytest

from core.errors import BadInput
from core.settings import FIELDS, BotSettings, Control, SettingField
from core.settings.fields import amount_words, may_be_empty, on_or_off
from core.settings.reading import expected, parse_setting
from views.broadcasts import reasons
from views.catalogues import TEAM_LANGUAGES, speaking_to
from views.settings.words import value_words

LANGUAGES = ("en", *TEAM_LANGUAGES)


def typed(field: SettingField) -> list[tuple[str, object]]:
    """Words in the language spoken and the value they mean."""
    match field.control:
        case Control.DURATION:
            found: list[tuple[str, object]] = [(amount_words(field, one), one) for one in field.offered]
            return [*found, (field.never, None if may_be_empty(field.name) else 0)] if field.never else found
        case Control.CHOICE:
            return [(words, value) for value, words in field.words.items()]
        case Control.SWITCH:
            return [(on_or_off(is_on=value), value) for value in (True, False)]
    return []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_named_can_be_typed_in_each_language_and_in_english(language: str) -> None:
    in_english = {field.name: typed(field) for field in FIELDS}
    with speaking_to(language):
        for field in FIELDS:
            for words, value in (*typed(field), *in_english[field.name]):
                assert parse_setting(field.name, words) == value, (field.name, words)
                assert parse_setting(field.name, words.upper()) == value, (field.name, words)


@pytest.mark.parametrize("name", ["delete_after_minutes", "protect_content", "access_mode", "daily_token_limit"])
def test_a_refusal_is_in_the_language_spoken(name: str) -> None:
    for language in LANGUAGES:
        with speaking_to(language), pytest.raises(BadInput) as refused:
            parse_setting(name, "⛔")
        assert (" is " in refused.value.sentence) is (language == "en")


def test_labels_and_values_are_looked_up_when_they_are_read() -> None:
    for field in FIELDS:
        usual = getattr(BotSettings(), field.name)
        english = (field.label, field.sentence, expected(field), value_words(field, usual))
        with speaking_to("ru"):
            russian = (field.label, field.sentence, expected(field), value_words(field, usual))
        assert all(one != other for one, other in zip(english[:3], russian[:3], strict=True)), field.name


def test_a_stored_reason_is_looked_up_where_it_is_shown_and_telegrams_words_stay() -> None:
    with speaking_to("ru"):
        assert reasons.in_words(reasons.SOURCE_GONE) != reasons.SOURCE_GONE
        assert reasons.in_words(reasons.refused("Bad Request: x")) == "Telegram отказывает: Bad Request: x"
        assert reasons.in_words("of an earlier version") == "of an earlier version"
        assert reasons.in_words("") == ""
