"""Figures pasted into a month: how rows find their figures, what is shown before a save, and how it is taken back."""

import html
import re
import time
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from stories import fill, joint_operation, person, report, submitted, verified

from operations.entry import blocks
from operations.models import Change, Figure, Indicator

pytestmark = pytest.mark.django_db

LEAVES = [
    "scam-cases-fraud", "scam-cases-gambling", "drug-cases", "drug-suspects", "drugs-methamphetamine-tablets",
    "drugs-heroin", "drugs-ketamine",
]  # fmt: skip
HERE = "/reports/JT-2025/TH-RTP/2025-03/"
PASTE = HERE + "paste/"


@pytest.fixture
def operation():
    return joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["KH-NP", "LA-MPS", "TH-RTP"], LEAVES)


@pytest.fixture
def march(operation):
    return report(operation, "TH-RTP", "2025-03")


@pytest.fixture
def officer():
    return person("officer", "TH-RTP")


@pytest.fixture
def desk(march, officer):
    client = Client()
    client.force_login(officer)
    return client


def hidden(page, name) -> str:
    """What a hidden field of the page carries."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page.content.decode())
    return html.unescape(found[1])


def preview(desk, block, **more):
    return desk.post(PASTE, {"block": block, **more})


def confirm(desk, page, **more):
    return desk.post(PASTE, {"action": "save", "offer": hidden(page, "offer"), **more})


def saved(march) -> dict:
    figures = Figure.objects.filter(revision__report=march).select_related("indicator")
    return {one.indicator.code: one.value for one in figures if not one.is_empty}


def lines(page) -> dict:
    """Each line of the preview by its indicator: the state and the new figure."""
    return {
        line.indicator.code if line.indicator else line.row.name: line for line in page.context["offer"].lines
    }


def text(page) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


# -------------------------------------------------------------------------------------------- the main path


def test_a_column_with_mixed_digits_is_previewed_saved_and_undone_in_one_step(desk, march):
    page = preview(desk, "១២៣\n៤៥\n๕๓๑๐\n၅၈၄၂\n໑໒\n12.5\n０\n", at="scam-cases-fraud")
    assert page.status_code == 200
    assert saved(march) == {}
    answer = confirm(desk, page)
    assert (answer.status_code, answer["Location"]) == (302, f"{HERE}?undo=0-1")
    assert saved(march) == {
        "scam-cases-fraud": 123, "scam-cases-gambling": 45, "drug-cases": 5310, "drug-suspects": 5842,
        "drugs-methamphetamine-tablets": 12, "drugs-heroin": Decimal("12.5"), "drugs-ketamine": 0,
    }  # fmt: skip
    assert "Saved: 7 figures changed." in text(desk.get(answer["Location"]))
    back = desk.post(HERE + "undo/", {"versions": "0-1"})
    assert back.status_code == 302
    assert saved(march) == {}
    assert "Undone: 7 figures are as they were before." in text(desk.get(HERE))


def test_nothing_is_written_before_confirmation(desk, march):
    preview(desk, "Heroin: 12.5")
    assert not march.revisions.exists()
    assert not Change.objects.exists()


@pytest.mark.parametrize("language", ["en", "zh-hans", "km", "lo", "my", "th", "vi"])
def test_labels_of_every_language_are_understood_in_any_language_of_the_page(desk, march, language):
    with translation.override(language):
        names = [Indicator.objects.get(code=code).label for code in LEAVES]
    block = "\r\n".join(f"{name}\t{number}" for number, name in enumerate(names, 1))
    page = preview(desk, block)
    confirm(desk, page)
    assert saved(march) == {code: number for number, code in enumerate(LEAVES, 1)}


def test_old_and_new_stand_side_by_side(desk, march, officer):
    fill(march, officer, drug_cases=5310, drugs_heroin="1204.350")
    page = preview(desk, "Drug cases investigated\t5,311\nHeroin\t1204.35\nKetamine\t3")
    found = lines(page)
    assert [(found[code].state, found[code].old, found[code].new) for code in found] == [
        ("changed", "5,310 cases", "5,311 cases"),
        ("unchanged", "1,204.350 kg", ""),
        ("new", "", "3.000 kg"),
    ]
    assert "1 new" in text(page)


def test_what_is_not_named_stays_and_an_empty_cell_changes_nothing(desk, march, officer):
    fill(march, officer, drug_cases=5310, drug_suspects=12)
    page = preview(desk, "drug-cases\t\ndrugs-heroin\t2")
    assert lines(page)["drug-cases"].state == "empty"
    confirm(desk, page)
    assert saved(march) == {"drug-cases": 5310, "drug-suspects": 12, "drugs-heroin": 2}


def test_a_quantity_in_another_unit_is_converted_and_says_so(desk, march):
    page = preview(desk, "Methamphetamine tablets: 4,583,333 tablets\nHeroin: 1500 g\nKetamine 2 กิโลกรัม")
    assert lines(page)["drugs-methamphetamine-tablets"].new == "4,583,333 tablets = 412.500 kg"
    confirm(desk, page)
    assert saved(march) == {
        "drugs-methamphetamine-tablets": Decimal("412.500"),
        "drugs-heroin": Decimal("1.500"),
        "drugs-ketamine": 2,
    }


def test_marks_are_taken_as_marks_and_keep_their_note(desk, march):
    block = "Indicator\tFigure\tNote\nHeroin\tn/a\tLaboratory closed\nKetamine\t不适用\t"
    confirm(desk, preview(desk, block))
    heroin = Figure.objects.get(indicator__code="drugs-heroin")
    assert (heroin.value, heroin.mark, heroin.note) == (None, "L", "Laboratory closed")
    assert Figure.objects.get(indicator__code="drugs-ketamine").mark == "M"


# ------------------------------------------------------------------------------------------- what is not taken


def test_a_total_is_compared_and_never_written(desk, march):
    page = preview(desk, "Heroin\t100\nKetamine\t39\nDrugs seized\t140")
    line = lines(page)["drugs-seized"]
    assert (line.state, line.sentence) == ("calculated", "Calculated, never entered: yours 140, sum 139.000.")
    assert line.warnings
    confirm(desk, page)
    assert saved(march) == {"drugs-heroin": 100, "drugs-ketamine": 39}


def test_unknown_rows_are_listed_as_not_taken(desk, march):
    page = preview(desk, "Heroin\t1\nVehicles seized\t12")
    assert lines(page)["Vehicles seized"].sentence == "No figure of this report is called “Vehicles seized”."
    confirm(desk, page)
    assert saved(march) == {"drugs-heroin": 1}


def test_the_same_figure_twice_is_refused_with_both_rows(desk, march):
    page = preview(desk, "Heroin\t1\nKetamine\t5\nเฮโรอีน\t2")
    assert (
        lines(page)["drugs-heroin"].sentence == "This figure stands in several rows (1, 3); keep one of them."
    )
    assert confirm(desk, page).status_code == 422
    assert saved(march) == {}
    assert confirm(desk, page, leave_out="2").status_code == 302
    assert saved(march) == {"drugs-ketamine": 5}


def test_the_rest_is_saved_only_if_the_reader_says_that_rows_are_left_out(desk, march):
    page = preview(desk, "Heroin\t1\nKetamine\tabout 5\ndrug-cases\t1e3")
    assert "Leave out 2 rows that cannot be taken" in text(page)
    refused = confirm(desk, page)
    assert refused.status_code == 422
    assert "2 rows cannot be taken" in text(refused)
    assert confirm(desk, page, leave_out="1").status_code == 422
    assert saved(march) == {}
    assert confirm(desk, page, leave_out="2").status_code == 302
    assert saved(march) == {"drugs-heroin": 1}


def test_a_name_of_two_figures_is_not_guessed(desk, march):
    operation = march.operation
    operation.indicators.add(*Indicator.objects.filter(code__startswith="scam-suspects-"))
    page = preview(desk, "Online scam\t5\nHeroin\t1")
    assert "can be several figures" in lines(page)["Online scam"].sentence
    assert lines(page)["Online scam"].state == "unreadable"


def test_a_number_that_cannot_be_is_refused_at_its_row(desk, march):
    Indicator.objects.filter(code="drug-cases").update(impossible_from=1000)
    page = preview(desk, "drug-cases\t1000")
    assert "cannot be 1,000 in one month" in lines(page)["drug-cases"].sentence


def test_large_differences_are_warned_of_in_the_preview(desk, march, officer):
    verified(report(march.operation, "TH-RTP", "2025-02"), officer, person("reviewer"), drugs_heroin="2.5")
    page = preview(desk, "Heroin\t2500")
    assert "Were grams or tablets entered as kg?" in lines(page)["drugs-heroin"].warnings[0]


# ------------------------------------------------------------------------------------------ two readings


def test_two_readings_are_asked_once_and_the_habit_is_remembered(desk, march, officer):
    page = preview(desk, "Heroin\t1.234\nKetamine\t2.500")
    assert lines(page)["drugs-heroin"].readings == ["1.234 kg", "1,234 kg"]
    refused = confirm(desk, page)
    assert (refused.status_code, saved(march)) == (422, {})
    assert confirm(desk, page, means=",").status_code == 302
    assert saved(march) == {"drugs-heroin": 1234, "drugs-ketamine": 2500}
    officer.agency.refresh_from_db()
    assert officer.agency.decimal_separator == ","
    assert lines(preview(desk, "Heroin\t1.235"))["drugs-heroin"].new == "1,235.000 kg"


def test_a_text_that_reads_like_the_saved_one_is_read_all_the_same(desk, march, officer):
    """1.234 pasted by an agency that writes a comma means 1,234 kg, though 1.234 is what stands in the form."""
    fill(march, officer, drugs_heroin="1.234")
    page = preview(desk, "Heroin\t1.234")
    confirm(desk, page, means=",")
    assert saved(march) == {"drugs-heroin": 1234}


# ------------------------------------------------------------------------------------------------ columns


def test_the_column_of_this_month_is_proposed(desk, march):
    page = preview(desk, "Indicator\tJan 2025\tFeb 2025\t2025-03\nHeroin\t1\t2\t3")
    confirm(desk, page)
    assert saved(march) == {"drugs-heroin": 3}


def test_of_other_columns_the_reader_chooses(desk, march):
    page = preview(desk, "Heroin\t1\t2\nKetamine\t3\t4")
    assert page.context["offer"] is None
    assert "Which column holds the figures of March 2025?" in text(page)
    page = desk.post(PASTE, {"action": "column", "column": "2", "table": hidden(page, "table")})
    confirm(desk, page)
    assert saved(march) == {"drugs-heroin": 2, "drugs-ketamine": 4}


def test_a_column_of_another_month_is_never_taken_for_this_one(desk, march):
    page = preview(desk, "Indicator\tJan 2025\nHeroin\t1")
    assert page.context["offer"] is None
    assert "Jan 2025" in text(page)


# ---------------------------------------------------------------------------------------- others, meanwhile


def test_what_changes_between_preview_and_save_is_said_and_nothing_is_written(desk, march, officer):
    page = preview(desk, "Heroin\t1\nKetamine\t2")
    fill(march, officer, drugs_heroin=9)
    answer = confirm(desk, page)
    assert answer.status_code == 409
    assert "Heroin changed since this preview" in text(answer)
    assert saved(march) == {"drugs-heroin": 9}
    assert confirm(desk, answer).status_code == 302
    assert saved(march) == {"drugs-heroin": 1, "drugs-ketamine": 2}


def test_a_change_of_another_figure_does_not_matter(desk, march, officer):
    page = preview(desk, "Heroin\t1")
    fill(march, officer, drugs_ketamine=9)
    assert confirm(desk, page).status_code == 302


def test_an_undo_refuses_once_somebody_has_changed_a_figure(desk, march, officer):
    confirm(desk, preview(desk, "Heroin\t1\nKetamine\t2"))
    fill(march, officer, drugs_heroin=9)
    desk.post(HERE + "undo/", {"versions": "0-1"})
    assert saved(march) == {"drugs-heroin": 9, "drugs-ketamine": 2}
    assert "nothing was undone" in text(desk.get(HERE))


@pytest.mark.parametrize("versions", ["", "7", "x-y", "1-", "99999999999-1", "0-\x00", "5-9"])
def test_an_undo_of_nothing_says_so(desk, march, versions):
    assert desk.post(HERE + "undo/", {"versions": versions}).status_code == 302
    assert "There is nothing of yours to undo here." in text(desk.get(HERE))


def test_a_preview_cannot_be_made_up_or_borrowed(desk, march):
    other = report(march.operation, "TH-RTP", "2025-04")
    page = desk.post(other.get_absolute_url() + "paste/", {"block": "Heroin\t1"})
    for offer in (hidden(page, "offer"), "x", "", "\x00", hidden(page, "offer")[:-3] + "abc"):
        answer = desk.post(PASTE, {"action": "save", "offer": offer})
        assert answer.status_code == 422
        assert "too old or not complete" in text(answer)
    assert saved(march) == {}


def test_a_second_confirmation_changes_nothing_more(desk, march):
    page = preview(desk, "Heroin\t1")
    confirm(desk, page)
    again = confirm(desk, page)
    assert again.status_code in (409, 422)
    assert Change.objects.filter(revision__report=march).count() == 1


def test_what_comes_is_read_while_nobody_waits_and_saved_while_others_do(desk, march, monkeypatch):
    outside, inside, arrange = len(connection.savepoint_ids), [], blocks.arrange

    def watched(*given, **more):
        inside.append(len(connection.savepoint_ids))
        return arrange(*given, **more)

    monkeypatch.setattr(blocks, "arrange", watched)
    with CaptureQueriesContext(connection) as asked:
        page = preview(desk, "Heroin\t1")
    assert inside == [outside]
    assert not any("FOR NO KEY UPDATE" in query["sql"] for query in asked)
    with CaptureQueriesContext(connection) as asked:
        assert confirm(desk, page).status_code == 302
    sql = [query["sql"] for query in asked]
    lock = next(place for place, query in enumerate(sql) if "FOR NO KEY UPDATE" in query)
    figures = next(place for place, query in enumerate(sql) if 'FROM "operations_figure"' in query)
    assert lock < figures


# ------------------------------------------------------------------------------------- nothing to report


def test_nothing_to_report_is_undone_in_one_step(desk, march, officer):
    fill(march, officer, drug_cases=5)
    answer = desk.post(HERE + "nothing/", {"area": "drugs"})
    assert saved(march)["drugs-heroin"] == 0 and saved(march)["drug-cases"] == 5
    assert "scam-cases-fraud" not in saved(march)
    desk.post(HERE + "undo/", {"versions": answer["Location"].split("=")[1]})
    assert saved(march) == {"drug-cases": 5}


@pytest.mark.parametrize("area", ["", "nowhere", "\x00", "x" * 5000])
def test_nothing_to_report_of_no_section_changes_nothing(desk, march, area):
    assert desk.post(HERE + "nothing/", {"area": area}).status_code == 302
    assert saved(march) == {}


# ------------------------------------------------------------------------------------------------ whose it is


def test_a_report_that_is_handed_in_takes_nothing(desk, march, officer):
    page = preview(desk, "Heroin\t1")
    submitted(march, officer)
    for answer in (
        desk.get(PASTE),
        preview(desk, "Heroin\t1"),
        confirm(desk, page),
        desk.get(HERE + "workbook.xlsx"),
    ):
        assert answer.status_code == 423
        assert "This report is submitted" in text(answer)
    assert saved(march)["drugs-heroin"] == 0


# ------------------------------------------------------------------------------------------- hostile blocks

BLOCKS = [
    "",
    " \n\t\n",
    "\x00",
    "Heroin\t1\x00",
    "Heroin\x07\t1",
    "\t" * 90_000,
    "\t" * 90_000 + "1",
    "Heroin\t1\n" * 11_000,
    "1\n" * 1_000,
    "x" * 99_999,
    "hello",
    "=1+1",
    "=HYPERLINK(\"http://evil.example\")\t=1+1",
    "<script>alert(1)</script>\t5",
    "\u202e\u202d\u2066",
    "\ud83d\ude00" .encode("utf-16", "surrogatepass").decode("utf-16"),
    "-\n-\n-",
    '"""""\t"',
    "٠١٢٣",
    "NaN\nInfinity\n1e400",
]  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_hostile_block_is_one_sentence_or_a_preview_with_nothing_to_save(desk, march, block):
    page = preview(desk, block)
    assert page.status_code in (200, 422)
    assert "<script>alert" not in page.content.decode()
    if page.status_code == 422:
        assert len(page.context["errors"]) == 1
        assert len(page.context["errors"][0]["text"]) < 300
    elif page.context["offer"]:
        assert page.context["offer"].entered == {}
        assert confirm(desk, page).status_code == 422
    assert not march.revisions.exists()


def grid(rows: int, columns: int, cell: str, last: str = "", *, is_numbered: bool = False) -> str:
    """A block of one cell again and again, each with its number if asked for; `last` stands in every last row."""
    lines = [
        "\t".join(f"{cell}{row * columns + place}" if is_numbered else cell for place in range(columns))
        for row in range(rows - 1)
    ]
    return "\n".join([*lines, "\t".join([last or cell] * columns)])


SLOW = {
    "cells between bars": ("|a" * 140 + "\n") * 340,
    "words and a number": ("x " * 140 + "5\n") * 300,
    "words": ("x " * 140 + "x\n") * 330,
    "numbers on a line": ("x 1" + " 1" * 140 + "\n") * 330,
    "commas": (", " * 149 + "\n") * 330,
    "colons": ("x:" * 149 + "\n") * 330,
    "semicolons": ("a; " * 99 + "\n") * 330,
    "pairs": ("Heroin 1; " * 29 + "\n") * 340,
    "spaces": ("a" + " " * 297 + "b\n") * 330,
    "bullets": ("- " * 149 + "x\n") * 330,
    "areas": ("Drugs " * 40 + "5\n") * 400,
    "texts": grid(490, 30, "a", is_numbered=True),
    "units": grid(500, 40, "kg", "x"),
    "marks": grid(500, 40, "na", "x"),
    "months": "\n".join(["1\t" * 19 + "Jan 2025"] * 480),
    "characters that stand for eighteen": ("\ufdfa " * 140 + "\n") * 340,
    "the same in cells": grid(500, 39, "\ufdfa" * 4),
    "one figure": "Heroin\t1.234\n" * 500,
}


@pytest.mark.parametrize("kind", SLOW)
def test_no_block_within_the_bounds_takes_a_second(desk, march, kind):
    preview(desk, "Heroin\t1")  # what is made once is made by now
    assert len(SLOW[kind]) <= blocks.MOST_CHARACTERS
    began = time.process_time()
    assert preview(desk, SLOW[kind]).status_code in (200, 422)
    assert time.process_time() - began < 1


def test_a_block_beyond_all_measure_is_refused_and_not_an_error(desk, march):
    assert desk.post(PASTE, {"block": "\t" * 2**21}).status_code in (400, 422)
    assert desk.post(PASTE, {"block": "1\n" * 100_000}).status_code == 422


def test_a_formula_is_no_number(desk, march):
    page = preview(desk, "Heroin\t=1+1")
    assert lines(page)["drugs-heroin"].state in ("unreadable", "empty")
    assert page.context["offer"].entered == {}


def test_marks_of_direction_around_a_number_do_no_harm(desk, march):
    confirm(desk, preview(desk, "\ufeff\u200fHeroin\u200f\u00a0\t\u202a12\u202c\u00a0\r\n"))
    assert saved(march) == {"drugs-heroin": 12}
