"""The database did the write, but its answer was lost: the retry must treat the write as its own."""

from typing import Any

import pytest

from core.errors import StoreUnavailable
from database.collection import Collection
from database.operations.posts import post_ops
from tests.house import ADMIN_BOT, STORAGE, USER_BOT, House


def lose_one_answer(monkeypatch: pytest.MonkeyPatch, method: str, collection: str) -> None:
    real = getattr(Collection, method)
    lost = False

    async def lossy(self: Collection, *arguments: Any, **options: Any) -> Any:
        nonlocal lost
        answer = await real(self, *arguments, **options)
        if self.name == collection and not lost:
            lost = True
            raise StoreUnavailable("the answer was lost")
        return answer

    monkeypatch.setattr(Collection, method, lossy)


async def test_a_delivery_claim_whose_answer_was_lost_still_delivers_the_post(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await house.store()
    lose_one_answer(monkeypatch, "find_one_and_update", "deliveries")
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1


async def test_a_replacement_whose_answer_was_lost_keeps_the_new_content(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await house.store()
    await house.olive.text(ADMIN_BOT, "/posts")
    await house.olive.wait(ADMIN_BOT, contains="Posts")
    await house.olive.press(ADMIN_BOT, "1 · A post")
    await house.settle()
    await house.olive.press(ADMIN_BOT, "Content")
    await house.settle()
    await house.olive.press(ADMIN_BOT, "Replace all")
    await house.settle()
    await house.olive.media(ADMIN_BOT, "photo", caption="the new content")
    await house.settle()
    lose_one_answer(monkeypatch, "find_one_and_update", "posts")
    await house.olive.press(ADMIN_BOT, "Done")
    await house.olive.wait(ADMIN_BOT, contains="has new content")
    changed = await post_ops.find(post.code)
    assert changed is not None
    alive = {m["message_id"] for m in await house.world.chat_messages(STORAGE) if m.get("deleted_at") is None}
    assert set(changed.message_ids) <= alive
    assert set(changed.message_ids) != set(post.message_ids)


async def test_an_unexpected_error_is_answered_with_a_sentence_through_the_real_dispatcher(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(code: str) -> None:
        raise RuntimeError("broken on purpose")

    post = await house.store()
    monkeypatch.setattr(post_ops, "open_post", broken)
    await house.alice.link(house.link(post))
    assert await house.alice.wait(USER_BOT, contains="Something went wrong")
