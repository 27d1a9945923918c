"""`python -m web_app`: the web app in a process of its own."""

from runtime.lifecycle import run
from web_app.main import main

if __name__ == "__main__":
    raise SystemExit(run(main))
