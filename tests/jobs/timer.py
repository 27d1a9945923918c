"""A timer that rings when the test says so."""

from collections.abc import Callable

from apscheduler.triggers.base import BaseTrigger

from schedulers.scheduler import Timer


class HandTimer(Timer):
    """Keeps what was added and fires on demand."""

    def __init__(self) -> None:
        super().__init__()
        self._fires: dict[str, Callable[[], None]] = {}

    @property
    def names(self) -> set[str]:
        return set(self._fires)

    def add(self, name: str, trigger: BaseTrigger, fire: Callable[[], None]) -> None:
        self._fires[name] = fire

    def remove(self, name: str) -> None:
        self._fires.pop(name, None)

    def fire(self, name: str) -> None:
        """The trigger's time has come."""
        self._fires[name]()
