"""The API of publishing: the draft, its preview, and the confirmation that becomes rows for the publisher."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.announcements import Announcement, AnnouncementState, CoverMessage, Slots
from core.clock import ManualClock
from core.posts import Post, PostItem
from database import bot_profiles, first_hour
from database.connection import Database
from database.operations import announcement_ops, audit_ops, channel_ops, settings_ops
from database.operations.posts import post_ops
from database.publishing import confirming
from tests.operations.announcements.announcing import published
from tests.web.api.posting import GARDEN, GREENHOUSE, POSTS, actions, connect, post, problem_of
from tests.web.auth.signing import OWNER, bearer
from tests.web.conftest import BOT, NOW, whole
from web_app.app import build_app
from web_app.services import Services

#: in the summer and winter of Berlin
TOMORROW = "2026-03-02 18:00"


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def draft_of(client: httpx.AsyncClient, one: Post) -> dict[str, Any]:
    answer = await client.get(f"{POSTS}/{one.code}/draft")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def publish(client: httpx.AsyncClient, one: Post, **more: Any) -> httpx.Response:
    body = {"key": "0123456789abcdef", "chat_ids": [GARDEN], "text": "<b>x</b>", "label": "Open", "cover": "none"}
    return await client.post(f"{POSTS}/{one.code}/publish", json=body | more)


async def test_a_draft_is_what_the_bot_would_publish(client: httpx.AsyncClient) -> None:
    await connect()
    await connect(GREENHOUSE, "The Greenhouse")
    await settings_ops.change("storage_channel_id", -100)
    await settings_ops.change("cover_photo", 9)
    one = await post("A & B", description="<i>text</i>", items=[PostItem(kind="photo"), PostItem(), PostItem()])
    await published(NOW, post_code=one.code)
    draft = await draft_of(client, one)
    assert draft["text"] == "<b>\u2068A &amp; B\u2069</b>\n\n<i>text</i>"
    assert (draft["label"], draft["cover"], draft["covers"]) == ("Open", "default", ["default", "none", "post"])
    # where it stands already is not ticked
    assert [(one["name"], one["is_ticked"]) for one in draft["targets"]] == [
        ("Olive's Garden", False),
        ("The Greenhouse", True),
    ]
    assert draft["targets"][0]["standing"]["state"] == "published"
    assert (draft["slot"], draft["today"], draft["tomorrow"]) == (None, "2026-03-01 20:00", "2026-03-02 09:00")


async def test_a_preview_is_a_tree_and_refuses_what_telegram_would(client: httpx.AsyncClient) -> None:
    preview = f"{POSTS}/draft/preview"
    found = (await client.post(preview, json={"text": "a <strong>b</strong> {c} 👍"})).json()
    assert [(piece["text"], piece["tag"]) for piece in found["pieces"]] == [("a ", ""), ("", "b"), (" {c} 👍", "")]
    assert (found["characters"], found["problem"]) == (10, None)  # UTF-16
    for text in ("", " <b></b> ", "<b>", "<img src=x onerror=alert(1)>", '<a href="javascript:alert(1)">x</a>'):
        refused = (await client.post(preview, json={"text": text})).json()
        assert (refused["pieces"], refused["characters"], refused["problem"][-1]) == ([], 0, ".")


async def test_a_confirmation_is_one_row_a_channel_however_often_it_is_sent(client: httpx.AsyncClient) -> None:
    channel = await connect()
    one = await post()
    for _ in range(2):
        answer = await publish(client, one, at=TOMORROW, leaves_after_minutes=60, silent=True, pin=True)
        assert answer.status_code == 201
        (made,) = answer.json()["made"]
    (row,) = await announcement_ops.find_of_post(one.code)
    assert (row.id, row.state, row.is_now) == (made["id"], AnnouncementState.PLANNED, False)
    assert row.publish_at.isoformat() == "2026-03-02T17:00:00+00:00"
    assert (row.url, row.source) == (f"https://t.me/{BOT}?start=p_{one.code}-s_ch1", f"ch{channel.source_number}")
    assert (row.leaves_after_minutes, row.silent, row.pin, row.created_by) == (60, True, True, OWNER)
    (entry,) = await audit_ops.last(5)
    assert (entry.action, entry.target, entry.admin_id) == ("announcement.made", str(GARDEN), OWNER)
    assert (await first_hour.load()).announced_at is not None


async def test_published_now_it_goes_before_what_can_wait_and_shows_no_progress_in_the_chat(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await connect()
    one = await post(items=[PostItem(kind="photo")] * 3)
    assert (await publish(client, one, cover="post")).status_code == 201
    (row,) = await announcement_ops.find_of_post(one.code)
    assert (row.is_now, row.publish_at, row.is_reported) == (True, clock.now().replace(microsecond=250_000), True)
    assert row.cover == CoverMessage(chat_id=-100, message_id=4)


async def test_where_the_post_stands_already_it_is_published_only_when_asked_for_again(
    client: httpx.AsyncClient,
) -> None:
    await connect()
    one = await post()
    await published(NOW, post_code=one.code)
    answer = await publish(client, one)
    assert (answer.status_code, answer.json()["made"]) == (201, [])
    assert [row["state"] for row in answer.json()["standing"]] == ["published"]
    assert len(await announcement_ops.find_of_post(one.code)) == 1
    assert len((await publish(client, one, again=True)).json()["made"]) == 1


async def test_where_it_stands_in_one_of_two_channels_nothing_is_published_before_that_is_agreed_to(
    client: httpx.AsyncClient,
) -> None:
    await connect()
    await connect(GREENHOUSE, "The Greenhouse")
    one = await post()
    await published(NOW, post_code=one.code)
    both = {"chat_ids": [GARDEN, GREENHOUSE]}
    assert (await publish(client, one, **both)).json()["made"] == []
    assert len(await announcement_ops.find_of_post(one.code)) == 1
    assert len((await publish(client, one, **both, again=True)).json()["made"]) == 2


async def test_two_members_who_publish_one_post_at_once_publish_it_once(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect()
    one = await post()
    looked, both = confirming.standing, asyncio.Barrier(2)

    async def both_look_before_one_publishes(plan: confirming.Plan) -> list[Announcement]:
        found = await looked(plan)
        await both.wait()
        return found

    monkeypatch.setattr(confirming, "standing", both_look_before_one_publishes)
    answers = await asyncio.gather(*(publish(client, one, key=key * 16) for key in "ab"))
    assert sorted(len(answer.json()["made"]) for answer in answers) == [0, 1]
    assert len(await announcement_ops.find_of_post(one.code)) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"text": "x" * 1025, "cover": "post"},
        {"text": "x" * 4097},
        {"text": "<script>"},
        {"text": " "},
        {"label": " "},
        {"label": "two\nlines"},
        {"label": "x" * 41},
        {"cover": "own"},
        {"at": "2026-03-01 12:00"},
        {"at": "2026-02-30 12:00"},
        {"at": "2027-03-30 12:00"},
        {"at": "soon"},
        {"chat_ids": [GREENHOUSE]},
    ],
)
async def test_what_cannot_be_published_is_refused_with_a_sentence_and_stored_nowhere(
    client: httpx.AsyncClient, db: Database, more: dict[str, Any]
) -> None:
    await connect()
    one = await post(items=[PostItem(kind="photo")] * 3)
    before = await whole(db)
    answer = await publish(client, one, **more)
    assert (problem_of(answer), answer.json()["error"][-1]) == ((422, "refused"), ".")
    assert await whole(db) == before


@pytest.mark.parametrize(
    "more",
    [{"key": "short"}, {"chat_ids": []}, {"leaves_after_minutes": 2821}, {"silent": 1}, {"more": 1}, {"cover": "x"}],
)
async def test_a_confirmation_of_another_shape_is_422(client: httpx.AsyncClient, more: dict[str, Any]) -> None:
    one = await post()
    assert problem_of(await publish(client, one, **more)) == (422, "bad_request")


async def test_a_slot_that_was_taken_since_it_was_offered_is_refused(client: httpx.AsyncClient) -> None:
    await connect()
    await channel_ops.change(GARDEN, slots=Slots(times=("18:00",)))
    one, other = await post(), await post("Tulips")
    slot = (await draft_of(client, one))["slot"]
    assert slot == "2026-03-01 18:00"
    assert (await publish(client, one, at=slot, is_slot=True)).status_code == 201
    # the same again is no other announcement
    assert (await publish(client, one, at=slot, is_slot=True)).status_code == 201
    answer = await publish(client, other, key="f" * 16, at=slot, is_slot=True)
    assert (problem_of(answer), await actions()) == ((422, "refused"), ["announcement.made"])
    assert (await draft_of(client, other))["slot"] == "2026-03-02 18:00"


async def test_a_removed_post_has_no_draft(client: httpx.AsyncClient) -> None:
    one = await post()
    await post_ops.remove(one.code)
    assert problem_of(await client.get(f"{POSTS}/{one.code}/draft")) == (422, "refused")
    assert problem_of(await publish(client, one)) == (422, "refused")


async def test_a_web_app_without_bots_takes_their_name_from_the_database(
    db: Database, services: Services, clock: ManualClock
) -> None:
    await connect()
    one = await post()
    transport = httpx.ASGITransport(build_app(replace(services, bot_username="")))
    headers = bearer(OWNER, clock.now() + timedelta(seconds=1))
    async with httpx.AsyncClient(transport=transport, base_url="https://gate.example", headers=headers) as alone:
        assert (await alone.get(f"{POSTS}/{one.code}")).json()["link"] is None
        assert problem_of(await publish(alone, one)) == (422, "refused")
        await bot_profiles.remember_usernames("shop_bot", "owner_bot")
        assert (await publish(alone, one)).status_code == 201
        (row,) = await announcement_ops.find_of_post(one.code)
        assert row.url.startswith("https://t.me/shop_bot?start=p_")


async def test_a_text_of_thousands_of_tags_within_each_other_is_shown_and_its_post_opens(
    client: httpx.AsyncClient,
) -> None:
    one, deep = await post(), "<b>" * 2_000 + "deep" + "</b>" * 2_000
    shown = (await client.post(f"{POSTS}/draft/preview", json={"text": deep})).json()
    assert shown["characters"] == 4
    change = {"field": "description", "value": deep, "seen": ""}
    assert (await client.patch(f"{POSTS}/{one.code}", json=change)).status_code == 200
    pieces, tags = (await client.get(f"{POSTS}/{one.code}")).json()["pieces"], 0
    while pieces[0]["tag"]:
        pieces, tags = pieces[0]["inside"], tags + 1
    assert (pieces[0]["text"], tags) == ("deep", 30)
