"""`python -m admin_bot`: the admin bot alone."""

from admin_bot.main import main
from runtime.context import run

if __name__ == "__main__":
    raise SystemExit(run(main))
