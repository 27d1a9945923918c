"""The set of ids that were seen."""

import random

from core.exchange.imports.ids import SeenIds


def test_it_knows_what_a_set_knows() -> None:
    numbers = random.Random(5)
    some = [numbers.choice((numbers.randrange(1, 400), numbers.randrange(1, 2**52))) for _ in range(6_000)]
    seen, known = SeenIds(), set[int]()
    for one in [*some, *range(5_000_000_000, 5_000_003_000)]:
        assert seen.add(one) is (one not in known)
        known.add(one)
