"""Each rule finds what it should and leaves alone what is nearly so; the unusual is never an error."""

from decimal import Decimal

import pytest

from operations.checks import NOT_APPLICABLE, NOT_AVAILABLE, Entry, Leaf, findings, unanswered

CASES = Leaf("scam-cases-fraud", "scam", "case", 0, "Online scam cases")
SUSPECTS = Leaf("scam-suspects-fraud", "scam", "person", 0, "Suspects: online scam")
HEROIN = Leaf("drugs-heroin", "drugs", "kg", 3, "Heroin")
TIP_CASES = Leaf("trafficking-cases", "trafficking", "case", 0, "Trafficking cases")
TIP_SUSPECTS = Leaf("trafficking-suspects", "trafficking", "person", 0, "Suspects captured")
TIP_WOMEN = Leaf("trafficking-victims-women", "trafficking", "person", 0, "Victims rescued: women")
PAIRS = [("scam-suspects-fraud", "scam-cases-fraud"), ("trafficking-suspects", "trafficking-cases")]
NA, NEVER = Entry(mark=NOT_AVAILABLE, note="laboratory"), Entry(mark=NOT_APPLICABLE, note="no such law")
EMPTY = Entry()


def figure(value, note=""):
    return value if isinstance(value, Entry) else Entry(Decimal(value), None, note)


def found(leaf, value, *earlier):
    """The codes found on one leaf alone, its earlier figures newest first; None is a month without report."""
    months = [{} if past is None else {leaf.code: figure(past)} for past in earlier]
    return [finding.code for finding in findings([leaf], {leaf.code: figure(value)}, months)]


def found_in(leaves, values, last=None):
    """(code, indicator) of all findings in a month of several leaves, with or without the month before."""
    entries = {leaf.code: figure(value) for leaf, value in zip(leaves, values, strict=True)}
    months = [{leaf.code: figure(value) for leaf, value in zip(leaves, last, strict=True)}] if last else []
    return [(finding.code, finding.indicator) for finding in findings(leaves, entries, months, PAIRS)]


@pytest.mark.parametrize(
    ("leaf", "value", "earlier", "expected"),
    [
        # empty, zero and marks
        (CASES, EMPTY, [], ["empty"]),
        (CASES, Entry(note="soon"), [], ["empty"]),
        (CASES, "0", [], []),
        (CASES, NA, [], []),
        (CASES, Entry(mark=NOT_AVAILABLE), [], ["mark-without-reason"]),
        (CASES, Entry(mark=NOT_APPLICABLE, note="  "), [], ["mark-without-reason"]),
        # ten times the median
        (CASES, "1000", ["100", "90", "110"], ["far-above"]),
        (CASES, "999", ["100", "90", "110"], []),
        (CASES, "1000", ["90", "110"], ["far-above"]),
        (CASES, "1000", ["100", "10", "9000"], ["far-above"]),
        (CASES, "20", ["0", "0", "0", "2"], ["far-above"]),
        (CASES, "19", ["0", "0", "0", "2"], []),
        (CASES, "500", ["0", "0"], []),
        (CASES, "500", [], []),
        (CASES, "500", [None, NA, EMPTY], []),
        (CASES, "1000", [None, NA, "100"], ["far-above"]),
        (CASES, "1000", ["1000"] + ["90"] * 11, ["far-above"]),
        (CASES, "1000", ["900"] * 6 + ["90"] * 6 + ["1"] * 20, []),  # beyond twelve months nothing counts
        (HEROIN, "23.000", ["2.300"], ["far-above"]),
        (HEROIN, "22.999", ["2.300"], []),
        # a thousand times, a thousandth
        (HEROIN, "2300", ["2.300"], ["unit-above"]),
        (HEROIN, "2299.999", ["2.300"], ["far-above"]),
        (HEROIN, "0.412", ["412"], ["unit-below"]),
        (HEROIN, "0.413", ["412"], []),
        (HEROIN, "0", ["412"], []),
        (CASES, "100000", ["100"], ["unit-above"]),
        (CASES, "5", ["5000"], ["unit-below"]),
        (CASES, "6", ["5000"], []),
        # a mark where there were figures
        (CASES, NA, ["1", "0", "2"], ["mark-after-figures"]),
        (CASES, NA, ["1", "0"], []),
        (CASES, NA, ["1", NA, "2"], []),
        (CASES, NA, ["1", None, "2", "3"], []),
        (CASES, NA, ["1", "0", "2", NA], ["mark-after-figures"]),
        # a figure where there never was one
        (CASES, "1", [NEVER, NEVER], ["figure-after-not-applicable"]),
        (CASES, "0", [NEVER], ["figure-after-not-applicable"]),
        (CASES, "1", [None, NEVER, EMPTY], ["figure-after-not-applicable"]),
        (CASES, "1", [NEVER, NA], []),
        (CASES, "1", [NEVER, "1"], []),
        (CASES, "1", [None, EMPTY], []),
        (CASES, NEVER, [NEVER, NEVER, NEVER], []),
    ],
)
def test_one_figure(leaf, value, earlier, expected):
    assert found(leaf, value, *earlier) == expected


@pytest.mark.parametrize(
    ("leaves", "now", "last", "expected"),
    [
        # the same figures as last month
        ([CASES, SUSPECTS], ["7", "9"], ["7", "9"], [("same-as-last-month", CASES.code)]),
        ([CASES, SUSPECTS], ["7", "9"], ["7", "8"], []),
        ([CASES, SUSPECTS], ["0", "0"], ["0", "0"], []),
        ([CASES], ["7"], ["7"], []),
        ([TIP_CASES, TIP_SUSPECTS, TIP_WOMEN], ["0", "0", "3"], ["0", "0", "3"], []),
        (
            [TIP_CASES, TIP_SUSPECTS, TIP_WOMEN],
            ["2", "0", "3"],
            ["2", "0", "3"],
            [("same-as-last-month", TIP_CASES.code)],
        ),
        ([TIP_CASES, TIP_SUSPECTS, TIP_WOMEN], ["2", "0", "3"], ["2", NA, "3"], []),
        ([CASES, SUSPECTS, HEROIN], ["7", "9", "1"], ["7", "9", "2"], [("same-as-last-month", CASES.code)]),
        # suspects and no case
        ([CASES, SUSPECTS], ["0", "2"], None, [("suspects-without-case", SUSPECTS.code)]),
        ([CASES, SUSPECTS], ["1", "2"], None, []),
        ([CASES, SUSPECTS], ["0", "0"], None, []),
        ([CASES, SUSPECTS], [NA, "2"], None, []),
        ([CASES, SUSPECTS], [EMPTY, "2"], None, [("empty", CASES.code)]),
        ([CASES, TIP_SUSPECTS], ["0", "2"], None, []),
    ],
)
def test_several_figures(leaves, now, last, expected):
    assert found_in(leaves, now, last) == expected


def test_fewer_suspects_than_cases_is_neither_wrong_nor_odd():
    assert found_in([TIP_CASES, TIP_SUSPECTS], ["1017", "718"]) == []
    assert found_in([TIP_CASES, TIP_SUSPECTS], ["1017", "0"]) == []


def test_more_victims_than_suspects_is_neither_wrong_nor_odd():
    assert found_in([TIP_CASES, TIP_SUSPECTS, TIP_WOMEN], ["1017", "718", "1469"]) == []
    assert found_in([TIP_CASES, TIP_SUSPECTS, TIP_WOMEN], ["0", "0", "1469"]) == []


def test_a_figure_never_begun_is_empty():
    assert [(f.code, f.blocks) for f in findings([CASES], {}, [])] == [("empty", True)]


def test_what_is_missing_stops_and_what_is_odd_does_not():
    odd = findings([HEROIN], {HEROIN.code: figure("2300")}, [{HEROIN.code: figure("2.3")}])
    missing = findings([CASES, SUSPECTS], {SUSPECTS.code: Entry(mark=NOT_AVAILABLE)}, [])
    assert [finding.blocks for finding in odd] == [False]
    assert [finding.blocks for finding in missing] == [True, True]


def test_the_ratio_belongs_to_the_indicator():
    leaf = Leaf("drugs-heroin", "drugs", "kg", 3, "Heroin", odd_ratio=Decimal("2.5"))
    assert found(leaf, "25", "10") == ["far-above"]
    assert found(leaf, "24.999", "10") == []


def test_tablets_entered_as_kilograms_are_caught():
    """UNODC, Thailand, amphetamine: a year in kg at 90 mg a tablet, then 4,500,000 kg in May 2013."""
    before = ["90", "176.760", "843.300", "189", "45", None, None, "297", None, "64.787", None, "90"]
    leaf = Leaf("drugs-amphetamine", "drugs", "kg", 3, "Amphetamine")
    months = [{} if kg is None else {leaf.code: figure(kg)} for kg in before]
    [finding] = findings([leaf], {leaf.code: figure("4500054.000")}, months)
    assert (finding.code, finding.blocks) == ("unit-above", False)
    assert "Were grams or tablets entered as kg?" in finding.message


@pytest.mark.parametrize(
    ("leaf", "value", "earlier", "sentence"),
    [
        (HEROIN, EMPTY, [], "Heroin is empty: a figure, 0 or “not available” is needed."),
        (
            HEROIN,
            "0.002",
            ["2.3"],
            "Heroin is 1/1000 of what the earlier months had, or less. "
            "Were tonnes entered as kg? Correct it, or say in the note why it is right.",
        ),
        (
            CASES,
            "1299",
            ["100"],
            "Online scam cases is 12 times what the earlier months had. "
            "Correct it, or say in the note what happened.",
        ),
    ],
)
def test_a_finding_is_a_sentence_with_a_way_forward(leaf, value, earlier, sentence):
    [finding] = findings([leaf], {leaf.code: figure(value)}, [{leaf.code: figure(past)} for past in earlier])
    assert finding.message == sentence


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        (figure("1000"), ["far-above"]),
        (figure("1000", " \n"), ["far-above"]),
        (figure("1000", "one big raid"), []),
    ],
)
def test_a_note_answers_what_is_odd(entry, left):
    entries = {CASES.code: entry}
    odd = findings([CASES], entries, [{CASES.code: figure("10")}])
    assert len(odd) == 1
    assert [finding.code for finding in unanswered(odd, entries)] == left


def test_a_note_does_not_answer_what_is_missing():
    entries = {CASES.code: Entry(note="later")}
    assert [finding.code for finding in unanswered(findings([CASES], entries, []), entries)] == ["empty"]


def test_a_note_answers_only_its_own_figure():
    entries = {CASES.code: figure("1000", "one big raid"), SUSPECTS.code: figure("1001")}
    last = {CASES.code: figure("10"), SUSPECTS.code: figure("10")}
    odd = findings([CASES, SUSPECTS], entries, [last])
    assert len(odd) == 2
    assert [finding.indicator for finding in unanswered(odd, entries)] == [SUSPECTS.code]


def test_a_mark_with_its_reason_lets_a_report_go():
    entries = {CASES.code: NA}
    odd = findings([CASES], entries, [{CASES.code: figure("1")}] * 3)
    assert [finding.code for finding in odd] == ["mark-after-figures"]
    assert unanswered(odd, entries) == []


def test_findings_stand_in_the_order_of_the_page():
    leaves = [HEROIN, CASES, SUSPECTS]
    assert [finding.indicator for finding in findings(leaves, {}, [])] == [leaf.code for leaf in leaves]
