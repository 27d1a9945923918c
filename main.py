"""One process: both bots, the web app and the schedulers."""

import admin_bot.main
import user_bot.main
import web_app.main
from config import Settings
from process import foundation, run, serve_until_stopped
from starting import Part


async def main(settings: Settings) -> None:
    """Run everything until a stop is asked for."""
    async with foundation(settings) as base:
        username = (await base.user_bot.me()).username or ""
        parts: list[Part] = [
            # first: a port that is taken stops the start before a bot does anything
            web_app.main.part(settings, base.clock, username),
            user_bot.main.part(base),
            await admin_bot.main.part(base),
        ]
        await serve_until_stopped(base, parts)


if __name__ == "__main__":
    raise SystemExit(run(main))
