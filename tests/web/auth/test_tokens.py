"""Accepted and refused session tokens."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.team.admins import Role
from tests.web.auth.signing import OWNER, SECRET
from tests.web.conftest import NOW
from web_app.auth import tokens
from web_app.auth.tokens import BadToken, new_session, read_token, refresh_session, write_token

SECOND = timedelta(seconds=1)
AT = NOW.replace(microsecond=0)


def claims(**more: Any) -> dict[str, Any]:
    at = int(AT.timestamp())
    usual = {"sub": str(OWNER), "role": "owner", "jti": "j", "sid": "s", "iat": at, "exp": at + 900, "auth_time": at}
    made = usual | {"aud": tokens.AUDIENCE, "iss": tokens.ISSUER} | more
    return {name: value for name, value in made.items() if value is not None}


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def is_refused(token: str, now: datetime = AT) -> bool:
    try:
        read_token(token, SECRET, now)
    except BadToken:
        return True
    return False


def test_a_written_token_is_read_back() -> None:
    session = new_session(OWNER, Role.OWNER, NOW)
    assert read_token(write_token(session, SECRET), SECRET, NOW) == session
    assert (session.expires_at, session.ends_at) == (AT + timedelta(minutes=15), AT + timedelta(hours=12))
    again = new_session(OWNER, Role.OWNER, NOW)
    assert len({session.jti, session.sid, again.jti, again.sid}) == 4


def test_a_token_has_exactly_the_documented_claims() -> None:
    written = jwt.decode(write_token(new_session(OWNER, Role.OWNER, NOW), SECRET), options={"verify_signature": False})
    assert set(written) == set(claims())
    assert {name: written[name] for name in ("sub", "role", "aud", "iss")} == {
        "sub": str(OWNER),
        "role": "owner",
        "aud": "tollgate-admin",
        "iss": "tollgate-admin",
    }


def test_a_refreshed_token_belongs_to_the_same_session() -> None:
    first = new_session(OWNER, Role.OWNER, AT)
    second = refresh_session(first, Role.MANAGER, AT + timedelta(minutes=10))
    assert (second.sid, second.signed_in_at, second.role) == (first.sid, first.signed_in_at, "manager")
    assert second.jti != first.jti
    assert second.expires_at == AT + timedelta(minutes=25)


def test_refreshing_does_not_extend_a_session_beyond_twelve_hours() -> None:
    session = new_session(OWNER, Role.OWNER, AT)
    for minutes in range(10, 12 * 60, 10):
        session = refresh_session(session, Role.OWNER, AT + timedelta(minutes=minutes))
    assert session.expires_at == AT + timedelta(hours=12)
    token = write_token(session, SECRET)
    assert not is_refused(token, AT + timedelta(hours=12) - SECOND)
    assert is_refused(token, AT + timedelta(hours=12))
    # a new token would not be valid for longer
    assert not session.is_due(AT + timedelta(hours=12) - SECOND)


@pytest.mark.parametrize(("left", "is_due"), [(301, False), (300, False), (299, True), (1, True)])
def test_a_token_is_due_for_replacement_below_five_minutes(left: int, is_due: bool) -> None:
    session = new_session(OWNER, Role.OWNER, AT)
    assert session.is_due(session.expires_at - left * SECOND) is is_due


@pytest.mark.parametrize(("age", "refused"), [(-31, True), (-30, False), (0, False), (899, False), (900, True)])
def test_a_token_is_valid_from_thirty_seconds_early_to_fifteen_minutes(age: int, refused: bool) -> None:
    assert is_refused(jwt.encode(claims(), SECRET, "HS256"), AT + age * SECOND) is refused


def test_a_token_issued_in_the_future_is_refused() -> None:
    assert is_refused(write_token(new_session(OWNER, Role.OWNER, AT), SECRET), AT - timedelta(hours=1))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS256"])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_an_unsigned_token_is_refused(algorithm: str, signature: str) -> None:
    assert is_refused(f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(claims())}.{signature}")


def test_a_valid_signature_with_algorithm_none_is_refused() -> None:
    payload = jwt.encode(claims(), SECRET, "HS256").split(".")[1]
    header = encoded({"alg": "none"})
    signed = jwt.encode(claims(), SECRET, "HS256").split(".")[2]
    assert is_refused(f"{header}.{payload}.{signed}")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_another_algorithm_is_refused_even_with_our_key(algorithm: str) -> None:
    assert is_refused(jwt.encode(claims(), SECRET, algorithm))


@pytest.mark.parametrize("key", [b"another key of thirty-two bytes!", SECRET + b"0", SECRET[:-1] + b"0"])
def test_another_key_is_refused(key: bytes) -> None:
    assert is_refused(jwt.encode(claims(), key, "HS256"))


@pytest.mark.parametrize("header", [{"jwk": {"kty": "oct", "k": "AAAA"}}, {"kid": "../../dev/null"}, {"jku": "x"}])
def test_a_key_in_the_header_is_ignored(header: dict[str, Any]) -> None:
    assert is_refused(jwt.encode(claims(), b"k" * 32, "HS256", headers=header))
    assert not is_refused(jwt.encode(claims(), SECRET, "HS256", headers=header))


@pytest.mark.parametrize(
    "more",
    [
        *({name: None} for name in claims()),
        {"aud": "tollgate"},
        {"aud": ["tollgate-admin", "x"]},
        {"aud": ["tollgate-admin"]},
        {"iss": "x"},
        {"iss": ["tollgate-admin"]},
        {"sub": OWNER},
        {"sub": "0"},
        {"sub": "-1"},
        {"sub": "501 "},
        {"sub": "٥"},
        {"sub": "9" * 400},
        {"sub": "x"},
        {"iat": "1"},
        {"iat": True},
        {"iat": 1.5},
        {"iat": -1},
        {"exp": 10**400},
        {"exp": 1e300},
        {"exp": "never"},
        {"auth_time": -(10**400)},
        {"auth_time": int(AT.timestamp()) - 12 * 3600},
        {"jti": ""},
        {"sid": ""},
        {"sid": {"$ne": None}},
        {"sid": "x" * 65},
        {"extra": 1},
    ],
)
def test_malformed_claims_are_refused(more: dict[str, Any]) -> None:
    text = json.dumps(claims(**more)).replace('"iat": 1.5', f'"iat": {AT.timestamp()}')
    signed = jwt.api_jws.encode(text.encode(), SECRET, "HS256")
    assert is_refused(signed)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "é.é.é", "x" * 5000, f"{encoded({})}..", "e30.e30.", "\x00", "null", "Bearer x"],
)
def test_malformed_tokens_are_refused(token: str) -> None:
    assert is_refused(token)


def test_a_header_nested_too_deep_is_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 1400).rstrip(b"=").decode()
    assert is_refused(f"{deep}.e30.AAAA")


@given(st.text(max_size=300), st.integers(0, 300))
def test_a_modified_token_is_refused(put: str, place: int) -> None:
    token = write_token(new_session(OWNER, Role.OWNER, AT), SECRET)
    changed = token[:place] + put + token[place + len(put) :]
    assert changed == token or is_refused(changed)
