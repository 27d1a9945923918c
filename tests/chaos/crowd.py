"""The subscribers of an episode at the gate: they join or request to join channels, leave, verify and return."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from core.errors import StoreUnavailable
from core.subscriptions import Channel, ChannelMode
from core.users import Visitor
from database.connection import current_database
from database.operations import channel_ops, settings_ops, token_ops, user_credits, user_ops
from sandbox.client import SandboxError
from tests.chaos.evidence import Message, moment
from tests.chaos.gate.evidence import GateEvidence, Stay, token_of
from tests.chaos.gate.looking import asked_to_join, chat_id_of, look_at_memberships
from tests.chaos.gate.plan import Deed, GatePlan, Move
from tests.chaos.plan import SUBSCRIBERS
from tests.chaos.world import AT_ONCE, FIRST_SUBSCRIBER, ROWS, World, subscriber
from tests.house import OLIVE, USER_BOT, USER_TOKEN

#: real seconds between two polls of the bot's messages
LOOK_EVERY_S = 0.1
#: real seconds between two tries while the store is unavailable
AGAIN_S = 0.2
#: seconds until a return link that had no effect is opened again in the quiet phase
COME_AGAIN_S = 5.0
#: seconds until "I have joined" is pressed again
PRESS_AGAIN_S = 4.0
_USER_BOT_ID = int(USER_TOKEN.partition(":")[0])
_DONE = "I have joined"

#: carries out the moves planned for a step
Carry = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def nobody() -> AsyncIterator[Carry]:
    """Yield a callback that does nothing, for episodes without the gate."""
    yield lambda _: asyncio.sleep(0)


class Crowd:
    """Carries out the planned moves of subscribers at the gate, and their reactions to the bot's messages."""

    def __init__(self, world: World, gate: GatePlan) -> None:
        self.evidence = GateEvidence(gate)
        self._world = world
        self._gate = gate
        self._calm = self._is_over = False
        self._inside: dict[tuple[int, int], float] = {}
        self._read: set[tuple[int, int]] = set()
        #: in the quiet phase: when the button under a message was last pressed
        self._pressed: dict[tuple[int, int], float] = {}
        self._seen: set[str] = set()
        #: subscribers who blocked the bot are inactive from then on
        self._gone = {act.person for act in world.plan.acts if act.blocks}
        world.evidence.gate = self.evidence

    # setup

    async def arrange(self) -> None:
        """Set up the settings, the channels and their members, the subscribers' credits and the first bans."""
        await settings_ops.change("access_mode", "credits")
        await settings_ops.change("free_deliveries_per_token", self._gate.per_token)
        await settings_ops.change("resend_grace_minutes", self._gate.grace_minutes)
        for room in range(len(self._gate.rooms)):
            await self._open_room(room)
        await _each(range(SUBSCRIBERS), self._introduce)

    async def _open_room(self, room: int) -> None:
        client, chat_id, rules = self._world.client, chat_id_of(room), self._gate.rooms[room]
        await client.add_chat("channel", f"Room {room}", OLIVE, id=chat_id)
        belonging = [person for person, habit in enumerate(self._gate.habits) if room in habit.belongs]
        await _each(belonging, lambda person: self._enter(person, room))
        await self._see(room)
        link = f"https://t.me/+room{room}"
        await channel_ops.add(
            Channel(chat_id=chat_id, title=f"Room {room}", invite_link=link, mode=rules.mode, on_error=rules.on_error)
        )

    async def _introduce(self, person: int) -> None:
        """Create the user record of a subscriber who holds credits or is banned."""
        habit, begins = self._gate.habits[person], self._world.plan.begins
        if habit.credits:
            await user_ops.upsert_visitor(Visitor(user_id=subscriber(person), first_name=f"Reader {person}"), begins)
            await user_credits.grant(subscriber(person), "beginning", begins, credits=habit.credits)
            self._world.evidence.credits_before[person] = habit.credits
        if habit.is_banned:
            await self._ban(person)

    # planned moves

    async def move(self, move: Move) -> None:
        """Carry out one move; does nothing when the state is already reached."""
        person, room = move.person, move.channel
        if move.deed is Deed.BAN:
            await self._ban(person)
        elif move.deed is Deed.BLIND:
            self.evidence.blind.setdefault(room, []).append((await self._world.now(), None))
            await self._world.client.set_member(chat_id_of(room), _USER_BOT_ID, "left")
        elif move.deed is Deed.SEE:
            await self._see(room)
        elif move.deed is Deed.HOP:
            await self._turn(person, room)
            await self._turn(person, room)
        elif (move.deed is Deed.LEAVE) == ((person, room) in self._inside):
            await self._turn(person, room)

    async def _turn(self, person: int, room: int) -> None:
        await (self._leave if (person, room) in self._inside else self._enter)(person, room)

    async def _see(self, room: int) -> None:
        await self._world.client.set_member(chat_id_of(room), _USER_BOT_ID, "administrator", can_invite_users=True)
        now = await self._world.now()
        spans = self.evidence.blind.get(room, [])
        self.evidence.blind[room] = [(since, now if until is None else until) for since, until in spans]

    async def _ban(self, person: int) -> None:
        while person not in self.evidence.bans:
            with suppress(StoreUnavailable):
                await user_ops.ban(subscriber(person), moment(await self._world.now()), reason=None, until=None)
                self.evidence.bans[person] = await self._world.now()
                return
            await asyncio.sleep(AGAIN_S)

    async def _enter(self, person: int, room: int) -> None:
        """Join, or request to join; a request counts as joined from then on."""
        if (person, room) in self._inside:
            return
        actor, since = self._world.client.person(subscriber(person)), await self._world.now()
        self._inside[person, room] = since
        await self._deed(person)
        if self._asks(person, room):
            await actor.request_join(chat_id_of(room))
        else:
            await actor.join(chat_id_of(room))
        self.evidence.stays.append(Stay(person, room, since))

    def _asks(self, person: int, room: int) -> bool:
        return self._gate.rooms[room].mode is ChannelMode.REQUEST and room not in self._gate.habits[person].belongs

    async def _leave(self, person: int, room: int) -> None:
        """Leave the channel; a join request cannot be withdrawn."""
        if self._asks(person, room):
            return
        since = self._inside.pop((person, room))
        await self._world.client.person(subscriber(person)).leave(chat_id_of(room))
        stays = self.evidence.stays
        stays[stays.index(Stay(person, room, since))] = Stay(person, room, since, await self._world.now())

    # reactions

    @asynccontextmanager
    async def at_large(self) -> AsyncIterator[Carry]:
        """Let subscribers react to the bot until the block ends. Yields a callback that carries out a step's moves."""
        moves, is_over = list(self._gate.moves), asyncio.Event()

        async def carry(step: int) -> None:
            while moves and moves[0].step <= step:
                await self.move(moves.pop(0))

        async def live() -> None:
            while not is_over.is_set():
                await self.look()
                await asyncio.sleep(LOOK_EVERY_S)

        living = asyncio.create_task(live())
        try:
            yield carry
        finally:
            is_over.set()  # the current iteration completes
            await living

    async def look(self) -> None:
        """Read new messages once: join channels where the bot asks for it, verify the tokens it offers."""
        with suppress(StoreUnavailable):
            await self._look_at_tokens()
        await self._world.look_at_conversations()
        for person, said in list(self._world.evidence.conversations.items()):
            if person in self._gone or person in self.evidence.bans:
                continue
            for message in said:
                if message.is_from_bot and (person, message.id) not in self._read:
                    self._read.add((person, message.id))
                    await self._hear(person, message)
                elif (person, message.id) in self._pressed:
                    await self._press_again(person, message)

    async def _hear(self, person: int, message: Message) -> None:
        habit = self._gate.habits[person]
        post = asked_to_join(message.text)
        if post is None or not (habit.joins or self._calm):
            return
        for room in range(len(self._gate.rooms)):
            await self._enter(person, room)
        if habit.presses or self._calm:
            await self._press(person, post, message)

    async def _press(self, person: int, post: int, message: Message) -> None:
        self.evidence.presses[person, post] += 1
        await self._deed(person)
        if self._calm:
            self._pressed[person, message.id] = await self._world.now()
        with suppress(SandboxError):  # the message was deleted already
            await self._world.client.person(subscriber(person)).press(USER_BOT, _DONE, message_id=message.id)

    async def _press_again(self, person: int, message: Message) -> None:
        """In the quiet phase press a remaining button again: "not joined yet" came at the same instant as the join."""
        pressed_at, post = self._pressed.get((person, message.id)), asked_to_join(message.text)
        if pressed_at is None or post is None or message.deleted_at is not None:
            return
        if await self._world.now() - pressed_at > PRESS_AGAIN_S:
            await self._press(person, post, message)

    async def _look_at_tokens(self) -> None:
        now = await self._world.now()
        documents = await current_database().collection("tokens").find({}, limit=ROWS)
        for document in documents:
            token, person = document["token"], document["user_id"] - FIRST_SUBSCRIBER
            self.evidence.tokens[token] = token_of(document, person)
            if document["status"] == "verified" and document["redeemed_at"] is None:
                self.evidence.verified.setdefault(token, person)  # mark_verified succeeded, its answer was lost
            if self.evidence.tokens[token].expires_at >= now and self._is_to_verify(token, person):
                await self._verify(token, person)

    def _is_to_verify(self, token: str, person: int) -> bool:
        is_out = self._is_over or person in self._gone or person in self.evidence.bans
        if is_out or self.evidence.tokens[token].is_redeemed:
            return False
        # in the quiet phase subscribers return once more, also those who returned during the disturbances
        return self._calm or (token not in self._seen and self._gate.habits[person].verifies)

    async def _verify(self, token: str, person: int) -> None:
        habit, is_new = self._gate.habits[person], token not in self._seen
        self._seen.add(token)
        if is_new and habit.is_early and self._gate.has_page:
            await self._come_back(token, person)
        if token not in self.evidence.verified:
            if self._gate.has_page:
                await token_ops.mark_verified(token, moment(await self._world.now()), 60.0)
            self.evidence.verified[token] = person
        if not is_new and await self._has_just_come(token):
            return
        self.evidence.came_back_at[token] = await self._world.now()
        taps = 1 if self._calm else habit.taps
        others = {(person + 1) % SUBSCRIBERS} - self._gone if habit.is_shared and not self._calm else set()
        await asyncio.gather(*(self._come_back(token, who) for who in [*[person] * taps, *others]))

    async def _has_just_come(self, token: str) -> bool:
        return await self._world.now() - self.evidence.came_back_at.get(token, 0.0) < COME_AGAIN_S

    async def _come_back(self, token: str, person: int) -> None:
        await self._deed(person)
        await self._world.client.person(subscriber(person)).link(f"https://t.me/{USER_BOT}?start=v_{token}")

    async def _deed(self, person: int) -> None:
        self.evidence.deeds.setdefault(person, []).append(await self._world.now())

    # the quiet phase

    async def calm_down(self) -> None:
        """Restore the bot's rights and record the memberships it remembers; from now on all subscribers do as asked."""
        for room in range(len(self._gate.rooms)):
            await self._see(room)
        await self._world.rest()
        await look_at_memberships(self.evidence, self._world)
        for (person, room), since in self._inside.items():
            spans = self.evidence.blind.get(room, [])
            if self._asks(person, room) and any(lost <= since <= (seen or since) for lost, seen in spans):
                # Telegram sends a join request once, and the bot had no rights to receive it
                await self._world.client.person(subscriber(person)).request_join(chat_id_of(room))
        self._calm = True

    async def end(self) -> None:
        """Stop all reactions, then read the final state of the tokens."""
        self._is_over = True
        await self._world.rest()
        with suppress(StoreUnavailable):
            await self._look_at_tokens()


async def _each(people: Iterable[int], act: Callable[[int], Awaitable[None]]) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(person: int) -> None:
        async with slots:
            await act(person)

    await asyncio.gather(*(one(person) for person in people))
