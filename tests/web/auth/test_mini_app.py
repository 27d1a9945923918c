"""Accepted and refused initData."""

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
#: auth_date has whole seconds
AT = NOW.replace(microsecond=0)


def signed(fields: dict[str, str], **more: str) -> str:
    return urlencode(fields | {"hash": signature(fields)} | more)


def refused(text: str, now: datetime = AT) -> str:
    with pytest.raises(NotFromTelegram) as problem:
        read_init_data(text, KEY, now)
    return str(problem.value)


def test_signed_init_data_gives_the_persons_id() -> None:
    found = read_init_data(init_data(OWNER, AT), KEY, AT)
    assert (found.user_id, found.signed_at) == (OWNER, AT)
    assert found.digest == signature(opened_by(OWNER, AT))


def test_the_key_is_the_one_openssl_makes() -> None:
    """`printf 1001:sandbox-admin | openssl dgst -sha256 -hmac WebAppData`"""
    assert KEY.hex() == "a4dd71898aa608d82efc3c85ad1ed8695c081a376068be2e8ce6e27e8c761531"


@pytest.mark.parametrize(("age", "is_taken"), [(-61, False), (-60, True), (0, True), (300, True), (301, False)])
def test_init_data_is_accepted_from_one_minute_ahead_to_five_minutes_old(age: int, is_taken: bool) -> None:
    text = init_data(OWNER, AT)
    if is_taken:
        assert read_init_data(text, KEY, AT + age * SECOND).user_id == OWNER
    else:
        assert "too old" in refused(text, AT + age * SECOND)
        assert "too old" in refused(text, AT + (age + (1 if age > 0 else -1)) * SECOND)


def test_one_millisecond_over_the_maximum_age_is_refused() -> None:
    assert "too old" in refused(init_data(OWNER, AT), AT + 300 * SECOND + timedelta(milliseconds=1))


def test_init_data_of_another_bot_is_refused() -> None:
    assert refused(init_data(OWNER, AT, USER_TOKEN)) == "not signed for this bot"


@pytest.mark.parametrize("field", ["user", "auth_date", "query_id", "signature"])
def test_every_field_is_signed(field: str) -> None:
    fields = opened_by(OWNER, AT)
    forged = dict(fields)
    forged[field] = forged[field].replace("1", "2") + " "
    assert refused(urlencode(forged | {"hash": signature(fields)})) == "not signed for this bot"
    del forged[field]
    assert refused(urlencode(forged | {"hash": signature(fields)})) == "not signed for this bot"


def test_an_additional_field_is_refused() -> None:
    fields = opened_by(OWNER, AT)
    assert refused(urlencode(fields | {"hash": signature(fields), "start_param": "x"})) == "not signed for this bot"


@pytest.mark.parametrize("found", ["", "0" * 64, "0" * 63, "A" * 64, "é" * 64, "0" * 10_000])
def test_a_made_up_hash_is_refused(found: str) -> None:
    refused(signed(opened_by(OWNER, AT), hash=found))


def test_a_hash_in_upper_case_is_refused() -> None:
    fields = opened_by(OWNER, AT)
    assert refused(signed(fields, hash=signature(fields).upper())) == "no hash"


def test_the_third_party_signature_does_not_replace_the_hash() -> None:
    assert refused(urlencode(opened_by(OWNER, AT))) == "no hash"


@pytest.mark.parametrize("again", ["hash", "user", "auth_date"])
def test_a_repeated_field_is_refused(again: str) -> None:
    text = init_data(OWNER, AT)
    assert refused(f"{text}&{again}=1") == "a field twice"
    assert refused(f"{again}=1&{text}") == "a field twice"


def test_a_line_break_in_a_value_cannot_forge_a_field() -> None:
    """All fields joined into one have the same signed text."""
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
def test_a_user_without_a_valid_id_is_refused(user: str) -> None:
    assert refused(signed(opened_by(OWNER, AT, user=user))) in ("no user", "a bot")


def test_init_data_without_a_user_is_refused() -> None:
    fields = opened_by(OWNER, AT)
    del fields["user"]
    assert refused(signed(fields)) == "no user"


@pytest.mark.parametrize("date", ["", "0", "-1", "1e9", "NaN", " 1772366400", "1772366400.5", "١٧٧٢٣٦٦٤٠٠", "9" * 12])
def test_an_invalid_auth_date_is_refused(date: str) -> None:
    refused(signed(opened_by(OWNER, AT, auth_date=date)))


@pytest.mark.parametrize(
    "text",
    ["", "x", "&&&", "=", "a=b", "%", "%FF=%FF", "hash", "hash=" + "0" * 64, "é=1", "\ud800", "a=1&" * 2000, "\x00"],
)
def test_malformed_init_data_is_refused(text: str) -> None:
    refused(text)


def test_init_data_of_the_maximum_length_is_read_and_a_longer_one_refused() -> None:
    def of_length(more: int) -> str:
        return init_data(OWNER, AT, start_param="x" * more)

    missing = INIT_DATA_MAX - len(of_length(0))
    assert read_init_data(of_length(missing), KEY, AT).user_id == OWNER
    assert refused(of_length(missing + 1)) == "too long, or not encoded"


@pytest.mark.parametrize(
    "more", [{"is_premium": True}, {"photo_url": "https://t.me/i/u.svg"}, {"new_field": {"a": [1]}}]
)
def test_unknown_fields_of_the_user_are_ignored(more: dict[str, Any]) -> None:
    user = json.dumps({"id": OWNER, "first_name": "Ann"} | more)
    assert read_init_data(init_data(OWNER, AT, user=user, chat_type="private"), KEY, AT).user_id == OWNER
