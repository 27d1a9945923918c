"""`python -m admin_bot`: the admin bot alone."""

from admin_bot.main import main
from runtime.lifecycle import run

if __name__ == "__main__":
    raise SystemExit(run(main))
