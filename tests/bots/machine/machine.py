"""The machine: its rules are what people and Telegram may do, its checks what must hold after each step."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from aiogram.types import User
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from admin_bot.section_rights import COMMANDS
from core.team.admins import Role
from database.operations import admin_ops
from tests.bots.admin_bot.conftest import OWNER
from tests.bots.admin_bot.telegram import NOW
from tests.bots.machine.cast import BOTS, CHANNELS, EVERYBODY, PEOPLE, private_chat
from tests.bots.machine.judging import judge
from tests.bots.machine.playing import Game
from tests.bots.machine.updates import CONTENT_KINDS, UPDATE_KINDS, Updates

#: the source of what no rule names: the same number makes the same update
SEEDS = st.integers(0, 2**32 - 1)
ANYBODY = st.sampled_from(EVERYBODY)
#: whoever may have a role, most of the time
TEAM = st.sampled_from(PEOPLE)
SPANS = st.sampled_from([timedelta(seconds=6), timedelta(minutes=1), timedelta(minutes=11), timedelta(days=1)])


@dataclass(slots=True)
class Played:
    """How much was played."""

    steps: int = 0
    by_role: Counter[Role | None] = field(default_factory=Counter)


class AdminBotMachine(RuleBasedStateMachine):
    """Random updates of every kind to the admin bot, by everybody."""

    counted = Played()

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.game = Game(Path(self._folder.name))

    def teardown(self) -> None:
        self.game.close()
        self._folder.cleanup()

    def _updates(self, seed: int) -> Updates:
        return Updates(Random(seed), self.game.next_id())

    def _play(self, who: User, kind: str, body: dict[str, Any], *more: dict[str, Any]) -> None:
        step = self.game.feed(who, kind, body, *more)
        if step is not None:
            self.counted.steps += 1
            self.counted.by_role[step.role] += 1
            assert not (found := judge(step)), "\n".join(found)

    @rule(who=TEAM, seed=SEEDS)
    def somebody_types(self, who: User, seed: int) -> None:
        updates = self._updates(seed)
        self._play(who, "message", updates.message(who, {"text": updates.typed()}))

    @rule(who=TEAM, name=st.sampled_from(sorted(COMMANDS)), seed=SEEDS)
    def somebody_gives_a_command(self, who: User, name: str, seed: int) -> None:
        updates = self._updates(seed)
        self._play(who, "message", updates.message(who, {"text": updates.command(name)}))

    @rule(who=ANYBODY, kind=st.sampled_from(CONTENT_KINDS), seed=SEEDS)
    def somebody_sends(self, who: User, kind: str, seed: int) -> None:
        updates = self._updates(seed)
        self._play(who, "message", updates.message(who, updates.content(kind)))

    @rule(who=TEAM, seed=SEEDS, size=st.integers(2, 4))
    def somebody_sends_an_album(self, who: User, seed: int, size: int) -> None:
        group = str(seed)
        bodies = [
            updates.message(who, updates.content("photo") | {"media_group_id": group})
            for updates in (self._updates(seed + number) for number in range(size))
        ]
        self._play(who, "message", *bodies)

    @rule(who=TEAM, back=st.integers(0, 11), seed=SEEDS)
    def somebody_presses_a_new_button(self, who: User, back: int, seed: int) -> None:
        self._press(who, -1 - back, seed)

    @rule(who=ANYBODY, place=st.integers(0, 399), seed=SEEDS)
    def somebody_presses_any_button(self, who: User, place: int, seed: int) -> None:
        self._press(who, place, seed)

    @rule(who=ANYBODY, place=st.integers(0, 399), seed=SEEDS)
    def somebody_forges_a_button(self, who: User, place: int, seed: int) -> None:
        self._press(who, place, seed, is_forged=True)

    @rule(who=TEAM, backs=st.lists(st.integers(0, 9), min_size=2, max_size=8), seed=SEEDS)
    def somebody_walks_through_screens(self, who: User, backs: list[int], seed: int) -> None:
        """Presses one button after another, mostly of what is shown last."""
        for number, back in enumerate(backs):
            self._press(who, -1 - back, seed + number)

    @rule(
        command=st.sampled_from(sorted(COMMANDS)),
        backs=st.lists(st.integers(0, 11), max_size=4),
        who=st.sampled_from(PEOPLE[1:]),
        back=st.integers(0, 11),
        seed=SEEDS,
    )
    def somebody_presses_what_an_owner_sees(
        self, command: str, backs: list[int], who: User, back: int, seed: int
    ) -> None:
        """An owner goes some screens deep; there somebody else presses a button, by forged data."""
        message = {"message_id": self.game.next_id(), "date": NOW, "chat": private_chat(OWNER), "text": f"/{command}"}
        self._play(OWNER, "message", message | {"from": OWNER.model_dump(exclude_none=True)})
        for number, place in enumerate(backs):
            self._press(OWNER, -1 - place, seed + number)
        self._press(who, -1 - back, seed)

    def _press(self, who: User, place: int, seed: int, *, is_forged: bool = False) -> None:
        seen = list(self.game.seen)
        if not seen:
            return
        data = seen[place % len(seen)]
        updates = self._updates(seed)
        sent = updates.forged(data) if is_forged else data
        query_id = str(self.game.next_id())
        self._play(who, "callback_query", updates.press(who, sent, self.game.seen[data], query_id))

    @rule(who=TEAM, kind=st.sampled_from(("chat_shared", "users_shared")), seed=SEEDS)
    def somebody_picks(self, who: User, kind: str, seed: int) -> None:
        updates = self._updates(seed)
        self._play(who, "message", updates.message(who, updates.content(kind)))

    @rule(who=TEAM, place=st.integers(0, 399), seed=SEEDS)
    def somebody_opens_a_link(self, who: User, place: int, seed: int) -> None:
        if self.game.links:
            payload = self.game.links[-1 - place % len(self.game.links)]
            self._play(who, "message", self._updates(seed).message(who, {"text": f"/start {payload}"}))

    @rule(who=ANYBODY, kind=st.sampled_from(UPDATE_KINDS), seed=SEEDS)
    def something_else_comes(self, who: User, kind: str, seed: int) -> None:
        self._play(who, kind, self._updates(seed).other(kind, who))

    @rule(
        who=ANYBODY,
        kind=st.sampled_from(("my_chat_member", "chat_member")),
        bot=st.sampled_from(BOTS),
        chat_id=st.sampled_from(tuple(CHANNELS)),
        seed=SEEDS,
    )
    def rights_of_a_bot_change(self, who: User, kind: str, bot: User, chat_id: int, seed: int) -> None:
        self._play(who, kind, self._updates(seed).about_a_bot(who, kind, bot, chat_id))

    @rule(who=st.sampled_from(PEOPLE[1:]), role=st.sampled_from((None, Role.EDITOR, Role.MANAGER)))
    def an_owner_elsewhere_changes_a_role(self, who: User, role: Role | None) -> None:
        """By another process: it holds here within five seconds."""
        self.game.run(admin_ops.remove(who.id))
        if role is not None:
            self.game.run(admin_ops.add_member(who.id, role, who.first_name, OWNER.id, self.game.admin.clock.now()))
        self.game.later(timedelta(seconds=6))

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.game.later(span)
