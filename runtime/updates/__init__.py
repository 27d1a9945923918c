"""How the updates of a bot are taken; `choice.py` chooses the way by `UPDATES`."""
