"""Run both bots, the web app and the schedulers in one process."""

import admin_bot.main
import user_bot.main
import web_app.main
from config import Settings
from runtime.context import ProcessContext, process_context
from runtime.lifecycle import Component, run, serve_until_stopped
from web_app.main import Receiving


async def main(settings: Settings) -> None:
    """Run everything until a stop is asked for."""
    async with process_context(settings) as base:
        username = (await base.user_bot.me()).username or ""
        components: list[Component] = [
            # first: a port that is taken stops the start before a bot does anything
            *web_app.main.components(settings, base.clock, username, base.update_states, _receiving(base), base.team),
            user_bot.main.component(base),
            await admin_bot.main.component(base),
        ]
        await serve_until_stopped(base, components)


def _receiving(base: ProcessContext) -> Receiving | None:
    """Return the bots that take posted updates; None when all of them poll."""
    if base.settings.UPDATES != "webhook":
        return None
    return Receiving(base.receivers.by_bot, base.receivers.until_ended)


if __name__ == "__main__":
    raise SystemExit(run(main))
