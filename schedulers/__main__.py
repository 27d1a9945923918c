"""`python -m schedulers`."""

from schedulers.cli import app

if __name__ == "__main__":
    app(prog_name="python -m schedulers")
