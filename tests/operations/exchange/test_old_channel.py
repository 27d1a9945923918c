"""Messages of the old channel are no copies of ours: nothing that happens to a post of an old link deletes them."""

from datetime import timedelta

import pytest

from core.posts import UNDO_FOR
from database.connection import Database
from database.operations.posts import post_content, post_ops
from tests.operations.posts.making import MADE_AT, OLIVE, content, make


@pytest.mark.parametrize("is_imported", [True, False])
async def test_only_messages_that_are_ours_are_left_to_be_deleted(db: Database, is_imported: bool) -> None:
    post = await make("x", is_imported=is_imported)
    changed = await post_content.change_content(post, content(50, chat_id=-200), by=OLIVE, at=MADE_AT)
    assert changed is not None
    unused = await post_content.pop_expired_undos(MADE_AT + UNDO_FOR, 9)
    assert [one.message_ids for one in unused] == ([] if is_imported else [(4, 5, 6)])


@pytest.mark.parametrize("is_imported", [True, False])
async def test_a_post_of_an_old_link_is_not_discarded(db: Database, is_imported: bool) -> None:
    post = await make("x", is_imported=is_imported)
    found = await post_ops.discard(post.code, MADE_AT + timedelta(minutes=1))
    assert (found is None) is is_imported
