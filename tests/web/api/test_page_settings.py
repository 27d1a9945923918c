"""The API of the settings view: values, changes by the rules of the chat, two members at once, previews, roles."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.clock import ManualClock
from core.team.admins import Role
from database.connection import Database
from database.operations import audit_ops, settings_ops
from tests.web.auth.signing import API, EDITOR, MANAGER, OWNER, bearer

SETTINGS = f"{API}/settings"


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def settings_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get(SETTINGS)
    assert answer.status_code == 200, answer.text
    return {one["name"]: one for one in answer.json()["settings"]}


def put(client: httpx.AsyncClient, name: str, **body: Any) -> Any:
    return client.put(f"{SETTINGS}/{name}", json=body)


async def test_a_setting_is_shown_with_its_usual_value_and_who_changed_it(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    before = (await settings_of(client))["delete_after_minutes"]
    assert (before["group"], before["control"], before["value"], before["usual"]) == ("access", "duration", 30, 30)
    assert (before["unit_s"], before["never"], before["offered"][:2]) == (60, "never", [5, 15])
    assert before["changed"] is None
    answer = await put(client, "delete_after_minutes", typed="2 h", seen=30)
    assert answer.json()["is_stored"] is True
    after = (await settings_of(client))["delete_after_minutes"]
    assert after == answer.json()["setting"]
    assert (after["value"], after["usual"], after["changed"]["by"]) == (120, 30, OWNER)
    (entry,) = await audit_ops.last(5)
    assert (entry.admin_id, entry.action, entry.target) == (OWNER, "setting.changed", "delete_after_minutes")
    assert (entry.before, entry.after) == (30, 120)


@pytest.mark.parametrize(
    ("name", "typed", "seen", "stored"),
    [
        ("access_mode", "pass", "open", "pass"),
        ("protect_content", "on", False, True),
        ("pass_hours", "3 days", 24, 72),
        ("delete_after_minutes", "never", 30, 0),
        ("keep_unused_tokens_days", "for ever", 30, None),
        ("how_to_verify_url", "https://example.org/how", None, "https://example.org/how"),
        ("post_password", "two  spaces", None, "two  spaces"),
        ("welcome_text", "<b>Hi</b> {name}", None, "<b>Hi</b> {name}"),
    ],
)
async def test_each_kind_of_value_is_stored_as_it_would_be_in_the_chat(
    client: httpx.AsyncClient, db: Database, name: str, typed: str, seen: Any, stored: Any
) -> None:
    answer = await put(client, name, typed=typed, seen=seen)
    assert (answer.status_code, answer.json()["setting"]["value"]) == (200, stored)
    assert getattr(await settings_ops.load(), name) == stored
    back = await put(client, name, usual=True, seen=stored)
    assert back.json()["setting"]["value"] == back.json()["setting"]["usual"]


async def test_the_password_of_archives_is_not_in_the_activity(client: httpx.AsyncClient, db: Database) -> None:
    assert (await put(client, "post_password", typed="hunter2", seen=None)).status_code == 200
    (entry,) = await audit_ops.last(5)
    assert (entry.before, entry.after) == ("empty", "set")


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("delete_after_minutes", "48 h", "from 1 min to 47 h"),
        ("daily_token_limit", "1001", "from 1 to 1,000"),
        ("how_to_verify_url", "javascript:alert(1)", "https://example.org/how"),
        ("welcome_text", "Hi {nmae}", "{nmae} is not known here. Known: {name}, {bot}."),
        ("welcome_text", "<b>Hi", "<b> is not closed"),
        ("access_mode", "everything", "one of these"),
        ("button_label", "x" * 65, "one line"),
    ],
)
async def test_a_value_that_breaks_a_rule_is_refused_with_its_sentence(
    client: httpx.AsyncClient, db: Database, name: str, typed: str, says: str
) -> None:
    answer = await put(client, name, typed=typed, seen=None)
    assert (answer.status_code, answer.json()["code"]) == (422, "refused")
    assert says in answer.json()["error"]
    assert await db.collection("admin_config").find_one({}) is None


async def test_the_second_of_two_members_is_refused_with_what_it_is_now(
    client: httpx.AsyncClient, db: Database, admins: None, clock: ManualClock
) -> None:
    bob = bearer(MANAGER, clock.now(), Role.MANAGER)
    body = {"typed": "60 min", "seen": 30}
    await db.collection("admins").update_one({"user_id": MANAGER}, {"$set": {"name": "Bob"}})
    assert (await client.put(f"{SETTINGS}/delete_after_minutes", json=body, headers=bob)).status_code == 200
    late = await put(client, "delete_after_minutes", typed="15 min", seen=30)
    assert (late.status_code, late.json()["code"]) == (409, "changed")
    assert late.json()["error"] == "Bob changed this to 1 h a moment ago. Yours is not saved."
    assert (await settings_ops.load()).delete_after_minutes == 60
    # the same value by both is no conflict
    same = await put(client, "delete_after_minutes", typed="60 min", seen=30)
    assert (same.status_code, same.json()["is_stored"]) == (200, False)
    assert len(await audit_ops.last(5)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"seen": 30},
        {"typed": "5", "usual": True, "seen": 30},
        {"typed": "5"},
        {"typed": 5, "seen": 30},
        {"typed": "5", "seen": 30, "more": 1},
        {"typed": "5", "seen": [30]},
        {"typed": "5", "seen": "thirty"},
        {"typed": "5" * 16_001, "seen": 30},
    ],
)
async def test_a_change_of_the_wrong_shape_changes_nothing(
    client: httpx.AsyncClient, db: Database, body: dict[str, Any]
) -> None:
    assert (await client.put(f"{SETTINGS}/delete_after_minutes", json=body)).status_code == 422
    assert await db.collection("admin_config").find_one({}) is None


@pytest.mark.parametrize(
    "name", ["storage_channel_id", "maintenance_until", "public_channel_id", "cover_photo", "nope"]
)
async def test_what_is_chosen_in_the_chat_is_not_changed_here(
    client: httpx.AsyncClient, db: Database, name: str
) -> None:
    assert (await put(client, name, typed="-1001234567890", seen=None)).status_code == 404
    assert await db.collection("admin_config").find_one({}) is None


async def test_managers_do_not_see_what_is_for_owners_and_editors_see_nothing(
    client: httpx.AsyncClient, admins: None, clock: ManualClock
) -> None:
    of_owner = set(await settings_of(client))
    client.headers.update(bearer(MANAGER, clock.now(), Role.MANAGER))
    assert of_owner - set(await settings_of(client)) == {"maintenance_until", "storage_channel_id", "old_links_channel"}
    client.headers.update(bearer(EDITOR, clock.now(), Role.EDITOR))
    refused = await client.get(SETTINGS)
    assert (refused.status_code, refused.json()["code"]) == (403, "role")


async def test_a_role_lost_after_the_form_was_read_refuses_the_change(
    client: httpx.AsyncClient, db: Database, admins: None, clock: ManualClock
) -> None:
    client.headers.update(bearer(MANAGER, clock.now(), Role.MANAGER))
    await settings_of(client)
    # another process; this one may still know the old role
    await db._native["admins"].update_one({"user_id": MANAGER}, {"$set": {"role": "editor"}})
    answer = await put(client, "protect_content", typed="on", seen=False)
    assert (answer.status_code, answer.json()["code"]) == (403, "role")
    assert await db.collection("admin_config").find_one({}) is None


async def test_a_preview_shows_the_text_with_the_longest_values_as_pieces(client: httpx.AsyncClient) -> None:
    typed = '<b>{title}</b> <a href="https://a.example/?a=1&amp;b=2">here</a> &lt;img&gt; {count}'
    answer = await client.post(f"{SETTINGS}/post_template/preview", json={"typed": typed})
    bold, _, link, rest = answer.json()["preview"]
    assert (bold["tag"], len(bold["inside"][0]["text"])) == ("b", 82)
    assert (link["tag"], link["href"]) == ("a", "https://a.example/?a=1&b=2")
    assert rest == {"text": " <img> 100 messages", "tag": "", "href": "", "inside": []}
    assert answer.json()["length"].startswith("1")
    wrong = await client.post(f"{SETTINGS}/post_template/preview", json={"typed": "{titel}"})
    assert (wrong.status_code, "{titel} is not known here" in wrong.json()["error"]) == (422, True)
    assert (await client.post(f"{SETTINGS}/contact/preview", json={"typed": "-"})).json()["preview"] == []
    assert (await client.post(f"{SETTINGS}/protect_content/preview", json={"typed": "on"})).status_code == 404


async def test_a_change_whose_answer_was_lost_can_be_repeated(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    await settings_ops.change("daily_token_limit", 15)
    assert (await put(client, "daily_token_limit", typed="20", seen=15)).json()["is_stored"]
    clock.move(timedelta(seconds=1))
    again = await put(client, "daily_token_limit", typed="20", seen=15)
    assert (again.status_code, again.json()["is_stored"]) == (200, False)
    assert len(await audit_ops.last(5)) == 1
