"""One process: both bots and the schedulers."""

import admin_bot.main
import user_bot.main
from config import Settings
from process import foundation, run, serve_until_stopped


async def main(settings: Settings) -> None:
    """Run everything until a stop is asked for."""
    async with foundation(settings) as base:
        await serve_until_stopped(base, [user_bot.main.part(base), await admin_bot.main.part(base)])


if __name__ == "__main__":
    raise SystemExit(run(main))
