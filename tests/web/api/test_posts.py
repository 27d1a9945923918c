"""The API of posts: what the list and the card show, fields, places, removing."""

from typing import Any

import httpx
import pytest

from core.announcements import EditKind
from core.clock import ManualClock
from core.posts import Cover, CoverKind, PostItem, PostStatus
from core.team.admins import Role
from database.connection import Database
from database.operations import audit_ops
from database.operations.posts import post_ops
from tests.operations.announcements.announcing import published, stored
from tests.operations.posts.making import found
from tests.web.api.posting import POSTS, actions, post, problem_of
from tests.web.auth.signing import EDITOR, MANAGER, OWNER, bearer
from tests.web.conftest import BOT, NOW, whole

pytestmark = pytest.mark.usefixtures("admins")


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def change(client: httpx.AsyncClient, code: str, field: str, value: Any, seen: Any) -> httpx.Response:
    return await client.patch(f"{POSTS}/{code}", json={"field": field, "value": value, "seen": seen})


async def test_a_list_has_fifty_posts_a_page_and_its_search_is_the_bot_s(client: httpx.AsyncClient) -> None:
    for number in range(51):
        await post(f"Album {number}")
    await post("Tulips")
    first = (await client.get(POSTS)).json()
    assert ([one["number"] for one in first["posts"]][:2], len(first["posts"]), first["more"]) == ([52, 51], 50, True)
    rest = (await client.get(POSTS, params={"page": 1})).json()
    assert ([one["number"] for one in rest["posts"]], rest["more"]) == ([2, 1], False)
    assert [one["title"] for one in (await client.get(POSTS, params={"search": "tul"})).json()["posts"]] == ["Tulips"]
    assert (await client.get(POSTS, params={"show": "removed"})).json() == {"posts": [], "more": False}


@pytest.mark.parametrize("query", ["page=-1", "page=10000", "show=x", f"search={'x' * 201}"])
async def test_a_list_out_of_range_is_422(client: httpx.AsyncClient, query: str) -> None:
    assert problem_of(await client.get(f"{POSTS}?{query}")) == (422, "bad_request")


async def test_a_card_shows_text_as_a_tree_and_links_of_the_user_bot(client: httpx.AsyncClient) -> None:
    one = await post("<b>Spring", description='Look: <b>here</b> &lt;i&gt; <a href="https://x.example">x</a>')
    await post_ops.add_source(one.code, "insta")
    card = (await client.get(f"{POSTS}/{one.code}")).json()
    assert (card["post"]["title"], card["link"]) == ("<b>Spring", f"https://t.me/{BOT}?start=p_{one.code}")
    tags = [(piece["text"], piece["tag"], piece["href"]) for piece in card["pieces"]]
    assert tags[:3] == [("Look: ", "", ""), ("", "b", ""), (" <i> ", "", "")]
    assert tags[3] == ("", "a", "https://x.example")
    assert card["places"] == [{"name": "insta", "opened": 0, "link": f"{card['link']}-s_insta"}]
    assert problem_of(await client.get(f"{POSTS}/nobody")) == (404, "not_there")
    assert problem_of(await client.get(f"{POSTS}/a.b")) == (422, "bad_request")


@pytest.mark.parametrize(
    ("field", "value", "stored", "action"),
    [
        ("title", "  Summer \n album ", "Summer album", "post.renamed"),
        ("description", " <strong>x</strong> {y} ", "<b>x</b> &#123;y&#125;", "post.described"),
        ("delete_after_minutes", 0, 0, "post.deletion_set"),
        ("protect", True, True, "post.protected"),
        ("access", "free", "free", "post.access_set"),
        ("label", "Open it", "Open it", "post.label_set"),
        ("password", " s3cret ", "s3cret", "post.password_set"),
        ("cover", "none", Cover(kind=CoverKind.NONE), "post.cover_set"),
    ],
)
async def test_a_field_is_changed_from_what_was_seen_and_back_and_audited(
    client: httpx.AsyncClient, field: str, value: Any, stored: Any, action: str
) -> None:
    one = await post()
    seen = {"title": one.title, "description": "", "access": "settings", "cover": "default"}.get(field)
    answer = await change(client, one.code, field, value, seen)
    assert (answer.status_code, answer.json()["before"]) == (200, seen)
    assert getattr(await found(one), field) == stored
    (entry,) = await audit_ops.last(5)
    assert (entry.action, entry.admin_id, "s3cret" in str(entry)) == (action, OWNER, False)
    # the same again, or with a lost answer: nothing more happens
    assert (await change(client, one.code, field, value, seen)).status_code == 200
    assert len(await actions()) == 1
    card = answer.json()["card"]
    now = card["post"]["title"] if field == "title" else card["text" if field == "description" else field]
    assert (await change(client, one.code, field, seen, now)).status_code == 200
    assert getattr(await found(one), field) == getattr(one, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 81),
        ("title", None),
        ("title", 5),
        ("description", "<script>alert(1)</script>"),
        ("description", "<b>open"),
        ("description", "x" * 501),
        ("delete_after_minutes", 2821),
        ("delete_after_minutes", -1),
        ("delete_after_minutes", True),
        ("protect", "yes"),
        ("access", "everybody"),
        ("label", "x" * 41),
        ("password", "x" * 129),
        ("password", "two\nlines"),
        ("cover", "post"),
        ("cover", "own:5"),
    ],
)
async def test_a_value_a_field_cannot_have_is_refused_with_what_is_expected(
    client: httpx.AsyncClient, db: Database, field: str, value: Any
) -> None:
    one = await post()
    before = await whole(db)
    answer = await change(client, one.code, field, value, getattr(one, field) if field == "title" else None)
    assert (problem_of(answer), answer.json()["error"][-1]) == ((422, "refused"), ".")
    assert await whole(db) == before


@pytest.mark.parametrize(
    "body", [{"field": "title", "value": "x"}, {"field": "status", "value": "live", "seen": ""}, {"x": 1}, [], "x"]
)
async def test_a_body_of_another_shape_changes_nothing(client: httpx.AsyncClient, body: Any) -> None:
    one = await post()
    assert problem_of(await client.patch(f"{POSTS}/{one.code}", json=body)) == (422, "bad_request")
    assert await found(one) == one


async def test_of_two_members_who_edit_one_field_the_second_hears_whose_change_it_missed(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    await db.collection("admins").update_one({"user_id": MANAGER}, {"$set": {"name": "Bob"}})
    one = await post()
    theirs = bearer(MANAGER, clock.now(), Role.MANAGER)
    body = {"field": "title", "value": "Bob's", "seen": "Spring album"}
    assert (await client.patch(f"{POSTS}/{one.code}", json=body, headers=theirs)).status_code == 200
    answer = await change(client, one.code, "title", "Olive's", "Spring album")
    assert problem_of(answer) == (409, "changed")
    assert answer.json()["error"] == "\u2068Bob\u2069 changed this a moment ago. Yours is not saved."
    assert (await found(one)).title == "Bob's"
    # seen as it is now, it is changed
    assert (await change(client, one.code, "title", "Olive's", "Bob's")).status_code == 200


async def test_a_change_that_announcements_show_says_how_many_and_changes_them(client: httpx.AsyncClient) -> None:
    one = await post(items=[PostItem(kind="photo")] * 3)
    there = await published(NOW, post_code=one.code, text="<b>Spring album</b>")
    answer = (await change(client, one.code, "title", "Summer", "Spring album")).json()
    assert answer["changeable"] == 1
    assert (await change(client, one.code, "protect", True, None)).json()["changeable"] == 0
    card = (await client.post(f"{POSTS}/{one.code}/announcements/change")).json()
    assert [(row["id"], row["state"]) for row in card["announcements"]] == [(there.id, "published")]
    row = await stored(there)
    assert ("Summer" in row.text, row.edit) == (True, EditKind.CONTENT)


async def test_places_are_named_with_letters_and_digits_and_added_once(client: httpx.AsyncClient) -> None:
    one = await post()
    for name in ("insta", " insta "):
        answer = await client.post(f"{POSTS}/{one.code}/places", json={"name": name})
        assert [place["name"] for place in answer.json()["places"]] == ["insta"]
    assert await actions() == ["post.place_added"]
    for name in ("", "in sta", "ин", "a.b", "$x"):
        assert problem_of(await client.post(f"{POSTS}/{one.code}/places", json={"name": name})) == (422, "refused")


async def test_a_removed_post_comes_back_unless_it_was_taken_down_since(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    one = await post()
    path = f"{POSTS}/{one.code}"
    assert (await client.get(f"{path}/removal")).json() == {"announcements": 0, "copies": 0, "too_old": 0}
    removed = (await client.post(f"{path}/remove")).json()
    assert (removed["card"]["post"]["status"], (await found(one)).status) == ("removed", PostStatus.REMOVED)
    undo = {"removed_at": removed["removed_at"]}
    assert (await client.post(f"{path}/restore", json=undo)).json()["post"]["status"] == "live"
    await client.post(f"{path}/remove")
    await published(NOW, post_code=one.code)
    taken = (await client.post(f"{path}/take-down")).json()
    assert (taken["announcements"], taken["card"]["is_taken_down"]) == (1, True)
    assert problem_of(await client.post(f"{path}/restore", json=undo)) == (409, "changed")
    assert (await found(one)).status is PostStatus.REMOVED
    assert (await client.post(f"{path}/restore", json={})).json()["post"]["status"] == "live"
    assert await actions() == [
        "post.restored",
        "post.taken_down",
        "post.removed",
        "post.restored",
        "post.removed",
    ]


async def test_an_editor_changes_every_post_and_takes_down_own_ones_only(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    client.headers.update(bearer(EDITOR, clock.now(), Role.EDITOR))
    theirs, own = await post(), await post(created_by=EDITOR)
    assert (await change(client, theirs.code, "title", "Mine", "Spring album")).status_code == 200
    assert [(await client.get(f"{POSTS}/{one.code}")).json()["may_remove"] for one in (theirs, own)] == [False, True]
    for step in ("remove", "take-down", "restore"):
        assert problem_of(await client.post(f"{POSTS}/{theirs.code}/{step}", json={})) == (403, "role")
    assert (await found(theirs)).status is PostStatus.LIVE
    assert (await client.post(f"{POSTS}/{own.code}/remove")).status_code == 200


async def test_a_role_lost_between_opening_and_saving_saves_nothing(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    client.headers.update(bearer(EDITOR, clock.now(), Role.EDITOR))
    one = await post(created_by=EDITOR)
    assert (await client.get(f"{POSTS}/{one.code}")).status_code == 200
    await db.collection("admins").delete_one({"user_id": EDITOR})
    assert problem_of(await change(client, one.code, "title", "x", one.title)) == (403, "forbidden")
    assert problem_of(await client.post(f"{POSTS}/{one.code}/remove")) == (403, "forbidden")
    assert await found(one) == one
