"""Which steps of the first hour are open."""

import pytest

from core.team.first_hour import Step, open_steps

STORAGE, CHANNEL, PUBLISH = Step.STORAGE, Step.CHANNEL, Step.PUBLISH


@pytest.mark.parametrize(
    ("has_storage", "has_channel", "was_announced", "expected"),
    [
        (False, False, False, (STORAGE, CHANNEL, PUBLISH)),
        (True, False, False, (CHANNEL, PUBLISH)),
        (True, True, False, (PUBLISH,)),
        (True, True, True, ()),
        # a channel that was taken away later opens no step again
        (True, False, True, ()),
        # a storage channel that was taken away does: nothing can be kept
        (False, True, True, (STORAGE,)),
    ],
)
def test_steps_stay_open_until_they_are_done(
    has_storage: bool, has_channel: bool, was_announced: bool, expected: tuple[Step, ...]
) -> None:
    assert open_steps(has_storage=has_storage, has_channel=has_channel, was_announced=was_announced) == expected
