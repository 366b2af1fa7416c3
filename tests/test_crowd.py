"""Two officers and a reviewer at once, at random: the records left are the replay of what is on record."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random
from threading import Barrier

import pytest
from django.db import connection
from stories import joint_operation, just_after, person

from operations import actions, queries
from operations.actions import Entered, Refusal
from operations.models import Change, Report, Revision, Step

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 50
LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-methamphetamine-tablets", "trafficking-cases"]
NOTE = "Compared with the log book."


def newest(report) -> Revision | None:
    return report.revisions.order_by("-number").first()


def a_figure(chance: Random, code: str) -> Entered:
    kind = chance.choice(["figure", "figure", "figure", "tablets", "mark", "zero", "nothing"])
    if kind == "tablets" and code == "drugs-methamphetamine-tablets":
        return Entered(Decimal(chance.randrange(1, 10**6)), "tablet", note=NOTE)
    if kind == "mark":
        return Entered(mark=chance.choice("LM"), note=chance.choice([NOTE, "The log is lost."]))
    if kind == "nothing" and chance.random() < 0.3:
        return Entered(note=NOTE)
    places = 3 if code.startswith("drugs-") else 0
    return Entered(Decimal(chance.randrange(10**6)).scaleb(-places), note=NOTE)


def officers_deed(chance: Random, report, by):
    at, revision = just_after(report), newest(report)
    deed = chance.choice(["some", "some", "all", "all", "submit", "submit", "nothing", "undo"])
    if revision and revision.is_verified:
        return actions.correct(report, reason_code="late", reason="A late file.", by=by, at=at)
    if deed == "submit" and revision:
        return actions.submit(report, version=revision.version, by=by, at=at)
    if deed == "nothing":
        return actions.nothing_to_report(report, "drugs", by=by, at=at)
    if deed == "undo" and revision:
        return actions.undo(report, after=max(0, revision.version - 2), upto=revision.version, by=by, at=at)
    codes = LEAVES if deed == "all" else chance.sample(LEAVES, 2)
    return actions.save_figures(report, {code: a_figure(chance, code) for code in codes}, by=by, at=at)


def reviewers_deed(chance: Random, report, by):
    revision = newest(report)
    asked = {"version": getattr(revision, "version", 0), "by": by, "at": just_after(report), "note": NOTE}
    return chance.choice([actions.verify, actions.verify, actions.send_back])(report, **asked)


def at_once(deeds) -> list[str]:
    """Do them at the same moment; what each came to: the name of what it gave back, or its refusal."""
    barrier = Barrier(len(deeds))

    def go(deed):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=10)
            return type(deed()).__name__
        except Refusal:
            return "Refusal"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(go, deeds))


def replayed(revision) -> dict[str, dict]:
    """The figures of a revision from nothing but the changes on record, each of which begins where the last ended."""
    standing = {}
    history = Change.objects.filter(revision__report=revision.report, revision__number__lte=revision.number)
    for change in history.select_related("indicator").order_by("id"):
        assert change.before == standing.get(change.indicator.code)
        standing[change.indicator.code] = change.after
    return standing


def kept(revision) -> dict[str, dict]:
    """The same from the figures themselves, in the words of the changes."""
    return {
        one.indicator.code: {
            "value": None if one.value is None else f"{one.value:.3f}",
            "mark": one.mark,
            "estimated": one.estimated,
            "note": one.note,
            "quantity": None if one.quantity is None else f"{one.quantity.normalize():f}",
            "unit": one.unit and one.unit.code,
            "factor": one.factor and f"{one.factor.factor.normalize():f}",
        }
        for one in revision.figures.select_related("indicator", "unit", "factor")
    }


def test_after_fifty_rounds_at_once_the_last_state_is_the_replay_of_the_record():
    operation = joint_operation("JT-2025", "2025-02-26", "2025-04-30", ["KH-NP"], LEAVES)
    officers = [person("officer", "KH-NP"), person("officer", "KH-NP", username="colleague")]
    reviewer = person("reviewer")
    reports, chance, outcomes = list(operation.reports.order_by("month")), Random(2025), []
    for _round in range(ROUNDS):
        report = chance.choice(reports)
        seeds = [Random(chance.random()) for _who in range(3)]
        deeds = [lambda by=by, own=own, report=report: officers_deed(own, report, by)
                 for by, own in zip(officers, seeds, strict=False)]  # fmt: skip
        deeds.append(lambda own=seeds[2], report=report: reviewers_deed(own, report, reviewer))
        outcomes += at_once(deeds)

    assert {"Saved", "Revision", "Refusal"} <= set(outcomes)
    verified = Revision.objects.verified()
    assert verified.count() > 1
    for revision in Revision.objects.select_related("report"):
        assert replayed(revision) == kept(revision)
        steps = list(Step.objects.filter(revision=revision).order_by("id"))
        assert [step.from_state for step in steps[1:]] == [step.to_state for step in steps[:-1]]
        assert steps[-1].to_state == revision.state
    for step in Step.objects.filter(verb="verify").select_related("revision__report"):
        submitted = step.revision.steps.filter(verb="submit").last()
        assert step.version == submitted.version
        assert step.digest == submitted.digest == queries.digest(step.revision)
    assert Report.objects.filter(operation=operation).count() == len(reports)
