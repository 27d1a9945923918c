"""What others could read or change of a deployment is named in one line each, without a secret."""

from pathlib import Path

import pytest

from core.health.exposures import Deployment, find_exposures, is_public_host

SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    ("host", "is_public"),
    [
        ("8.8.8.8", True),
        ("db.example.com", True),
        ("DB.Example.com.", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.9", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("fd00::7", False),
        ("mongo", False),
        ("localhost", False),
        ("mongo.tollgate.svc.cluster.local", False),
        ("box.lan", False),
        ("", False),
    ],
)
def test_a_host_is_public_when_packets_to_it_may_leave_the_own_network(host: str, is_public: bool) -> None:
    assert is_public_host(host) is is_public


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("mongodb://db.example.com/tollgate", ["without a password", "without encryption"]),
        ("mongodb://mongo,8.8.8.8:27017/?replicaSet=r", ["without a password", "without encryption"]),
        ("mongodb://[2606:4700::1]:27017", ["without a password", "without encryption"]),
        (f"mongodb://u:{SECRET}@db.example.com/x?retryWrites=true", ["without encryption"]),
        (f"mongodb://u:{SECRET}@db.example.com/x?ssl=TRUE", []),
        ("mongodb+srv://cluster.example.com/x", ["without a password"]),
        (f"mongodb+srv://u:{SECRET}@cluster.example.com/x", []),
        ("mongodb://mongo:27017", []),
        ("mongodb://127.0.0.1", []),
        ("mongodb://%2Frun%2Fmongod.sock/x", []),
        ("memory://", []),
        ("", []),
    ],
)
def test_a_database_in_public_needs_a_password_and_encryption(uri: str, words: list[str]) -> None:
    found = find_exposures(Deployment(mongo_uri=uri))
    assert len(found) == len(words)
    assert all(word in line for word, line in zip(words, found, strict=True))
    assert SECRET not in "".join(found)


@pytest.mark.parametrize(
    ("deployment", "named"),
    [
        (Deployment(api_url="http://10.0.0.5:8081"), "TELEGRAM_API_URL"),
        (Deployment(api_url="http://bot-api:8081"), "TELEGRAM_API_URL"),
        (Deployment(api_url="http://127.0.0.1:8081"), None),
        (Deployment(api_url="http://localhost:8081"), None),
        (Deployment(api_url="https://api.telegram.org"), None),
        (Deployment(public_url="http://gate.example"), "PUBLIC_BASE_URL"),
        (Deployment(public_url="https://gate.example"), None),
        (Deployment(alert_url=f"http://hooks.example/{SECRET}"), "ALERT_WEBHOOK_URL"),
        (Deployment(alert_url=f"http://alerts:9093/{SECRET}"), None),
        (Deployment(ops_host="192.0.2.1"), "OPS_HOST"),
        (Deployment(ops_host="192.0.2.1", has_ops_token=True), None),
        (Deployment(ops_host="127.0.0.1"), None),
    ],
)
def test_addresses_that_carry_secrets_in_plain_text_are_named(deployment: Deployment, named: str | None) -> None:
    found = find_exposures(deployment)
    assert [line.partition(":")[0] for line in found] == ([] if named is None else [named])
    assert SECRET not in "".join(found)


@pytest.mark.parametrize(
    ("mode", "is_named"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o622, True)]
)
def test_an_env_file_that_others_can_read_is_named_with_the_remedy(tmp_path: Path, mode: int, is_named: bool) -> None:
    env = tmp_path / ".env"
    env.write_text(SECRET)
    env.chmod(mode)
    found = find_exposures(Deployment(env_file=env))
    assert [line.endswith(f"chmod 600 {env}") for line in found] == [True] * is_named


def test_a_folder_that_others_can_look_into_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert "chmod 700" in find_exposures(Deployment(data_dir=tmp_path))[0]
    tmp_path.chmod(0o700)
    assert find_exposures(Deployment(data_dir=tmp_path)) == []


def test_mounted_secrets_may_be_read_by_all_and_changed_by_nobody(tmp_path: Path) -> None:
    mounted = tmp_path / "token"
    mounted.write_text(SECRET)
    mounted.chmod(0o444)
    assert find_exposures(Deployment(mounted=[("USER_BOT_TOKEN", mounted)])) == []
    mounted.chmod(0o646)
    assert find_exposures(Deployment(mounted=[("USER_BOT_TOKEN", mounted)]))[0].startswith("USER_BOT_TOKEN_FILE: ")


def test_files_that_are_not_there_are_nobodys(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert find_exposures(Deployment(env_file=nowhere, data_dir=nowhere, mounted=[("JWT_SECRET", nowhere)])) == []
