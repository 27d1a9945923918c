"""Three real processes of one bot in a rush, on one database: Telegram refuses none of their calls (MONGO_URI)."""

import pytest

from bench.harness.stores import find_server
from bench.harness.telegram import telegram
from bench.sharing.ceiling import ALL, rushes

pytestmark = [pytest.mark.server, pytest.mark.journey, pytest.mark.timeout(180)]

#: seconds of the rush; the second half is counted
RUSH_S = 8.0


async def test_three_processes_in_a_rush_use_nine_tenths_of_the_ceiling_and_not_one_call_is_refused() -> None:
    store = find_server()
    assert store is not None
    async with telegram() as sandbox:
        found = await rushes(sandbox, store, (ALL,), RUSH_S, is_shared=True)
    (rush,) = found.phases
    print(f"\n{rush.per_s:.1f} calls a second by {rush.calls}, {found.commands_per_s:.1f} commands a second")
    assert found.refused == 0
    assert rush.used >= 0.9
    assert min(rush.calls) >= 0.5 * max(rush.calls)
