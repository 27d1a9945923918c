"""Every screen of the admin bot in every state, with the longest values: one file per subject with a dict `SCREENS`.

`test_limits.py` checks each of them; a new file is found by its name.
"""


def _filled(text: str, length: int) -> str:
    return text + "W" * (length - len(text))


#: the longest values of what people type: markup, right-to-left, emoji
LONG_TITLE = _filled("<b>&\u05e9\u05dc\u05d5\u05dd " + "\U0001f3f3\ufe0f\u200d\U0001f308" * 12, 80)
LONG_NAME = _filled("\u0645\u0631\u062d\u0628\u0627 <i>", 64)
LONG_USERNAME = "w" * 32
LONG_CHANNEL = _filled("\u05e2\u05e8\u05d5\u05e5 <&> ", 128)
