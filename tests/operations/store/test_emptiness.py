"""`make test-mongo` runs on an empty server only, unless a server in use is confirmed."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from pymongo import MongoClient

from tests import emptiness
from tests.emptiness import OURS, SHOWN_MAX, SYSTEM, TOLD, Refused, in_one_line, in_use, judge

ROOT = Path(__file__).resolve().parents[3]

Client = MongoClient[dict[str, Any]]


@pytest.fixture
def client() -> Iterator[Client]:
    with MongoClient[dict[str, Any]](os.environ["MONGO_URI"]) as client:
        yield client


@pytest.fixture
def shop(client: Client) -> Iterator[str]:
    """The name of a foreign database that sorts before all of ours."""
    name = f"a_shop_{secrets.token_hex(4)}"
    yield name
    client.drop_database(name)


def refusal(environment: dict[str, str], patience_s: float = 5.0) -> Refused:
    with pytest.raises(Refused) as refused:
        judge(environment, patience_s)
    return refused.value


def with_path(uri: str, database: str) -> str:
    """Return `uri` with `database` as its path and the same user, whose database is the old path by default."""
    address = urlsplit(uri)
    users_in = address.path.strip("/") or "admin"
    more = f"authSource={users_in}" if address.username and "authsource" not in address.query.lower() else ""
    query = "&".join(part for part in (address.query, more) if part)
    return urlunsplit(address._replace(path=f"/{database}", query=query))


@pytest.mark.server
def test_a_server_with_foreign_documents_is_refused(client: Client, shop: str) -> None:
    client[shop]["orders"].insert_one({"paid": True})
    refused = refusal({"MONGO_URI": os.environ["MONGO_URI"]})
    assert refused.status == 2
    assert f"not empty: {shop}.orders" in str(refused)
    assert f"{TOLD}=yes make test-mongo" in str(refused)
    assert "\n" not in str(refused)


@pytest.mark.server
def test_a_server_in_use_is_accepted_when_confirmed(client: Client, shop: str) -> None:
    client[shop]["orders"].insert_one({"paid": True})
    told = {"MONGO_URI": os.environ["MONGO_URI"], TOLD: "yes"}
    assert f"{shop}.orders" in judge(told)
    assert refusal(told | {TOLD: "no"}).status == 2


@pytest.mark.server
def test_collections_without_documents_count_as_empty(client: Client, shop: str) -> None:
    client[shop].create_collection("orders")
    client[shop]["customers"].create_index("name")
    assert shop in client.list_database_names()
    assert [name for name in in_use(client) if name.startswith(shop)] == []


@pytest.mark.server
def test_mongodbs_own_databases_are_ignored(client: Client, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"admin", "config", "local"} == SYSTEM
    client[shop]["orders"].insert_one({})
    monkeypatch.setattr(emptiness, "SYSTEM", SYSTEM | {shop})
    assert [name for name in in_use(client, shop) if name.startswith(shop)] == []


@pytest.mark.server
def test_one_document_behind_an_empty_collection_is_found(client: Client, shop: str) -> None:
    client[shop].create_collection("a_first")
    client[shop]["b_second"].insert_one({})
    assert f"{shop}.b_second" in in_use(client)


@pytest.mark.server
@pytest.mark.parametrize("way", ["path", "MONGO_DB"])
def test_a_named_database_is_checked_even_if_the_server_does_not_list_it(
    client: Client, shop: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client[shop]["orders"].insert_one({})
    monkeypatch.setattr(MongoClient, "list_database_names", lambda *_: [])
    uri = os.environ["MONGO_URI"]
    named = {"MONGO_URI": with_path(uri, shop)} if way == "path" else {"MONGO_URI": uri, "MONGO_DB": shop}
    assert f"{shop}.orders" in str(refusal(named))


@pytest.mark.server
def test_databases_of_a_killed_test_run_are_refused_and_identified(client: Client) -> None:
    left = f"{OURS}{secrets.token_hex(6)}"
    client[left]["users"].insert_one({})
    try:
        assert f"{left}.users" in in_use(client)
    finally:
        client.drop_database(left)
    assert "of a test run that was killed or goes on now" in in_one_line([f"{left}.users"])


@pytest.mark.parametrize("address", ["someone:hunter2@127.0.0.1:9", "someone:hun/ter2@127.0.0.1:9"])
def test_a_server_that_does_not_answer_is_one_line_without_the_password(address: str) -> None:
    refused = refusal({"MONGO_URI": f"mongodb://{address}/"}, 0.05)
    assert refused.status == (2 if "hun/" in address else 1)
    assert "MONGO_URI" in str(refused)
    assert not any(secret in str(refused) for secret in ("hunter2", "ter2", "\n"))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"MONGO_URI": ""},
        {"MONGO_URI": "memory://"},
        {"MONGO_URI": "mongodb://"},
        {"MONGO_URI": "mongodb://127.0.0.1:9/a b"},
        {"MONGO_URI": "mongodb://127.0.0.1:9/?readPreference=hunter2"},
    ],
)
def test_an_unusable_address_is_a_usage_error(wrong: dict[str, str]) -> None:
    refused = refusal(wrong, 0.05)
    assert (refused.status, "hunter2" in str(refused)) == (2, False)


def test_many_databases_are_counted_and_no_name_adds_a_line() -> None:
    line = in_one_line(["a.x\ny", *(f"b{number}.c" for number in range(SHOWN_MAX + 1))])
    assert line == "a.x y, b0.c, b1.c, b2.c, b3.c and 2 more"


def test_the_reason_is_one_line_on_standard_error() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.emptiness"],
        cwd=ROOT,
        env=os.environ | {"MONGO_URI": "memory://"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)


def test_make_checks_the_server_before_it_runs_a_suite() -> None:
    told = subprocess.run(["make", "-n", "test-mongo"], cwd=ROOT, capture_output=True, text=True, timeout=30).stdout
    before, asks, after = told.partition("-m tests.emptiness")
    assert asks
    assert "-m pytest" in after
    assert "-m pytest" not in before
