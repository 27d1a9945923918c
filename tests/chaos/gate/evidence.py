"""The evidence about the gate after an episode. Plain data; times are unix seconds of the sandbox's clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.gate.plan import GatePlan

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Charge:
    """A credit recorded as spent on a post."""

    person: int
    post: int
    at: float


@dataclass(frozen=True, slots=True)
class Stay:
    """A span in which a subscriber counted as joined: as member, or by a join request where that is enough."""

    person: int
    room: int
    since: float
    #: None: until now
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A verification token as last read from the store."""

    person: int
    expires_at: float
    is_verified: bool
    is_redeemed: bool


def token_of(document: Json, person: int) -> Token:
    """Build a Token from its database document."""
    return Token(
        person,
        document["expires_at"].timestamp(),
        document["status"] == "verified",
        document["redeemed_at"] is not None,
    )


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the bots remember of one subscriber's membership in one channel, and since when."""

    person: int
    room: int
    is_member: bool
    seen_at: float


@dataclass(slots=True)
class GateEvidence:
    """Everything the gate's checks use. Subscribers, posts and channels are numbers of the plan."""

    gate: GatePlan
    #: verified tokens with who verified them, and when the owner last opened the return link
    verified: dict[str, int] = field(default_factory=dict)
    came_back_at: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    #: tokens that at the very end were redeemed and not recorded as paid out
    owed: frozenset[str] = frozenset()
    #: keys of the payments by subscriber, as the bots store them: "token …", "beginning"
    grants: dict[int, list[str]] = field(default_factory=dict)
    charges: Sequence[Charge] = ()
    #: when subscribers were banned
    bans: dict[int, float] = field(default_factory=dict)
    #: when subscribers did anything that can cause a delivery
    deeds: dict[int, list[float]] = field(default_factory=dict)
    #: presses of "I have joined", by subscriber and post
    presses: Counter[tuple[int, int]] = field(default_factory=Counter)
    stays: list[Stay] = field(default_factory=list)
    #: by channel: start and end of the times without rights for the bot
    blind: dict[int, list[tuple[float, float | None]]] = field(default_factory=dict)
    #: getChatMember calls, oldest first
    member_calls: Sequence[Json] = ()
    #: read in the quiet phase after the requests, and when
    remembered: Sequence[Remembered] = ()
    remembered_at: float = 0.0

    def is_banned(self, person: int) -> bool:
        return person in self.bans

    def paid_tokens(self, person: int) -> set[str]:
        """Return the tokens paid out to this subscriber; several payments of one token count once."""
        keys = (key.split() for key in self.grants.get(person, []))
        return {words[1] for words in keys if words[0] == "token"}

    def stayed(self, person: int, room: int, since: float, until: float) -> bool:
        """Return whether the subscriber counted as joined at any time from `since` to `until`."""
        return any(
            stay.since <= until and (stay.until is None or stay.until >= since)
            for stay in self.stays
            if (stay.person, stay.room) == (person, room)
        )

    def in_words(self, person: int) -> list[str]:
        """Return the evidence about one subscriber as lines of text."""
        stays = [stay for stay in self.stays if stay.person == person]
        charges = [charge for charge in self.charges if charge.person == person]
        believed = [known for known in self.remembered if known.person == person]
        deeds = self.deeds.get(person, [])
        asked = [call for call in self.member_calls if call["person"] == person]
        told = [(call["at"], call["room"], call["result_preview"][-40:]) for call in asked]
        shown = (self.gate.habits[person], self.grants.get(person), charges, stays, believed, deeds, told)
        return [f"  {what}" for what in shown]
