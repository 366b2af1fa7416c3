"""Loading a file of figures: its rows become the figures of reports, by the same verbs as everybody uses."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from . import access, actions, checks, merging, months, queries
from .actions import Entered
from .layouts import FileRefused, Layout, Part, Refused
from .merging import Wanted
from .models import Agency, Figure, Indicator, Operation, Person, Report, Revision


@dataclass(frozen=True)
class Order:
    """What is wanted of an import, and who answers for it.

    `by` enters; with `as_officers` each agency's figures are saved in the name of an account of that agency
    made for imports, and `by` is the person who ran it. `verified_by` verifies what is submitted.
    """

    by: Person
    at: datetime
    source: str
    as_officers: bool = False
    submit: bool = False
    verified_by: Person | None = None
    skip_refused: bool = False
    dry_run: bool = False


@dataclass
class Outcome:
    """What an import did, or in a dry run would do; `not_submitted` has a sentence for each such report."""

    operation: Operation
    rows: int = 0
    reports: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    submitted: int = 0
    verified: int = 0
    refused: list[Refused] = field(default_factory=list)
    not_submitted: list[str] = field(default_factory=list)
    odd: list[tuple[Report, checks.Finding]] = field(default_factory=list)
    is_stopped: bool = False
    is_written: bool = False


def load(content: bytes, layout: Layout, operation_code: str, order: Order) -> Outcome:
    """Load a file, all or nothing: with a refused row nothing is written, unless the order is to skip those.

    FileRefused where the file, the operation or the order itself cannot be worked with.
    """
    if order.verified_by and not order.submit:
        raise FileRefused(_("Only what is submitted can be verified; add --submit."))
    if order.verified_by == order.by:
        raise FileRefused(_("Nobody verifies what they loaded themselves; name another reviewer."))
    if order.verified_by and not access.may_review(order.verified_by):
        raise FileRefused(
            _("%(name)s may not verify reports; name a reviewer.") % {"name": order.verified_by.username}
        )
    parts, refused = layout.read(content)
    with transaction.atomic():
        outcome = Outcome(_operation(operation_code, layout), rows=len(parts) + len(refused), refused=refused)
        _Import(layout, order, outcome).load(parts)
        refused.sort(key=lambda one: one.row)
        outcome.is_stopped = bool(refused or outcome.not_submitted) and not order.skip_refused
        outcome.is_written = not (outcome.is_stopped or order.dry_run)
        if not outcome.is_written:
            transaction.set_rollback(True)
    return outcome


def _operation(code: str, layout: Layout) -> Operation:
    """The operation of that code; the one that the layout describes is made, with its reports, if missing."""
    told = layout.operation
    if found := Operation.objects.filter(code=code).first():
        return found
    if not told or told["code"] != code:
        raise FileRefused(
            _("There is no operation “%(code)s”; known are: %(codes)s.")
            % {"code": code, "codes": ", ".join(Operation.objects.values_list("code", flat=True))}
        )
    agencies = Agency.objects.filter(code__in=told["agencies"])
    indicators = Indicator.objects.leaves().filter(code__in=told["indicators"])
    found = {thing.code for thing in [*agencies, *indicators]}
    if missing := [name for name in [*told["agencies"], *told["indicators"]] if name not in found]:
        raise FileRefused(
            _("The profile's operation needs %(codes)s; the catalogue has no such agency or leaf indicator.")
            % {"codes": ", ".join(missing)}
        )
    operation = Operation.objects.create(
        code=code,
        name=told["name"],
        first_day=told["first_day"],
        last_day=told["last_day"],
        translations=told.get("translations", {}),
    )
    operation.agencies.set(agencies)
    operation.indicators.set(indicators)
    actions.expect_reports(operation)
    return operation


def _no_report(part: Part, operation: Operation) -> tuple[str, str]:
    """The field that no report of the operation fits, and the sentence."""
    codes = list(operation.agencies.values_list("code", flat=True))
    if part.agency not in codes:
        return "agency", _("%(code)s does not take part in %(operation)s; those who do: %(codes)s.") % {
            "code": part.agency[:40],
            "operation": operation.code,
            "codes": ", ".join(codes),
        }
    return "month", _("%(month)s lies outside %(operation)s, which runs from %(first)s to %(last)s.") % {
        "month": months.written(part.month),
        "operation": operation.code,
        "first": months.written(operation.first_month),
        "last": months.written(operation.last_month),
    }


def officer_for_imports(agency: Agency) -> Person:
    """The account in whose name the Centre loads an agency's figures, made when missing; none can sign in."""
    person, is_new = Person.objects.get_or_create(
        username=f"import.{agency.code.lower()}",
        defaults={
            "agency": agency,
            "first_name": "Import",
            "last_name": agency.code,
            "password": make_password(None),
        },
    )
    if is_new:
        person.groups.set(Group.objects.filter(name="officer"))
    return person


class _Import:
    """One run: what is looked up once, and the way of a report's rows into the records."""

    def __init__(self, layout: Layout, order: Order, outcome: Outcome):
        self.layout, self.order, self.outcome = layout, order, outcome
        self.leaves = {leaf.code: leaf for leaf in queries.leaves(outcome.operation)}
        self.factors_of = cache(lambda month: queries.factors(self.leaves.values(), month))
        self.officer_of = cache(officer_for_imports)
        self.left_out = defaultdict(list)
        for one in outcome.refused:
            self._leave_out(one.part)

    def load(self, parts: list[Part]) -> None:
        """Every report that has a row, in the order of months: one is judged against those before it."""
        reports = self.outcome.operation.reports.select_related("operation", "agency")
        in_order = reports.order_by("month", "agency__position")
        reports = {(report.agency.code, report.month): report for report in in_order}
        rows_of = defaultdict(list)
        for part in parts:
            if (part.agency, part.month) in reports:
                rows_of[part.agency, part.month].append(part)
            else:
                self.refuse([part], *_no_report(part, self.outcome.operation))
        for key, report in reports.items():
            if key in rows_of:
                by = self.officer_of(report.agency) if self.order.as_officers else self.order.by
                if not access.may_enter(by, report):
                    reason = _(
                        "%(name)s does not enter for this agency; let its officer do it, or add --as-officers."
                    )
                    self.refuse(rows_of[key], "agency", reason % {"name": by.username})
                elif self.save(report, rows_of[key], by):
                    self.hand_in(report, by)

    def save(self, report: Report, parts: list[Part], by) -> bool:
        """Save a report's figures; False if none is left that could be."""
        wanted = {part.indicator: _one(part) for part in parts}
        if self.layout.merges:
            wanted = self.merged(report, parts)
        revision = report.revisions.order_by("-number").first()
        before = {figure.indicator.code: figure for figure in _figures(revision)}
        for code in [code for code, one in wanted.items() if not one.parts and code in before]:
            if before[code].value is not None:  # a file that does not mention a figure never takes it away
                del wanted[code]
        # A file loaded twice must not ask for a correction; a draft may be saved again in any case.
        is_handed_in = revision is not None and not revision.is_draft
        is_known = all(code in before and _is_same(before[code], one.entered) for code, one in wanted.items())
        saved = 0
        while any(one.parts for one in wanted.values()):
            try:
                if not (is_handed_in and is_known):
                    entered = {code: one.entered for code, one in wanted.items()}
                    saved = actions.save_figures(report, entered, by=by, at=self.order.at).count
            except actions.Refusal as problem:
                at_fault = wanted.pop(problem.field, None)
                name = self._field(at_fault, problem.field, report.month)
                self.refuse(at_fault.parts if at_fault else parts, name, problem.message)
                if at_fault is None:
                    return False
            else:
                new = len(wanted.keys() - before.keys())
                self.outcome.reports += 1
                self.outcome.new += new
                self.outcome.changed += saved - new
                self.outcome.unchanged += len(wanted) - saved
                return True
        return False

    def merged(self, report: Report, parts: list[Part]) -> dict[str, Wanted]:
        """The figures that a foreign file's rows make, after refusing the rows that have no factor."""
        factors = self.factors_of(report.month)
        good = []
        for part in parts:
            leaf = self.leaves.get(part.indicator)
            if leaf is None or part.unit == leaf.unit.code or (leaf.code, part.unit) in factors:
                good.append(part)
            else:
                reason = _("%(name)s has no conversion factor from “%(unit)s” to %(own)s.")
                words = {"name": leaf.label, "unit": part.unit, "own": leaf.unit.code}
                self.refuse([part], "unit", reason % words)
        left_out = self.left_out[report.agency.code, report.month]
        return merging.figures(good, left_out, self.leaves, factors, self.layout.rest)

    def hand_in(self, report: Report, by) -> None:
        """List what is odd, and submit and verify as ordered."""
        revision = report.revisions.order_by("-number").first()
        found = queries.findings(report, revision)
        self.outcome.odd += [(report, finding) for finding in found if not finding.blocks]
        order = self.order
        note = f"Imported from {order.source} by {order.by.username}."  # kept with the step, hence English
        try:
            if order.submit and revision.is_draft:
                revision = actions.submit(report, version=revision.version, by=by, at=order.at, note=note)
                self.outcome.submitted += 1
            if order.verified_by and revision.is_submitted:
                actions.verify(report, version=revision.version, by=order.verified_by, at=order.at)
                self.outcome.verified += 1
        except actions.Refusal as problem:
            self.outcome.not_submitted.append(f"{report}: {problem.message}")

    def refuse(self, parts, name: str, reason: str) -> None:
        for part in parts:
            self.outcome.refused.append(self.layout.refuse(part.row, part.texts, name, reason, part))
            self._leave_out(part)

    def _leave_out(self, part: Part | None) -> None:
        if part:
            self.left_out[part.agency, part.month].append(part)

    def _field(self, at_fault: Wanted | None, code: str, month: date) -> str:
        """The field that a refused save is about; the month, if it is about the whole report."""
        if at_fault is None:
            return "month"
        leaf, unit = self.leaves.get(code), at_fault.entered.unit
        if leaf is None:
            return "indicator"
        return "value" if unit in ("", leaf.unit.code) or (code, unit) in self.factors_of(month) else "unit"


def _one(part: Part) -> Wanted:
    return Wanted(Entered(part.quantity, part.unit, part.mark, part.note), (part,))


def _figures(revision: Revision | None):
    return revision.figures.select_related("indicator__unit", "unit") if revision else []


def _is_same(figure: Figure, entered: Entered) -> bool:
    """Whether the figure says already what is to be entered."""
    unit = (entered.unit or figure.indicator.unit.code) if entered.quantity is not None else None
    return (figure.quantity, figure.unit and figure.unit.code, figure.mark, figure.note) == (
        entered.quantity,
        unit,
        entered.mark,
        entered.note,
    )
