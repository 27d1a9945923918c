"""What is known of the gate after an episode. Plain data; times are unix seconds of the sandbox's clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.gate.plan import SendLimiter

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Charge:
    """A credit that stands as spent on a post."""

    person: int
    post: int
    at: float


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody counted as joined in a channel, as the sandbox had it: member, or asked to where that is enough."""

    person: int
    room: int
    since: float
    #: None: still
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A verification token as it was last seen."""

    person: int
    expires_at: float
    is_verified: bool
    is_redeemed: bool


def token_of(document: Json, person: int) -> Token:
    """From the database."""
    return Token(
        person,
        document["expires_at"].timestamp(),
        document["status"] == "verified",
        document["redeemed_at"] is not None,
    )


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the bots believe of one person in one channel, and when they heard it."""

    person: int
    room: int
    is_member: bool
    seen_at: float


@dataclass(slots=True)
class GateEvidence:
    """All that the gate's checks look at. People, posts and channels are numbers of the plan."""

    gate: SendLimiter
    #: tokens whose way was gone, by whom, and when the owner opened the way back last
    verified: dict[str, int] = field(default_factory=dict)
    came_back_at: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    #: those that at the very end were redeemed and not marked as paid out
    owed: frozenset[str] = frozenset()
    #: what was paid out, by person, as the bots remember it: "token …", "beginning"
    grants: dict[int, list[str]] = field(default_factory=dict)
    charges: Sequence[Charge] = ()
    #: when people were kept out
    bans: dict[int, float] = field(default_factory=dict)
    #: when people did anything a post can come from
    deeds: dict[int, list[float]] = field(default_factory=dict)
    #: "I have joined" pressed for a post
    presses: Counter[tuple[int, int]] = field(default_factory=Counter)
    stays: list[Stay] = field(default_factory=list)
    #: by channel: since when and until when the bot had no rights there
    blind: dict[int, list[tuple[float, float | None]]] = field(default_factory=dict)
    #: calls getChatMember, oldest first
    member_calls: Sequence[Json] = ()
    #: looked up in the calm after the asking, at that time
    remembered: Sequence[Remembered] = ()
    remembered_at: float = 0.0

    def is_banned(self, person: int) -> bool:
        return person in self.bans

    def paid_tokens(self, person: int) -> set[str]:
        """The tokens that were paid out to this person, each once however often it was."""
        keys = (key.split() for key in self.grants.get(person, []))
        return {words[1] for words in keys if words[0] == "token"}

    def stayed(self, person: int, room: int, since: float, until: float) -> bool:
        """Whether the person counted as joined at any time between the two."""
        return any(
            stay.since <= until and (stay.until is None or stay.until >= since)
            for stay in self.stays
            if (stay.person, stay.room) == (person, room)
        )

    def in_words(self, person: int) -> list[str]:
        """What is known of one person."""
        stays = [stay for stay in self.stays if stay.person == person]
        charges = [charge for charge in self.charges if charge.person == person]
        believed = [known for known in self.remembered if known.person == person]
        deeds = self.deeds.get(person, [])
        asked = [call for call in self.member_calls if call["person"] == person]
        told = [(call["at"], call["room"], call["result_preview"][-40:]) for call in asked]
        shown = (self.gate.habits[person], self.grants.get(person), charges, stays, believed, deeds, told)
        return [f"  {what}" for what in shown]
