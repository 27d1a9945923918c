"""One loss of the storage channel is told once, and nobody is told it is over while it is not."""

from admin_bot.storage.alarm import StorageAlarm
from monitoring.alerts import Alerts

STORAGE = -1001


class Owners:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.alerts = Alerts(self._tell)
        self.alarm = StorageAlarm(self.alerts)

    async def _tell(self, html: str) -> bool:
        self.told.append(html)
        return True


async def test_the_owners_are_told_once_and_once_that_it_is_over() -> None:
    owners = Owners()
    for _ in range(3):
        await owners.alarm.begin(STORAGE, "lost")
    for _ in range(3):
        await owners.alarm.end(STORAGE)
    assert owners.told[0] == "lost"
    assert len(owners.told) == 2


async def test_what_the_user_bot_reported_is_not_ended_by_a_post() -> None:
    owners = Owners()
    await owners.alerts.raise_once(f"storage:{STORAGE}", "the user bot reads nothing")
    await owners.alarm.begin(STORAGE, "lost")
    await owners.alarm.end(STORAGE)
    assert owners.told == ["the user bot reads nothing"]
    assert await owners.alerts.raise_once(f"storage:{STORAGE}", "again") is False


async def test_a_check_of_both_bots_ends_it_whoever_began() -> None:
    owners = Owners()
    await owners.alerts.raise_once(f"storage:{STORAGE}", "the user bot reads nothing")
    await owners.alarm.both_fine(STORAGE)
    assert await owners.alerts.raise_once(f"storage:{STORAGE}", "again") is True
