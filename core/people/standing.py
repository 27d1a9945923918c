"""What a subscriber's card shows besides their record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What a card shows besides the record."""

    #: posts they got in the days whose deliveries are kept
    received: int = 0
    kept_days: int = 0
    #: required channels they have joined, as far as is known, of how many
    joined: int = 0
    channels: int = 0
    #: members of the team cannot be banned
    may_ban: bool = True
