"""What is found in a pasted text: names in seven languages, columns, units, marks, and what is not guessed."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stories import joint_operation

from operations.entry import blocks, names
from operations.entry.names import Names
from operations.models import Indicator

pytestmark = pytest.mark.django_db

MARCH = date(2025, 3, 1)


@pytest.fixture
def known():
    every = Indicator.objects.leaves().values_list("code", flat=True)
    return Names(joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["TH-RTP"], list(every)))


def read(text, known, **more):
    return blocks.read(text, known, MARCH, "TH-RTP", **more)


def found(text, known, **more) -> list[tuple[str, str]]:
    """Each row's figure with its number as text."""
    return [(row.code, row.value) for row in read(text, known, **more).rows]


HEROIN = ("drugs-heroin", "12.5")


@pytest.mark.parametrize(
    "line",
    [
        "Heroin\t12.5", "heroin: 12.5", "HEROIN 12.5", "Heroin   12.5", "Heroin; 12.5", "Heroin = 12.5",
        "Heroin - 12.5",
        "Heroin：12.5", "海洛因 12.5", "海洛因：12.5", "ហេរ៉ូអ៊ីន: 12.5", "ເຮໂຣອີນ 12.5", "ဘိန်းဖြူ 12.5",
        "เฮโรอีน\u00a012.5", "drugs-heroin 12.5",
        "Drugs: Heroin\t12.5", "Drugs / Heroin\t12.5", "毒品—海洛因\t12.5", "• Heroin: 12.5", "3. Heroin 12.5",
        "a) Heroin 12.5",
        "| Heroin | 12.5 |", "\ufeffHeroin\u200b\t\u200e12.5\u200e", "Heroin,12.5",
        '"Heroin"\t"12.5"', "Her\u200boin\t12.5",
    ],
)  # fmt: skip
def test_a_line_names_its_figure(known, line):
    assert found(line, known) == [HEROIN]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12.5 kg", ("12.5", "kg")), ("12.5kg", ("12.5", "kg")), ("12.5 Kilograms", ("12.5", "kg")),
        ("1500 g", ("1500", "g")),
        ("2 tonnes", ("2", "t")), ("4,583,333 tablets", ("4,583,333", "tablet")), ("12,5千克", ("12,5", "kg")),
        ("12 กิโลกรัม", ("12", "kg")), ("12 viên", ("12", "tablet")), ("12万", ("12万", "")),
        ("12 bags", ("12 bags", "")),
        ("၁ဝ", ("၁ဝ", "")),
    ],
)  # fmt: skip
def test_a_unit_behind_the_number_is_a_unit(known, cell, expected):
    (row,) = read(f"Heroin\t{cell}", known).rows
    assert (row.value, row.unit) == expected


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("not available", "L"), ("N/A", "L"), ("n.a.", "L"), ("L", "L"), ("M", "M"), ("not applicable", "M"),
        ("不适用", "M"),
        ("unknown", "L"), ("0", ""), ("-", ""), ("none", ""),
    ],
)  # fmt: skip
def test_a_mark_in_place_of_the_number_is_a_mark(known, cell, mark):
    rows = read(f"Heroin\t{cell}\nOpium\t1", known).rows
    assert (rows[0].mark, rows[0].value) == (mark, "" if mark else cell)


def test_every_name_in_every_language_leads_to_its_figure(known):
    for leaf in known.leaves:
        texts = [
            leaf.translations.get(code, {}).get("name") for code in ("zh-hans", "km", "lo", "my", "th", "vi")
        ]
        for name in filter(None, [leaf.code, leaf.name, *texts]):
            assert found(f"{name}\t5", known) == [(leaf.code, "5")], name


# ----------------------------------------------------------------------------------------- more than a line


def test_columns_of_unit_mark_and_note_are_found_by_what_stands_above_them(known):
    block = "Chỉ tiêu\tSố lượng\tĐơn vị\tGhi chú\nHeroin\t1500\tg\t=cả nước\nKetamine\tn/a\tkg\tđóng cửa\n"
    rows = read(block, known).rows
    assert [(row.value, row.unit, row.mark, row.note) for row in rows] == [
        ("1500", "g", "", "=cả nước"),
        ("", "kg", "L", "đóng cửa"),
    ]


def test_units_beside_the_numbers_are_found_without_a_heading(known):
    rows = read("Heroin\t1500\tg\nKetamine\t2\tkg", known).rows
    assert [(row.value, row.unit) for row in rows] == [("1500", "g"), ("2", "kg")]


def test_cells_with_line_breaks_come_as_excel_quotes_them(known):
    block = '"Suspects arrested\nin drug cases"\t"5,842"\r\n"Heroin"\t"1 204,35"\r\n'
    assert found(block, known) == [("drug-suspects", "5,842"), ("drugs-heroin", "1 204,35")]


def test_quotation_marks_of_somebody_are_no_cells(known):
    assert found('"Meth" is up\t\nHeroin\t5\nIce "pure\t7', known)[0] == ("drugs-heroin", "5")


def test_a_word_table_with_broken_names_is_put_together(known):
    assert found("Drug cases\ninvestigated\t5310\nHeroin\t2", known) == [
        ("drug-cases", "5310"),
        ("drugs-heroin", "2"),
    ]


def test_names_and_numbers_on_lines_of_their_own_are_put_together(known):
    assert found("Heroin\n12.5\nOpium\n3", known) == [HEROIN, ("drugs-opium", "3")]


def test_several_figures_on_one_line_of_a_chat(known):
    assert found("drug-cases 5310; drug-suspects 400, Heroin 12.5", known) == [
        ("drug-cases", "5310"),
        ("drug-suspects", "400"),
        HEROIN,
    ]


def test_a_message_around_the_figures_is_passed_over(known):
    block = "Dear colleagues,\nhere are the figures:\n\nHeroin: 12.5\n\nBest regards\nMalee"
    assert [row for row in found(block, known) if row[0]] == [HEROIN]


def test_a_focus_area_above_settles_a_name_that_several_have(known):
    block = "Drugs\nCases investigated\t5\nHuman trafficking\nCases investigated\t6"
    assert found(block, known) == [("drug-cases", "5"), ("trafficking-cases", "6")]


def test_a_focus_area_beside_settles_it_too_also_in_merged_cells(known):
    block = "人口贩运\t侦办案件\t6\n毒品\t侦办案件\t5\n\t抓获犯罪嫌疑人\t7"
    assert found(block, known) == [("trafficking-cases", "6"), ("drug-cases", "5"), ("drug-suspects", "7")]


def test_a_unit_settles_it_too(known):
    assert found("Online scam\t5\tcases\nHeroin\t1\tkg", known)[0] == ("scam-cases-fraud", "5")


def test_as_many_rows_as_figures_of_a_name_stand_in_the_order_of_the_sheet(known):
    block = "Online scam\t1\nOnline gambling\t2\nOnline scam\t3\nOnline gambling\t4"
    assert [code for code, _value in found(block, known)] == [
        "scam-cases-fraud", "scam-cases-gambling", "scam-suspects-fraud", "scam-suspects-gambling",
    ]  # fmt: skip


def test_else_a_name_of_several_figures_is_not_guessed(known):
    row = read("Online scam\t1\nHeroin\t2", known).rows[0]
    assert row.code == ""
    assert "(scam-cases-fraud), Suspects apprehended: online scam (scam-suspects-fraud)" in row.problem


def test_a_code_and_a_name_of_two_figures_contradict_each_other(known):
    rows = read("Code\tIndicator\tFigure\ndrugs-heroin\tOpium\t1\ndrugs-opium\tOpium\t2", known).rows
    assert "are those of two figures" in rows[0].problem
    assert rows[1].code == "drugs-opium"


def test_numbers_of_the_rows_themselves_are_no_figures(known):
    assert found("1\tHeroin\t12.5\n2\tOpium\t5\n3\tKetamine\t7", known)[0] == HEROIN


# ------------------------------------------------------------------------------------------- bare columns


def test_a_bare_column_begins_where_it_was_pasted(known):
    codes = [code for code, _value in found("1\n2\n3", known, at="drug-cases")]
    assert codes == ["drug-cases", "drug-suspects", "drugs-methamphetamine-tablets"]
    assert found("1", known)[0][0] == "scam-cases-fraud"


def test_an_empty_cell_in_a_column_keeps_its_place(known):
    assert found("1\n\n3\n", known, at="drugs-heroin") == [
        ("drugs-heroin", "1"),
        ("drugs-opium", ""),
        ("drugs-ketamine", "3"),
    ]


def test_a_column_with_marks_and_a_heading_is_bare_all_the_same(known):
    rows = read("Mar 2025\n1\nn/a\n3 kg", known, at="drugs-heroin").rows
    assert [(row.code, row.value, row.mark, row.unit) for row in rows] == [
        ("drugs-heroin", "1", "", ""),
        ("drugs-opium", "", "L", ""),
        ("drugs-ketamine", "3", "", "kg"),
    ]


def test_a_column_as_long_as_the_sheet_has_its_totals_in_it(known):
    block = "\n".join(str(number) for number in range(len(known.sheet)))
    assert [code for code, _value in found(block, known)] == [one.code for one in known.sheet]


def test_a_column_longer_than_the_sheet_says_which_numbers_are_left_over(known):
    rows = read("1\n2\n3\n4", known, at=known.leaves[-2].code).rows
    assert [bool(row.problem) for row in rows] == [False, False, True, True]


def test_names_that_nobody_knows_are_never_matched_by_place(known):
    assert found("Trucks\t1\nBoats\t2", known) == [("", "1"), ("", "2")]


# ------------------------------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    "heading",
    [
        "2025-03", "03/2025", "Mar 2025", "March", "2025年3月", "三月", "Tháng 3 năm 2025", "tháng 3",
        "มี.ค. 2568", "มีนาคม ๒๕๖๘",
        "ມີນາ 2025", "မတ် ၂၀၂၅", "មីនា ២០២៥", "2025-03-01", "Figures, March 2025",
    ],
)  # fmt: skip
def test_this_month_is_known_by_all_its_names(known, heading):
    assert names.names_this(heading, MARCH)
    assert found(f"Indicator\tTotal\t{heading}\nHeroin\t99\t12.5", known) == [HEROIN]


@pytest.mark.parametrize(
    "heading", ["2024-03", "13/2025", "Feb 2025", "Marching", "Tháng 12", "Total", "", "3", "2025"]
)
def test_what_is_not_this_month(heading):
    assert not names.names_this(heading, MARCH)


def test_of_two_columns_none_is_taken_in_silence(known):
    block = read("Heroin\t1\t2", known)
    assert block.wants_column
    assert [column.examples for column in block.columns] == [["1"], ["2"]]
    assert found("Heroin\t1\t2", known, column=2) == [("drugs-heroin", "2")]


def test_one_column_that_names_another_month_is_not_taken_in_silence(known):
    assert read("Indicator\tJan 2025\nHeroin\t1", known).wants_column


def test_a_table_of_another_agency_or_month_is_refused(known):
    with pytest.raises(blocks.NotRead, match="about “KH-NP”"):
        read("agency\tindicator\tvalue\nKH-NP\tdrugs-heroin\t1", known)
    with pytest.raises(blocks.NotRead, match="about “2025-04”"):
        read("month\tindicator\tvalue\n2025-03\tdrugs-heroin\t1\n2025-04\tdrugs-opium\t1", known)


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing to read"), (" \t\r\n\u200b", "nothing to read"), ("x\n" * 501, "501 rows"),
        ("x" * 100_001, "too long"),
        ("a\x00b", "Line 1 holds"), ("Heroin\t1\n\x1b[31m2", "Line 2 holds"), ("\t".join("1" * 41),
        "40 columns"),
        ("|a" * 50, "40 columns"), ("drug-cases 1; Heroin 2\n" * 300, "more than 500"),
        ("hello", "No figure of this report was found"),
    ],
)  # fmt: skip
def test_what_is_no_block_is_refused_with_a_sentence(known, text, said):
    with pytest.raises(blocks.NotRead, match=said):
        read(text, known)


PIECES = [
    "\t", "\n", "\r\n", '"', ":", ";", "|", " ", "  ", "-", "1.", "=", "\u200b", "Heroin", "drug-cases", "Drugs", "n/a",
    "Cases investigated", "12.5", "1.234", "៥៣", "kg", "Mar 2025", "Unit", "Code", "saved", "month", "agency",
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=60),
    at=st.sampled_from(["", "drug-cases", "nothing", "drugs-seized"]),
    column=st.none() | st.integers(-1, 50),
)
def test_whatever_is_pasted_is_rows_or_a_sentence(known, pieces, at, column):
    try:
        block = read("".join(pieces), known, at=at, column=column)
    except blocks.NotRead as problem:
        assert len(str(problem)) < 300
        return
    assert all(row.code == "" or row.code in known.by_code for row in block.rows)
