"""The figure of searches, at a tiny size in memory."""

import math

import pytest

from bench import search
from bench.harness.stores import IN_MEMORY
from database.connection import Database
from tests.unit.bench.test_figures import database

__all__ = ["database"]


@pytest.mark.usefixtures("database")
async def test_every_search_finds_what_it_names(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    monkeypatch.setattr(search, "TIMES", 1)
    monkeypatch.setattr(search, "RARE_EVERY", 100)
    rows = {str(row[2]): row for row in await search._rows(IN_MEMORY, 300)}
    returned = {how: row[3] for how, row in rows.items()}
    assert returned == {
        "newest": 7,
        "rare word": 3,
        "common word": 7,
        "common and rare": 3,
        "two common": 7,
        "accents left out": 7,
        "another script": 3,
        "number": 1,
        "nothing": 0,
    }
    assert all(math.isnan(float(row[4])) for row in rows.values())
