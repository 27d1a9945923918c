"""`python -m user_bot`: the user bot and the schedulers alone."""

from runtime.context import run
from user_bot.main import main

if __name__ == "__main__":
    raise SystemExit(run(main))
