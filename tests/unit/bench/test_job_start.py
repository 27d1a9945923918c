"""The figure of late beginnings says of each store and way how late in the middle and at worst."""

import json

from bench import job_start
from bench.job_start import ASKED, TICK
from bench.report import Figure


def test_how_late_is_told_in_milliseconds_and_kept_in_seconds() -> None:
    figure = Figure("x", job_start.COLUMNS)
    job_start._note(figure, "in memory", TICK, [0.001, 0.002, 0.5])
    job_start._note(figure, "in memory", ASKED, [1.5])
    assert figure.rows[0] == ("in memory", TICK, "3", "2.0", "500.0", "500.0")
    assert json.loads(json.dumps(figure.as_json()))["numbers"]["in memory"][ASKED]["longest_s"] == 1.5
