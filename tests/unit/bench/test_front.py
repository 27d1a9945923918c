"""Figures of the team's screens, of searches and of files, at tiny sizes."""

import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.exchange import moving
from bench.front import screens, searching
from core.exchange.imports.people import ImportedPerson
from core.exchange.imports.table import PeopleTable
from core.privacy.times import PATIENCE
from core.words import words_of


def test_every_line_of_the_measured_file_is_somebody(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    moving.write_file(path, 300)
    with path.open("rb") as file:
        rows = PeopleTable(file, ZoneInfo("UTC")).next_page(1_000)
    assert len(rows) == 300
    assert all(isinstance(row, ImportedPerson) and row.first_name and row.joined_at for row in rows)


def test_what_is_searched_is_among_the_subscribers() -> None:
    users = [searching._user(number) for number in range(10)]
    name, username, user_id, nobody = (typed for _, typed, _ in searching._searches(10))
    assert [one["user_id"] for one in users if words_of(name)[0] in one["words"]] == [searching._id(3)]
    assert users[-1]["username_key"] == username.removeprefix("@") and users[-1]["user_id"] == int(user_id)
    assert not any(nobody in word for one in users for word in one["words"])


def test_statistics_of_a_year_are_five_commands_and_an_erasure_ends_within_a_minute() -> None:
    year, erasure = asyncio.run(screens.measure_promises(None, None))  # type: ignore[arg-type]
    assert [row[1] for row in year.rows] == [5.0] * 4
    (first, *_, last) = erasure.rows
    assert (float(first[1]) > 10, last[1]) == (True, 1.0)
    assert float(last[0]) <= 60 < PATIENCE.total_seconds()
