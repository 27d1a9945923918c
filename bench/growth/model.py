"""What so many subscribers ask of Telegram and of the database: arithmetic on measured numbers, without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class House:
    """What is assumed about a house; every figure follows from these and from what was measured."""

    #: subscribers who come on a day, and posts each of them opens
    active_a_day: float = 0.10
    openings: float = 3.0
    #: the busiest hour of a day, compared with the mean
    peak: float = 4.0
    #: channels to join whose answers are kept
    channels: int = 2
    #: verification links an active subscriber gets a day, and days they are kept
    links: float = 0.5
    link_days: int = 2
    #: broadcasts to everybody in the days for which history is kept (the default of history_days)
    history_days: int = 30
    broadcasts: int = 8
    #: calls a second with one bot token, and those of a broadcast
    ceiling_per_s: float = 30.0
    bulk_per_s: float = 29.3

    def documents(self, subscribers: int) -> dict[str, float]:
        """How many documents each collection has that grows with the subscribers."""
        active = subscribers * self.active_a_day
        return {
            "users": float(subscribers),
            "memberships": float(subscribers * self.channels),
            "deliveries": active * self.openings * self.history_days,
            "broadcast_recipients": float(subscribers * self.broadcasts),
            "tokens": active * self.links * self.link_days,
            "token_generator_count": active,
        }


@dataclass(frozen=True, slots=True)
class Costs:
    """Measured: of one delivery with its deletion, of one recipient, and of one document of each collection."""

    calls_per_delivery: float
    commands_per_delivery: float
    commands_per_recipient: float
    document_bytes: Mapping[str, float]
    #: empty without a server
    index_bytes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What follows for a number of subscribers."""

    #: openings a second in the busiest hour, and the share of the ceiling their calls need; above 1 people wait
    openings_per_s: float
    share_of_ceiling: float
    #: commands a second in that hour: never more than the calls the ceiling lets through
    commands_per_s: float
    broadcast_hours: float
    broadcast_commands_per_s: float
    documents: float
    data_bytes: float
    index_bytes: float


def forecast(subscribers: int, house: House, costs: Costs) -> Forecast:
    """Compute the figures of `subscribers`."""
    openings_per_s = subscribers * house.active_a_day * house.openings * house.peak / DAY_S
    possible_per_s = house.ceiling_per_s / costs.calls_per_delivery
    documents = house.documents(subscribers)
    return Forecast(
        openings_per_s=openings_per_s,
        share_of_ceiling=openings_per_s / possible_per_s,
        commands_per_s=min(openings_per_s, possible_per_s) * costs.commands_per_delivery,
        broadcast_hours=subscribers / house.bulk_per_s / 3600,
        broadcast_commands_per_s=house.bulk_per_s * costs.commands_per_recipient,
        documents=sum(documents.values()),
        data_bytes=_bytes(documents, costs.document_bytes),
        index_bytes=_bytes(documents, costs.index_bytes),
    )


def most_subscribers(house: House, costs: Costs) -> float:
    """At how many subscribers the busiest hour needs the whole ceiling."""
    return house.ceiling_per_s / costs.calls_per_delivery * DAY_S / (house.active_a_day * house.openings * house.peak)


def _bytes(documents: Mapping[str, float], each: Mapping[str, float]) -> float:
    """NaN when nothing was measured."""
    if not each:
        return float("nan")
    return sum(count * each[name] for name, count in documents.items())
