"""A batch without I/O: order, limits, whole albums, storage."""

import json

from hypothesis import given
from hypothesis import strategies as st

from admin_bot.conversation.batch_draft import AddOutcome, BatchDraft, new_batch_draft, read_batch_draft
from core.posts import ITEMS_MAX


def filled(number: int) -> BatchDraft:
    draft = new_batch_draft()
    for message_id in range(1, number + 1):
        draft, _ = draft.add(message_id, None, None)
    return draft


def test_messages_are_in_the_order_they_were_sent() -> None:
    draft = new_batch_draft()
    for message_id in (5, 2, 9):
        draft, added = draft.add(message_id, None, f"title {message_id}")
        assert added is AddOutcome.ADDED
    assert draft.message_ids == (2, 5, 9)
    assert draft.title == "title 2"


def test_one_message_is_enough_and_none_is_not() -> None:
    assert not new_batch_draft().is_enough
    assert filled(1).is_enough


def test_the_100th_message_fits_and_the_101st_does_not() -> None:
    draft, added = filled(99).add(100, None, None)
    assert added is AddOutcome.ADDED
    after, added = draft.add(101, None, None)
    assert (after, added) == (draft, AddOutcome.FULL)


def test_an_album_that_does_not_fit_is_removed_whole() -> None:
    draft = filled(98)
    draft, _ = draft.add(201, "g", None)
    draft, _ = draft.add(202, "g", None)
    draft, added = draft.add(203, "g", None)
    assert added is AddOutcome.ALBUM_TOO_BIG
    assert len(draft.items) == 98
    draft, added = draft.add(204, "g", None)
    assert (added, len(draft.items)) == (AddOutcome.REFUSED_BEFORE, 98)
    draft, added = draft.add(205, None, None)
    assert (added, len(draft.items)) == (AddOutcome.ADDED, 99)


def test_a_draft_survives_storage() -> None:
    draft = filled(3).model_copy(update={"title": "שלום", "refused_groups": ("g",)})
    assert read_batch_draft(json.loads(json.dumps(draft.model_dump(mode="json")))) == draft


def test_a_draft_of_another_version_is_none() -> None:
    assert read_batch_draft(None) is None
    assert read_batch_draft({"items": "x"}) is None
    assert read_batch_draft("nonsense") is None


@given(st.lists(st.tuples(st.integers(1, 150), st.sampled_from([None, "a", "b", "c"])), max_size=200))
def test_never_more_than_100_never_twice_and_albums_never_cut(messages: list[tuple[int, str | None]]) -> None:
    draft = new_batch_draft()
    groups: dict[int, str | None] = {}
    for message_id, group in messages:
        group = groups.setdefault(message_id, group)
        draft, _ = draft.add(message_id, group, None)
    assert len(draft.items) <= ITEMS_MAX
    assert len(set(draft.message_ids)) == len(draft.items)
    for refused in draft.refused_groups:
        assert refused not in draft.groups()
