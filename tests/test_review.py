"""The reviewer's desk, through its pages: the queue, the comparison, the two decisions."""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from stories import corrected, fill, joint_operation, person, report, submitted, verified

from operations import actions
from operations.models import Revision, Step

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-ketamine"]
HERE = "/review/JT-2025/TH-RTP/2025-03/"


@pytest.fixture
def operation():
    return joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["KH-NP", "TH-RTP"], LEAVES)


@pytest.fixture
def march(operation):
    return report(operation, "TH-RTP", "2025-03")


@pytest.fixture
def officer():
    return person("officer", "TH-RTP")


@pytest.fixture
def reviewer():
    return person("reviewer")


def desk(somebody) -> Client:
    client = Client()
    client.force_login(somebody)
    return client


def row(page, label) -> str:
    """The line of an indicator in the comparison, tags taken out."""
    found = re.search(rf'<tr[^>]*>\s*<th scope="row">{re.escape(label)}.*?</tr>', page.content.decode(), re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


def label(march, code) -> str:
    return march.operation.indicators.get(code=code).label


# -------------------------------------------------------------------------------------------- the queue


def test_what_is_submitted_waits_in_the_queue(operation, march, officer, reviewer):
    submitted(march, officer)
    fill(report(operation, "KH-NP", "2025-03"), person("officer", "KH-NP"), drug_cases=1)
    page = desk(reviewer).get("/review/").content.decode()
    assert "1 report waits" in page
    assert f'href="{HERE}"' in page
    assert "KH-NP" not in page


def test_the_longest_due_comes_first(operation, march, officer, reviewer):
    submitted(report(operation, "TH-RTP", "2025-04"), officer)
    submitted(march, officer)
    page = desk(reviewer).get("/review/").content.decode()
    assert page.index("TH-RTP/2025-03") < page.index("TH-RTP/2025-04")


def test_the_queue_tells_a_late_one_and_one_submitted_again(march, officer, reviewer):
    revision = submitted(march, officer)
    actions.send_back(march, version=revision.version, by=reviewer, at=timezone.now(), note="Heroin?")
    actions.submit(march, version=revision.version, by=officer, at=timezone.now())
    page = desk(reviewer).get("/review/").content.decode()
    assert "submitted again" in page and "days late" in page
    assert "correction" not in page


def test_the_queue_tells_a_correction(march, officer, reviewer):
    verified(march, officer, reviewer)
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=timezone.now())
    draft = fill(march, officer, drug_cases=5)
    actions.submit(march, version=draft.version, by=officer, at=timezone.now())
    assert "correction" in desk(reviewer).get("/review/").content.decode()


def test_recent_decisions_stand_below(march, officer, reviewer):
    verified(march, officer, reviewer)
    page = desk(reviewer).get("/review/").content.decode()
    assert "Nothing waits for a decision." in page
    assert "Recent decisions" in page and reviewer.label in page


@pytest.mark.parametrize(
    ("role", "agency"),
    [("officer", "TH-RTP"), ("publisher", ""), ("official", ""), ("analyst", ""), ("administrator", "")],
)
def test_the_desk_is_for_reviewers_only(march, officer, role, agency):
    revision = submitted(march, officer)
    client = desk(person(role, agency))
    assert client.get("/review/").status_code == 403
    assert client.get(HERE).status_code == 403
    assert client.post(HERE, {"action": "verify", "version": revision.version}).status_code == 403
    assert Revision.objects.get().is_submitted


# --------------------------------------------------------------------------------------- the comparison


def test_a_draft_is_not_found(march, officer, reviewer):
    client = desk(reviewer)
    assert client.get(HERE).status_code == 404
    fill(march, officer, drug_cases=1)
    assert client.get(HERE).status_code == 404


def test_an_officer_who_also_reviews_finds_no_draft_here(march, officer):
    officer.groups.add(Group.objects.get(name="reviewer"))
    fill(march, officer, drug_cases=1)
    assert desk(officer).get(HERE).status_code == 404


def test_now_last_month_usual_and_difference_stand_in_a_row(operation, march, officer, reviewer):
    verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer, drug_cases=1000)
    submitted(march, officer, drug_cases=1250)
    page = desk(reviewer).get(HERE)
    assert "1,250 1,000 1,000 +250 (+25.0%)" in row(page, label(march, "drug-cases"))


def test_totals_are_compared_too(operation, march, officer, reviewer):
    verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer, drugs_heroin="1.5", drugs_ketamine="0.5")
    submitted(march, officer, drugs_heroin="1", drugs_ketamine="0.5")
    parent = march.operation.indicators.get(code="drugs-heroin").parent.label
    assert "1.500 2.000 2.000 −0.500 (−25.0%)" in row(desk(reviewer).get(HERE), parent)


def test_a_total_with_an_unknown_part_is_at_least(march, officer, reviewer):
    submitted(march, officer, drugs_heroin="1.5", drugs_ketamine="L")
    parent = march.operation.indicators.get(code="drugs-heroin").parent.label
    assert "at least 1.500" in row(desk(reviewer).get(HERE), parent)


def test_a_first_submission_has_no_column_of_before(march, officer, reviewer):
    submitted(march, officer)
    assert ">Before<" not in desk(reviewer).get(HERE).content.decode()


def test_what_changed_since_it_was_sent_back_is_marked_in_words(march, officer, reviewer):
    revision = submitted(march, officer, drug_cases=10, drug_suspects=4)
    actions.send_back(march, version=revision.version, by=reviewer, at=timezone.now(), note="Cases?")
    draft = fill(march, officer, drug_cases=12)
    actions.submit(march, version=draft.version, by=officer, at=timezone.now())
    page = desk(reviewer).get(HERE)
    assert ">Before<" in page.content.decode()
    assert "12 ✎ changed 10" in row(page, label(march, "drug-cases"))
    assert "changed" not in row(page, label(march, "drug-suspects"))


def test_a_correction_is_compared_with_the_verified_figures(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=10)
    corrected(march, officer, reviewer, drug_cases=12)
    page = desk(reviewer).get(HERE)
    assert "12 ✎ changed 10" in row(page, label(march, "drug-cases"))
    assert "A digit was wrong." in page.content.decode()


def test_a_mark_that_becomes_zero_is_a_change(march, officer, reviewer):
    revision = submitted(march, officer, drug_cases="L")
    actions.send_back(march, version=revision.version, by=reviewer, at=timezone.now(), note="None at all?")
    draft = fill(march, officer, drug_cases=0)
    actions.submit(march, version=draft.version, by=officer, at=timezone.now())
    assert "0 ✎ changed – not available" in row(desk(reviewer).get(HERE), label(march, "drug-cases"))


def test_a_warning_stands_beside_its_reason(operation, march, officer, reviewer):
    verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer, drug_cases=10)
    submitted(march, officer, drug_cases=250)
    line = row(desk(reviewer).get(HERE), label(march, "drug-cases"))
    assert "25 times" in line and "Compared with the log book." in line


# ---------------------------------------------------------------------------------------- the decisions


def test_verifying_freezes_the_version_seen(march, officer, reviewer):
    revision = submitted(march, officer)
    client = desk(reviewer)
    assert f'name="version" value="{revision.version}"' in client.get(HERE).content.decode()
    answer = client.post(HERE, {"action": "verify", "version": revision.version})
    assert answer.status_code == 302 and answer.url == "/review/"
    assert Revision.objects.get().is_verified
    page = client.get(HERE).content.decode()
    assert "Verified" in page and 'value="verify"' not in page


@pytest.mark.parametrize("version", ["", "x", "-1", "0", "999999"])
def test_another_version_than_the_one_seen_is_not_verified(march, officer, reviewer, version):
    submitted(march, officer)
    answer = desk(reviewer).post(HERE, {"action": "verify", "version": version})
    assert answer.status_code in (409, 422)
    assert Revision.objects.get().is_submitted


def test_changed_figures_are_said_and_nothing_is_verified(march, officer, reviewer):
    old = submitted(march, officer)
    actions.send_back(march, version=old.version, by=reviewer, at=timezone.now(), note="Cases?")
    draft = fill(march, officer, drug_cases=12)
    actions.submit(march, version=draft.version, by=officer, at=timezone.now())
    answer = desk(reviewer).post(HERE, {"action": "verify", "version": old.version})
    assert answer.status_code == 409
    assert "The figures have changed since you opened this page" in answer.content.decode()
    assert Revision.objects.get().is_submitted


@pytest.mark.parametrize("note", ["", "   "])
def test_sending_back_needs_a_reason(march, officer, reviewer, note):
    revision = submitted(march, officer)
    answer = desk(reviewer).post(HERE, {"action": "send_back", "version": revision.version, "note": note})
    assert answer.status_code == 422
    assert "Write why the report is sent back" in answer.content.decode()
    assert Revision.objects.get().is_submitted


def test_sending_back_returns_the_report_with_its_reason(march, officer, reviewer):
    revision = submitted(march, officer)
    client = desk(reviewer)
    answer = client.post(
        HERE, {"action": "send_back", "version": revision.version, "note": "Please check heroin."}, follow=True
    )
    assert "sent back to its officer" in answer.content.decode()
    assert Revision.objects.get().is_draft
    assert Step.objects.last().note == "Please check heroin."
    assert client.get(HERE).status_code == 404


def test_a_reason_too_long_is_kept_and_refused(march, officer, reviewer):
    revision = submitted(march, officer)
    answer = desk(reviewer).post(HERE, {"action": "send_back", "version": revision.version, "note": "x" * 1001})
    assert answer.status_code == 422
    assert "x" * 1001 in answer.content.decode()


def test_an_unknown_decision_is_refused(march, officer, reviewer):
    revision = submitted(march, officer)
    answer = desk(reviewer).post(HERE, {"action": "release", "version": revision.version})
    assert answer.status_code == 422
    assert Revision.objects.get().is_submitted


def test_a_report_decided_meanwhile_says_so(march, officer, reviewer):
    revision = submitted(march, officer)
    verified_already = {"action": "verify", "version": revision.version}
    desk(person("reviewer", username="colleague")).post(HERE, verified_already)
    answer = desk(reviewer).post(HERE, {"action": "send_back", "version": revision.version, "note": "Heroin?"})
    assert answer.status_code == 409
    assert "already verified" in answer.content.decode()


def test_a_report_sent_back_meanwhile_says_so(march, officer, reviewer):
    revision = submitted(march, officer)
    back = {"action": "send_back", "version": revision.version, "note": "Heroin?"}
    desk(person("reviewer", username="colleague")).post(HERE, back)
    answer = desk(reviewer).post(HERE, {"action": "verify", "version": revision.version})
    assert answer.status_code == 409
    assert "draft with its officer" in answer.content.decode()


def test_nobody_verifies_what_they_entered_themselves(march, officer):
    officer.groups.add(Group.objects.get(name="reviewer"))
    revision = submitted(march, officer)
    client = desk(officer)
    page = client.get(HERE).content.decode()
    assert "somebody else must verify it" in page and 'value="verify"' not in page
    answer = client.post(HERE, {"action": "verify", "version": revision.version})
    assert answer.status_code == 409
    assert Revision.objects.get().is_submitted


@pytest.mark.parametrize("address", ["/review/JT-2025/TH-RTP/2025-07/", "/review/JT-2025/XX/2025-03/"])
def test_a_report_that_nobody_owes_is_not_found(operation, reviewer, address):
    client = desk(reviewer)
    assert client.get(address).status_code == 404
    assert client.post(address, {"action": "verify", "version": 1}).status_code == 404


def test_last_month_is_its_newest_revision_as_handed_in(operation, march, officer, reviewer):
    february = report(operation, "TH-RTP", "2025-02")
    verified(february, officer, reviewer, drug_cases=10)
    corrected(february, officer, reviewer, drug_cases=12)
    submitted(march, officer, drug_cases=13)
    assert " 13 12 " in row(desk(reviewer).get(HERE), label(march, "drug-cases"))


def test_a_draft_of_last_month_is_not_compared_with(operation, march, officer, reviewer):
    fill(report(operation, "TH-RTP", "2025-02"), officer, drug_cases=10)
    submitted(march, officer, drug_cases=13)
    assert " 10 " not in row(desk(reviewer).get(HERE), label(march, "drug-cases"))
