"""Log lines in both formats: data of both logging libraries is shown, secrets are masked."""

import json
import logging
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from monitoring import logs

TOKEN = "1001:AAE-aBcDeFgHiJkLmNoPqRsTuVwXyZ"
SECRET = "AAE-aBcDeFgHiJkLmNoPqRsTuVwXyZ"
URL = f"https://api.telegram.org/bot{TOKEN}/getMe"
FORMS = ("text", "json")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root, repeating = logging.getLogger(), logging.getLogger("aiogram.dispatcher")
    handlers, level, show = root.handlers[:], root.level, warnings.showwarning
    yield
    repeating.removeFilter(logs._cut)
    root.handlers[:] = handlers
    warnings.showwarning = show
    root.setLevel(level)
    structlog.reset_defaults()


Capture = pytest.CaptureFixture[str]


def said(capsys: Capture) -> str:
    return capsys.readouterr().err


@pytest.mark.parametrize("form", FORMS)
def test_extra_data_of_standard_library_loggers_is_shown(form: str, capsys: Capture) -> None:
    logs.configure("INFO", form)
    logging.getLogger("tollgate.database").warning("settings.value_ignored", extra={"problem": "pass_hours: too many"})
    line = said(capsys)
    if form == "json":
        assert json.loads(line)["problem"] == "pass_hours: too many"
    else:
        assert "problem='pass_hours: too many'" in line


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "value",
    [URL, {"url": URL}, [{"deep": (URL,)}], ValueError(URL), {URL: 1}, f"mongodb://u:{SECRET}@h/db"],
    ids=["text", "dict", "nested", "exception", "key of a dict", "connection string"],
)
def test_a_secret_is_masked_at_any_depth_of_the_data(form: str, value: Any, capsys: Capture) -> None:
    logs.configure("INFO", form)
    logging.getLogger("tollgate.x").warning("x", extra={"found": value})
    structlog.get_logger("tollgate.y").warning("y", found=value)
    lines = said(capsys)
    assert SECRET not in lines
    assert lines.count("***") == 2


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["post_password", "BOT_TOKEN", "webhook_secret", "mongo_uri"])
def test_the_value_of_a_key_named_like_a_secret_is_masked(form: str, key: str, capsys: Capture) -> None:
    logs.configure("INFO", form)
    logging.getLogger("tollgate.x").warning("x", extra={key: "hunter2"})
    structlog.get_logger("tollgate.y").warning("y", **{key: "hunter2"}, more={key: ["hunter2"]})
    lines = said(capsys)
    assert "hunter2" not in lines
    assert lines.count(key) == 3


def test_numbers_under_a_key_named_like_a_secret_are_shown(capsys: Capture) -> None:
    logs.configure("INFO", "json")
    structlog.get_logger("tollgate.y").warning("y", counts={"token": 3}, token=None)
    line = json.loads(said(capsys))
    assert (line["counts"], line["token"]) == ({"token": 3}, None)


@pytest.mark.parametrize("form", FORMS)
def test_a_token_in_the_text_of_a_logged_exception_is_masked(form: str, capsys: Capture) -> None:
    logs.configure("INFO", form)
    try:
        try:
            raise OSError(f"cannot reach {URL}")
        except OSError as error:
            raise RuntimeError(f"gave up on {URL}") from error
    except RuntimeError as error:
        logging.getLogger("tollgate.x").exception("x")
        structlog.get_logger("tollgate.y").error("y", exc_info=error)
    lines = said(capsys)
    assert SECRET not in lines
    assert lines.count("gave up on https://api.telegram.org/bot1001:***/getMe") == 2
    assert lines.count("cannot reach https://api.telegram.org/bot1001:***/getMe") == 2


def test_values_other_than_texts_are_readable_in_json(capsys: Capture) -> None:
    logs.configure("INFO", "json")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    structlog.get_logger("tollgate.y").warning("y", at=at, number=3, fine=True, error=KeyError("x"))
    line = json.loads(said(capsys))
    assert (line["at"], line["number"], line["fine"], line["error"]) == (str(at), 3, True, "KeyError('x')")


def test_an_uncaught_exception_shows_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("at http://127.0.0.1/bot123456789:AAbbCCddEE/getMe")
    except ValueError as error:
        logs.show_masked(type(error), error, error.__traceback__)
    shown = capsys.readouterr().err
    assert "ValueError" in shown
    assert "AAbbCCddEE" not in shown


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI1MDEifQ.c2lnbmF0dXJlLXNlY3JldA"
HASH = "c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Bearer {JWT} refused", "Bearer eyJ*** refused"),
        (f"cookie tollgate_session={JWT}; Path=/", "cookie tollgate_session=eyJ***; Path=/"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiI1MDEifQ.", "eyJ***"),
        (
            f"/admin#tgWebAppData=user%3D5%26hash%3D{HASH}&tgWebAppVersion=7",
            "/admin#tgWebAppData=***&tgWebAppVersion=7",
        ),
        (f"user=5&auth_date=1&hash={HASH}", "user=5&auth_date=1&hash=***"),
        (f"user%3D5%26hash%3D{HASH}", "user%3D5%26hash%3D***"),
        ("https://gate.example/admin#0123456789abcdefABCDEF0123456789", "https://gate.example/admin#***"),
        ("the hash=x of a post", "the hash=x of a post"),
        ("eyJ is no session, eyJudge neither", "eyJ is no session, eyJudge neither"),
    ],
)
def test_sessions_and_sign_in_proofs_are_masked(text: str, shown: str) -> None:
    assert logs.mask(text) == shown


@pytest.mark.parametrize("form", FORMS)
def test_hidden_texts_are_masked(form: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_hidden", [])
    logs.hide("")
    logs.hide("https://hooks.example/T0/key")
    logs.configure("INFO", form)
    structlog.get_logger("tollgate.y").warning("y", found=["POST https://hooks.example/T0/key failed"])
    assert "POST *** failed" in said(capsys)


@pytest.mark.parametrize("form", FORMS)
def test_of_a_librarys_warning_only_the_first_line_is_logged(form: str, capsys: Capture) -> None:
    logs.configure("INFO", form)
    # as aiogram says it of an update it does not know
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = logs._log_warning
        warnings.warn(
            f"Detected unknown update type.\nUpdate: what somebody wrote {TOKEN}", RuntimeWarning, stacklevel=1
        )
    line = said(capsys)
    assert "Detected unknown update type." in line
    assert "wrote" not in line and SECRET not in line


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", [0, 140, 186, 190, 195, 200])
def test_of_a_line_that_repeats_an_answer_the_beginning_is_logged_masked(
    form: str, before: int, capsys: Capture
) -> None:
    logs.configure("INFO", form)
    logs.configure("INFO", form)
    content = "x" * before + f" {TOKEN} " + "what somebody wrote\n" * 50_000
    logging.getLogger("aiogram.dispatcher").error("Failed to fetch updates - %s: %s", "ClientDecodeError", content)
    line = said(capsys)
    assert "Failed to fetch updates - ClientDecodeError: " in line
    assert f"({len(content) + 45} characters)" in line
    assert "AAE-" not in line
    assert len(line) < 400
    assert line.count("\n") == 1


def test_a_short_line_of_that_logger_is_logged_as_it_is(capsys: Capture) -> None:
    logs.configure("INFO", "json")
    logging.getLogger("aiogram.dispatcher").warning("Sleep for %f seconds (bot id = %d)", 1.5, 42)
    assert json.loads(said(capsys))["event"] == "Sleep for 1.500000 seconds (bot id = 42)"
