"""What admins read of jobs, backups and numbers, on both sides of each limit."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.job_status import JobStatus, overview
from core.jobs import JobOutcome, JobRun, LeaseRow
from core.statistics.periods import Period
from schedulers import registry
from views.quantities import in_bytes
from views.statistics.callbacks import PicturesButton
from views.system import backup_texts, jobs_keyboards, jobs_texts, jobs_words
from views.system.backup_callbacks import BackupAction, BackupButton
from views.system.jobs_callbacks import NAME_MAX, JobAction, JobButton

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def run(
    job: str = registry.TOKEN_CLEANUP.name, *, seconds: float = 2, outcome: JobOutcome | None = JobOutcome.SUCCEEDED
) -> JobRun:
    started = NOW - timedelta(minutes=1)
    ended = None if outcome is None else started + timedelta(seconds=seconds)
    return JobRun(
        id="1", job=job, scheduled_at=started, started_at=started, finished_at=ended, owner="somebody", outcome=outcome
    )


def status(
    job: str = registry.TOKEN_CLEANUP.name, last: JobRun | None = None, lease: LeaseRow | None = None
) -> JobStatus:
    plans = {job: registry.plans(BERLIN)[job]}
    (one,) = overview(plans, {} if last is None else {job: last}, {} if lease is None else {job: lease}, NOW)
    return one


# --- runs in words


@pytest.mark.parametrize("outcome", JobOutcome)
def test_every_outcome_has_its_words(outcome: JobOutcome) -> None:
    assert jobs_words.outcome(outcome)
    shown = jobs_texts.job(status(last=run(outcome=outcome)), [run(outcome=outcome)], NOW, BERLIN)
    assert jobs_words.outcome(outcome) in shown.text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a second"), (0.99, "less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute")],
)
def test_how_long_it_took(seconds: float, words: str) -> None:
    assert jobs_words.took(run(seconds=seconds)) == words


def test_a_run_that_never_started_has_no_duration() -> None:
    given_up = run(outcome=JobOutcome.MISSED).model_copy(update={"owner": None})
    assert jobs_words.took(given_up) == ""
    assert jobs_words.took(run(outcome=None)) == ""


def test_a_clock_that_was_put_back_makes_no_negative_age() -> None:
    assert jobs_words.ago(NOW + timedelta(hours=1), NOW) == "0 seconds ago"


@pytest.mark.parametrize(("text", "limit"), [("x" * 60, 60), ("x" * 61, 60), ("<&>" * 30, 60), ("\u202e<\n" * 90, 7)])
def test_an_error_is_one_escaped_line_within_its_limit(text: str, limit: int) -> None:
    line = jobs_words.one_line(text, limit)
    assert len(line) <= limit
    assert not set("<>\n\u202e") & set(line)
    assert line.endswith("…") == (text != "x" * 60)


@pytest.mark.parametrize("text", ["", "  \n ", "\u202e"])
def test_an_empty_error_is_no_line(text: str) -> None:
    assert jobs_words.one_line(text, 60) == ""


def test_counts_are_named_and_bounded() -> None:
    counted = run().model_copy(update={"counts": {"old_tokens": 1234, "<b>": 1} | {f"x{n}": n for n in range(50)}})
    words = jobs_words.counts(counted)
    assert words.startswith("old tokens 1,234 · &lt;b&gt; 1 · ")
    assert words.count("·") == 2
    assert jobs_words.counts(run()) == ""
    assert jobs_words.counts(run().model_copy(update={"more": True})) == "more is left for the next run"


# --- jobs


def test_a_job_without_a_schedule_has_no_next_run() -> None:
    shown = jobs_texts.job(status(registry.BROADCAST_SENDER.name), [], NOW, BERLIN)
    assert "Runs when one is due\n" in shown.text
    assert "has not run yet" in shown.text


def test_the_next_run_is_the_next_tick_in_the_zone() -> None:
    assert "30 March 2026, 00:00 (Europe/Berlin)" in jobs_texts.job(status(), [], NOW, BERLIN).text


@pytest.mark.parametrize("by", [7001, "<b>cron</b>", None])
def test_a_pause_says_who_and_since_when(by: int | str | None) -> None:
    lease = LeaseRow(job=registry.TOKEN_CLEANUP.name, paused_at=NOW - timedelta(days=1), paused_by=by)
    text = jobs_texts.job(status(lease=lease), [run()], NOW, BERLIN).text
    assert "28 March 2026" in text
    assert ("by <code>" in text) == (by is not None)
    assert "<b>cron" not in text
    assert jobs_keyboards.job(status(lease=lease))[0][1].text == "Resume"


@pytest.mark.parametrize("name", registry.JOB_NAMES)
@pytest.mark.parametrize("act", JobAction)
def test_a_button_of_every_job_fits_and_comes_back(name: str, act: JobAction) -> None:
    packed = JobButton(act=act, job=name).pack()
    assert len(packed.encode()) <= 64
    assert JobButton.unpack(packed) == JobButton(act=act, job=name)


def test_a_forged_name_that_is_too_long_is_no_button_of_ours() -> None:
    with pytest.raises(ValueError, match="job"):
        JobButton.unpack("jo:run:" + "x" * (NAME_MAX + 1))


# --- backups and numbers


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (10**6, "1.0 MB"),
        (3 * 10**12, "3,000.0 GB"),
    ],
)
def test_sizes(size: int, words: str) -> None:
    assert in_bytes(size) == words


@pytest.mark.parametrize(("hours", "is_old"), [(48, False), (49, True)])
def test_a_backup_is_old_after_two_days(hours: int, is_old: bool) -> None:
    ended = NOW - timedelta(hours=hours)
    one = run("backup").model_copy(update={"finished_at": ended, "started_at": ended, "counts": {"bytes": 5}})
    text = backup_texts.backup(backup_texts.Backups([one], False, "/srv/<data>", 1), "backup", NOW, BERLIN).text
    assert ("old.</b>" in text) == is_old
    assert "The last one is kept in <code>/srv/&lt;data&gt;</code>" in text


@pytest.mark.parametrize(
    "button", [*(PicturesButton(period=period) for period in Period), BackupButton(act=BackupAction.RUN)]
)
def test_buttons_come_back(button: PicturesButton | BackupButton) -> None:
    assert type(button).unpack(button.pack()) == button
