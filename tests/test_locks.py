"""Why somebody cannot write in a report now, and who can open it."""

from datetime import date

import pytest
from stories import corrected, fill, joint_operation, just_after, person, report, submitted, verified

from operations import actions
from operations.entry.locks import locked
from operations.models import Report

pytestmark = pytest.mark.django_db

IN_TIME = date(2025, 4, 5)


@pytest.fixture
def march():
    operation = joint_operation(
        "JT-2025", "2025-02-26", "2025-06-30", ["LA-MPS"], ["drug-cases"], closes_after=5
    )
    return report(operation, "LA-MPS", "2025-03")


@pytest.fixture
def officer():
    return person("officer", "LA-MPS")


def newest(march):
    return march.revisions.order_by("-number").first()


def test_what_can_be_written_is_not_locked(march, officer):
    assert locked(march, None, True, IN_TIME) is None
    fill(march, officer, drug_cases=5)
    assert locked(march, newest(march), True, IN_TIME) is None


def test_a_month_to_come_opens_on_its_first_day(march):
    lock = locked(march, None, True, date(2025, 2, 28))
    assert ("March 2025 has not begun" in lock.message, lock.until) == (True, date(2025, 3, 1))
    assert locked(march, None, True, date(2025, 3, 1)) is None


def test_another_agency_is_told_whose_it_is(march, officer):
    assert "has entered nothing yet" in locked(march, None, False, IN_TIME).message
    fill(march, officer, drug_cases=5)
    assert (
        "only officers of Ministry of Public Security" in locked(march, newest(march), False, IN_TIME).message
    )


def test_a_submitted_report_names_the_reviewers(march, officer):
    submitted(march, officer)
    lock = locked(march, newest(march), True, IN_TIME)
    assert ("ask the Centre's reviewers" in lock.message, lock.until) == (True, None)


def test_a_verified_report_asks_for_a_correction(march, officer):
    verified(march, officer, person("reviewer"))
    assert "open a correction" in locked(march, newest(march), True, IN_TIME).message


def test_a_month_that_closed_names_the_extension_and_opens_with_one(march, officer):
    fill(march, officer, drug_cases=5)
    assert locked(march, newest(march), True, date(2025, 4, 15)) is None
    lock = locked(march, newest(march), True, date(2025, 4, 16))
    assert "closed on 15 April 2025" in lock.message and "extension" in lock.message
    until, reviewer = date(2025, 4, 20), person("reviewer")
    actions.extend(march, until=until, reason="Flood.", by=reviewer, at=just_after(march))
    extended = Report.objects.with_latest().select_related("operation", "agency").get(pk=march.pk)
    assert locked(extended, newest(march), True, date(2025, 4, 16)) is None


def test_a_correction_is_open_after_the_month_closed(march, officer):
    verified(march, officer, person("reviewer"))
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=just_after(march))
    assert locked(march, newest(march), True, date(2025, 12, 1)) is None
    fill(march, officer, drug_cases=1)


def test_a_verified_correction_is_locked_again(march, officer):
    reviewer = person("reviewer")
    verified(march, officer, reviewer)
    assert locked(march, corrected(march, officer, reviewer, drug_cases=6), True, IN_TIME)
