"""The reviewer's desk, through its pages: the queue, the comparison, the decisions, questions, later deadlines."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from stories import (
    corrected,
    fill,
    joint_operation,
    just_after,
    person,
    released,
    report,
    submitted,
    verified,
)

from operations import actions
from operations.actions import Entered
from operations.models import Answer, Extension, Question, Report, Revision, Step
from operations.review.forms import default_due

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


def text(answer) -> str:
    """What a page says, in one line, tags taken out."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def waiting(answer, address) -> str:
    """The line of a report in the queue, tags taken out."""
    lines = re.findall(r"<tr data-stop>.*?</tr>", answer.content.decode(), re.S)
    [found] = [line for line in lines if f'href="{address}"' in line]
    return " ".join(re.sub(r"<[^>]*>", " ", found).split())


def addresses(answer) -> list[str]:
    """The reports of the queue, in its order."""
    return re.findall(r'<th scope="row">.*?<a href="([^"]+)"', answer.content.decode())


def ticks(answer) -> list[str]:
    """What the queue's boxes carry: the versions that may be verified together."""
    return re.findall(r'name="seen" value="([^"]+)"', answer.content.decode())


def quiet(operation, officer, reviewer, agency="TH-RTP", month="2025-03", figure=12):
    """A report handed in in time, with nothing odd beside a month before it."""
    before = report(operation, agency, "2025-02")
    if not before.revisions.exists():
        verified(before, officer, reviewer, drug_cases=Entered(Decimal(10)))
    return submitted(report(operation, agency, month), officer, drug_cases=Entered(Decimal(figure)))


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


def test_an_extension_moves_a_report_down_the_queue(operation, march, officer, reviewer):
    given = date.today() + timedelta(days=5)
    actions.extend(march, until=given, reason="Flood.", by=reviewer, at=just_after(march))
    submitted(march, officer)
    submitted(report(operation, "TH-RTP", "2025-04"), officer)
    assert addresses(desk(reviewer).get("/review/")) == [HERE.replace("-03/", "-04/"), HERE]


def test_a_correction_of_released_figures_comes_before_all(operation, march, officer, reviewer):
    april = report(operation, "TH-RTP", "2025-04")
    verified(april, officer, reviewer)
    released(operation, "2025-04", person("publisher"))
    submitted(march, officer)
    actions.correct(april, reason_code="typing", reason="A digit.", by=officer, at=just_after(april))
    draft = fill(april, officer, drug_cases=5)
    actions.submit(april, version=draft.version, by=officer, at=just_after(april))
    page = desk(reviewer).get("/review/")
    assert addresses(page) == [HERE.replace("-03/", "-04/"), HERE]
    assert "correction of released figures" in waiting(page, HERE.replace("-03/", "-04/"))


def test_the_queue_tells_how_long_a_report_waits(march, officer, reviewer):
    submitted(march, officer)
    days = (date.today() - date(2025, 4, 5)).days
    line = waiting(desk(reviewer).get("/review/"), HERE)
    assert f"{days} days submitted 5 April 2025" in line
    assert f"10 April 2025 {days - 5} days ago" in line


def test_the_queue_counts_odd_figures_and_those_without_a_reason(operation, march, officer, reviewer):
    verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer, drug_cases=10, drug_suspects=10)
    submitted(march, officer, drug_cases=250, drug_suspects=300)
    client = desk(reviewer)
    assert "2 odd figures, each with its reason" in waiting(client.get("/review/"), HERE)
    actions.send_back(march, version=1, by=reviewer, at=just_after(march), note="?")
    fill(march, officer, drug_cases=Entered(Decimal(99)))
    actions.submit(march, version=2, by=officer, at=just_after(march))
    with (
        connection.cursor() as cursor
    ):  # a threshold moved since is the only way to an odd one without a reason
        cursor.execute("UPDATE operations_indicator SET odd_ratio = 5 WHERE code = 'drug-cases'")
    assert "2 odd figures, 1 without a reason" in waiting(client.get("/review/"), HERE)


def test_the_queue_tells_what_moved_most(operation, officer, reviewer):
    quiet(operation, officer, reviewer)
    line = waiting(desk(reviewer).get("/review/"), HERE)
    assert "Moved most: Drugs, Cases investigated: 12 cases, +2 (+20.0%)" in line


def test_the_queue_asks_the_database_no_more_for_more_reports(operation, officer, reviewer):
    counts = []
    client = desk(reviewer)
    for months in (["2025-03"], ["2025-04", "2025-05"]):
        for month in months:
            quiet(operation, officer, reviewer, month=month)
            quiet(operation, person("officer", "KH-NP"), reviewer, "KH-NP", month)
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/review/").status_code == 200
        counts.append(len(asked))
    assert counts[1] == counts[0] <= 25


def test_who_was_in_time_first_is_not_late_when_submitted_again(march, officer, reviewer):
    revision = submitted(march, officer)
    actions.send_back(march, version=revision.version, by=reviewer, at=timezone.now(), note="Heroin?")
    actions.submit(march, version=revision.version, by=officer, at=timezone.now())
    page = desk(reviewer).get("/review/").content.decode()
    assert "submitted again" in page and "late" not in page
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
    verified(
        report(operation, "TH-RTP", "2025-02"), officer, reviewer, drugs_heroin="1.5", drugs_ketamine="0.5"
    )
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
        HERE,
        {"action": "send_back", "version": revision.version, "note": "Please check heroin."},
        follow=True,
    )
    assert "sent back to its officer" in answer.content.decode()
    assert Revision.objects.get().is_draft
    assert Step.objects.last().note == "Please check heroin."
    assert client.get(HERE).status_code == 404


def test_a_reason_too_long_is_kept_and_refused(march, officer, reviewer):
    revision = submitted(march, officer)
    answer = desk(reviewer).post(
        HERE, {"action": "send_back", "version": revision.version, "note": "x" * 1001}
    )
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
    answer = desk(reviewer).post(
        HERE, {"action": "send_back", "version": revision.version, "note": "Heroin?"}
    )
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


# --------------------------------------------------------------------------- several quiet reports at once


def test_only_what_has_no_remark_can_be_ticked(operation, march, officer, reviewer):
    revision = quiet(operation, officer, reviewer)
    page = desk(reviewer).get("/review/")
    assert ticks(page) == [f"{march.pk}.1.{revision.version}"]
    assert "nothing odd" in waiting(page, HERE)


@pytest.mark.parametrize("what", ["late", "odd", "asked", "again", "correction", "own", "first"])
def test_a_remark_keeps_a_report_from_being_ticked(operation, march, officer, reviewer, what):
    at, somebody = just_after(march), reviewer
    if what == "first":
        submitted(march, officer)
    elif what == "odd":
        verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer, drug_cases=10)
        submitted(march, officer, drug_cases=250)
    elif what == "late":
        verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer)
        draft = fill(march, officer, **dict.fromkeys([one.replace("-", "_") for one in LEAVES], 0))
        actions.submit(march, version=draft.version, by=officer, at=at + timedelta(days=6))
    elif what == "own":
        officer.groups.add(Group.objects.get(name="reviewer"))
        quiet(operation, officer, reviewer)
        somebody = officer
    else:
        revision = quiet(operation, officer, reviewer)
    if what == "asked":
        actions.ask(revision.report, "drug-cases", text="So many?", due=date(2025, 5, 1), by=reviewer, at=at)
    elif what == "again":
        actions.send_back(march, version=revision.version, by=reviewer, at=at, note="Cases?")
        actions.submit(march, version=revision.version, by=officer, at=at)
    elif what == "correction":
        actions.verify(march, version=revision.version, by=reviewer, at=at)
        actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=at)
        draft = fill(march, officer, drug_cases=13)
        actions.submit(march, version=draft.version, by=officer, at=at)
    page = desk(somebody).get("/review/")
    remark = {
        "late": "1 day late", "odd": "1 odd figure", "asked": "1 open question", "again": "submitted again",
        "correction": "correction", "own": "your own entry", "first": "no month before to compare with",
    }[what]  # fmt: skip
    assert remark in waiting(page, HERE)
    assert ticks(page) == []
    assert "Open it first: it has remarks." in waiting(page, HERE)


def test_what_is_ticked_is_verified_together(operation, officer, reviewer):
    quiet(operation, officer, reviewer)
    quiet(operation, person("officer", "KH-NP"), reviewer, "KH-NP")
    client = desk(reviewer)
    answer = client.post("/review/verify/", {"seen": ticks(client.get("/review/"))}, follow=True)
    assert not Revision.objects.exclude(state="verified").exists()
    assert re.search(r"Verified: Cambodia.*, March 2025; Thailand.*, March 2025\.", text(answer))
    assert Step.objects.filter(verb="verify", by=reviewer).count() == 4


def test_of_several_what_changed_meanwhile_stays_and_is_named(operation, march, officer, reviewer):
    old = quiet(operation, officer, reviewer)
    quiet(operation, person("officer", "KH-NP"), reviewer, "KH-NP")
    client = desk(reviewer)
    ticked = ticks(client.get("/review/"))
    actions.send_back(march, version=old.version, by=reviewer, at=just_after(march), note="Cases?")
    draft = fill(march, officer, drug_cases=14)
    actions.submit(march, version=draft.version, by=officer, at=just_after(march))
    answer = client.post("/review/verify/", {"seen": ticked}, follow=True)
    assert Revision.objects.get(report=march).is_submitted
    assert Revision.objects.filter(report__agency__code="KH-NP", state="verified").count() == 2
    assert re.search(
        r"Thailand.*, March 2025 was not verified: The figures have changed since you opened this page",
        text(answer),
    )


def test_of_several_what_became_odd_meanwhile_stays(operation, march, officer, reviewer):
    revision = quiet(operation, officer, reviewer)
    client = desk(reviewer)
    ticked = ticks(client.get("/review/"))
    colleague = person("reviewer", username="colleague")
    actions.ask(
        revision.report, "drug-cases", text="So many?", due=date(2025, 5, 1), by=colleague, at=just_after(march)
    )
    answer = client.post("/review/verify/", {"seen": ticked})
    assert answer.status_code == 409
    assert "open it first (1 open question)" in text(answer)
    assert Revision.objects.get(report=march).is_submitted


def test_of_several_what_one_entered_oneself_stays(operation, march, officer, reviewer):
    officer.groups.add(Group.objects.get(name="reviewer"))
    revision = quiet(operation, officer, reviewer)
    answer = desk(officer).post("/review/verify/", {"seen": f"{march.pk}.1.{revision.version}"})
    assert answer.status_code == 409
    assert "somebody else must verify it" in text(answer)
    assert Revision.objects.get(report=march).is_submitted


@pytest.mark.parametrize(
    "seen", [[], [""], ["x"], ["1"], ["0.1.1"], ["999999999.1.1"], ["1.1.1.1"], ["-1.1.1"]]
)
def test_ticking_nothing_or_nonsense_verifies_nothing(operation, officer, reviewer, seen):
    quiet(operation, officer, reviewer)
    answer = desk(reviewer).post("/review/verify/", {"seen": seen})
    assert answer.status_code == 409
    assert "Tick the reports to verify" in text(answer)


# ------------------------------------------------------------------------------------ the row, the thread


def test_the_thread_of_a_figure_stands_in_its_row(march, officer, reviewer):
    revision = submitted(march, officer, drug_cases=Entered(Decimal(500), note="Two raids in one week."))
    question = asked(revision, reviewer)
    actions.answer(question, text="Counted again.", by=officer, at=just_after(march))
    line = row(desk(reviewer).get(HERE), label(march, "drug-cases"))
    assert re.search(
        rf"Reason: “Two raids in one week.” {officer.label}, 5 April 2025, 09:00 UTC "
        rf"Question: “So many\?” {reviewer.label}, .* confirmed: “Counted again.” {officer.label}", line,
    )  # fmt: skip


def test_a_reason_that_stands_there_no_more_is_told_apart(march, officer, reviewer):
    revision = submitted(march, officer, drug_cases=Entered(Decimal(500), note="Two raids."))
    actions.send_back(march, version=revision.version, by=reviewer, at=just_after(march), note="?")
    draft = fill(march, officer, drug_cases=Entered(Decimal(5)))
    actions.submit(march, version=draft.version, by=officer, at=just_after(march))
    assert "Earlier reason: “Two raids.”" in row(desk(reviewer).get(HERE), label(march, "drug-cases"))


def test_only_what_differs_or_is_odd_can_be_shown_alone(operation, march, officer, reviewer):
    verified(
        report(operation, "TH-RTP", "2025-02"), officer, reviewer,
        drug_cases=Entered(Decimal(10)), drug_suspects=Entered(Decimal(10)), drugs_heroin=Entered(Decimal(3)),
        drugs_ketamine=Entered(Decimal(2)),
    )  # fmt: skip
    submitted(
        march, officer,
        drug_cases=Entered(Decimal(11)), drug_suspects=Entered(Decimal(20)), drugs_heroin=Entered(Decimal(3)),
        drugs_ketamine="L",
    )  # fmt: skip
    client = desk(reviewer)
    everything, odd = text(client.get(HERE)), text(client.get(f"{HERE}?show=odd"))
    names = [label(march, code) for code in ("drug-cases", "drug-suspects", "drugs-heroin", "drugs-ketamine")]
    assert [name in everything for name in names] == [True] * 4
    assert [f"{name} " in odd.split("Warning, reason, questions")[1] for name in names] == [
        False, True, False, True,
    ]  # fmt: skip
    assert "Only what differs or is odd (2)" in everything


def test_the_queue_can_be_walked_from_report_to_report(operation, march, officer, reviewer):
    for month in ("2025-03", "2025-04", "2025-05"):
        submitted(report(operation, "TH-RTP", month), officer)
    client = desk(reviewer)
    page = client.get(f"{HERE.replace('-03/', '-04/')}?show=odd").content.decode()
    assert re.search(rf'rel="prev"[^>]*href="{HERE}\?show=odd"', page)
    assert re.search(rf'rel="next"[^>]*href="{HERE.replace("-03/", "-05/")}\?show=odd"', page)
    assert "2 of 3" in page
    first = client.get(HERE).content.decode()
    assert 'rel="prev"' not in first and "1 of 3" in first


def test_who_submitted_when_and_the_digest_stand_by_the_decision(march, officer, reviewer):
    submitted(march, officer)
    page = desk(reviewer).get(HERE)
    digest = Step.objects.get(verb="submit").digest
    assert f"Submitted by {officer.label}, 5 April 2025, 09:00 UTC" in text(page)
    assert f"{digest[:8]}…" in text(page) and f"<code>{digest}</code>" in page.content.decode()


def test_a_version_of_another_revision_is_not_the_version_seen(march, officer, reviewer):
    revision = submitted(march, officer)
    client = desk(reviewer)
    seen = {"number": 1, "version": revision.version}
    actions.verify(march, version=revision.version, by=reviewer, at=just_after(march))
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=just_after(march))
    draft = fill(march, officer, drug_cases=12)
    actions.submit(march, version=draft.version, by=officer, at=just_after(march))
    seen["version"] = draft.version  # two revisions may well have come to the same version
    answer = client.post(HERE, {"action": "verify", **seen})
    assert answer.status_code == 409
    assert "The figures have changed since you opened this page" in text(answer)
    assert Revision.objects.get(report=march, number=2).is_submitted
    assert client.post(HERE, {"action": "verify", **seen, "number": 2}).status_code == 302


def test_what_was_written_is_kept_when_the_report_went_back_meanwhile(march, officer, reviewer):
    revision = submitted(march, officer)
    colleague = person("reviewer", username="colleague")
    actions.send_back(march, version=revision.version, by=colleague, at=just_after(march), note="?")
    back = {"action": "send_back", "version": revision.version, "note": "Please look at heroin."}
    answer = desk(reviewer).post(HERE, back)
    assert answer.status_code == 409
    assert "readonly>Please look at heroin.</textarea>" in answer.content.decode().replace("\n", "")


# ---------------------------------------------------------------------------------------------- questions


def asked(revision, by) -> Question:
    at = just_after(revision.report)
    return actions.ask(revision.report, "drug-cases", text="So many?", due=at.date(), by=by, at=at)


def question(revision, **other) -> dict:
    """What the form of a row sends."""
    due = (date.today() + timedelta(days=3)).isoformat()
    return {
        "indicator": "drug-cases", "text": "Is it really so many?", "due": due,
        "number": revision.number, "version": revision.version, **other,
    }  # fmt: skip


def test_a_reviewer_asks_about_one_figure(march, officer, reviewer):
    revision = submitted(march, officer)
    client = desk(reviewer)
    answer = client.post(f"{HERE}ask/?show=odd", question(revision))
    assert (answer.status_code, answer.url) == (302, f"{HERE}?show=odd#drug-cases")
    one = Question.objects.get()
    assert (one.text, one.by, one.revision) == ("Is it really so many?", reviewer, revision)
    page = client.get(HERE)
    assert "answer until" in row(page, label(march, "drug-cases"))
    assert "1 open question" in text(page) and "Verifying does not wait" in text(page)
    assert "“Is it really so many?”" in text(client.get("/review/"))


def test_a_verified_report_can_be_asked_about(march, officer, reviewer):
    revision = verified(march, officer, reviewer)
    assert desk(reviewer).post(f"{HERE}ask/", question(revision)).status_code == 302


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"text": "  "}, "Write the question; the officer reads it."),
        ({"text": "x" * 1001}, "at most 1000 characters"),
        ({"due": ""}, "Choose a day."),
        ({"due": "soon"}, "Write the day like 2025-04-10."),
        ({"due": "2025-04-10"}, "Choose a day for the answer that has not gone by."),
        ({"due": "2925-04-10"}, "Choose a day in the next two months."),
    ],
)
def test_a_question_not_fit_to_be_asked_comes_back_as_typed(march, officer, reviewer, other, sentence):
    revision = submitted(march, officer)
    given = question(revision, **other)
    answer = desk(reviewer).post(f"{HERE}ask/?show=odd", given)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert '<details class="ask" open>' in page
    assert (
        given["text"].strip() in page
        and f'value="{given["due"]}"' in page.replace('value=""', "value=''")
        or (not given["due"])
    )
    field = "due" if "due" in other else "text"
    assert f'href="#ask-drug-cases-{field}"' in page and f'id="ask-drug-cases-{field}"' in page
    assert not Question.objects.exists()


def test_a_question_about_other_figures_than_those_seen_is_not_put(march, officer, reviewer):
    revision = submitted(march, officer)
    answer = desk(reviewer).post(f"{HERE}ask/", question(revision, version=revision.version + 1))
    assert answer.status_code == 409
    assert "The figures have changed" in text(answer) and "Is it really so many?" in answer.content.decode()
    assert not Question.objects.exists()


def test_a_second_question_about_a_figure_is_refused_and_kept(march, officer, reviewer):
    revision = submitted(march, officer)
    asked(revision, person("reviewer", username="colleague"))
    answer = desk(reviewer).post(f"{HERE}ask/", question(revision))
    assert answer.status_code == 409
    assert "open already" in text(answer)
    assert "Is it really so many?</textarea>" in answer.content.decode()


@pytest.mark.parametrize("code", ["drugs-seized", "nothing", "", "<b>"])
def test_only_what_is_entered_can_be_asked_about(march, officer, reviewer, code):
    revision = submitted(march, officer)
    answer = desk(reviewer).post(f"{HERE}ask/", question(revision, indicator=code))
    assert answer.status_code == 422
    assert "Is it really so many?</textarea>" in answer.content.decode()


def test_a_question_on_a_report_sent_back_meanwhile_is_kept(march, officer, reviewer):
    revision = submitted(march, officer)
    colleague = person("reviewer", username="colleague")
    actions.send_back(march, version=revision.version, by=colleague, at=just_after(march), note="?")
    answer = desk(reviewer).post(f"{HERE}ask/", question(revision))
    assert answer.status_code == 409
    assert "Is it really so many?</textarea>" in answer.content.decode()


def test_while_a_correction_is_being_written_nothing_is_asked(march, officer, reviewer):
    verified(march, officer, reviewer)
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=just_after(march))
    page = desk(reviewer).get(HERE)
    assert "has opened a correction" in text(page)
    assert 'class="ask"' not in page.content.decode()


def test_an_open_question_is_withdrawn_with_a_reason(march, officer, reviewer):
    one = asked(submitted(march, officer), reviewer)
    client = desk(reviewer)
    answer = client.post(f"{HERE}withdraw/", {"question": one.pk, "text": "Seen in the annex."})
    assert (answer.status_code, answer.url) == (302, f"{HERE}#drug-cases")
    assert (Answer.objects.get().kind, Answer.objects.get().text) == ("withdrawn", "Seen in the annex.")
    assert "withdrawn: “Seen in the annex.”" in row(client.get(HERE), label(march, "drug-cases"))


def test_a_question_is_not_withdrawn_without_a_reason(march, officer, reviewer):
    one = asked(submitted(march, officer), reviewer)
    answer = desk(reviewer).post(f"{HERE}withdraw/", {"question": one.pk, "text": " "})
    assert answer.status_code == 422
    assert "why the question is withdrawn" in text(answer)
    assert f'href="#withdraw-{one.pk}-text"' in answer.content.decode()


def test_a_question_answered_meanwhile_is_not_withdrawn_and_the_text_is_kept(march, officer, reviewer):
    one = asked(submitted(march, officer), reviewer)
    actions.answer(one, text="Counted again.", by=officer, at=just_after(march))
    answer = desk(reviewer).post(f"{HERE}withdraw/", {"question": one.pk, "text": "Seen in the annex."})
    assert answer.status_code == 409
    assert "answered meanwhile" in text(answer)
    assert "Seen in the annex.</textarea>" in answer.content.decode()


def test_a_question_of_another_report_is_not_found_here(operation, march, officer, reviewer):
    submitted(march, officer)
    one = asked(submitted(report(operation, "TH-RTP", "2025-04"), officer), reviewer)
    answer = desk(reviewer).post(f"{HERE}withdraw/", {"question": one.pk, "text": "Seen in the annex."})
    assert answer.status_code == 404
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("today", "deadline", "day"),
    [
        ("2025-04-07", "2025-06-10", "2025-04-10"),  # Monday: Thursday
        ("2025-04-10", "2025-06-10", "2025-04-15"),  # Thursday: over the weekend to Tuesday
        ("2025-04-12", "2025-06-10", "2025-04-16"),  # Saturday: Wednesday
        ("2025-04-07", "2025-04-09", "2025-04-09"),  # the report is due before
        ("2025-04-07", "2025-04-07", "2025-04-10"),  # it is due today: no time left to keep to it
        ("2025-04-11", "2025-04-13", "2025-04-16"),  # Friday, due on Sunday: no working day left before
    ],
)
def test_an_answer_is_due_in_three_working_days_or_with_the_report(today, deadline, day):
    assert default_due(date.fromisoformat(today), date.fromisoformat(deadline)) == date.fromisoformat(day)


# --------------------------------------------------------------------------------------- later deadlines


@pytest.fixture
def later() -> dict:
    return {"until": (date.today() + timedelta(days=7)).isoformat(), "reason": "The capital is flooded."}


def test_a_reviewer_gives_an_agency_longer(march, reviewer, later):
    client = desk(reviewer)
    assert "10 April 2025" in text(client.get(f"{HERE}extension/"))
    answer = client.post(f"{HERE}extension/", later, follow=True)
    assert "is now due on" in text(answer)
    assert f"“The capital is flooded.” {reviewer.label}" in text(answer)
    assert Report.objects.get(pk=march.pk).due.isoformat() == later["until"]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"reason": " "}, "why this agency gets longer"),
        ({"until": ""}, "Choose a day."),
        ({"until": "2025-04-20"}, "that has not gone by"),
        ({"until": "2925-04-20"}, "Choose a day in the next twelve months."),
        ({"until": "soon"}, "Write the day like 2025-04-10."),
    ],
)
def test_an_extension_not_fit_to_be_given_comes_back_as_typed(march, reviewer, later, other, sentence):
    given = later | other
    answer = desk(reviewer).post(f"{HERE}extension/", given)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert given["reason"].strip() in answer.content.decode()
    assert given["until"] in answer.content.decode()
    assert not Extension.objects.exists()


def test_what_is_in_needs_no_extension(march, officer, reviewer, later):
    submitted(march, officer)
    client = desk(reviewer)
    assert "it needs no later deadline" in text(client.get(f"{HERE}extension/"))
    answer = client.post(f"{HERE}extension/", later)
    assert answer.status_code == 409
    assert "already submitted" in text(answer) and "The capital is flooded." in answer.content.decode()
