"""People and events that many tests need, told in one line each; the catalogue is there already.

officer, reviewer = person("officer", "KH-NP"), person("reviewer")
operation = joint_operation("JT-2025", "2025-02-26", "2025-03-31", ["KH-NP"], ["drug-cases"])
verified(report(operation, "KH-NP", "2025-03"), officer, reviewer, drug_cases=12)
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.contrib.auth.models import Group

from operations import actions, months, queries
from operations.actions import Entered
from operations.models import (
    Agency,
    Indicator,
    Operation,
    Person,
    PublishedClaim,
    Question,
    Report,
    Revision,
    Unit,
)

RELEASED = datetime(2026, 1, 27, 9, tzinfo=UTC)
NOTE = "Compared with the log book."


def person(role: str, agency: str = "", username: str = "") -> Person:
    """Somebody of a role (a group of fixtures/roles.json), officers with the code of their agency.

    Asked again for the same username (the role and the agency, if none is given) it is the same person.
    """
    username = username or ".".join(filter(None, (role, agency.lower())))
    somebody = Person.objects.filter(username=username).first()
    if somebody is None:
        agency = Agency.objects.get(code=agency) if agency else None
        somebody = Person.objects.create_user(username, agency=agency)
        somebody.groups.add(Group.objects.get(name=role))
    return somebody


def joint_operation(code: str, first_day: str, last_day: str, agencies, indicators, **more) -> Operation:
    """A new operation with its reports expected; agencies and indicators by code."""
    operation = Operation.objects.create(
        code=code,
        name=more.pop("name", code),
        first_day=date.fromisoformat(first_day),
        last_day=date.fromisoformat(last_day),
        **more,
    )
    operation.agencies.set(Agency.objects.filter(code__in=agencies))
    operation.indicators.set(Indicator.objects.filter(code__in=indicators))
    actions.expect_reports(operation)
    return operation


def report(operation: Operation, agency: str, month: str) -> Report:
    return operation.reports.get(agency__code=agency, month=months.read(month))


def fill(report: Report, by: Person, **figures) -> Revision:
    """Save figures in the report's draft, and get it: `drug_cases=12`, `drugs_heroin="1.500"`, a mark as "L" or
    "M", None for nothing, or an `Entered` for all else. Each has a note, so that no check asks for one."""
    entered = {code.replace("_", "-"): _entered(figure) for code, figure in figures.items()}
    actions.save_figures(report, entered, by=by, at=just_after(report))
    return report.revisions.get(state=Revision.State.DRAFT)


def submitted(report: Report, by: Person, **figures) -> Revision:
    """The same, and 0 in every figure that is not given, then handed in."""
    nil = {leaf.code.replace("-", "_"): 0 for leaf in queries.leaves(report.operation)}
    draft = fill(report, by, **nil | figures)
    return actions.submit(report, version=draft.version, by=by, at=just_after(report))


def verified(report: Report, by: Person, reviewer: Person, **figures) -> Revision:
    """The same, and verified."""
    revision = submitted(report, by, **figures)
    return actions.verify(report, version=revision.version, by=reviewer, at=just_after(report))


def corrected(report: Report, by: Person, reviewer: Person, **figures) -> Revision:
    """A verified report corrected in these figures alone, and verified again."""
    actions.correct(report, reason_code="typing", reason="A digit was wrong.", by=by, at=just_after(report))
    draft = fill(report, by, **figures)
    actions.submit(report, version=draft.version, by=by, at=just_after(report))
    return actions.verify(report, version=draft.version, by=reviewer, at=just_after(report))


def asked(revision: Revision, by: Person, indicator: str = "drug-cases", days: int = 3) -> Question:
    """A question about a figure handed in, to be answered within so many days."""
    at = just_after(revision.report)
    due = at.date() + timedelta(days=days)
    return actions.ask(revision.report, indicator, text="Is it really so many?", due=due, by=by, at=at)


def released(operation: Operation, last_month: str, by: Person):
    """The operation's next release."""
    return actions.release(operation, last_month=months.read(last_month), by=by, at=RELEASED)


def claimed(
    operation: Operation,
    indicator: str,
    quantity,
    unit: str,
    wording: str,
    precision="exact",
    said_on="2026-01-27",
):
    """A number said in public of the operation."""
    return PublishedClaim.objects.create(
        operation=operation,
        indicator=Indicator.objects.get(code=indicator),
        said_on=date.fromisoformat(said_on),
        where="Summary meeting",
        wording=wording,
        quantity=Decimal(quantity),
        unit=Unit.objects.get(code=unit),
        precision=precision,
    )


def just_after(report: Report) -> datetime:
    """The morning of the fifth day after the report's month, in time for its deadline."""
    return datetime.combine(months.shift(report.month, 1).replace(day=5), time(9), UTC)


def _entered(figure) -> Entered:
    if isinstance(figure, Entered):
        return figure
    if figure is None:
        return Entered()
    if figure in ("L", "M"):
        return Entered(mark=figure, note=NOTE)
    return Entered(Decimal(figure), note=NOTE)
