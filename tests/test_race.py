"""Two at once, each with a connection of its own: one wins, the other reads a sentence, nothing is done twice."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection
from stories import fill, joint_operation, just_after, person, submitted, verified

from operations import actions, months
from operations.actions import Entered, Refusal
from operations.models import Change, Figure, Release, Revision, Step

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 20
NOTE = "Compared with the log book."
LEAVES = ["drug-cases", "drug-suspects"]


@pytest.fixture
def operation():
    return joint_operation("JT-2025", "2023-01-01", "2025-12-31", ["KH-NP"], LEAVES)


@pytest.fixture
def officer():
    return person("officer", "KH-NP")


def at_once(*deeds):
    """Do all of it at the same moment; what each returned, or the sentence that refused it."""
    barrier = Barrier(len(deeds))

    def go(deed):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=10)
            return deed()
        except Refusal as refusal:
            return refusal.message
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(go, deeds))


def each_month(operation):
    return list(operation.reports.order_by("month")[:ROUNDS])


def save(march, by, **figures):
    entered = {code.replace("_", "-"): Entered(Decimal(value), note=NOTE) for code, value in figures.items()}
    return lambda: actions.save_figures(march, entered, by=by, at=just_after(march)).count


def won(outcomes):
    return [one for one in outcomes if not isinstance(one, str)]


def said(outcomes):
    return [one for one in outcomes if isinstance(one, str)]


def test_of_two_reviewers_exactly_one_decides(operation, officer):
    one, other = person("reviewer", username="one"), person("reviewer", username="other")
    for march in each_month(operation):
        version = submitted(march, officer, drug_cases=1).version
        asked = {"version": version, "at": just_after(march), "note": NOTE}
        outcomes = at_once(
            lambda march=march, asked=asked: actions.verify(march, by=one, **asked),
            lambda march=march, asked=asked: actions.send_back(march, by=other, **asked),
        )
        [decided], [sentence] = won(outcomes), said(outcomes)
        assert sentence.endswith(".")
        assert Revision.objects.get(report=march).state == decided.state
        decisions = Step.objects.filter(revision__report=march, verb__in=["verify", "send_back"])
        assert [step.to_state for step in decisions] == [decided.state]


def test_of_two_reviewers_who_agree_one_verifies(operation, officer):
    one, other = person("reviewer", username="one"), person("reviewer", username="other")
    for march in each_month(operation):
        asked = {"version": submitted(march, officer, drug_cases=1).version, "at": just_after(march)}
        outcomes = at_once(
            lambda march=march, asked=asked: actions.verify(march, by=one, **asked),
            lambda march=march, asked=asked: actions.verify(march, by=other, **asked),
        )
        assert len(won(outcomes)) == 1
        assert said(outcomes) == ["This report is already verified; open a correction to change it."]
        assert Step.objects.filter(revision__report=march, verb="verify").count() == 1


def test_a_save_beside_a_submission_is_in_it_or_is_refused(operation, officer):
    colleague = person("officer", "KH-NP", username="colleague")
    for march in each_month(operation):
        version = fill(march, officer, drug_cases=1, drug_suspects=1).version
        saved, handed_in = at_once(
            save(march, colleague, drug_cases=2),
            lambda march=march, version=version: actions.submit(
                march, version=version, by=officer, at=just_after(march)
            ),
        )
        revision = Revision.objects.get(report=march)
        value = Figure.objects.get(revision=revision, indicator__code="drug-cases").value
        # Never a figure that was submitted by somebody who had not seen it.
        if revision.is_submitted:
            assert (value, saved.endswith("stays as it is.")) == (1, True)
            assert Step.objects.get(revision=revision, verb="submit").version == revision.version
        else:
            assert (value, saved) == (2, 1)
            assert "have changed since" in handed_in


def test_two_first_saves_begin_one_revision_and_keep_both_figures(operation, officer):
    colleague = person("officer", "KH-NP", username="colleague")
    for march in each_month(operation):
        assert at_once(save(march, officer, drug_cases=1), save(march, colleague, drug_suspects=2)) == [1, 1]
        revision = Revision.objects.get(report=march)
        figures = Figure.objects.filter(revision=revision).values_list("indicator__code", "value")
        assert dict(figures) == {"drug-cases": 1, "drug-suspects": 2}
        assert list(revision.steps.values_list("verb", flat=True)) == ["open"]
        changes = Change.objects.filter(revision=revision).values_list("indicator__code", "by__username")
        assert dict(changes) == {"drug-cases": officer.username, "drug-suspects": "colleague"}


def test_two_corrections_at_once_open_one(operation, officer):
    reviewer, colleague = person("reviewer"), person("officer", "KH-NP", username="colleague")
    for march in each_month(operation)[:10]:
        verified(march, officer, reviewer, drug_cases=1)
        asked = {"reason_code": "typing", "reason": "A digit.", "at": just_after(march)}
        outcomes = at_once(
            lambda march=march, asked=asked: actions.correct(march, by=officer, **asked),
            lambda march=march, asked=asked: actions.correct(march, by=colleague, **asked),
        )
        assert (len(won(outcomes)), len(said(outcomes))) == (1, 1)
        assert list(march.revisions.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_two_publishers_make_two_releases(operation, officer):
    march = operation.reports.first()
    revision = verified(march, officer, person("reviewer"), drug_cases=1)
    publishers = [person("publisher", username="one"), person("publisher", username="other")]
    for numbers in ([1, 2], [3, 4], [5, 6], [7, 8], [9, 10]):
        made = at_once(*(
            lambda by=by: actions.release(
                operation, last_month=months.read("2025-12"), by=by, at=just_after(march)
            )
            for by in publishers
        ))  # fmt: skip
        assert sorted(one.number for one in made) == numbers
    assert all(list(one.revisions.all()) == [revision] for one in Release.objects.all())
