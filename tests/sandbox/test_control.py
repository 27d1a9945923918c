"""The control API: world, transcript, waiting, clock, events, page."""

import asyncio
import json

import pytest

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import Json, Town


async def test_state_lists_bots_people_and_chats(town: Town) -> None:
    state = await town.client.state()
    assert [bot["username"] for bot in state["bots"]] == ["shop_bot", "other_bot"]
    assert [user["first_name"] for user in state["users"]] == ["Olga", "Alice", "Bob"]
    statuses = {member["id"]: member["status"] for member in state["chats"][0]["members"]}
    assert statuses == {town.olga.id: "creator", 1001: "administrator", 1002: "administrator"}


async def test_reset_empties_the_world(town: Town) -> None:
    await town.client.advance(100)
    await town.client.reset(seed=2)
    state = await town.client.state()
    assert (state["bots"], state["users"], state["chats"], state["offset_s"]) == ([], [], [], 0)
    assert (await town.shop("getMe")).error == "Unauthorized"


async def test_reset_ends_waiting_polls(town: Town) -> None:
    poll = asyncio.create_task(town.shop("getUpdates", timeout=50))
    while town.sandbox.world.bots[1001].queue._waiter is None:
        await town.client.state()
    await town.client.reset()
    assert (await poll).error == "Unauthorized"


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("POST", "bots", {"token": "nonsense", "username": "x", "first_name": "x"}, 400),
        ("POST", "bots", {"token": "1001:again", "username": "x", "first_name": "x"}, 400),
        ("POST", "bots", {"token": "1009:x", "username": "Shop_Bot", "first_name": "x"}, 400),
        ("POST", "users", {"first_name": ""}, 400),
        ("POST", "users", {"first_name": "x", "id": 7001}, 400),
        ("POST", "chats", {"type": "castle", "title": "x", "owner": 7001}, 400),
        ("POST", "chats", {"type": "channel", "title": "x", "owner": 1}, 404),
        ("POST", "chats", {"type": "channel", "title": "x", "owner": 7001, "id": -5}, 400),
        ("PUT", "chats/-1/members/7001", {"status": "member"}, 404),
        ("POST", "act", {"as": 1, "do": "text"}, 404),
        ("POST", "act", {"as": 7001, "do": "fly"}, 400),
        ("POST", "act", {"as": 7001, "do": "text", "to": "nobody_bot", "text": "x"}, 404),
        ("POST", "act", {"as": 7002, "do": "media", "to": "shop_bot", "kind": "hologram"}, 400),
        ("POST", "act", {"as": 7002, "do": "album", "to": "shop_bot", "items": [{"kind": "photo"}]}, 400),
        ("POST", "config", {"gravity": 1}, 400),
        ("POST", "config", {"anti_spin": "yes"}, 400),
        ("POST", "clock", {}, 400),
        ("POST", "nothing", {}, 404),
        ("GET", "calls?bot=nobody_bot", None, 404),
        ("GET", "idle?bot=nobody_bot", None, 404),
        ("GET", "files/nothing", None, 404),
        ("GET", "chats/seven/messages", None, 404),
        ("DELETE", "chats/-1001000000001/messages/99", None, 404),
        ("POST", "faults", {"effect": {"kind": "hang"}, "bot": "nobody_bot"}, 404),
        ("POST", "config", {"latency_ms": "slow"}, 400),
        ("POST", "act", {"as": 7002, "do": "media", "to": "shop_bot", "kind": "photo", "upload": "none"}, 404),
        ("POST", "act", {"as": 7002, "do": "delete", "in": "shop_bot", "message_ids": 5}, 400),
        ("POST", "act", {"as": 7002, "do": "text", "to": "shop_bot", "text": "\ud800"}, 400),
        ("POST", "act", {"as": 7002, "do": "text", "to": "shop_bot", "text": "x" * 4097}, 400),
        ("POST", "faults", {"effect": {"kind": "hang"}, "times": "many"}, 400),
        ("GET", "transcript", None, 400),
    ],
)
async def test_wrong_control_calls_get_one_sentence(
    town: Town, verb: str, path: str, body: Json | None, status: int
) -> None:
    with pytest.raises(SandboxError) as caught:
        await town.client.request(verb, path, body)
    assert caught.value.status == status


async def test_transcript_shows_both_sides_as_safe_html(town: Town) -> None:
    await town.alice.text("shop_bot", "<script>")
    await town.send("<b>bold</b>", parse_mode="HTML")
    mine, theirs = (await town.alice.transcript("shop_bot"))["messages"][-2:]
    assert (mine["html"], mine["outgoing"]) == ("&lt;script&gt;", False)
    assert (theirs["html"], theirs["outgoing"]) == ("<b>bold</b>", True)


async def test_transcripts_return_changed_messages_by_person(town: Town) -> None:
    seq, everybody = await town.client.transcripts("shop_bot")
    assert everybody[town.alice.id] == (await town.alice.transcript("shop_bot"))["messages"]
    assert await town.client.transcripts("shop_bot", seq) == (seq, {})
    sent = await town.send()
    seq, changed = await town.client.transcripts("shop_bot", seq)
    assert {person: [message["message_id"] for message in found] for person, found in changed.items()} == {
        town.alice.id: [sent]
    }
    assert (await town.client.transcripts("other_bot", 0))[1].get(town.alice.id, []) == []


async def test_transcript_since_gives_only_changes(town: Town) -> None:
    first = await town.send("first")
    since = (await town.alice.transcript("shop_bot"))["seq"]
    assert (await town.alice.transcript("shop_bot", since))["messages"] == []
    await town.shop("deleteMessage", chat_id=7002, message_id=first)
    changed = (await town.alice.transcript("shop_bot", since))["messages"]
    assert [message["message_id"] for message in changed] == [first]
    assert changed[0]["deleted_at"] is not None


async def test_wait_returns_when_the_text_comes(town: Town) -> None:
    await town.alice.text("shop_bot", "question")
    waiting = asyncio.create_task(town.alice.wait("shop_bot", contains="42"))
    await town.send("not yet")
    await town.send("the answer is 42")
    assert (await waiting)["messages"][-1]["text"] == "the answer is 42"


async def test_wait_ignores_messages_before_the_last_action(town: Town) -> None:
    await town.send("old 42")
    await town.alice.text("shop_bot", "question 42")
    with pytest.raises(SandboxError) as caught:
        await town.alice.wait("shop_bot", contains="42", timeout_s=0)
    assert caught.value.status == 408


async def test_wait_is_per_bot(town: Town) -> None:
    await town.alice.link("https://t.me/other_bot")
    await town.alice.text("shop_bot", "to the shop")
    await town.other("sendMessage", chat_id=7002, text="welcome")
    await town.alice.text("shop_bot", "to the shop again")
    assert (await town.alice.wait("other_bot", contains="welcome", timeout_s=0))["messages"]


async def test_wait_counts_outgoing_messages(town: Town) -> None:
    await town.alice.text("shop_bot", "two please")
    await town.send()
    with pytest.raises(SandboxError):
        await town.alice.wait("shop_bot", count=2, timeout_s=0)
    await town.send()
    assert len((await town.alice.wait("shop_bot", count=2, timeout_s=0))["messages"]) == 3


async def test_wait_for_deletion(town: Town) -> None:
    message_id = await town.send()
    waiting = asyncio.create_task(town.alice.wait("shop_bot", deleted=message_id))
    await town.shop("deleteMessage", chat_id=7002, message_id=message_id)
    assert (await waiting)["messages"][-1]["deleted_at"] is not None


async def test_idle_waits_until_updates_are_fetched(town: Town) -> None:
    await town.alice.text("shop_bot", "hi")
    with pytest.raises(SandboxError) as caught:
        await town.client.idle(timeout_s=0)
    assert caught.value.status == 408
    await town.shop("getUpdates")
    await town.client.idle(quiet_ms=0)


async def test_idle_ignores_bots_that_never_polled(town: Town) -> None:
    await town.client.add_bot("1003:asleep", "asleep_bot")
    await town.alice.link("https://t.me/asleep_bot")
    await town.client.idle(quiet_ms=0)
    with pytest.raises(SandboxError):
        await town.client.idle(bot="asleep_bot", timeout_s=0)


async def test_followers_are_woken_when_the_clock_moves(town: Town) -> None:
    before = await town.client.request("GET", "clock")
    follower = asyncio.create_task(town.client.request("GET", "clock", after=before["version"], timeout_s=25))
    await town.client.advance(3600)
    after = await follower
    assert after["version"] == before["version"] + 1
    assert 3599 < after["offset_s"] - before["offset_s"] < 3601
    stopped = await town.client.request("POST", "clock", {"set": 2_000_000_000})
    assert abs(stopped["now"] - 2_000_000_000) < 1
    sent = await town.shop("sendMessage", chat_id=7002, text="x")
    assert abs(sent.result["date"] - 2_000_000_000) <= 1


async def test_waiting_for_the_clock_ends_at_the_timeout(town: Town) -> None:
    before = await town.client.request("GET", "clock")
    again = await town.client.request("GET", "clock", after=before["version"], timeout_s=0)
    assert again["version"] == before["version"]


async def test_events_stream_changes(town: Town) -> None:
    async with town.session.get(f"{town.sandbox.url}/control/events") as stream:
        assert stream.content_type == "text/event-stream"
        assert (await stream.content.readline()).startswith(b":")
        await town.send()
        kinds = []
        async for line in stream.content:
            if line.startswith(b"data: "):
                kinds.append(json.loads(line.removeprefix(b"data: ")))
            if kinds and kinds[-1]["kind"] == "call":
                break
    assert (kinds[0]["kind"], kinds[0]["user"], kinds[0]["bot"]) == ("message", 7002, 1001)


async def test_page_is_served(town: Town) -> None:
    async with town.session.get(town.sandbox.url) as response:
        assert (response.status, response.content_type) == (200, "text/html")


async def test_page_serves_its_folder_only(town: Town) -> None:
    async with town.session.get(f"{town.sandbox.url}/page/..%2Fserver.py") as response:
        assert response.status == 404
    async with town.session.get(f"{town.sandbox.url}/page/%2e%2e/server.py") as response:
        assert response.status == 404


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("null", 403), (None, 200)])
async def test_pages_of_other_sites_are_refused(town: Town, origin: str | None, status: int) -> None:
    headers = {"Origin": origin or town.sandbox.url}
    async with town.session.post(f"{town.sandbox.url}/control/config", data=b"{}", headers=headers) as response:
        assert response.status == status


@pytest.mark.parametrize("path", ["/control/state", "/", "/bot1:x/getMe"])
async def test_a_foreign_host_header_is_refused_everywhere(town: Town, path: str) -> None:
    port = town.sandbox.url.rpartition(":")[2]
    for host, is_refused in ((f"evil.example:{port}", True), (f"localhost:{port}", False)):
        async with town.session.get(town.sandbox.url + path, headers={"Host": host}) as response:
            assert (response.status == 403) is is_refused


@pytest.mark.parametrize("moment", ["1e308", "nan", -1, 1e15])
async def test_a_time_out_of_range_is_refused(town: Town, moment: object) -> None:
    with pytest.raises(SandboxError, match=r"clock goes from|must be"):
        await town.client.request("POST", "clock", {"set": moment})


async def test_people_forward_with_origin(town: Town) -> None:
    message_id = await town.post("news")
    await town.olga.forward("shop_bot", town.storage, [message_id])
    message = (await town.shop.updates())[-1]["message"]
    origin = message["forward_origin"]
    assert (origin["type"], origin["chat"]["id"], origin["message_id"]) == ("channel", town.storage, message_id)


@pytest.mark.parametrize("name", [None, "garden"])
async def test_forwarded_posts_name_their_channel(town: Town, name: str | None) -> None:
    channel = await town.client.add_chat("channel", "Garden", town.olga.id, username=name)
    post = (await town.olga.text(channel, "news"))["message"]["message_id"]
    await town.olga.forward("shop_bot", channel, [post])
    origin = (await town.shop.updates())[-1]["message"]["forward_origin"]
    chat = {"id": channel, "title": "Garden", "type": "channel"} | ({"username": name} if name else {})
    assert (origin["type"], origin["chat"], origin["message_id"]) == ("channel", chat, post)


async def test_people_who_left_a_private_channel_cannot_forward_from_it(town: Town) -> None:
    message_id = await town.post("news")
    await town.alice.join(town.storage)
    await town.alice.forward("shop_bot", town.storage, [message_id])
    await town.alice.leave(town.storage)
    with pytest.raises(SandboxError, match="does not see"):
        await town.alice.forward("shop_bot", town.storage, [message_id])


async def test_people_cannot_forward_protected_content(town: Town) -> None:
    message_id = await town.send("secret", protect_content=True)
    with pytest.raises(SandboxError, match="forwarded"):
        await town.alice.forward("other_bot", "shop_bot", [message_id])


async def test_album_updates_come_in_the_requested_order(town: Town) -> None:
    done = await town.alice.album("shop_bot", [{"kind": "photo"}, {"kind": "photo"}, {"kind": "photo"}], [2, 0, 1])
    ids = [message["message_id"] for message in done["messages"]]
    queued = [update["message"]["message_id"] for update in await town.shop.updates()]
    assert queued == [ids[2], ids[0], ids[1]]
    assert sorted(ids) == ids


async def test_people_delete_and_clear(town: Town) -> None:
    first, second = await town.send(), await town.send()
    await town.alice.delete("shop_bot", [first])
    assert (await town.shop("deleteMessage", chat_id=7002, message_id=first)).status == 400
    await town.alice.act("clear", **{"in": "shop_bot"})
    shown = (await town.alice.transcript("shop_bot"))["messages"]
    assert all(message["deleted_at"] is not None for message in shown)
    assert second in [message["message_id"] for message in shown]


async def test_strangers_cannot_post_in_a_channel(town: Town) -> None:
    with pytest.raises(SandboxError, match="not in this chat"):
        await town.bob.text(town.storage, "hi")
    await town.bob.join(town.storage)
    with pytest.raises(SandboxError, match="may not post"):
        await town.bob.text(town.storage, "hi")


async def test_using_the_client_without_async_with_raises() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await SandboxClient("http://127.0.0.1:1").state()
