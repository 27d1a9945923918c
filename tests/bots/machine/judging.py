"""What must hold after each step: no error, no refusal by Telegram, every press answered, no right exceeded."""

from collections.abc import Iterator

from aiogram.methods import AnswerCallbackQuery, SendMessage

from core.payloads import claim_token, invitation_token
from core.team.admins import Role
from core.team.rights import may, may_take_down
from tests.bots.admin_bot.conftest import USER_BOT
from tests.bots.machine.playing import Step
from tests.bots.machine.rights_table import (
    CALLS,
    JOINING,
    OWNERS_SETTINGS,
    TOLD_BY_TELEGRAM,
    Changes,
    allowed,
)
from tests.bots.machine.secrets_of_rights import READABLE_WITH
from tests.bots.machine.watching import changes, documents_changed

#: collections in which the health of the house is noted, whoever is there
HOUSE = frozenset({"health", "incidents"})
#: of what was published, it can be told from its state only
REMOVED = frozenset({"removed", "taken down"})


def judge(step: Step) -> list[str]:
    """Return what does not hold; [] when all is well."""
    found = [f"an error: {line}" for line in step.errors]
    found += [f"Telegram would refuse: {line}" for line in step.refusals]
    found += [*_unanswered(step), *_changed_too_much(step), *_called_too_much(step), *_read_too_much(step)]
    found += _took_down(step)
    return [f"{one}\n  by {step.who.first_name}, {step.role or 'no role'}: {step.kind} {step.body}" for one in found]


def is_told_by_telegram(step: Step) -> bool:
    """Whether it is news of rights of a bot in a channel."""
    return step.kind in ("my_chat_member", "chat_member") and step.body["chat"]["type"] == "channel"


def is_joining(step: Step) -> bool:
    """Whether it opens a link that gives a role."""
    text = str(step.body.get("text"))
    is_link = invitation_token(text) is not None or claim_token(text) is not None
    return step.kind == "message" and step.body["chat"]["type"] == "private" and is_link


def _unanswered(step: Step) -> Iterator[str]:
    if step.kind == "callback_query":
        answers = [call for call in step.calls if isinstance(call, AnswerCallbackQuery)]
        if not any(call.callback_query_id == step.body["id"] for call in answers):
            yield "a press is not answered"


def _roles(step: Step) -> set[Role]:
    return {role for role in (step.role, step.role_after) if role is not None}


def _may_change(step: Step, collection: str) -> frozenset[str]:
    if is_told_by_telegram(step):
        return TOLD_BY_TELEGRAM.get(collection, frozenset())
    found = _of(JOINING, collection) if is_joining(step) else frozenset()
    return found if step.role is None else found | allowed(step.role, collection)


def _of(table: Changes, collection: str) -> frozenset[str]:
    return table.get(collection, frozenset())


def _changed_too_much(step: Step) -> Iterator[str]:
    for collection, fields in changes(step.before, step.after).items():
        if collection in HOUSE:
            continue
        may_change = _may_change(step, collection)
        if may_change != {"*"} and (beyond := fields - may_change) and "*" not in may_change:
            yield f"changed {collection}: {sorted(beyond)}"
        if collection == "admin_config/settings" and not is_told_by_telegram(step):
            yield from (
                f"changed the setting {name}"
                for name, right in OWNERS_SETTINGS.items()
                if name in fields and not may(step.role, right)
            )
    own = [after for before, after in documents_changed(step.before, step.after, "audit_log") if not before]
    if not is_told_by_telegram(step) and any(entry.get("admin_id") != step.who.id for entry in own):
        yield f"the activity names somebody else: {own}"
    yield from _changed_others_rows(step)


def _changed_others_rows(step: Step) -> Iterator[str]:
    """Being there notes one's own language, nobody else's."""
    for before, after in documents_changed(step.before, step.after, "admins"):
        user_id = (before or after).get("user_id")
        if user_id != step.who.id and Role.OWNER not in _roles(step):
            yield f"changed the row of {user_id} in the team"


def _called_too_much(step: Step) -> Iterator[str]:
    for call in step.calls:
        name = type(call).__name__
        if name in CALLS and not any(may(role, right) for role in _roles(step) for right in CALLS[name]):
            yield f"called {name}"
        if step.role is None and not is_joining(step) and not is_told_by_telegram(step):
            is_answer = isinstance(call, AnswerCallbackQuery)
            if not is_answer and not (isinstance(call, SendMessage) and call.chat_id == step.who.id):
                yield f"called {name} for a stranger"


def _read_too_much(step: Step) -> Iterator[str]:
    """What somebody without the right reads, holds no word that needs it. What they typed may be repeated."""
    for call in step.calls:
        if getattr(call, "chat_id", None) != step.who.id:
            continue
        shown = repr(call)
        for word, right in READABLE_WITH.items():
            if word in shown and word not in repr(step.body) and not any(may(role, right) for role in _roles(step)):
                yield f"shown {word!r}: {shown[:300]}"
        if step.role is None and step.role_after is None and not is_joining(step):
            text = str(getattr(call, "text", ""))
            if f"@{USER_BOT.username}" not in text:
                yield f"a stranger reads {text!r}"


def _took_down(step: Step) -> Iterator[str]:
    """Editors take down and remove what they made, nobody else's."""
    if step.role is None:
        return
    for before, after in documents_changed(step.before, step.after, "posts"):
        was_live = before.get("status") == "live"
        if (
            was_live
            and after.get("status") != "live"
            and not may_take_down(step.role, step.who.id, int(before["created_by"]))
        ):
            yield f"removed a post of {before['created_by']}"
        if (
            before.get("taking_down_since") != after.get("taking_down_since")
            and before
            and not may_take_down(step.role, step.who.id, int(before["created_by"]))
        ):
            yield f"took down a post of {before['created_by']}"
