"""One loss of the storage channel is one alert, and its end is alerted only when it is over."""

from admin_bot.storage.alarm import StorageAlarm
from monitoring.alerts import Alerts, Words

STORAGE = -1001


class Owners:
    def __init__(self) -> None:
        self.alerted: list[str] = []
        self.alerts = Alerts(self._tell)
        self.alarm = StorageAlarm(self.alerts)

    async def _tell(self, words: Words) -> bool:
        self.alerted.append(words())
        return True


async def test_an_incident_is_alerted_once_and_its_end_once() -> None:
    owners = Owners()
    for _ in range(3):
        await owners.alarm.raise_incident(STORAGE, lambda: "lost")
    for _ in range(3):
        await owners.alarm.clear(STORAGE)
    assert owners.alerted[0] == "lost"
    assert len(owners.alerted) == 2


async def test_an_incident_raised_by_the_user_bot_is_not_ended_by_a_post() -> None:
    owners = Owners()
    await owners.alerts.raise_once(f"storage:{STORAGE}", lambda: "the user bot reads nothing")
    await owners.alarm.raise_incident(STORAGE, lambda: "lost")
    await owners.alarm.clear(STORAGE)
    assert owners.alerted == ["the user bot reads nothing"]
    assert await owners.alerts.raise_once(f"storage:{STORAGE}", lambda: "again") is False


async def test_a_check_of_both_bots_ends_every_incident() -> None:
    owners = Owners()
    await owners.alerts.raise_once(f"storage:{STORAGE}", lambda: "the user bot reads nothing")
    await owners.alarm.clear_for_both_bots(STORAGE)
    assert await owners.alerts.raise_once(f"storage:{STORAGE}", lambda: "again") is True
