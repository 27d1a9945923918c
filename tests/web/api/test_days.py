"""Days in addresses: written as the description says, in no other way."""

import httpx
import pytest

from core.clock import ManualClock
from tests.web.auth.signing import API, OWNER, bearer

PLACES = [("schedule", "first"), ("team/activity", "day"), ("team/activity.csv", "day")]


@pytest.mark.parametrize(("path", "name"), PLACES)
@pytest.mark.parametrize(
    ("typed", "status"),
    [("2026-11-30", 200), ("0", 422), ("1764460800", 422), ("2026-11-31", 422), ("2026-11-30T00:00:00", 422)],
)
async def test_a_number_is_no_day(
    client: httpx.AsyncClient, clock: ManualClock, path: str, name: str, typed: str, status: int
) -> None:
    answer = await client.get(f"{API}/{path}", params={name: typed}, headers=bearer(OWNER, clock.now()))
    assert answer.status_code == status
