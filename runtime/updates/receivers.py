"""The bots of this process whose updates are posted to its web app."""

import asyncio

from sender.updates.webhook import WebhookReceiver


class Receivers:
    """What takes posted updates, by bot; the web app reads `by_bot`, the bots write it."""

    def __init__(self) -> None:
        self.by_bot: dict[int, WebhookReceiver] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def open(self, bot_id: int, receiver: WebhookReceiver) -> None:
        """Have posts for this bot taken by `receiver`."""
        self.by_bot[bot_id] = receiver
        self._idle.clear()
        receiver.open()

    def ended(self) -> None:
        """Note that every update has been handled, or given up."""
        self._idle.set()

    async def until_ended(self) -> None:
        """Return when no update is being handled any more: until then posts wait for their answers."""
        await self._idle.wait()
