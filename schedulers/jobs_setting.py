"""The setting JOBS: a JSON object that gives a job the times of a cron line, or switches it off."""

import json
from typing import Any

from core.errors import BadInput
from core.timing.cron import CronLine, read_cron_line
from schedulers import registry

_EXPECTED = 'a JSON object of jobs and cron lines or "off" is expected, like {"backup": "30 4 * * *"}'
#: the check's result is believed for three minutes, so it has no other times
_FIXED = frozenset({registry.HEALTH_CHECK.name})


class BadJobs(ValueError):
    """The setting cannot be used; the text has one line per problem."""


def read_jobs_setting(text: str) -> dict[str, CronLine | None]:
    """Parse the setting: the cron line of each named job, None for `off`. Raises BadJobs."""
    problems: list[str] = []
    found: dict[str, CronLine | None] = {}
    for name, value in _pairs(text):
        try:
            if name in found:
                raise BadInput(f"{name} is named twice")
            found[name] = _times(name, value)
        except BadInput as error:
            problems.append(error.sentence)
    if problems:
        raise BadJobs("\n".join(problems))
    return found


def _pairs(text: str) -> list[tuple[str, Any]]:
    """Return names and values as they stand there: a JSON object read as a dict forgets the first of two."""
    try:
        found = json.loads(text, object_pairs_hook=tuple)
    except (json.JSONDecodeError, RecursionError):
        found = None
    # an empty object has no pairs; a list would be a list
    if not isinstance(found, tuple):
        raise BadJobs(_EXPECTED)
    return list(found)


def _times(name: str, value: Any) -> CronLine | None:
    row = next((row for row in registry.JOBS if row.name == name), None)
    if row is None:
        raise BadInput(f"{name[:60]!r} is no job. The jobs are: {', '.join(registry.JOB_NAMES)}")
    if not isinstance(value, str):
        raise BadInput(f'{name}: a cron line or "off", in quotes, is expected')
    if value.strip().lower() == registry.OFF:
        return None
    if row.is_polled or name in _FIXED:
        when = "whenever something is due" if row.is_polled else "every minute"
        raise BadInput(f'{name} runs {when} and takes no other times; "off" is possible')
    try:
        return read_cron_line(value)
    except BadInput as error:
        raise BadInput(f"{name}: {error.sentence}") from None
