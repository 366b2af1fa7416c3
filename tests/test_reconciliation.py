"""The numbers said in public against the records: whether they held, whether they hold, and every cause between."""

import html
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from stories import NOTE, claimed, fill, joint_operation, just_after, person, report, verified

from operations import actions, months, queries, selections
from operations.actions import Entered
from operations.models import Factor, Indicator, Operation, PublishedClaim, Revision, Unit
from operations.results import reconciling

pytestmark = pytest.mark.django_db

AGENCIES = ["KH-NP", "LA-MPS", "LA-MND", "TH-RTP"]
LEAVES = ["drug-cases", "drugs-heroin", "drugs-methamphetamine-tablets", "precursors-other"]
SAID = date(2025, 6, 20)


@pytest.fixture(autouse=True)
def open_results(settings):
    settings.PUBLIC_RESULTS = True


@pytest.fixture
def operation():
    """March to May; release 1, on the day of the meeting, to April: LA-MND's April is late, May is not due."""
    operation = joint_operation("JT-2025", "2025-03-01", "2025-05-31", AGENCIES, LEAVES)
    for agency in AGENCIES:
        hand_in(operation, agency, "2025-03", drug_cases=100, drugs_heroin="1000")
    for agency in AGENCIES[:2]:
        hand_in(operation, agency, "2025-04", drug_cases=10)
    tablets = Entered(Decimal(1_000_000), "tablet", note=NOTE)
    hand_in(operation, "TH-RTP", "2025-04", drug_cases=10, drugs_methamphetamine_tablets=tablets)
    publish(operation, "2025-04", datetime(2025, 6, 20, 9, tzinfo=UTC))
    return operation


def hand_in(operation, agency, month, **figures):
    return verified(
        report(operation, agency, month), person("officer", agency), person("reviewer"), **figures
    )


def correct(operation, agency, month, code, why="It was looked at again.", **figures):
    late, by = report(operation, agency, month), person("officer", agency)
    actions.correct(late, reason_code=code, reason=why, by=by, at=just_after(late))
    draft = fill(late, by, **figures)
    actions.submit(late, version=draft.version, by=by, at=just_after(late))
    return actions.verify(late, version=draft.version, by=person("reviewer"), at=just_after(late))


def publish(operation, month, at, only=None):
    by = person("publisher")
    return actions.release(operation, last_month=months.read(month), by=by, at=at, only=only)


def second(operation, month="2025-04", **more):
    return publish(operation, month, datetime(2025, 7, 20, 9, tzinfo=UTC), **more)


def said(
    operation, indicator, quantity, unit, wording="so many", precision="exact", on=SAID
) -> PublishedClaim:
    return claimed(operation, indicator, quantity, unit, wording, precision, said_on=str(on))


def occasion(operation, live=False) -> dict:
    [one] = reconciling.page(operation, today=date(2025, 8, 1), may_see_live=live)["occasions"]
    return one


def ledgers(operation, live=False) -> list[dict]:
    return occasion(operation, live)["ledgers"]


def lines(ledger) -> list[tuple]:
    return [(line["why"], line["agency"], line["text"]) for line in ledger["lines"]]


def reader(role="", agency="") -> Client:
    client = Client()
    if role:
        client.force_login(person(role, agency))
    return client


def page(query="?operation=JT-2025", role="", status=200, agency="") -> str:
    answer = reader(role, agency).get(f"/reconciliation/{query}")
    assert answer.status_code == status
    return answer.content.decode()


def words(text) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


# ------------------------------------------------------------------------------------------- the claims


def test_the_nine_numbers_of_the_meeting_are_there_from_the_start():
    text = html.unescape(page(""))
    wordings = list(PublishedClaim.objects.values_list("wording", flat=True))
    assert len(wordings) == 9
    assert all(f"</span>{wording}</th>" in text for wording in wordings)
    assert "27 January 2026" in text and "Nothing of this operation is released yet" in text


def test_each_claim_is_held_against_the_records_then_and_now(operation):
    said(operation, "drug-cases", 430, "case", "430 cases")
    said(operation, "drugs-seized", 4, "t", "over 4 tonnes", "over")
    assert [one["sentence"] for one in occasion(operation)["held"]] == ["2 of 2 numbers hold"] * 2
    correct(operation, "KH-NP", "2025-03", "typing", drug_cases=101, drugs_heroin="1900")
    second(operation)
    cases, drugs = occasion(operation)["rows"]
    assert [(one["text"], one["holds"]) for one in cases["states"]] == [("430", True), ("431", False)]
    assert [(one["text"], one["holds"]) for one in drugs["states"]] == [
        ("4,090.000", True),
        ("4,990.000", True),
    ]
    assert [one["sentence"] for one in occasion(operation)["held"]] == [
        "2 of 2 numbers hold",
        "1 of 2 numbers hold",
    ]


def test_a_number_of_the_page_is_that_of_its_receipt(operation):
    said(operation, "drug-cases", 430, "case")
    said(operation, "drugs-seized", 4, "t", precision="over")
    correct(operation, "KH-NP", "2025-03", "typing", drug_cases=101, drugs_heroin="1900.5")
    second(operation)
    found = re.findall(r'<a href="([^"]*/explain/[^"]*)">([\d,.]+)</a>', page())
    assert len(found) == 4
    for address, shown in found:
        receipt = reader().get(html.unescape(address)).context
        assert Decimal(shown.replace(",", "")) == sum(line["record"].value or 0 for line in receipt["lines"])


def test_at_publication_means_the_newest_release_of_that_day(operation):
    said(operation, "drug-cases", 430, "case", on=date(2025, 7, 19))
    hand_in(operation, "LA-MND", "2025-04", drug_cases=5)
    second(operation)
    publish(operation, "2025-04", datetime(2025, 9, 1, tzinfo=UTC))
    assert [state.version for state in occasion(operation)["states"]] == [
        "Release 1, 20 June 2025", "Release 3, 1 September 2025",
    ]  # fmt: skip


def test_before_any_release_it_is_the_first_one_after_and_the_page_says_so(operation):
    said(operation, "drug-cases", 430, "case", on=date(2025, 6, 19))
    assert [state.label for state in occasion(operation)["states"]] == ["First release after", "Now"]


def test_what_nobody_reported_holds_nothing(operation):
    said(operation, "precursors-other", 0, "t")
    joint_operation("JT-2026", "2026-01-01", "2026-01-31", ["KH-NP"], LEAVES)
    other = Operation.objects.get(code="JT-2026")
    hand_in(other, "KH-NP", "2026-01", drug_cases="L")
    publish(other, "2026-01", datetime(2026, 2, 20, tzinfo=UTC))
    said(other, "drug-cases", 0, "case", on=date(2026, 2, 20))
    (row,) = occasion(other)["rows"]
    assert (row["states"][0]["is_reported"], row["states"][0]["holds"]) == (False, False)
    assert occasion(operation)["rows"][0]["states"][0]["holds"]
    assert "not reported" in page("?operation=JT-2026")


def test_a_sum_of_incomplete_reports_says_at_least(operation):
    said(operation, "drug-cases", 430, "case")
    text = words(page())
    assert "at least 430 cases" in text and "7 of 8 reports" in text


def test_a_claim_in_a_unit_that_nothing_converts_does_not_hold(operation):
    said(operation, "drug-cases", 430, "t")
    assert not occasion(operation)["rows"][0]["states"][0]["holds"]


# ------------------------------------------------------------------------------------------- the ledger


def test_every_kind_of_cause_has_its_line_and_together_they_are_the_difference(operation):
    """A late report, each reason of a correction, a verified change of factor, a later month: nothing is left over."""
    said(operation, "drug-cases", 430, "case", "430 cases")
    said(operation, "drugs-seized", 4, "t", "over 4 tonnes", "over")
    hand_in(operation, "LA-MND", "2025-04", drug_cases=7, drugs_heroin="20")
    hand_in(operation, "KH-NP", "2025-05", drug_cases=9)
    places = [(agency, month) for month in ("2025-03", "2025-04") for agency in AGENCIES]
    for number, (code, place) in enumerate(zip(Revision.Reason.values, places, strict=False), start=1):
        correct(operation, *place, code, drug_cases=number)
    Factor.objects.create(
        unit=Unit.objects.get(code="tablet"),
        into=Unit.objects.get(code="kg"),
        indicator=Indicator.objects.get(code="drugs-methamphetamine-tablets"),
        factor=Decimal("0.0001"),
        valid_from=date(2025, 4, 1),
        source="Weighed by the tests",
    )
    again = Entered(Decimal(1_000_000), "tablet", note="Converted again.")
    correct(operation, "TH-RTP", "2025-04", "other", drugs_methamphetamine_tablets=again, drugs_heroin="3")
    second(operation, "2025-05")
    cases, drugs = ledgers(operation)
    assert {line["why"] for line in cases["lines"]} == {
        "Late report", "Report of a later month", "Correction: late information", "Correction: reclassified",
        "Correction: counted twice", "Correction: wrong unit", "Correction: typing error", "Correction: other",
    }  # fmt: skip
    assert sorted(lines(drugs)) == [
        ("Conversion factor changed", "Thailand · Royal Thai Police", "+10.000"),
        ("Correction: other", "Thailand · Royal Thai Police", "+3.000"),
        ("Late report", "Laos · National Defense", "+20.000"),
    ]
    for ledger in (cases, drugs):
        assert ledger["rest"] == ""
        moved = {one.indicator: one.value for one in queries.totals(selections.of_release(newest(operation)))}
        first = {one.indicator: one.value for one in queries.totals(selections.of_release(oldest(operation)))}
        code = ledger["claim"].indicator.code
        assert sum(line["amount"] for line in ledger["lines"]) == moved[code] - first[code] != 0
    assert "Unexplained" not in page()


def newest(operation):
    return operation.releases.order_by("-number")[0]


def oldest(operation):
    return operation.releases.order_by("number")[0]


@pytest.mark.parametrize("withheld", ["report", "typing"])
def test_a_cause_withheld_is_left_over_as_unexplained(operation, monkeypatch, withheld):
    said(operation, "drug-cases", 430, "case")
    hand_in(operation, "LA-MND", "2025-04", drug_cases=7)
    correct(operation, "KH-NP", "2025-03", "typing", drug_cases=95)
    second(operation)
    whole = queries.causes
    monkeypatch.setattr(
        queries, "causes", lambda *a, **more: [one for one in whole(*a, **more) if one.kind != withheld]
    )
    (ledger,) = ledgers(operation)
    assert (ledger["rest"], ledger["difference"]) == ({"report": "+7", "typing": "−5"}[withheld], "+2")
    assert re.search(r"Unexplained\s+(\+7|−5)", words(page()))


def test_a_report_that_a_release_leaves_out_is_withdrawn(operation):
    said(operation, "drug-cases", 430, "case")
    kept = [pin.revision for pin in oldest(operation).pins.exclude(report__agency__code="KH-NP")]
    second(operation, only=kept)
    (ledger,) = ledgers(operation)
    assert lines(ledger) == [
        ("Withdrawn", "Cambodia · National Police", "−100"), ("Withdrawn", "Cambodia · National Police", "−10"),
    ]  # fmt: skip
    assert (ledger["rest"], ledger["difference"]) == ("", "−110")
    # What is withdrawn has its receipt where it still counted.
    assert all("release=1" in line["href"] for line in ledger["lines"])


def test_a_release_that_goes_back_to_an_earlier_revision_withdraws_the_correction(operation):
    said(operation, "drug-cases", 430, "case")
    correct(operation, "KH-NP", "2025-03", "typing", drug_cases=150)
    second(operation)
    publish(
        operation,
        "2025-04",
        datetime(2025, 8, 1, tzinfo=UTC),
        only=[pin.revision for pin in oldest(operation).pins.all()],
    )
    first, middle, last = (selections.of_release(one) for one in operation.releases.order_by("number"))
    [cause] = queries.causes(middle, last, released_only=True)
    assert (cause.kind, cause.before, cause.after, cause.amount) == ("withdrawn", 2, 1, -50)
    assert queries.causes(first, last, released_only=True) == []


def test_a_late_report_that_was_corrected_meanwhile_has_both_causes(operation):
    said(operation, "drug-cases", 430, "case")
    hand_in(operation, "LA-MND", "2025-04", drug_cases=70)
    correct(operation, "LA-MND", "2025-04", "duplicate", drug_cases=7)
    second(operation)
    (both,) = ledgers(operation, live=True)
    assert [(why, text) for why, _agency, text in lines(both)] == [
        ("Late report", "+70"), ("Correction: counted twice", "−63"),
    ]  # fmt: skip
    # The 70 were never released: for a reader of releases the report came with 7.
    (one,) = ledgers(operation)
    assert [(why, text) for why, _agency, text in lines(one)] == [("Late report", "+7")]
    assert one["rest"] == both["rest"] == ""
    assert "+70" not in page() and "+70" in page(role="reviewer")


def test_what_moves_between_parts_does_not_move_their_total(operation):
    said(operation, "drugs-seized", 4, "t", precision="over")
    correct(
        operation, "KH-NP", "2025-03", "reclassified", drugs_heroin="900", drugs_methamphetamine_tablets="100"
    )
    second(operation)
    assert ledgers(operation) == []
    assert "None of these numbers has moved." in page()


def test_agencies_stand_in_the_order_of_the_centre(operation):
    said(operation, "drug-cases", 430, "case")
    for agency in ("TH-RTP", "LA-MND", "LA-MPS", "KH-NP"):
        correct(operation, agency, "2025-03", "typing", drug_cases=1)
    second(operation)
    assert [line["agency"] for line in ledgers(operation)[0]["lines"]] == [
        "Cambodia · National Police", "Laos · Public Security", "Laos · National Defense",
        "Thailand · Royal Thai Police",
    ]  # fmt: skip


def test_a_number_emptied_by_a_correction_moves_the_total_down(operation):
    said(operation, "drug-cases", 430, "case")
    correct(operation, "KH-NP", "2025-03", "other", drug_cases="L")
    second(operation)
    assert [(why, text) for why, _agency, text in lines(ledgers(operation)[0])] == [
        ("Correction: other", "−100")
    ]


def test_a_line_of_the_ledger_leads_to_the_figure_s_receipt(operation):
    said(operation, "drug-cases", 430, "case")
    correct(operation, "LA-MND", "2025-03", "typing", why="A digit was wrong.", drug_cases=95)
    second(operation)
    [line] = ledgers(operation)[0]["lines"]
    receipt = reader().get(line["href"])
    assert [one["record"].value for one in receipt.context["lines"]] == [Decimal(95)]
    text = words(page())
    assert "Correction: typing error March 2025 Laos · National Defense 1 → 2 A digit was wrong. −5" in text


def test_nothing_moved_is_said(operation):
    said(operation, "drug-cases", 430, "case")
    assert "There are no later records" in page()
    second(operation)
    assert "None of these numbers has moved." in page()


# ----------------------------------------------------------------------------------------- who sees what


def test_what_is_verified_so_far_is_for_those_who_may_see_all_of_it(operation):
    said(operation, "drug-cases", 430, "case")
    correct(operation, "KH-NP", "2025-03", "typing", drug_cases=555)
    for role, agency in (("", ""), ("official", ""), ("analyst", ""), ("officer", "KH-NP")):
        text = page(role=role, agency=agency)
        assert "Verified so far" not in text and "+455" not in text and "885" not in text
    for role in ("reviewer", "publisher"):
        text = words(page(role=role))
        assert "Verified so far" in text and "+455" in text and "885 cases" in text


def test_operations_are_chosen_by_the_address(operation):
    said(operation, "drug-cases", 430, "case", "430 cases of the tests")
    assert "430 cases of the tests" in page("?operation=JT-2025")
    assert "430 cases of the tests" not in page("?operation=SLM-2025")
    assert 'href="?operation=SLM-2025"' in page("?operation=JT-2025")


def test_an_operation_of_which_nothing_was_said_is_not_found():
    assert "Nothing is on record as said of “&lt;b&gt;”." in page("?operation=%3Cb%3E", status=404)
    joint_operation("JT-2024", "2024-03-01", "2024-03-31", ["KH-NP"], LEAVES)
    page("?operation=JT-2024", status=404)


def test_with_no_claims_at_all_the_page_says_so():
    PublishedClaim.objects.all().delete()
    assert "No number said in public is on record yet." in page("")
