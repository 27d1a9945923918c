"""Files of subscribers: letters, quotes, delimiters, headers, cells, and what cannot be read."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.exchange.exports import Exported, FileFormat, subscriber_row, writer
from core.exchange.imports.people import ID_MAX, ImportedPerson
from core.exchange.imports.problems import FileProblem, UnusableFile
from core.exchange.imports.table import PeopleTable, Row
from core.users import FAR_END, User

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rows(content: bytes | str, encoding: str = "utf-8") -> list[Row]:
    return table(content, encoding).next_page(10_000)


def table(content: bytes | str, encoding: str = "utf-8") -> PeopleTable:
    return PeopleTable(io.BytesIO(content.encode(encoding) if isinstance(content, str) else content), ZONE)


def people(content: bytes | str, encoding: str = "utf-8") -> list[ImportedPerson]:
    found = rows(content, encoding)
    assert all(isinstance(row, ImportedPerson) for row in found), found
    return [row for row in found if isinstance(row, ImportedPerson)]


def ids(content: bytes | str, encoding: str = "utf-8") -> list[int]:
    """Ids of those that can be read; of an unreadable line its number, negative."""
    return [row.user_id if isinstance(row, ImportedPerson) else -row for row in rows(content, encoding)]


def test_our_own_export_is_read_as_it_was() -> None:
    user = User(
        user_id=7,
        username="ann_a",
        last_name="+Z, é",
        first_name='=cmd|" /C calc"!A0, «Ann»\nB',
        language="pt-br",
        credits=9,
        pass_until=NOW + timedelta(days=3),
        is_banned=True,
        banned_until=NOW + timedelta(days=1),
        ban_reason="-1, spam",
        blocked_at=NOW,
        news_stopped_at=NOW,
        joined_at=NOW - timedelta(days=9),
        last_seen_at=NOW - timedelta(days=1),
        source="insta",
        unlocks=6,
    )
    row = subscriber_row(user, NOW)
    assert row is not None
    out = writer(Exported.SUBSCRIBERS, FileFormat.CSV, ZONE)
    (found,) = people(out.start() + out.row(row, is_first=True))
    shared = set(found.__dataclass_fields__) - {"line", "first_name"}
    assert {name: getattr(found, name) for name in shared} == {name: getattr(user, name) for name in shared}
    assert found.first_name == user.first_name.replace("\n", "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_letters_delimiters_and_ends_of_lines_are_found(encoding: str, delimiter: str, end: str) -> None:
    lines = [["id", "first_name", "credits"], ["5", "Ольга Ёж", "3"], ["6", f'"а{delimiter} ""б"""', ""]]
    content = end.join(delimiter.join(line) for line in lines) + end
    found = people(content, encoding)
    assert [(one.user_id, one.first_name, one.credits) for one in found] == [
        (5, "Ольга Ёж", 3),
        (6, f'а{delimiter} "б"'.replace("\t", ""), 0),
    ]


@pytest.mark.parametrize(
    ("content", "problem", "line"),
    [
        (b"", FileProblem.EMPTY, None),
        (b"\xef\xbb\xbf\r\n\r\n", FileProblem.EMPTY, None),
        (b"\xff\xfe", FileProblem.EMPTY, None),
        (b"PK\x03\x04 a spreadsheet", FileProblem.NOT_TEXT, None),
        (b"id\n5\x00\x01\x02\n", FileProblem.NOT_TEXT, None),
        ("id,name\n5,Ольга\n6,Пётр\n".encode()[:-2] + b"\n", FileProblem.LETTERS, 3),
        ("id,name\n5,José François\n".encode("latin-1"), FileProblem.LETTERS, 2),
        ("id,name\n5,日本語の名前です\n".encode("shift-jis"), FileProblem.LETTERS, 2),
        ("id,name\n5,Ольга\n".encode("cp1251") + b"6,\x98\n", FileProblem.LETTERS, 2),
        ("id\n5\n".encode("utf-16") + b"\x00", FileProblem.LETTERS, None),
        (b"name,credits\nAnn,5\n", FileProblem.NO_IDS, None),
        (b"hello\n", FileProblem.NO_IDS, None),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_as_a_whole(content: bytes, problem: FileProblem, line: int) -> None:
    with pytest.raises(UnusableFile) as refused:
        rows(content)
    assert (refused.value.problem, refused.value.line) == (problem, line)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5\n6\n", [5, 6]),
        ("5", [5]),
        ("\n\n5,Ann,what ever\n\n6\n", [5, 6]),
        ("x\n5\n", None),
        ("sep=;\nid;name\n5;a,b\n", [5]),
        ("user_id\n0\n-100123\n5\n1e9\n" + "9" * 19 + f"\n{ID_MAX}\n{ID_MAX + 1}\n٥\n6.0\n7.5\n+8\n'+9\n", None),
        ('id,name\n5,"Ann\n6,Bob\n7,"Cec""il"\n8,x"y\n', [-2, 6, 7, 8]),
        ('id,name\n5,"two\nlines"\n6,Bob\n', [5, 6]),
        ('id,name\n5,"open"x\n6,Bob\n', [-2, 6]),
        ("id,credits\n5,-1\n6,1.5\n7,\n8,1000001\n9,12\n", [-2, -3, 7, -5, 9]),
        ("id,pass_until\n5,soon\n6,2026-13-01\n7,2026-05-04\n8,1777777777\n9,1970-01-01\n", [-2, -3, 7, 8, -6]),
        ("id,banned\n5,perhaps\n6,yes\n7,False\n", [-2, 6, 7]),
        ("name;ID;Telegram ID\nAnn;1;77\n", [77]),
        ("firstName,userId\nAnn,5\n", [5]),
        ("id,name\n5\n", [5]),
        ("id,name\nNone,Ann\n", [-2]),
    ],
)
def test_each_line_is_somebody_or_unreadable_by_itself(text: str, found: list[int] | None) -> None:
    if found is not None:
        assert ids(text) == found
    elif text.startswith("x"):
        with pytest.raises(UnusableFile):
            ids(text)
    else:
        assert ids(text) == [-2, -3, 5, -5, -6, ID_MAX, -8, -9, 6, -11, -12, -13]


def test_a_line_without_an_end_costs_only_itself() -> None:
    assert ids("id,name\n5,Ann\n6," + "x" * 100_000 + "\n7,Bob\n") == [5, -3, 7]
    assert ids('id,name\n5,Ann\n6,"' + "x\n" * 30 + "7,Bob\n")[:2] == [5, -3]
    assert ids('id,name\n5,Ann\n6,"' + "x\n" * 30 + "7,Bob\n")[-1] == 7


@pytest.mark.parametrize("mark", ["=", "+", "-", "@"])
def test_a_formula_stays_text_and_loses_the_apostrophe_of_a_spreadsheet(mark: str) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["id", "name"], [5, f"'{mark}1+1"], [6, f"{mark}1+1"], [7, "'plain'"]])
    assert [one.first_name for one in people(text.getvalue())] == [f"{mark}1+1", f"{mark}1+1", "'plain'"]


def test_what_only_decorates_is_left_out_and_times_are_those_of_the_zone() -> None:
    (one,) = people("id,username,language,source,joined\n5,no user!,xx_1234567890,a b,2026-01-02 03:04\n")
    assert (one.username, one.language, one.source) == (None, None, None)
    assert one.joined_at == datetime(2026, 1, 2, 2, 4, tzinfo=UTC)
    (two,) = people("id,username,language,source\n5,@Ann_A,PT_br,insta\n")
    assert (two.username, two.language, two.source) == ("Ann_A", "pt-br", "insta")


def test_a_pass_for_ever_is_one_until_the_far_end() -> None:
    lines = "id,pass_until\n1,9999-12-31\n2,9999-12-31T23:59:59Z\n3,9999-12-31T23:59:59-05:00\n"
    assert [one.pass_until for one in people(lines)] == [FAR_END] * 3
