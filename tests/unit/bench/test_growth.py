"""The arithmetic of `python -m bench growth`, and that docs/growth.md computes from what it measured."""

import math
import re
from pathlib import Path

import pytest

from bench.growth.model import Costs, House, forecast, most_subscribers

PAGE = (Path(__file__).resolve().parents[3] / "docs/growth.md").read_text(encoding="utf-8")
HOUSE = House()
NAMES = tuple(HOUSE.documents(0))


def costs(calls: float = 4, commands: float = 5, index_bytes: float = 10) -> Costs:
    return Costs(calls, commands, 2, dict.fromkeys(NAMES, 100.0), dict.fromkeys(NAMES, index_bytes))


def test_the_peak_is_the_mean_of_the_day_times_its_factor() -> None:
    of = forecast(864_000, House(active_a_day=0.1, openings=1, peak=2), costs())
    assert of.openings_per_s == pytest.approx(2)
    assert of.share_of_ceiling == pytest.approx(2 / 7.5)
    assert of.commands_per_s == pytest.approx(10)


def test_commands_grow_no_more_once_the_ceiling_is_reached() -> None:
    most = most_subscribers(HOUSE, costs())
    assert forecast(round(most), HOUSE, costs()).share_of_ceiling == pytest.approx(1, rel=1e-3)
    bounded = {round(forecast(round(most * times), HOUSE, costs()).commands_per_s, 3) for times in (1.1, 10, 100)}
    assert bounded == {7.5 * 5}


def test_a_broadcast_takes_as_long_as_its_share_of_the_ceiling_lets_it() -> None:
    assert forecast(105_480, HOUSE, costs()).broadcast_hours == pytest.approx(1)


def test_bytes_are_those_of_every_document_and_unknown_without_a_measurement() -> None:
    of = forecast(1000, HOUSE, costs())
    assert of.data_bytes == pytest.approx(of.documents * 100)
    assert of.index_bytes == pytest.approx(of.documents * 10)
    assert math.isnan(forecast(1000, HOUSE, Costs(4, 5, 2, dict.fromkeys(NAMES, 1.0), {})).index_bytes)


def test_the_page_computes_from_what_it_measured() -> None:
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"]
    measured = {row[0].replace("`", ""): row[1:] for row in cells}
    delivery, deletion, recipient = (
        [float(cell) for cell in measured[name][:2]]
        for name in ("a delivery, free", "its deletion", "a recipient of a broadcast")
    )
    found = Costs(
        delivery[0] + deletion[0],
        delivery[1] + deletion[1],
        recipient[1],
        {name: float(measured[f"a document of {name}"][2]) for name in NAMES},
        {name: float(measured[f"a document of {name}"][3]) for name in NAMES},
    )
    shown = [row for row in cells if re.fullmatch(r"[\d,]+", row[0])]
    assert [row[0] for row in shown] == ["10,000", "1,000,000", "10,000,000"]
    for row in shown:
        of = forecast(int(row[0].replace(",", "")), HOUSE, found)
        expected = [
            f"{of.openings_per_s:.1f}",
            f"{of.share_of_ceiling:.2f}",
            f"{of.commands_per_s:.0f}",
            f"{of.broadcast_hours:.1f}",
            f"{of.broadcast_commands_per_s:.0f}",
            f"{of.documents:,.0f}",
            f"{of.data_bytes / 1e9:.2f}",
            f"{of.index_bytes / 1e9:.2f}",
        ]
        # rounded costs: the last digit may differ
        for number, (told, right) in enumerate(zip(row[1:], expected, strict=True)):
            assert float(told.replace(",", "")) == pytest.approx(float(right.replace(",", "")), rel=0.005), number
    assert f"about {most_subscribers(HOUSE, found):,.0f} subscribers" in PAGE
