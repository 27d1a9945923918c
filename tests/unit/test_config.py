"""Configuration: every problem is named, and no value is shown."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from config import Settings, exposures_of, load_settings, problems_in

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"USER_BOT_TOKEN": "1002:user-secret", "ADMIN_BOT_TOKEN": "1001:admin-secret", "ADMIN_IDS": "501, 502"}


@pytest.fixture(autouse=True)
def _only_what_the_test_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def settings(monkeypatch: pytest.MonkeyPatch, **more: str) -> Settings:
    for name, value in (GOOD | more).items():
        monkeypatch.setenv(name, value)
    return load_settings()


def complaints(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **more: str) -> list[str]:
    with pytest.raises(SystemExit) as stop:
        settings(monkeypatch, **more)
    assert stop.value.code == 2
    return capsys.readouterr().err.splitlines()


def env_file(folder: Path, *lines: str) -> None:
    (folder / ".env").write_text("\n".join(lines), encoding="utf-8")


def test_the_smallest_configuration_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch)
    assert found.ADMIN_IDS == (501, 502)
    assert found.TOKEN_EXPIRY_DAYS == 2
    assert found.TOKEN_CLEANUP_HOUR == (0, 12)
    assert found.TIMEZONE == "UTC"


@pytest.mark.parametrize("value", ["", ",", " "])
def test_without_owners_the_two_tokens_are_enough(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert settings(monkeypatch, ADMIN_IDS=value).ADMIN_IDS == ()


def test_each_missing_value_gets_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        load_settings()
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "config: USER_BOT_TOKEN: is missing",
        "config: ADMIN_BOT_TOKEN: is missing",
    ]


def test_proxies_are_addresses_and_networks_and_none_is_trusted_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_BOT_TOKEN", "1002:user-secret")
    monkeypatch.setenv("ADMIN_BOT_TOKEN", "1001:admin-secret")
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7,2001:db8::/32")
    named = Settings(_env_file=None).TRUSTED_PROXIES
    assert [str(network) for network in named] == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
    monkeypatch.setenv("TRUSTED_PROXIES", "")
    assert Settings(_env_file=None).TRUSTED_PROXIES == ()


def test_the_web_app_has_the_names_of_its_addresses_and_those_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_BOT_TOKEN", "1002:user-secret")
    monkeypatch.setenv("ADMIN_BOT_TOKEN", "1001:admin-secret")
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://Gate.example:8443/unlock")
    monkeypatch.setenv("ALLOWED_HOSTS", "Tollgate, [2001:db8::7]")
    monkeypatch.setenv("WEB_HOST", "192.0.2.1")
    assert Settings(_env_file=None).web_hosts == {"gate.example", "tollgate", "2001:db8::7", "192.0.2.1"}
    monkeypatch.setenv("WEB_HOST", "::")
    assert "::" not in Settings(_env_file=None).web_hosts


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("USER_BOT_TOKEN", "no colon", "a bot token from BotFather"),
        ("ADMIN_IDS", "501,me", "Telegram ids"),
        ("ADMIN_IDS", "-5", "Telegram ids"),
        ("ADMIN_IDS", "0", "Telegram ids"),
        ("TIMEZONE", "Mars/Olympus", "an IANA zone"),
        ("TOKEN_CLEANUP_HOUR", "noon", "a JSON list"),
        ("TOKEN_CLEANUP_HOUR", "[0,24]", "hours from 0 to 23"),
        ("SHORTENERS", "[{]", "a JSON list"),
        ("SHORTENERS", '[{"name":"x"}]', "is missing"),
        ("MONGO_URI", "postgres://x", "mongodb://"),
        ("WEB_PORT", "70000", "less than or equal to 65535"),
        ("TRUSTED_PROXIES", "the proxy", "addresses or networks, like 127.0.0.1,10.0.0.0/8"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "addresses or networks"),
        ("ALLOWED_HOSTS", "https://gate.example", "names of hosts or IP addresses"),
        ("ALLOWED_HOSTS", "gate.example:8080", "without https:// and ports"),
        ("ALLOWED_HOSTS", "*.gate.example", "each in full"),
        ("OPS_PORT", "70000", "less than or equal to 65535"),
        ("OPS_PORT", "8080", "another port than WEB_PORT"),
        ("OPS_TOKEN", "secret", "32 or more characters that nobody can guess"),
        ("OPS_TOKEN", "q7Zr2mKx9TfLw4VbNc8Ps3HdJy6Gu aR", "letters, digits and"),
        ("LOG_FORMAT", "xml", "'text' or 'json'"),
        ("TELEGRAM_API_URL", "api.telegram.org", "an address starting with"),
        ("SANDBOX_CLOCK_URL", "http://example.org/clock", "a sandbox on this machine"),
        (
            "PUBLIC_BASE_URL",
            "http://localhost:8080",
            "a dot in its host's name: Telegram takes no button for localhost",
        ),
        ("PUBLIC_BASE_URL", "https://[::1]:8080", "or for IPv6"),
        ("PUBLIC_BASE_URL", "https://gate..example", "an address starting with https:// (or http://) is expected"),
        ("PUBLIC_BASE_URL", "https://gate.example:0", "an address starting with"),
        ("PUBLIC_BASE_URL", "https://gate.example/?x=1", "without a user name, ? and #"),
        ("WEBHOOK_SECRET", "short", "16 to 256 letters, digits, _ and -"),
        ("WEBHOOK_SECRET", "a b" * 10, "16 to 256 letters, digits, _ and -"),
        ("WEBHOOK_SECRET", "a" * 257, "16 to 256 letters, digits, _ and -"),
        ("UPDATES", "carrier pigeon", "'polling' or 'webhook'"),
        ("ALERT_WEBHOOK_URL", "hooks.example/x", "an address starting with https:// (or http://)"),
        ("ALERT_WEBHOOK_URL", "https://user:word@hooks.example/x", "without a user name, a fragment and spaces"),
        ("ALERT_WEBHOOK_URL", "https://hooks.example/x#part", "without a user name"),
        ("ALERT_WEBHOOK_URL", "https://hooks.example/a b", "without a user name"),
        ("ALERT_WEBHOOK_URL", "https://[::1/x", "an address starting with"),
        ("ALERT_WEBHOOK_URL", "https://hooks.example:99999/x", "an address starting with"),
        ("ALERT_WEBHOOK_URL", "https://:80/x", "an address starting with"),
        ("BACKUP_ENCRYPT_TO", "age1xyz", "a public key of age, age1…"),
        ("BACKUP_ENCRYPT_TO", "AGE-SECRET-KEY-1QQQQ", "a public key of age, age1…"),
        ("BACKUP_ENCRYPT_TO", "0xDEADBEEF", "a public key of age, age1…"),
        ("ALERT_WEBHOOK_URL", "ftp://hooks.example/x", "an address starting with"),
        ("MONGO_URI", "memory://", "ALLOW_MEMORY_STORE"),
        ("ADMIN_BOT_TOKEN", "1002:user-secret", "two different tokens"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, expected: str
) -> None:
    lines = complaints(monkeypatch, capsys, **{name: value})
    assert any(name in line and expected in line for line in lines), lines


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("", "PUBLIC_BASE_URL: UPDATES=webhook needs the address Telegram posts to"),
        ("http://gate.example", "PUBLIC_BASE_URL: UPDATES=webhook needs an address that starts with https://"),
        ("https://gate.example:8080", "PUBLIC_BASE_URL: UPDATES=webhook needs port 443, 80, 88 or 8443"),
    ],
)
def test_a_webhook_without_an_address_telegram_posts_to_stops_the_start_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], base_url: str, expected: str
) -> None:
    (line,) = complaints(monkeypatch, capsys, UPDATES="webhook", PUBLIC_BASE_URL=base_url)
    assert expected in line


def test_a_webhook_may_be_on_every_port_https_has_with_telegram(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("https://gate.example", "https://gate.example:8443/gate", "https://gate.example:443"):
        assert settings(monkeypatch, UPDATES="webhook", PUBLIC_BASE_URL=address).UPDATES == "webhook"
    local = settings(
        monkeypatch, UPDATES="webhook", PUBLIC_BASE_URL="http://127.0.0.1:8080", TELEGRAM_API_URL="http://127.0.0.1:1"
    )
    assert local.UPDATES == "webhook"


def test_several_wrong_values_are_all_named_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = complaints(monkeypatch, capsys, TIMEZONE="x/y", SHORTENERS="nonsense", WEB_PORT="door", MONGO_DB="a/b")
    assert len(lines) == 4


def test_no_secret_shows_in_repr_or_in_complaints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shorteners = '[{"name":"a","api_url":"https://a.example","api_key":"key-secret"}]'
    found = settings(monkeypatch, SHORTENERS=shorteners, MONGO_URI="mongodb://u:db-secret@localhost")
    assert "secret" not in repr(found) + str(found)
    lines = complaints(monkeypatch, capsys, USER_BOT_TOKEN="broken-secret", SHORTENERS='[{"api_key":"key-secret"}]')
    assert "secret" not in "".join(lines)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://hooks.example/services/T0/key-secret?x=1",
        "http://127.0.0.1:9093/x",
        "http://[::1]:80/",
        "http://pager/x",
    ],
)
def test_any_web_address_is_valid_for_alerts_and_never_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    found = settings(monkeypatch, ALERT_WEBHOOK_URL=url)
    assert found.ALERT_WEBHOOK_URL.get_secret_value() == url
    assert "hooks.example" not in repr(found) + str(found)


def test_a_wrong_address_for_alerts_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = complaints(monkeypatch, capsys, ALERT_WEBHOOK_URL="https://hooks.example/key-secret x")
    assert "secret" not in "".join(lines)


GOOD_SHORTENER = {"name": "a", "api_url": "https://a.example/api", "api_key": "key-secret"}


def with_shortener(**more: object) -> str:
    return json.dumps([GOOD_SHORTENER | more])


def test_a_shortener_needs_a_name_an_address_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = settings(monkeypatch, SHORTENERS=with_shortener()).SHORTENERS
    assert (found.name, found.api_url, found.api_key.get_secret_value()) == ("a", "https://a.example/api", "key-secret")
    assert (found.hosts, found.weight, found.answer) == ((), 1, None)


@pytest.mark.parametrize(
    "more",
    [
        {"weight": 1000},
        {"hosts": ["S.Example", "www.s.example", "127.0.0.1", "localhost"]},
        {"answer": "data.0.link"},
        {"api_url": "http://127.0.0.1:8081/api?v=2"},
        {"api_url": "https://a.example/make/{key}?link={url}&again={url}"},
        {"api_key": "12345678"},
        {"api_key": "#&=%\"'\\{url}"},
    ],
)
def test_a_correct_shortener_is_accepted(monkeypatch: pytest.MonkeyPatch, more: dict[str, object]) -> None:
    (found,) = settings(monkeypatch, SHORTENERS=with_shortener(**more)).SHORTENERS
    assert found.hosts == tuple(host.lower() for host in found.hosts)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"name": ""}, "name: "),
        ({"api_url": "a.example/api"}, "api_url: an address starting with https://"),
        ({"api_url": "ftp://a.example/"}, "api_url: an address"),
        ({"api_url": "https://"}, "api_url: an address"),
        ({"api_url": "https://me:key-secret@a.example/"}, "api_url: an address"),
        ({"api_url": "https://a.example/#secret"}, "api_url: an address"),
        ({"api_url": "https://a.example/a b"}, "api_url: an address"),
        ({"api_url": "https://a.example/\n"}, "api_url: an address"),
        ({"api_url": "https://a.example:0/"}, "api_url: an address"),
        ({"api_url": "https://a.example:65536/"}, "api_url: an address starting with"),
        ({"api_url": "https://{key}.example/{url}"}, "api_url: an address"),
        ({"api_url": "https://a.example/?k={key}"}, "api_url: both {key} and {url}"),
        ({"api_url": "https://a.example/?u={url}"}, "api_url: both {key} and {url}"),
        ({"api_url": "https://a.example/?k={key}&u={url}&v={version}"}, "api_url: both {key} and {url}"),
        ({"api_key": ""}, "api_key: 8 to 512"),
        ({"api_key": "secret7"}, "api_key: 8 to 512"),
        ({"api_key": "a secret key"}, "api_key: 8 to 512"),
        ({"api_key": "sécret-key"}, "api_key: 8 to 512"),
        ({"hosts": ["https://s.example"]}, "hosts: names of hosts"),
        ({"hosts": ["s.example:443"]}, "hosts: names of hosts"),
        ({"hosts": ["s.example/x"]}, "hosts: names of hosts"),
        ({"hosts": [""]}, "hosts: names of hosts"),
        ({"hosts": "s.example"}, "hosts: "),
        ({"weight": 0}, "weight: "),
        ({"weight": 1001}, "weight: "),
        ({"answer": ""}, "answer: names between dots"),
        ({"answer": "data..link"}, "answer: names between dots"),
        ({"key": "secret"}, "key: "),
    ],
)
def test_a_wrong_shortener_is_named_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: dict[str, object], expected: str
) -> None:
    (line,) = complaints(monkeypatch, capsys, SHORTENERS=with_shortener(**more))
    assert line.startswith(f"config: SHORTENERS.0.{expected}")
    assert "secret" not in line


def test_two_shorteners_need_two_names(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    two = json.dumps([GOOD_SHORTENER, GOOD_SHORTENER | {"api_url": "https://b.example"}])
    assert complaints(monkeypatch, capsys, SHORTENERS=two) == [
        "config: SHORTENERS: each shortener needs a name of its own"
    ]


def test_a_key_pasted_into_the_address_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, SHORTENERS=with_shortener(api_url="https://a.example/api?api=key-secret"))
    assert "secret" not in repr(found) + str(found) + repr(found.SHORTENERS)


def test_the_examples_of_shorteners_in_the_example_file_are_good(monkeypatch: pytest.MonkeyPatch) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    (line,) = [line.lstrip("# ") for line in example.splitlines() if '"api_key"' in line]
    (shape,) = [line for line in example.splitlines() if "{key}&" in line]
    address = shape.lstrip("# ").split(" ")[0]
    for given in (line.replace("…", "12345678"), with_shortener(api_url=address)):
        assert settings(monkeypatch, SHORTENERS=given).SHORTENERS


def test_a_validation_error_never_repeats_its_input() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(USER_BOT_TOKEN="broken-secret", ADMIN_BOT_TOKEN="1:x", ADMIN_IDS=(1,))
    assert "secret" not in str(caught.value) + "".join(problems_in(caught.value))


def test_a_mounted_secret_is_read_and_the_plain_name_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mounted = tmp_path / "token"
    mounted.write_text("1005:from-a-file\n", encoding="utf-8")
    monkeypatch.setenv("USER_BOT_TOKEN_FILE", str(mounted))
    assert settings(monkeypatch).USER_BOT_TOKEN.get_secret_value() == "1002:user-secret"
    monkeypatch.delenv("USER_BOT_TOKEN")
    assert load_settings().USER_BOT_TOKEN.get_secret_value() == "1005:from-a-file"


def test_a_mounted_secret_may_be_named_in_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("1005:from-a-file\n", encoding="utf-8")
    (tmp_path / "ids").write_text("7, 8\n", encoding="utf-8")
    env_file(tmp_path, f"USER_BOT_TOKEN_FILE={tmp_path / 'token'}", f"ADMIN_IDS_FILE={tmp_path / 'ids'}")
    monkeypatch.setenv("ADMIN_BOT_TOKEN", "1001:admin-secret")
    found = load_settings()
    assert found.USER_BOT_TOKEN.get_secret_value() == "1005:from-a-file"
    assert found.ADMIN_IDS == (7, 8)


def test_the_plain_name_in_the_env_file_wins_over_a_file_named_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env_file(tmp_path, *(f"{name}={value}" for name, value in GOOD.items()))
    monkeypatch.setenv("USER_BOT_TOKEN_FILE", "/nowhere/at/all")
    assert load_settings().USER_BOT_TOKEN.get_secret_value() == "1002:user-secret"


def test_a_file_named_in_the_environment_wins_over_one_named_in_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "zone").write_text("Europe/Berlin\n", encoding="utf-8")
    env_file(tmp_path, "TIMEZONE_FILE=/nowhere/at/all", "LOG_LEVEL=")
    monkeypatch.setenv("TIMEZONE_FILE", str(tmp_path / "zone"))
    assert settings(monkeypatch).TIMEZONE == "Europe/Berlin"


def test_an_empty_mounted_file_counts_as_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    monkeypatch.setenv("TIMEZONE_FILE", str(tmp_path / "empty"))
    assert settings(monkeypatch).TIMEZONE == "UTC"
    monkeypatch.delenv("USER_BOT_TOKEN")
    monkeypatch.setenv("USER_BOT_TOKEN_FILE", str(tmp_path / "empty"))
    with pytest.raises(SystemExit):
        load_settings()
    assert capsys.readouterr().err.splitlines() == ["config: USER_BOT_TOKEN: is missing"]


def test_a_mounted_secret_that_cannot_be_read_is_a_problem_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = complaints(monkeypatch, capsys, JWT_SECRET_FILE="/nowhere/at/all")
    assert len(lines) == 1
    assert "NAME_FILE" in lines[0]


def test_the_example_file_names_every_setting() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = {line.lstrip("#").split("=")[0] for line in example.splitlines() if "=" in line}
    assert set(Settings.model_fields) <= named


@pytest.mark.sweep
def test_the_start_stops_with_status_2_and_no_traceback(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "main.py")],
        cwd=tmp_path,
        env={"PATH": "/usr/bin", "TIMEZONE": "nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 2
    assert "config: TIMEZONE: an IANA zone" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("address", ["mongodb://", "mongodb://u:db-secret@", "mongodb://u:db-secret@host:port/x"])
def test_an_address_pymongo_refuses_stops_the_start_with_status_2_and_one_line(tmp_path: Path, address: str) -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "main.py")],
        cwd=tmp_path,
        env={"PATH": "/usr/bin", "MONGO_URI": address} | GOOD,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("tollgate: MONGO_URI: the database address cannot be used")
    assert "secret" not in line


@pytest.mark.parametrize(
    "secret",
    ["short", "x" * 64, "abcabcabc" * 6, "change-me-change-me-change-me-now", "a-super-secret-for-the-admin-page"],
)
def test_a_secret_that_can_be_guessed_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    (line,) = complaints(monkeypatch, capsys, JWT_SECRET=secret)
    assert line.startswith("config: JWT_SECRET: 32 or more characters")
    assert secret not in line


def test_the_tokens_do_not_travel_readable_in_public(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = complaints(monkeypatch, capsys, TELEGRAM_API_URL="http://bots.example.com:8081")
    assert line.startswith("config: TELEGRAM_API_URL: https:// is expected")


def test_what_others_can_read_is_named_by_its_file_or_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env_file(tmp_path, "MONGO_URI=mongodb://db.example.com/tollgate", "JWT_SECRET_FILE=jwt")
    (tmp_path / ".env").chmod(0o644)
    (tmp_path / "jwt").write_text("q7Zr2mKx9TfLw4VbNc8Ps3HdJy6GuEaR")
    (tmp_path / "jwt").chmod(0o666)
    found = exposures_of(settings(monkeypatch))
    assert [line.partition(":")[0] for line in found] == [
        "other accounts of this machine can read .env, which holds the bot tokens",
        "JWT_SECRET_FILE",
        "MONGO_URI",
        "MONGO_URI",
    ]
