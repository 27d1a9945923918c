"""How much is measured."""

from dataclasses import dataclass

#: messages of the post in all figures but the taking back
ITEMS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and times of the figures; times in seconds."""

    #: deliveries whose calls and commands are counted
    counted: int = 200
    #: the same for each of the gates
    gated: int = 100
    #: people at once
    users: tuple[int, ...] = (1, 50, 200)
    latencies_ms: tuple[int, ...] = (0, 50)
    repeats: int = 3
    #: deliveries counted in one repetition: so many for each of the people at once, and not fewer than `fewest`
    rounds: int = 2
    fewest: int = 20
    promises: int = 2000
    promise_items: int = 5
    #: promises due after kill -9
    due: int = 10_000
    people: int = 10_000
    #: requests a second offered to the verification page, and for how long with each method in one repetition
    page_rate: int = 200
    page_s: float = 4.0
    #: requests to the API in one repetition, and what schemathesis tries of each operation, good and bad
    api_requests: int = 1000
    fuzz_examples: int = 100
    #: redeems of one token at once, and the processes on a server that share them
    redeems: int = 1000
    redeemers: int = 4
    #: after so long the memory figure stops where it is
    people_limit_s: float = 150.0
    #: of a broadcast: under flood control, without it, and those whose commands are counted
    recipients: int = 600
    #: settings of the library that are tried
    settings: int = 8
    rushed: int = 2000
    costed: int = 1000
    #: seconds people ask for posts, with a broadcast and without
    asking_s: float = 30.0
    #: recipients whose rows are made while the memory is watched
    crowds: tuple[int, ...] = (1_000, 100_000)
    #: kill -9 of a process that sends, and the recipients in all
    kills: int = 20
    killed: int = 3000
    #: expired tokens that are removed: from a list with an index, from mongomock, from a server
    expired: int = 1_000_000
    expired_in_memory: int = 5_000
    expired_on_server: int = 5_000
    #: runs of a job whose beginnings are timed
    ticks: int = 30

    def measured_with(self, users: int) -> int:
        """Deliveries counted in one repetition with `users` people at once."""
        return max(self.fewest, self.rounds * users)


FULL = Plan()
QUICK = Plan(
    counted=20,
    gated=5,
    users=(1, 20),
    repeats=1,
    fewest=10,
    promises=100,
    due=500,
    page_s=1.0,
    api_requests=100,
    fuzz_examples=10,
    redeems=200,
    people=300,
    people_limit_s=10.0,
    recipients=45,
    settings=2,
    rushed=150,
    costed=100,
    asking_s=3.0,
    crowds=(500, 1_000),
    kills=1,
    killed=300,
    expired=20_000,
    expired_in_memory=1_000,
    expired_on_server=1_000,
    ticks=3,
)
