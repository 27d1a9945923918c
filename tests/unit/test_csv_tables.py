"""Tables open in a spreadsheet as they are, and run nothing there."""

import csv
import io

import pytest

from core.csv_tables import to_csv


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1"])
def test_a_text_that_looks_like_a_formula_begins_with_an_apostrophe(cell: str) -> None:
    assert rows_of(to_csv([cell], [[cell]])) == [[f"'{cell}"], [f"'{cell}"]]


@pytest.mark.parametrize("cell", ['say "hi"', "a,b", "two\nlines", "Ünï — مرحبا", " =1", "'quoted"])
def test_other_texts_come_back_as_they_were(cell: str) -> None:
    assert rows_of(to_csv(["name"], [[cell]]))[1] == [cell]


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    file = to_csv(["a", "b", "c"], [[-5, 0.5, None]])
    assert file == b"\xef\xbb\xbfa,b,c\r\n-5,0.5,\r\n"


def rows_of(file: bytes) -> list[list[str]]:
    assert file.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))
