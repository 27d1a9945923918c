"""What `bench endurance` calls flat."""

import pytest

from bench.recovery.endurance import Hours, slope_of


@pytest.mark.parametrize(
    ("rss_mb", "descriptors", "begins"),
    [
        ([200, 240, 250, 250, 251, 250], [16, 17, 17, 17, 17, 17], "Flat: over the last 3 hours"),
        ([200, 200, 200, 200, 203, 206], [16, 17, 17, 17, 17, 17], "NOT flat"),
        ([200, 200, 200, 200, 200, 200], [16, 17, 17, 20, 23, 26], "NOT flat"),
        ([300, 280, 260, 250, 250, 240], [16, 17, 17, 17, 17, 17], "Flat"),
        ([200], [16], "Flat"),
    ],
)
def test_growth_of_memory_or_descriptors_in_the_last_half_is_not_flat(
    rss_mb: list[int], descriptors: list[float], begins: str
) -> None:
    said = Hours([mb * 2.0**20 for mb in rss_mb], descriptors).verdict()
    assert said.startswith(begins), said


def test_the_slope_is_that_of_the_whole_and_none_of_a_single_value() -> None:
    assert slope_of([1, 2, 3, 4]) == pytest.approx(1)
    assert slope_of([7]) == 0
