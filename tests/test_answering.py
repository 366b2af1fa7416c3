"""Answering a question of the Centre through its page: what is shown, said beforehand, taken and refused."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from stories import asked, fill, joint_operation, just_after, person, report, submitted, verified

from operations import actions
from operations.actions import Entered
from operations.models import Agency, Answer, Figure, Question, Revision, Step

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-methamphetamine-tablets"]
REASON = "Counted again from the log book."


@pytest.fixture
def march():
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["LA-MPS", "LA-MND"], LEAVES)
    return report(operation, "LA-MPS", "2025-03")


@pytest.fixture
def officer():
    return person("officer", "LA-MPS")


@pytest.fixture
def reviewer():
    return person("reviewer")


def desk(somebody) -> Client:
    client = Client()
    client.force_login(somebody)
    return client


def address(question) -> str:
    return f"{question.revision.report.get_absolute_url()}questions/{question.pk}/"


def post(client, question, kind, text=REASON, **typed):
    """Post an answer as the page would: with what tells the figure seen."""
    page = client.get(address(question)).content.decode()
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    return client.post(
        address(question), {"seen": seen[1] if seen else "", "kind": kind, "text": text} | typed
    )


def value(march, code="drug-cases"):
    return march.revisions.order_by("-number").first().figures.get(indicator__code=code).value


def verbs(march) -> list[str]:
    return list(Step.objects.filter(revision__report=march).order_by("id").values_list("verb", flat=True))


# ----------------------------------------------------------------------------------------- what is shown


def test_the_page_shows_the_question_the_figure_and_all_that_was_said(march, officer, reviewer):
    revision = submitted(march, officer, drug_cases=Entered(Decimal(34567), note="Two raids in one week."))
    page = desk(officer).get(address(asked(revision, reviewer))).content.decode()
    assert "Is it really so many?" in page and "34,567 cases" in page
    assert page.index("Two raids in one week.") < page.rindex("Is it really so many?")
    assert "no answer by 8 April 2025" in page


def test_a_figure_reported_in_tablets_shows_both(march, officer, reviewer):
    given = {"drugs_methamphetamine_tablets": Entered(Decimal(44000), "tablet", note="Two raids.")}
    question = asked(submitted(march, officer, **given), reviewer, "drugs-methamphetamine-tablets")
    page = desk(officer).get(address(question)).content.decode()
    assert "3.960 kg" in page and "reported as 44,000 tablets" in page


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("submitted", "taken back, changed and submitted again in one step"),
        ("verified", "correction opens and waits for you to submit it"),
        ("draft", "another figure is saved in it"),
    ],
)
def test_what_will_happen_is_said_before(march, officer, reviewer, state, sentence):
    question = in_state(march, officer, reviewer, state)
    assert sentence in desk(officer).get(address(question)).content.decode()


def in_state(march, officer, reviewer, state) -> Question:
    """A question about 500 cases of a report that is then in this state."""
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    decide = {"verified": actions.verify, "draft": actions.send_back}.get(state)
    if decide:
        version = march.revisions.get().version
        decide(march, version=version, by=reviewer, at=just_after(march), note="Look again.")
    return question


def test_the_reports_page_leads_to_its_questions(march, officer, reviewer):
    question = asked(submitted(march, officer), reviewer)
    client = desk(officer)
    assert (
        f'href="{address(question)}" class="button"' in client.get(march.get_absolute_url()).content.decode()
    )
    post(client, question, "confirm")
    page = client.get(march.get_absolute_url()).content.decode()
    assert f'href="{address(question)}"' in page and "confirmed" in page and REASON in page
    assert f'href="{address(question)}" class="button"' not in page


# ------------------------------------------------------------------------------------------- what is taken


def test_a_figure_is_confirmed_with_a_reason(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    done = post(desk(officer), question, "confirm", figure="999")
    assert (done.status_code, done["Location"]) == (302, march.get_absolute_url())
    assert (Answer.objects.get().kind, Answer.objects.get().text, value(march)) == ("confirmed", REASON, 500)
    assert verbs(march) == ["open", "submit"]


@pytest.mark.parametrize(
    ("state", "steps", "sentence"),
    [
        ("submitted", ["open", "submit", "take_back", "submit"], "submitted again with the new figure"),
        ("verified", ["open", "submit", "verify", "correct"], "A correction is open with the new figure"),
        ("draft", ["open", "submit", "send_back"], "the figure is in the draft"),
    ],
)
def test_a_correction_goes_the_way_of_its_state(march, officer, reviewer, state, steps, sentence):
    question = in_state(march, officer, reviewer, state)
    client = desk(officer)
    post(client, question, "correct", figure="៥៥")
    assert (Answer.objects.get().kind, value(march), verbs(march)) == ("corrected", 55, steps)
    assert sentence in client.get(march.get_absolute_url()).content.decode()


def test_a_correction_may_come_in_another_unit(march, officer, reviewer):
    question = asked(submitted(march, officer, drugs_heroin=5), reviewer, "drugs-heroin")
    post(desk(officer), question, "correct", figure="1500", unit="g")
    figure = Figure.objects.get(indicator__code="drugs-heroin")
    assert (figure.value, figure.quantity, figure.unit.code) == (Decimal("1.5"), 1500, "g")


def test_a_mark_takes_the_place_of_the_figure(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    post(desk(officer), question, "mark", mark="L", text="The log is lost.")
    figure = Figure.objects.get(indicator__code="drug-cases")
    assert (figure.value, figure.mark, figure.note) == (None, "L", "The log is lost.")
    assert Answer.objects.get().kind == "marked"


def test_a_figure_with_two_readings_is_asked_and_the_habit_is_remembered(march, officer, reviewer):
    question = asked(submitted(march, officer, drugs_heroin=5), reviewer, "drugs-heroin")
    client = desk(officer)
    answer = post(client, question, "correct", figure="1,234")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'name="means" value=","' in page and 'name="means" value="."' in page and 'value="1,234"' in page
    post(client, question, "correct", figure="1,234", means=",")
    assert value(march, "drugs-heroin") == Decimal("1.234")
    assert Agency.objects.get(code="LA-MPS").decimal_separator == ","


# ------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("kind", "typed", "sentence"),
    [
        ("", {}, "Choose one"),
        ("else", {}, "Select a valid choice"),
        ("confirm", {"text": "  "}, "Say in a sentence what the Centre should know"),
        ("correct", {"figure": " "}, "Write the figure as it should be"),
        ("correct", {"figure": "12万"}, "Write the number out in full"),
        ("correct", {"figure": "12.5"}, "counted in whole numbers"),
        ("correct", {"figure": "500"}, "confirm it instead"),
        ("correct", {"figure": "5", "unit": "pound"}, "cannot be entered in"),
        ("mark", {"mark": ""}, "Choose “not available” or “not applicable”"),
        ("mark", {"mark": "X"}, "Select a valid choice"),
        ("confirm", {"text": "x" * 1001}, "at most 1000 characters"),
        ("confirm", {"text": "a\x00b"}, "Null characters"),
    ],
)
def test_what_cannot_be_taken_is_said_beside_what_was_typed(march, officer, reviewer, kind, typed, sentence):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    answer = post(desk(officer), question, kind, **typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page and "error-summary" in page
    if figure := typed.get("figure", "").strip():
        assert f'name="figure" value="{figure}"' in page
    if kind in ("confirm", "correct", "mark"):
        assert f'value="{kind}" checked' in page
    if "text" not in typed:
        assert REASON in page
    assert not Answer.objects.exists() and value(march) == 500 and verbs(march) == ["open", "submit"]


def test_an_impossible_figure_is_said_at_the_figure(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    question.indicator.impossible_from = 1000
    question.indicator.save()
    answer = post(desk(officer), question, "correct", figure="1000")
    assert answer.status_code == 422
    assert 'id="id_figure_error">' in answer.content.decode() and value(march) == 500


def test_a_mark_that_stands_already_is_confirmed_instead(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases="L"), reviewer)
    answer = post(desk(officer), question, "mark", mark="L")
    assert answer.status_code == 422 and "This mark stands there already" in answer.content.decode()


def test_an_answer_to_a_figure_that_changed_meanwhile_is_not_taken(march, officer, reviewer):
    question = in_state(march, officer, reviewer, "draft")
    colleague, client = person("officer", "LA-MPS", "colleague"), desk(officer)
    page = client.get(address(question)).content.decode()
    seen = re.search(r'name="seen" value="([^"]*)"', page)[1]
    fill(march, colleague, drug_cases=60)
    answer = client.post(address(question), {"seen": seen, "kind": "confirm", "text": REASON})
    text = answer.content.decode()
    assert (answer.status_code, Answer.objects.exists()) == (409, False)
    assert "has changed since you opened this page" in text and "60 cases" in text and REASON in text


def test_what_a_colleague_answered_meanwhile_is_shown_with_what_was_typed(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    client, colleague = desk(officer), person("officer", "LA-MPS", "colleague")
    seen = "1.submitted.1"
    actions.answer(question, text="Seen in the annex.", by=colleague, at=just_after(march))
    answer = client.post(address(question), {"seen": seen, "kind": "confirm", "text": REASON})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "answered meanwhile" in page and "Seen in the annex." in page and REASON in page
    assert Answer.objects.count() == 1


def test_another_figure_that_keeps_the_report_back_leaves_all_as_it_was(march, officer, reviewer):
    """A report taken back must be able to go again; here a figure became impossible to submit meanwhile."""
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    march.operation.indicators.add(type(question.indicator).objects.get(code="trafficking-cases"))
    answer = post(desk(officer), question, "correct", figure="50")
    assert answer.status_code == 409
    assert (value(march), verbs(march), Answer.objects.exists()) == (500, ["open", "submit"], False)


# -------------------------------------------------------------------------------------------- who may


def test_others_who_may_see_it_read_and_do_not_answer(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    for other in (reviewer, person("officer", "LA-MND")):
        page = desk(other).get(address(question))
        assert page.status_code == 200 and "<textarea" not in page.content.decode()
        assert post(desk(other), question, "confirm").status_code == 403
    assert desk(person("officer", "TH-RTP")).get(address(question)).status_code == 404


def test_a_question_stands_at_its_own_report_only(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    other = march.operation.reports.get(agency=march.agency, month="2025-04-01")
    submitted(other, officer)
    assert desk(officer).get(f"{other.get_absolute_url()}questions/{question.pk}/").status_code == 404
    assert desk(officer).get(f"{march.get_absolute_url()}questions/999999/").status_code == 404


def test_a_question_about_a_revision_that_somebody_does_not_see_is_not_found(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=500)
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=just_after(march))
    draft = fill(march, officer, drug_cases=50)
    actions.submit(march, version=draft.version, by=officer, at=just_after(march))
    question = asked(Revision.objects.get(report=march, number=2), reviewer)
    assert desk(officer).get(address(question)).status_code == 200
    assert desk(person("publisher")).get(address(question)).status_code == 404


# -------------------------------------------------------------------------------------------- receipts


def test_a_submission_has_a_receipt_with_its_digest_and_the_very_text(march, officer):
    import hashlib

    revision = submitted(march, officer, drug_cases=500, drugs_heroin=Entered(Decimal("1.5"), note="ຢາ\nສອງ"))
    client, step = desk(officer), Step.objects.get(verb="submit")
    page = client.get(march.get_absolute_url()).content.decode()
    assert step.digest in page and f"1, version {revision.version}" in page and "all 4 figures" in page
    file = client.get(f"{march.get_absolute_url()}receipt.txt")
    assert hashlib.sha256(file.content).hexdigest() == step.digest
    assert file["Content-Disposition"] == 'attachment; filename="receipt-JT-2025-LA-MPS-2025-03-r1.txt"'
    assert file.content.decode().splitlines()[0] == "JT-2025\tLA-MPS\t2025-03\t1"


def test_a_draft_has_no_receipt_and_a_correction_that_of_what_was_handed_in(march, officer, reviewer):
    client = desk(officer)
    fill(march, officer, drug_cases=5)
    assert client.get(f"{march.get_absolute_url()}receipt.txt").status_code == 404
    assert "SHA-256" not in client.get(march.get_absolute_url()).content.decode()
    verified(march, officer, reviewer)
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=just_after(march))
    fill(march, officer, drug_cases=6)
    assert b"2025-03\t1\n" in client.get(f"{march.get_absolute_url()}receipt.txt").content
    assert "SHA-256" not in client.get(march.get_absolute_url()).content.decode()


def test_what_was_sent_back_has_no_receipt_until_it_is_submitted_again(march, officer, reviewer):
    in_state(march, officer, reviewer, "draft")
    for somebody in (officer, person("officer", "LA-MND")):
        client = desk(somebody)
        assert "SHA-256" not in client.get(march.get_absolute_url()).content.decode()
    assert client.get(f"{march.get_absolute_url()}receipt.txt").status_code == 404
