"""The evidence of an episode, from the sandbox, the store and the bots' logs. Plain data."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.chaos.gate.evidence import GateEvidence
from tests.chaos.plan import POSTS, Act

Json = dict[str, Any]

#: text of a stored message, so that its copies can be recognised
MARK = "post {post} item {item}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. Times are unix seconds of the sandbox's clock."""

    id: int
    at: float
    is_from_bot: bool
    text: str
    deleted_at: float | None

    @property
    def post(self) -> int | None:
        """The index of the post this message is a copy of; None for other messages."""
        words = self.text.split()
        is_copy = self.is_from_bot and len(words) == 4 and words[0] == "post"
        return int(words[1]) if is_copy else None


def message_of(shown: Json) -> Message:
    """Build a Message from an entry of the sandbox's transcript."""
    text = str(shown.get("text") or shown.get("caption") or "")
    return Message(int(shown["message_id"]), float(shown["date"]), bool(shown["outgoing"]), text, shown["deleted_at"])


@dataclass(frozen=True, slots=True)
class Asked:
    """One opened link: `message_id` is the /start it sent, `at` its time in unix seconds."""

    act: Act
    message_id: int
    at: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """The copies made by one call, ordered by id."""

    person: int
    post: int
    copies: tuple[Message, ...]

    @property
    def is_complete(self) -> bool:
        return len(self.copies) == POSTS[self.post].items

    @property
    def alive(self) -> tuple[Message, ...]:
        return tuple(copy for copy in self.copies if copy.deleted_at is None)

    @property
    def due_at(self) -> float | None:
        """When it must be deleted, as the subscriber was notified: counted from its arrival. None: never."""
        minutes = POSTS[self.post].minutes
        return self.copies[-1].at + minutes * 60 if minutes else None


def deliveries_of(person: int, messages: Iterable[Message]) -> list[Delivery]:
    """Return the deliveries in a conversation: each starts with a post's first item."""
    found: list[list[Message]] = []
    for message in sorted(messages, key=lambda message: message.id):
        if message.post is None:
            continue
        if message.text.endswith(" item 1") or not found or found[-1][0].post != message.post:
            found.append([])
        found[-1].append(message)
    return [Delivery(person, copies[0].post or 0, tuple(copies)) for copies in found]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The jumps of the sandbox's clock, each as the time before and after."""

    jumps: tuple[tuple[float, float], ...] = ()

    def without_jumps(self, at: float) -> float:
        """Return the time as if the clock had never jumped: differences are then real seconds."""
        # Telegram's dates are whole seconds: a message sent right after a jump may seem older than its end
        return at - sum(after - before for before, after in self.jumps if after - 1 <= at)


@dataclass(slots=True)
class Evidence:
    """Everything the checks use."""

    asked: list[Asked] = field(default_factory=list)
    #: requests repeated in the quiet phase
    asked_again: list[Asked] = field(default_factory=list)
    conversations: dict[int, list[Message]] = field(default_factory=dict)
    #: what is to be deleted (rows of pending_deletions, and of deliveries), and documents of impossible_deletions; with
    #: `person` and `post` of the plan
    promises: Sequence[Json] = ()
    impossible: Sequence[Json] = ()
    #: deliveries that are being sent, or whose process died and which nobody has taken over yet
    in_progress: int = 0
    #: documents of job_runs
    runs: Sequence[Json] = ()
    credits_before: dict[int, int] = field(default_factory=dict)
    credits_after: dict[int, int] = field(default_factory=dict)
    #: seconds until the other processes of a bot know of a pause that one was asked for; 0: there is no other
    travels_s: float = 0.0
    #: calls to a chat during the pause that a 429 had asked for
    ignored_429: Sequence[Json] = ()
    copy_calls: Sequence[Json] = ()
    #: all calls of the user bot but getUpdates, in the order in which they ended
    calls: Sequence[Json] = ()
    #: JSON lines of the bots' logs
    log: list[Json] = field(default_factory=list)
    #: all other lines of their output
    loose_lines: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    #: when the process with the user bot was killed, and the pids that were killed
    kills: list[float] = field(default_factory=list)
    killed_pids: set[int] = field(default_factory=set)
    #: when it was stopped to be continued later
    freezes: list[float] = field(default_factory=list)
    #: start and end of the times in which the process with the user bot was stopped or had no store
    absences: list[tuple[float, float]] = field(default_factory=list)
    jumps: list[tuple[float, float]] = field(default_factory=list)
    #: start and end of the times in which the store accepted requests and answered none
    silences: list[tuple[float, float]] = field(default_factory=list)
    #: when the bots were first started, and the latest reading of the clock
    began: float = 0.0
    now: float = 0.0
    #: None: every post was open to everyone
    gate: GateEvidence | None = None

    @property
    def timeline(self) -> Timeline:
        return Timeline(tuple(self.jumps))

    def deliveries(self) -> list[Delivery]:
        return [delivery for person, said in self.conversations.items() for delivery in deliveries_of(person, said)]

    def in_words(self) -> str:
        """Return every conversation as text, for the analysis of a failure."""
        lines = [f"killed at {', '.join(f'{moment(at):%H:%M:%S.%f}' for at in self.kills) or 'no time'}"]
        lines += [f"from {moment(before)} to {moment(after)}" for before, after in self.jumps]
        for person, said in sorted(self.conversations.items()):
            lines.append(f"\nperson {person}: {self.credits_before.get(person)} -> {self.credits_after.get(person)}")
            if self.gate is not None:
                lines += self.gate.in_words(person)
            lines += [_line(message) for message in sorted(said, key=lambda message: message.id)]
        return "\n".join(lines)

    def noted(self) -> Counter[tuple[int, int, str]]:
        """Return the count of undeletable deliveries that the bots recorded, by person, post and reason."""
        return Counter((row["person"], row["post"], row["reason"]) for row in self.impossible)


def _line(message: Message) -> str:
    who = "bot" if message.is_from_bot else "they"
    gone = f" (deleted {moment(message.deleted_at):%H:%M:%S})" if message.deleted_at is not None else ""
    text = message.text.replace("\n", " ")
    return f"  {message.id} {moment(message.at):%H:%M:%S} {who}: {text[:100]}{gone}"


def moment(at: float) -> datetime:
    """Return unix seconds as an aware datetime in UTC."""
    return datetime.fromtimestamp(at, UTC)
