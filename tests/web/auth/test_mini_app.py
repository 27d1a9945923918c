"""initData: what is taken as Telegram's, and everything that is not."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.web.auth.signing import ADMIN_TOKEN, OWNER, USER_TOKEN, init_data, opened_by, signature
from tests.web.conftest import NOW
from web_app.auth.mini_app import INIT_DATA_MAX, NotFromTelegram, mini_app_key, read_init_data

KEY = mini_app_key(ADMIN_TOKEN)
SECOND = timedelta(seconds=1)
#: Telegram tells whole seconds
AT = NOW.replace(microsecond=0)


def signed(fields: dict[str, str], **more: str) -> str:
    return urlencode(fields | {"hash": signature(fields)} | more)


def refused(text: str, now: datetime = AT) -> str:
    with pytest.raises(NotFromTelegram) as problem:
        read_init_data(text, KEY, now)
    return str(problem.value)


def test_what_telegram_signed_names_the_person() -> None:
    found = read_init_data(init_data(OWNER, AT), KEY, AT)
    assert (found.user_id, found.signed_at) == (OWNER, AT)
    assert found.digest == signature(opened_by(OWNER, AT))


def test_the_key_is_the_one_openssl_makes() -> None:
    """`printf 1001:sandbox-admin | openssl dgst -sha256 -hmac WebAppData`"""
    assert KEY.hex() == "a4dd71898aa608d82efc3c85ad1ed8695c081a376068be2e8ce6e27e8c761531"


@pytest.mark.parametrize(("age", "is_taken"), [(-61, False), (-60, True), (0, True), (300, True), (301, False)])
def test_its_age_has_two_sides(age: int, is_taken: bool) -> None:
    text = init_data(OWNER, AT)
    if is_taken:
        assert read_init_data(text, KEY, AT + age * SECOND).user_id == OWNER
    else:
        assert "too old" in refused(text, AT + age * SECOND)
        assert "too old" in refused(text, AT + (age + (1 if age > 0 else -1)) * SECOND)


def test_a_millisecond_too_old_is_too_old() -> None:
    assert "too old" in refused(init_data(OWNER, AT), AT + 300 * SECOND + timedelta(milliseconds=1))


def test_what_another_bot_was_given_is_refused() -> None:
    assert refused(init_data(OWNER, AT, USER_TOKEN)) == "not signed for this bot"


@pytest.mark.parametrize("field", ["user", "auth_date", "query_id", "signature"])
def test_every_field_is_signed(field: str) -> None:
    fields = opened_by(OWNER, AT)
    forged = dict(fields)
    forged[field] = forged[field].replace("1", "2") + " "
    assert refused(urlencode(forged | {"hash": signature(fields)})) == "not signed for this bot"
    del forged[field]
    assert refused(urlencode(forged | {"hash": signature(fields)})) == "not signed for this bot"


def test_a_field_more_is_refused() -> None:
    fields = opened_by(OWNER, AT)
    assert refused(urlencode(fields | {"hash": signature(fields), "start_param": "x"})) == "not signed for this bot"


@pytest.mark.parametrize("found", ["", "0" * 64, "0" * 63, "A" * 64, "é" * 64, "0" * 10_000])
def test_a_made_up_hash_is_refused(found: str) -> None:
    refused(signed(opened_by(OWNER, AT), hash=found))


def test_a_hash_in_capitals_is_another_text_and_refused() -> None:
    fields = opened_by(OWNER, AT)
    assert refused(signed(fields, hash=signature(fields).upper())) == "no hash"


def test_a_signature_for_others_does_not_stand_in_for_the_hash() -> None:
    assert refused(urlencode(opened_by(OWNER, AT))) == "no hash"


@pytest.mark.parametrize("again", ["hash", "user", "auth_date"])
def test_a_field_twice_is_refused(again: str) -> None:
    text = init_data(OWNER, AT)
    assert refused(f"{text}&{again}=1") == "a field twice"
    assert refused(f"{again}=1&{text}") == "a field twice"


def test_a_line_break_in_a_value_stands_for_no_field() -> None:
    """All of it in one field has the same text under the signature."""
    fields = opened_by(OWNER, AT)
    lines = [f"{name}={value}" for name, value in sorted(fields.items())]
    head, _, rest = "\n".join(lines).partition("=")
    assert refused(urlencode({head: rest, "hash": signature(fields)})) == "a field Telegram does not send"
    joined = urlencode({"\n".join(lines).rpartition("=")[0]: lines[-1].rpartition("=")[2], "hash": signature(fields)})
    assert refused(joined) == "a field Telegram does not send"


@pytest.mark.parametrize(
    "user",
    [
        "",
        "null",
        "[]",
        "{}",
        "501",
        '{"id": "501"}',
        '{"id": 501.0}',
        '{"id": true}',
        '{"id": 0}',
        '{"id": -501}',
        '{"id": 1e3}',
        json.dumps({"id": 1 << 52}),
        json.dumps({"id": 10**400}),
        '{"id": 501, "is_bot": true}',
        '{"id": 501',
        "[" * 1000,
        '{"id": 501}{"id": 502}',
    ],
)
def test_a_person_without_an_id_is_nobody(user: str) -> None:
    assert refused(signed(opened_by(OWNER, AT, user=user))) in ("no user", "a bot")


def test_without_a_person_it_is_refused() -> None:
    fields = opened_by(OWNER, AT)
    del fields["user"]
    assert refused(signed(fields)) == "no user"


@pytest.mark.parametrize("date", ["", "0", "-1", "1e9", "NaN", " 1772366400", "1772366400.5", "١٧٧٢٣٦٦٤٠٠", "9" * 12])
def test_a_time_that_is_none_is_refused(date: str) -> None:
    refused(signed(opened_by(OWNER, AT, auth_date=date)))


@pytest.mark.parametrize(
    "text",
    ["", "x", "&&&", "=", "a=b", "%", "%FF=%FF", "hash", "hash=" + "0" * 64, "é=1", "\ud800", "a=1&" * 2000, "\x00"],
)
def test_nonsense_is_refused(text: str) -> None:
    refused(text)


def test_its_length_has_two_sides() -> None:
    def of_length(more: int) -> str:
        return init_data(OWNER, AT, start_param="x" * more)

    missing = INIT_DATA_MAX - len(of_length(0))
    assert read_init_data(of_length(missing), KEY, AT).user_id == OWNER
    assert refused(of_length(missing + 1)) == "too long, or not encoded"


@pytest.mark.parametrize(
    "more", [{"is_premium": True}, {"photo_url": "https://t.me/i/u.svg"}, {"new_field": {"a": [1]}}]
)
def test_what_telegram_adds_later_does_no_harm(more: dict[str, Any]) -> None:
    user = json.dumps({"id": OWNER, "first_name": "Ann"} | more)
    assert read_init_data(init_data(OWNER, AT, user=user, chat_type="private"), KEY, AT).user_id == OWNER
