"""`/t.me/…`: the redirect to the chat page."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import Town


async def visit(town: Town, path: str, site: str | None = None) -> tuple[int, str, str]:
    """Status, Location and body for a request with this Sec-Fetch-Site; None: without the header, like curl."""
    headers = {"Sec-Fetch-Site": site} if site else {}
    async with town.session.get(town.sandbox.url + path, headers=headers, allow_redirects=False) as response:
        return response.status, response.headers.get("Location", ""), await response.text()


@pytest.mark.parametrize("path", ["shop_bot?start=v_abc", "+AbC", "shop_bot?start=a&x=%0D%0ASet-Cookie:%20b"])
async def test_it_redirects_to_the_page_with_the_link_and_changes_nothing(town: Town, path: str) -> None:
    before = town.sandbox.world.seq
    status, location, _ = await visit(town, f"/t.me/{path}", "same-site")
    assert (status, urlsplit(location).path) == (302, "/")
    assert parse_qs(urlsplit(location).query) == {"open": [f"https://t.me/{path}"]}
    assert (await visit(town, location, "same-site"))[0] == 200
    assert town.sandbox.world.seq == before
    assert await town.shop.kinds() == []


async def test_visitors_from_other_sites_have_to_press_a_link(town: Town) -> None:
    status, location, page = await visit(town, "/t.me/shop_bot?start=%22%3E%3Cscript%3E", "cross-site")
    assert (status, location, "Open in the sandbox" in page, "<script" in page) == (200, "", True, False)
    assert (await visit(town, "/?open=https%3A%2F%2Ft.me%2Fshop_bot", "cross-site"))[0] == 403
    assert (await visit(town, "/?open=https%3A%2F%2Ft.me%2Fshop_bot", "same-origin"))[0] == 200


async def test_people_can_open_it_in_the_chat_too(town: Town) -> None:
    await town.bob.link(f"{town.sandbox.url}/t.me/shop_bot?start=v_abc")
    assert (await town.shop.updates())[0]["message"]["text"] == "/start v_abc"
    link = (await town.shop("createChatInviteLink", chat_id=town.storage)).result["invite_link"]
    await town.bob.link(link.replace("https:/", town.sandbox.url))
    found = await town.shop("getChatMember", chat_id=town.storage, user_id=town.bob.id)
    assert found.result["status"] == "member"


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/v/abc", "http://127.0.0.1:8080/v/" + "a" * 40])
async def test_buttons_to_this_server_are_accepted(town: Town, address: str) -> None:
    await town.send("verify", reply_markup={"inline_keyboard": [[{"text": "Verify", "url": address}]]})
    assert (await town.alice.press("shop_bot", "Verify"))["url"] == address
