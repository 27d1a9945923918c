"""The figure of what is read, at a tiny size."""

from dataclasses import replace

import pytest

from bench import reads
from bench.harness.telegram import telegram
from bench.plan import QUICK
from tests.operations.plans.catalogue import CASES


@pytest.mark.parametrize("name", reads.OPERATIONS)
def test_each_measured_operation_has_its_cases(name: str) -> None:
    for one in reads.OPERATIONS[name]:
        assert any(reads.is_among(case.name, [one]) for case in CASES), f"{one} is no case"


async def test_each_row_has_its_commands_and_what_they_read_at_each_size() -> None:
    async with telegram() as sandbox:
        (figure,) = await reads.measure(sandbox, replace(QUICK, rows=(60, 120)))
    rows = {str(row[0]): row[1:] for row in figure.rows}
    assert rows.keys() == reads.OPERATIONS.keys()
    assert rows["a delivery"] == (5, 6, 6, 6, 6, 6)
    commands, _, few, _, many, _ = map(float, rows["statistics: a week, against the one before"])
    assert commands == 5
    assert few < many, "a count reads what it counts"
