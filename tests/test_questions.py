"""Questions about a figure, their answers and what the thread keeps of both; extensions; one's own undo."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from stories import corrected, fill, joint_operation, just_after, person, report, submitted, verified

from operations import actions, queries
from operations.actions import Conflict, Entered, Refusal
from operations.models import Agency, Answer, Figure, Question, Report, Revision, Step

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "trafficking-cases"]


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


def asked(revision, by, text="Is it really so many?") -> Question:
    at = just_after(revision.report)
    return actions.ask(revision.report, "drug-cases", text=text, due=at.date() + timedelta(days=3), by=by, at=at)


def answered(question, by, text="Counted again from the log book.", entered=None) -> Answer:
    at = just_after(question.revision.report)
    return actions.answer(question, text=text, entered=entered, by=by, at=at)


def cases(report) -> Decimal:
    newest = report.revisions.order_by("-number").first()
    return newest.figures.get(indicator__code="drug-cases").value


def verbs(report) -> list[str]:
    return list(Step.objects.filter(revision__report=report).order_by("id").values_list("verb", flat=True))


def test_a_confirmed_figure_stays_and_the_report_stays_submitted(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    answer = answered(question, officer)
    assert (answer.kind, cases(march)) == ("confirmed", 500)
    assert verbs(march) == ["open", "submit"]


def test_a_correction_of_a_submitted_figure_hands_the_report_in_again(march, officer, reviewer):
    revision = submitted(march, officer, drug_cases=500)
    answer = answered(asked(revision, reviewer), officer, entered=Entered(Decimal(50)))
    assert (answer.kind, cases(march)) == ("corrected", 50)
    assert verbs(march) == ["open", "submit", "take_back", "submit"]
    assert Revision.objects.get(report=march).is_submitted
    with pytest.raises(Refusal, match="changed since you opened this page"):
        actions.verify(march, version=revision.version, by=reviewer, at=just_after(march))


def test_a_mark_for_an_answer_has_the_answer_as_its_reason(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    assert answered(question, officer, entered=Entered(mark="L"), text="The log is lost.").kind == "marked"
    figure = Figure.objects.get(revision__report=march, indicator__code="drug-cases")
    assert (figure.value, figure.mark, figure.note) == (None, "L", "The log is lost.")


def test_a_correction_of_a_verified_figure_opens_the_next_revision(march, officer, reviewer):
    first = verified(march, officer, reviewer, drug_cases=500)
    answered(asked(first, reviewer), officer, entered=Entered(Decimal(50)))
    second = Revision.objects.get(report=march, number=2)
    assert (second.state, second.reason_code, cases(march)) == ("draft", "other", 50)
    assert first.figures.get(indicator__code="drug-cases").value == 500


def test_an_answer_that_changes_nothing_is_asked_to_confirm(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    with pytest.raises(Refusal, match="confirm it instead"), transaction.atomic():
        answered(question, officer, entered=Entered(Decimal(500)))
    assert verbs(march) == ["open", "submit"]
    assert not Answer.objects.exists()


def test_a_correction_that_may_not_be_submitted_leaves_everything_as_it_was(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500, drug_suspects=3), reviewer)
    with pytest.raises(Refusal), transaction.atomic():
        answered(question, officer, entered=Entered(None))
    assert (cases(march), verbs(march)) == (500, ["open", "submit"])


def test_a_question_is_answered_once(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    answered(question, officer)
    with pytest.raises(Refusal, match="answered meanwhile"):
        answered(question, officer)


def test_only_officers_of_the_agency_answer(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    for other in (reviewer, person("officer", "LA-MND"), person("analyst")):
        with pytest.raises(PermissionDenied):
            answered(question, other)


def test_a_figure_has_one_open_question_at_a_time(march, officer, reviewer):
    revision = submitted(march, officer, drug_cases=500)
    question = asked(revision, reviewer)
    with pytest.raises(Refusal, match="open already"), transaction.atomic():
        asked(revision, reviewer)
    actions.withdraw(question, text="Seen in the annex.", by=reviewer, at=just_after(march))
    asked(revision, reviewer)


def test_questions_reach_those_who_answer_and_those_who_wait(march, officer, reviewer):
    question = asked(submitted(march, officer, drug_cases=500), reviewer)
    assert list(queries.questions_for(officer)) == [question]
    assert list(queries.questions_for(reviewer)) == [question]
    for other in (person("officer", "LA-MND"), person("official"), person("publisher")):
        assert not queries.questions_for(other).exists()
    [row] = queries.worklist(Report.objects.filter(pk=march.pk), date(2025, 6, 1))
    assert row.open_questions == 1


def test_a_thread_keeps_notes_questions_and_answers_with_who_and_when(march, officer, reviewer):
    revision = submitted(march, officer, drug_cases=Entered(Decimal(500), note="Two raids in one week."))
    answered(asked(revision, reviewer), officer)
    [note, question, answer] = queries.thread(march, 1, drafts=True)["drug-cases"]
    assert (note.kind, note.text, note.by) == ("note", "Two raids in one week.", officer)
    assert (question.kind, question.by) == ("question", reviewer)
    assert (answer.kind, answer.by, answer.at) == ("confirmed", officer, just_after(march))


def test_of_notes_on_the_way_to_one_the_last_stays_in_the_thread(march, officer):
    for note in ("Two", "Two raids", "Two raids."):
        fill(march, officer, drug_cases=Entered(Decimal(5), note=note))
    fill(march, person("officer", "LA-MPS", "colleague"), drug_cases=Entered(Decimal(5), note="Three, in fact."))
    said = queries.thread(march, 1, drafts=True)["drug-cases"]
    assert [one.text for one in said] == ["Two raids.", "Three, in fact."]


def test_a_note_taken_back_in_the_draft_is_not_for_the_centre(march, officer, reviewer):
    fill(march, officer, drug_cases=Entered(Decimal(5), note="Typed in the wrong place."))
    fill(march, officer, drug_cases=Entered(Decimal(5), note=""))
    revision = submitted(march, officer, drug_cases=Entered(Decimal(5), note="Two raids."))
    assert [one.text for one in queries.thread(march, 1, drafts=False)["drug-cases"]] == ["Two raids."]
    actions.send_back(march, version=revision.version, by=reviewer, at=just_after(march), note="?")
    fill(march, officer, drug_cases=Entered(Decimal(5), note="Not yet handed in."))
    assert [one.text for one in queries.thread(march, 1, drafts=False)["drug-cases"]] == ["Two raids."]
    said = queries.thread(march, 1, drafts=True)["drug-cases"]
    assert "Not yet handed in." in [one.text for one in said]


# ------------------------------------------------------------------------------------ the receipt's digest


def test_what_is_verified_has_the_digest_of_what_was_submitted(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=500, drugs_heroin="1.500")
    submit, verify = Step.objects.filter(revision__report=march, digest__gt="").order_by("id")
    assert submit.digest == verify.digest == queries.digest(submit.revision)


@pytest.mark.parametrize("other", [501, "L", Entered(Decimal(500), note="Another note.")])
def test_another_figure_has_another_digest(march, officer, other):
    before = queries.digest(submitted(march, officer, drug_cases=500))
    reviewer = person("reviewer")
    actions.send_back(march, version=march.revisions.get().version, by=reviewer, at=just_after(march), note="?")
    assert queries.digest(fill(march, officer, drug_cases=other)) != before


# --------------------------------------------------------------------------------------------- extensions


def test_an_extension_moves_the_deadline_of_one_report(march, reviewer):
    other = march.operation.reports.get(agency=march.agency, month=date(2025, 4, 1))
    actions.extend(march, until=date(2025, 4, 20), reason="Flood.", by=reviewer, at=just_after(march))
    assert Report.objects.get(pk=march.pk).due == date(2025, 4, 20)
    assert Report.objects.with_latest().get(pk=march.pk).due == date(2025, 4, 20)
    assert other.due == date(2025, 5, 10)
    assert not Report.objects.with_latest().get(pk=march.pk).is_overdue(date(2025, 4, 20))
    assert Report.objects.with_latest().get(pk=march.pk).is_overdue(date(2025, 4, 21))


@pytest.mark.parametrize(("until", "reason", "field"), [
    (date(2025, 4, 10), "Flood.", "until"),
    (date(2025, 4, 20), " ", "reason"),
])  # fmt: skip
def test_an_extension_needs_a_later_day_and_a_reason(march, reviewer, until, reason, field):
    with pytest.raises(Refusal) as refused:
        actions.extend(march, until=until, reason=reason, by=reviewer, at=just_after(march))
    assert refused.value.field == field


def test_a_month_that_closed_takes_figures_only_after_an_extension(march, officer, reviewer):
    march.operation.closes_after = 5
    march.operation.save()
    late = just_after(march) + timedelta(days=12)  # 17 April; it closed on the 15th
    figures = {"drug-cases": Entered(Decimal(5))}
    with pytest.raises(Refusal, match="closed on 2025-04-15"), transaction.atomic():
        actions.save_figures(march, figures, by=officer, at=late)
    actions.extend(march, until=date(2025, 4, 20), reason="Flood.", by=reviewer, at=late)
    assert actions.save_figures(march, figures, by=officer, at=late).count == 1


def test_a_correction_is_taken_after_the_month_closed(march, officer, reviewer):
    march.operation.closes_after = 0
    march.operation.save()
    verified(march, officer, reviewer, drug_cases=5)
    late = just_after(march) + timedelta(days=90)
    actions.correct(march, reason_code="late", reason="A late file.", by=officer, at=late)
    assert actions.save_figures(march, {"drug-cases": Entered(Decimal(6))}, by=officer, at=late).count == 1


# ------------------------------------------------------------------------------- one figure, zeros, undo


def test_a_figure_that_moved_on_is_a_conflict_and_stays(march, officer):
    colleague = person("officer", "LA-MPS", "colleague")
    fill(march, officer, drug_cases=5)
    with pytest.raises(Conflict) as conflict, transaction.atomic():
        at = just_after(march)
        actions.save_figures(march, {"drug-cases": Entered(Decimal(6))}, seen={"drug-cases": 0}, by=colleague, at=at)
    assert (conflict.value.figure.value, conflict.value.figure.version) == (5, 1)
    assert cases(march) == 5


def test_the_same_figure_typed_twice_is_no_conflict(march, officer):
    given, at = {"drug-cases": Entered(Decimal(6), "case")}, just_after(march)
    assert actions.save_figures(march, given, seen={"drug-cases": 0}, by=officer, at=at).count == 1
    assert actions.save_figures(march, given, seen={"drug-cases": 0}, by=officer, at=at).count == 0


def test_nothing_to_report_fills_what_is_empty_and_leaves_what_is_not(march, officer):
    fill(march, officer, drug_cases="M", drug_suspects=4)
    saved = actions.nothing_to_report(march, "drugs", by=officer, at=just_after(march))
    figures = march.revisions.get().figures.values_list("indicator__code", "value", "mark")
    assert sorted(figures) == [("drug-cases", None, "M"), ("drug-suspects", 4, None), ("drugs-heroin", 0, None)]
    actions.undo(march, after=saved.before, upto=saved.version, by=officer, at=just_after(march))
    assert march.revisions.get().figures.get(indicator__code="drugs-heroin").is_empty


def test_undo_brings_back_the_figures_before_and_keeps_the_record(march, officer):
    fill(march, officer, drug_cases=5, drugs_heroin="1.500")
    given = {"drug-cases": Entered(Decimal(6)), "drugs-heroin": Entered(mark="L", note="Lost."),
             "drug-suspects": Entered(Decimal(7))}  # fmt: skip
    saved = actions.save_figures(march, given, by=officer, at=just_after(march))
    undone = actions.undo(march, after=saved.before, upto=saved.version, by=officer, at=just_after(march))
    figures = march.revisions.get().figures.values_list("indicator__code", "value", "mark")
    assert undone.count == 3
    assert sorted(figures) == [
        ("drug-cases", 5, None), ("drug-suspects", None, None), ("drugs-heroin", Decimal("1.5"), None)
    ]  # fmt: skip
    assert march.revisions.get().changes.count() == 2 + 3 + 3


def test_undo_takes_nothing_back_that_somebody_changed_since(march, officer):
    saved = actions.save_figures(march, {"drug-cases": Entered(Decimal(5))}, by=officer, at=just_after(march))
    fill(march, person("officer", "LA-MPS", "colleague"), drug_cases=8)
    with pytest.raises(Refusal, match="changed since"):
        actions.undo(march, after=saved.before, upto=saved.version, by=officer, at=just_after(march))
    assert cases(march) == 8


def test_nobody_undoes_what_another_saved(march, officer):
    fill(march, officer, drug_cases=5)
    colleague = person("officer", "LA-MPS", "colleague")
    with pytest.raises(Refusal, match="nothing of yours"):
        actions.undo(march, after=0, upto=9, by=colleague, at=just_after(march))


def test_an_impossible_figure_is_refused_wherever_it_comes_from(march, officer):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE operations_indicator SET impossible_from = 100000 WHERE code = 'drug-cases'")
    with pytest.raises(Refusal, match="cannot be 100,000 in one month") as refused, transaction.atomic():
        fill(march, officer, drug_cases=100_000)
    assert refused.value.field == "drug-cases"
    fill(march, officer, drug_cases=99_999)


def test_a_habit_is_remembered_for_the_own_agency_only(march, officer, reviewer):
    actions.remember_habit(march.agency, ",", by=officer)
    assert Agency.objects.get(code="LA-MPS").decimal_separator == ","
    for other in (reviewer, person("officer", "LA-MND")):
        with pytest.raises(PermissionDenied):
            actions.remember_habit(march.agency, ".", by=other)


def test_a_correction_still_compares_with_what_was_verified(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=5)
    second = corrected(march, officer, reviewer, drug_cases=6)
    assert queries.entries_before(second)["drug-cases"].value == 5


# ----------------------------------------------------------------------------------- a year earlier


def test_a_year_earlier_is_the_same_month_of_the_operation_before(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=5)
    corrected(march, officer, reviewer, drug_cases=6)
    following = joint_operation("JT-2026", "2026-01-01", "2026-06-30", ["LA-MPS", "LA-MND"], LEAVES)
    assert queries.year_earlier_entries(report(following, "LA-MPS", "2026-03"))["drug-cases"].value == 6
    assert queries.year_earlier_entries(report(following, "LA-MPS", "2026-04")) is None
    assert queries.year_earlier_entries(report(following, "LA-MND", "2026-03")) is None
