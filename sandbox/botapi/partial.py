"""Calls that send only some of their messages (row 14, BOTAPI §2.5): by a fault, or by flood control."""

from sandbox.errors import ApiError, bad_request, describe, flood, unauthorized
from sandbox.wire import Call


def partial_cut(call: Call, count: int) -> int:
    """How many of `count` messages are sent: all, or as many as the effect `partial` allows."""
    if call.effect and call.effect["kind"] == "partial":
        return min(int(call.effect.get("deliver", 1)), count)
    return count


def partial_failure(call: Call, delivered: int) -> ApiError:
    """The error of a call that sent only its first messages, by the `end` of its effect.

    The server passes on 401, 406, 429 and 5xx of one message as they are, 406 as a 400 (Client.cpp,
    on_message_send_failed and fail_query_with_error); any other error it wraps into a 400 that names the message.
    """
    effect = call.effect or {}
    end = effect.get("end", "wrapped")
    if end == "group":
        return bad_request("Group send failed")
    if end == 401:
        return unauthorized()
    if end == 406:
        return bad_request(str(effect.get("error", "PAYMENT_UNSUPPORTED")))
    if end == 429:
        return flood(int(effect.get("retry_after", 5)))
    if end == 500:
        return ApiError(500, describe(500, str(effect.get("error", "restart"))))
    return failed_message(delivered + 1, str(effect.get("error", "Bad Request: MEDIA_EMPTY")))


def failed_message(number: int, reason: str) -> ApiError:
    """400 that names the message of a call which was refused."""
    return bad_request(f'failed to send message #{number} with the error message "{reason}"')
