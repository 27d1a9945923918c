"""answerCallbackQuery (row 17, BOTAPI §2.7)."""

from sandbox.botapi.method import Method
from sandbox.errors import QUERY_TOO_OLD, bad_request
from sandbox.state.records import MAX_TOASTS, Callback, Dialog
from sandbox.wire import Call

MAX_ANSWER = 200


def answer_callback_query(call: Call) -> bool:
    """Answer once, in time, by the bot whose button it is. A text or URL becomes a toast in the person's chat."""
    query_id = call.text("callback_query_id")
    text = call.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    found = call.world.callbacks.get(query_id)
    if found is not None and found.is_answered:
        call.world.calls.note_double_answer()
    if found is None or found.bot is not call.bot or found.is_answered or _is_late(call, found):
        raise bad_request(QUERY_TOO_OLD)
    found.is_answered = True
    _show(call, call.world.dialog(call.bot, found.user), text)
    return True


def _is_late(call: Call, found: Callback) -> bool:
    return call.world.clock.now() - found.pressed_at > call.world.config.callback_window_s


def _show(call: Call, dialog: Dialog, text: str) -> None:
    seq = call.world.touch(dialog, "toast")
    url = call.text("url")
    if text or url:
        toast = {"seq": seq, "text": text, "show_alert": call.flag("show_alert")}
        dialog.toasts.append(toast | ({"url": url} if url else {}))
        del dialog.toasts[:-MAX_TOASTS]


METHODS: dict[str, Method] = {"answerCallbackQuery": answer_callback_query}
