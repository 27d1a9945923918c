"""What the team changes for a subscriber, in the admin bot and on the page: credits, the pass, bans.

Each change is one conditional update, once for each `key`, and writes one row of the audit log when it changed
something. Undoing takes back only what still holds.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.users import User, is_banned
from database.operations import user_credits, user_ops
from database.operations.user_credits import Granted

#: writes a row of the audit log: when, who, what, whom, before, after. Raises nothing of ours
Note = Callable[[datetime, int, str, str, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Editor:
    """A member of the team who changes something at `now`."""

    user_id: int
    now: datetime
    note: Note


async def give(editor: Editor, user_id: int, credits: int, key: str) -> Granted | None:
    """Add credits, or take them where `credits` is negative, never below 0; None when there is no such user."""
    if credits > 0:
        granted = await user_credits.grant(user_id, key, editor.now, credits=credits)
    else:
        granted = await user_credits.take_credits(user_id, key, -credits)
    if granted is not None and granted.credits:
        after = {"added": {"credits": granted.credits}, **_has(granted.user)}
        await editor.note(editor.now, editor.user_id, "person.granted", str(user_id), None, after)
    return granted


async def prolong(editor: Editor, user_id: int, span: timedelta, key: str) -> Granted | None:
    """Prolong the pass from its end, or from now where there is none; None when there is no such user."""
    granted = await user_credits.grant(user_id, key, editor.now, pass_for=span)
    if granted is not None and granted.is_new:
        before, added = {"pass_until": granted.pass_before}, {"seconds": int(span.total_seconds())}
        after = {"added": added, **_has(granted.user)}
        await editor.note(editor.now, editor.user_id, "person.granted", str(user_id), before, after)
    return granted


async def end_pass(editor: Editor, user_id: int, seen: datetime) -> User | None:
    """End a pass that ends at `seen`; None when it does not any more, or there is no such user."""
    user = await user_credits.set_pass(user_id, seen, None)
    if user is not None:
        before = {"pass_until": seen}
        await editor.note(editor.now, editor.user_id, "person.pass_ended", str(user_id), before, None)
    return user


async def undo_credits(editor: Editor, user_id: int, key: str, given: int) -> Granted | None:
    """Take back what `key` gave, or give back what it took; None when it was spent, or there is no such user."""
    if given > 0:
        done = await user_credits.take_credits(user_id, f"undo {key}", given, all_or_none=True)
    else:
        done = await user_credits.grant(user_id, f"undo {key}", editor.now, credits=-given)
    if done is not None and done.is_new:
        after = {"added": {"credits": -given}, "credits": done.user.credits}
        await editor.note(editor.now, editor.user_id, "person.credits_undone", str(user_id), None, after)
    return done


async def undo_pass(editor: Editor, user_id: int, was: datetime | None, became: datetime | None) -> User | None:
    """Put the end of the pass back if it still is `became`; None when it is not, or there is no such user."""
    user = await user_credits.set_pass(user_id, became, was)
    if user is not None:
        facts = {"pass_until": became}, {"pass_until": was}
        await editor.note(editor.now, editor.user_id, "person.pass_undone", str(user_id), *facts)
    return user


async def ban(editor: Editor, user_id: int, span: timedelta | None, reason: str | None) -> tuple[User | None, User]:
    """Ban somebody, None without an end, known or not; returns the record before and after."""
    before = await user_ops.find(user_id)
    until = None if span is None else editor.now + span
    after = await user_ops.ban(user_id, editor.now, reason=reason, until=until)
    facts = ban_facts(before, editor.now), ban_facts(after, editor.now)
    await editor.note(editor.now, editor.user_id, "person.banned", str(user_id), *facts)
    return before, after


async def ban_if_free(editor: Editor, user_id: int, span: timedelta | None, reason: str | None) -> User | None:
    """Ban somebody who is stored and not banned now; None for anybody else, whose ban stays as it is."""
    until = None if span is None else editor.now + span
    user = await user_ops.ban_if_free(user_id, editor.now, reason=reason, until=until)
    if user is not None:
        await editor.note(editor.now, editor.user_id, "person.banned", str(user_id), None, ban_facts(user, editor.now))
    return user


async def unban(editor: Editor, user_id: int) -> User | None:
    """End a ban, also one that is over; returns the record before, None when there was none."""
    before = await user_ops.find(user_id)
    if before is None or not await user_ops.unban(user_id):
        return None
    await editor.note(editor.now, editor.user_id, "person.unbanned", str(user_id), ban_facts(before, editor.now), None)
    return before


async def undo_ban(editor: Editor, user_id: int, reason: str | None, until: datetime | None) -> bool:
    """End this very ban; False when there is none, or another one by now."""
    if not await user_ops.end_ban(user_id, reason=reason, until=until):
        return False
    facts = {"reason": reason, "until": until}
    await editor.note(editor.now, editor.user_id, "person.unbanned", str(user_id), facts, None)
    return True


def ban_facts(user: User | None, now: datetime) -> dict[str, Any] | None:
    """Return a ban as the audit log keeps it; None if there is none."""
    if user is None or not is_banned(user, now):
        return None
    return {"reason": user.ban_reason, "until": user.banned_until}


def _has(user: User) -> dict[str, Any]:
    return {"credits": user.credits, "pass_until": user.pass_until}
