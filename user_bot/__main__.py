"""`python -m user_bot`: run the user bot and the schedulers, without the rest."""

from runtime.lifecycle import run
from user_bot.main import main

if __name__ == "__main__":
    raise SystemExit(run(main))
