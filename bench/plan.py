"""How much is measured."""

from dataclasses import dataclass

#: messages of a delivered post
ITEMS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and times of the figures; times in seconds."""

    #: everything that is timed is repeated, the contestants in turn
    repeats: int = 3
    #: subscribers at once who open links, and latencies of Telegram
    users: tuple[int, ...] = (1, 50, 200)
    latencies_ms: tuple[int, ...] = (0, 50)
    #: deliveries counted in one repetition for each of the subscribers at once, and at least
    rounds: int = 2
    fewest: int = 20
    #: recipients of a broadcast: under flood control, without it, and while the memory is watched
    limited: int = 300
    rushed: int = 2000
    crowds: tuple[int, ...] = (1_000, 30_000)
    #: posts announced in many channels
    announced: int = 5
    #: people whose updates wait at Telegram while the memory is watched
    waiting: tuple[int, ...] = (1_000, 100_000)
    #: deliveries due after kill -9, and messages in each
    due: int = 10_000
    due_items: int = 5
    #: ways in which the process that polls goes
    takeovers: int = 5
    #: expired tokens that are deleted
    expired: int = 5_000
    #: rows of each collection while it is counted what is read
    rows: tuple[int, ...] = (10_000, 100_000)
    #: posts that are searched
    posts: int = 100_000
    #: subscribers that are searched: by simulated reads, and on the server
    searched: tuple[int, ...] = (10_000, 1_000_000)
    people: int = 100_000
    #: subscribers that are imported and exported
    imported: int = 200_000
    #: seconds of a rush on several processes, and whether they are measured with a ceiling each as well
    rush_s: float = 20.0
    has_unshared_rush: bool = True
    #: requests of each kind to the web app in one repetition
    requests: int = 1000
    #: requests a second that the web app is offered, for how many seconds, and seconds until one is given up unsent
    offered_per_s: float = 10_000.0
    offered_s: float = 20.0
    patience_s: float = 5.0
    #: hours of product time in a row, and seconds for each
    hours: int = 24
    hour_s: float = 25.0

    #: deliveries and recipients of a broadcast of which the costs are taken, and subscribers they are computed for
    deliveries: int = 200
    recipients: int = 10_000
    subscribers: tuple[int, ...] = (10_000, 1_000_000, 10_000_000)

    def counted(self, users: int) -> int:
        """Deliveries counted in one repetition with `users` subscribers at once."""
        return max(self.fewest, self.rounds * users)


FULL = Plan()
QUICK = Plan(
    repeats=1,
    users=(20,),
    latencies_ms=(50,),
    fewest=10,
    limited=40,
    rushed=150,
    crowds=(400, 1_200),
    announced=2,
    waiting=(200, 2_000),
    due=300,
    takeovers=1,
    expired=1_500,
    rows=(60, 600),
    posts=2_000,
    searched=(60, 600),
    people=2_000,
    imported=2_000,
    rush_s=4.0,
    has_unshared_rush=False,
    requests=100,
    offered_per_s=1_000.0,
    offered_s=1.0,
    patience_s=0.5,
    hours=2,
    hour_s=3.0,
    deliveries=20,
    recipients=200,
)
