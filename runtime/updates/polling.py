"""Takes updates by long polling."""

from collections.abc import Awaitable, Callable

from runtime.updates.source import ServedBot


class LongPolling:
    """Polls for one bot."""

    def __init__(self, served: ServedBot, before_polls: Callable[[], Awaitable[None]] | None = None) -> None:
        """`before_polls` is awaited before the first poll."""
        self.served = served
        self._before_polls = before_polls

    @property
    def state(self) -> str:
        return "running"

    async def serve(self) -> None:
        """Poll until `stop`."""
        if self._before_polls is not None:
            await self._before_polls()
        await self.served.dispatcher.start_polling(
            self.served.bot,
            allowed_updates=list(self.served.allowed_updates),
            handle_signals=False,
            close_bot_session=False,
        )

    async def stop(self) -> bool:
        """Stop polling, and wait for the shutdown handlers. False: it had not started to poll."""
        try:
            await self.served.dispatcher.stop_polling()
        except RuntimeError:
            return False
        return True
