"""The list of months: what wants doing now, each month's deadline and history, and what the Centre follows up."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from stories import asked, corrected, fill, joint_operation, just_after, person, report, submitted, verified

from operations import actions, queries, reminding
from operations.entry import worklists
from operations.models import Report

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin"]
DUE = date(2024, 4, 10)  # of March 2024, before any operation of the catalogue


@pytest.fixture
def operation():
    agencies = ["LA-MPS", "LA-MND", "TH-RTP", "KH-NP"]
    return joint_operation("JT", "2024-02-26", "2024-06-30", agencies, LEAVES)


@pytest.fixture
def march(operation):
    return report(operation, "TH-RTP", "2024-03")


@pytest.fixture
def officer():
    return person("officer", "TH-RTP")


@pytest.fixture
def reviewer():
    return person("reviewer")


def page(somebody) -> str:
    client = Client()
    client.force_login(somebody)
    return client.get("/reports/").content.decode()


def row(text, address) -> str:
    """The row of a report in a page, without its tags."""
    found = re.search(rf'<tr>\s*<th scope="row"><a href="{address}">.*?</tr>', text, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def to_do(officer, today) -> list[tuple]:
    """What an officer has to do on a day: word, what about, why."""
    own = worklists.worklist(Report.objects.filter(agency=officer.agency, operation__code="JT"), today)
    return [
        (one.word, one.about, one.why) for one in worklists.wanted(own, queries.questions_for(officer), today)
    ]


def done_before(march, officer):
    """The February before it, handed in: nothing to do about it."""
    return submitted(report(march.operation, march.agency.code, "2024-02"), officer)


# ------------------------------------------------------------------------------------ what wants doing now


def test_a_month_is_wanted_from_seven_days_before_its_deadline_and_never_disappears(march, officer):
    done_before(march, officer)
    april = [("Due soon", "March 2024", "7 days left")]
    assert to_do(officer, DUE - timedelta(days=8)) == []
    assert to_do(officer, DUE - timedelta(days=7)) == april
    assert to_do(officer, DUE) == [("Due soon", "March 2024", "due today")]
    assert to_do(officer, DUE + timedelta(days=1)) == [("Overdue", "March 2024", "1 day overdue")]
    assert ("Overdue", "March 2024", "960 days overdue") in to_do(officer, DUE + timedelta(days=960))


def test_late_comes_before_sent_back_before_asked_before_soon(operation, march, officer, reviewer):
    done_before(march, officer)
    april = submitted(report(operation, "TH-RTP", "2024-04"), officer)
    at = just_after(april.report)
    actions.send_back(april.report, version=april.version, by=reviewer, at=at, note="Heroin is 5 kg?")
    verified(report(operation, "TH-RTP", "2024-05"), officer, reviewer)
    asked(report(operation, "TH-RTP", "2024-05").revisions.get(), reviewer)
    [late, back, question] = to_do(officer, date(2024, 5, 6))
    assert late[:2] == ("Overdue", "March 2024")
    assert back == ("Sent back", "April 2024", "reviewer: “Heroin is 5 kg?”")
    assert question == ("Question", "Drug cases investigated, May 2024", "answer until 8 June 2024")
    assert to_do(officer, date(2024, 6, 9))[-1][2] == "no answer by 8 June 2024"


def test_what_was_sent_back_and_is_late_says_both_once(march, officer, reviewer):
    done_before(march, officer)
    revision = submitted(march, officer)
    actions.send_back(march, version=revision.version, by=reviewer, at=just_after(march), note="Which town?")
    assert to_do(officer, date(2024, 4, 12)) == [
        ("Overdue", "March 2024", "2 days overdue · reviewer: “Which town?”")
    ]


def test_a_month_that_closed_says_who_opens_it(march, officer):
    done_before(march, officer)
    march.operation.closes_after = 5
    march.operation.save()
    [(_word, _about, why)] = to_do(officer, date(2024, 4, 16))
    assert why == "closed on 15 April 2024; ask the Centre's reviewers for an extension"


def test_an_open_correction_is_not_forgotten(march, officer, reviewer):
    done_before(march, officer)
    verified(march, officer, reviewer)
    actions.correct(march, reason_code="late", reason="A late file.", by=officer, at=just_after(march))
    assert to_do(officer, date(2024, 4, 12)) == [("Correction", "March 2024", "not submitted yet")]


def test_each_thing_to_do_is_a_link(operation, march, officer, reviewer):
    question = asked(submitted(march, officer), reviewer)
    text = page(officer)
    todo = text[text.index("To do now") : text.index("</ul>", text.index("To do now"))]
    assert 'href="/reports/JT/TH-RTP/2024-02/"' in todo
    assert f'href="/reports/JT/TH-RTP/2024-03/questions/{question.pk}/"' in todo
    assert todo.count("<li>") == todo.count("<a href")


def test_the_other_agency_of_the_country_is_nothing_to_do(operation):
    mps, mnd = person("officer", "LA-MPS"), person("officer", "LA-MND")
    asked(submitted(report(operation, "LA-MPS", "2024-03"), mps), person("reviewer"))
    text = page(mnd)
    todo = text[text.index("To do now") : text.index("</ul>", text.index("To do now"))]
    assert "LA-MPS" not in todo and "Question" not in todo
    assert "/reports/JT/LA-MPS/2024-03/" in text[text.index("to read only") :]


# -------------------------------------------------------------------------------------- the own months


def test_a_month_says_its_deadline_its_figures_its_questions_and_its_last_step(march, officer, reviewer):
    asked(submitted(march, officer), reviewer)
    said = row(page(officer), "/reports/JT/TH-RTP/2024-03/")
    assert said == "March 2024 ● Submitted 10 April 2024 3 of 3 ? 1 submitted officer.th-rtp, 5 April 2024"


def test_an_extension_says_until_when_by_whom_and_why(march, officer, reviewer):
    at = just_after(march)
    actions.extend(march, until=date(2024, 4, 20), reason="Flood.", by=reviewer, at=at)
    actions.extend(
        march, until=date(2024, 4, 25), reason="Still flood.", by=person("reviewer", "", "second"), at=at
    )
    said = row(page(officer), "/reports/JT/TH-RTP/2024-03/")
    assert "extended to 25 April 2024 by second: “Still flood.”" in said


def test_an_operation_that_is_verified_whole_stands_folded(officer, reviewer):
    short = joint_operation("SHORT", "2024-03-01", "2024-03-31", ["TH-RTP"], LEAVES)
    march = report(short, "TH-RTP", "2024-03")
    assert "months are verified" not in page(officer)
    verified(march, officer, reviewer)
    assert "The one month is verified" in page(officer)
    asked(corrected(march, officer, reviewer, drug_cases=5), reviewer)
    assert "The one month is verified" not in page(officer)


# ------------------------------------------------------------------------------------------- the Centre


def test_the_centre_sees_what_is_not_in_with_its_reminder_and_its_extension(
    operation, march, officer, reviewer
):
    officer.email = "malee@example.org"
    officer.save()
    submitted(report(operation, "TH-RTP", "2024-02"), officer)
    [listed] = worklists.grid(operation.reports.all(), date(2024, 4, 13), by=reviewer)
    told = {(one.report.agency.code, one.report.month.month): one for one in listed["awaited"]}
    assert ("TH-RTP", 2) not in told and len(told) == 11
    assert (told["TH-RTP", 3].reminder, told["TH-RTP", 3].overdue) == ("to 1 officer today", True)
    assert told["LA-MND", 3].reminder == "nobody to remind: no officer has an e-mail address"
    assert told["TH-RTP", 3].extend == "/review/JT/TH-RTP/2024-03/extension/"
    assert told["TH-RTP", 4].reminder == ""
    marked = [[bool(cell and cell["reminder"]) for cell in one["cells"]] for one in listed["months"]["rows"]]
    assert marked.count([False, True, False]) == 1 and marked.count([False] * 3) == 3


def test_what_the_centre_sees_as_due_is_what_the_command_sends(operation, march, officer, reviewer):
    officer.email = "malee@example.org"
    officer.save()
    today = date(2024, 4, 13)
    listed = worklists.grid(operation.reports.all(), today, by=reviewer)[0]["awaited"]
    due = {one.report for one in listed if one.reminder.startswith("to ")}
    assert due == {letter.report for letter in reminding.letters(today) if letter.report}
    reminding.send(reminding.letters(today), just_after(march) + timedelta(days=8))
    listed = worklists.grid(operation.reports.all(), today, by=reviewer)[0]["awaited"]
    assert not [one for one in listed if one.reminder.startswith("to ")]


def test_those_who_ask_see_every_open_question(march, officer, reviewer):
    asked(submitted(march, officer), reviewer)
    text = page(reviewer)
    assert 'href="/review/JT/TH-RTP/2024-03/#drug-cases"' in text
    assert "no answer by 8 April 2024" in text and "Is it really so many?" in text


@pytest.mark.parametrize("role", ["publisher", "official"])
def test_others_see_the_grid_without_reminders_questions_and_extensions(march, officer, reviewer, role):
    officer.email = "malee@example.org"
    officer.save()
    asked(submitted(march, officer), reviewer)
    text = page(person(role))
    assert 'data-state="overdue"' in text
    for told in ("really so many", "extension", "reminder due today", "not in yet"):
        assert told not in text


# ------------------------------------------------------------------------------------- what a page costs


@pytest.mark.parametrize("who", [("officer", "TH-RTP"), ("reviewer",)])
def test_more_months_questions_steps_and_extensions_cost_no_more_queries(operation, officer, reviewer, who):
    somebody = person(*who)
    client = Client()
    client.force_login(somebody)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/reports/").status_code == 200
        return len(queries)

    def happen(month):
        one = report(operation, "TH-RTP", month)
        asked(submitted(one, officer), reviewer)
        other = report(operation, "KH-NP", month)
        actions.extend(
            other, until=other.due + timedelta(days=3), reason="Flood.", by=reviewer, at=just_after(other)
        )
        fill(report(operation, "LA-MPS", month), person("officer", "LA-MPS"), drug_cases=1)

    happen("2024-02")
    before = cost()
    for month in ("2024-03", "2024-04", "2024-05"):
        happen(month)
    assert cost() == before


def test_who_is_officer_and_reviewer_has_only_the_own_agencys_questions_to_answer(
    operation, officer, reviewer
):
    from django.contrib.auth.models import Group

    officer.groups.add(Group.objects.get(name="reviewer"))
    asked(submitted(report(operation, "KH-NP", "2024-03"), person("officer", "KH-NP")), reviewer)
    text = page(officer)
    todo = text[text.index("To do now") : text.index("</ul>", text.index("To do now"))]
    assert "Question" not in todo and "Is it really so many?" in text
