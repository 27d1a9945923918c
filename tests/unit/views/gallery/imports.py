"""Import of subscribers."""

from datetime import UTC, datetime

from core.exchange.imports.problems import FileProblem, UnusableFile
from core.exchange.imports.runs import LINES_MAX, ImportCounts, ImportFile, ImportRun, ImportState
from tests.unit.views.gallery import LONG_USERNAME
from views.system import import_screens as views

_NAME = "<&>" * 60 + ".csv"
_MOST = ImportCounts(
    new=10**7, known=10**7, doubled=10**7, erased=10**7, unreadable=10**7, lines=tuple([10**7] * LINES_MAX)
)
_ONE = ImportCounts(new=1, known=1, doubled=1, erased=1, unreadable=1, lines=(7,))


def _run(state: ImportState, counts: ImportCounts, **fields: object) -> ImportRun:
    whole = {
        "key": "f" * 16,
        "state": state,
        "file": ImportFile(bot_id=1, file_id="f", name=_NAME),
        "found": counts,
        "done": counts,
        "asked_by": 1,
        "asked_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return ImportRun.model_validate(whole | fields)


_BOTH = (_MOST, _ONE, ImportCounts())

SCREENS = {
    "file asked": views.ask(),
    "file asked, no answer": views.ask(None, views.no_answer()),
    "file asked, busy": views.ask(None, views.busy()),
    **{f"file asked after {one.new}": views.ask(_run(ImportState.DONE, one)) for one in _BOTH},
    **{
        f"file asked after {problem}": views.ask(_run(ImportState.FAILED, _MOST, problem=problem))
        for problem in FileProblem
    },
    **{
        f"offered {one.new} {is_of_this_bot}": views.offer(
            _run(ImportState.READY, one, is_of_this_bot=is_of_this_bot), LONG_USERNAME, views.begun_already()
        )
        for one in _BOTH
        for is_of_this_bot in (True, False)
    },
    "reading": views.reading(_NAME, 10**7),
    "progress": views.progress(_run(ImportState.RUNNING, _MOST), _ONE),
    "under way": views.under_way(_run(ImportState.RUNNING, _MOST), views.begun_already()),
    "over": views.over(_run(ImportState.DONE, _MOST)),
    **{f"stopped {one}": views.over(_run(ImportState.FAILED, _MOST, problem=one)) for one in FileProblem},
    **{
        f"refused {one} {line}": views.refused(_NAME, UnusableFile(one, line))
        for one in FileProblem
        for line in (None, 10**7)
    },
}
