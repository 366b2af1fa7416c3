"""The verbs: save, undo, submit, send back, verify, correct, ask, answer, extend, release. Only these write records.

Each locks the report, checks permission, guards the starting state, changes, and writes the history, in one
transaction. Changes of figures are recorded by the database itself, under the name that `_acting` leaves there.
"""

from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from . import access, checks, communique, months, numbers, queries
from .models import (
    Agency,
    Answer,
    Extension,
    Figure,
    Operation,
    Pin,
    Question,
    Release,
    Reply,
    Report,
    Revision,
    Step,
    Unit,
)


class Refusal(Exception):
    """Why a verb cannot be done now, as a sentence with a way forward; `field` names the figure it is about."""

    def __init__(self, message: str, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


class Conflict(Refusal):
    """Somebody saved another figure since the writer last saw it; `figure` is what is saved now."""

    def __init__(self, message: str, figure: Figure):
        super().__init__(message, figure.indicator.code)
        self.figure = figure


@dataclass(frozen=True)
class Entered:
    """One figure as somebody gave it: a quantity in a unit, or a mark, or neither; `unit` is a code."""

    quantity: Decimal | None = None
    unit: str = ""
    mark: str | None = None
    note: str = ""
    estimated: bool = False


@dataclass(frozen=True)
class Saved:
    """How many figures a save changed, and the revision's version before and after it."""

    count: int
    before: int
    version: int


def expect_reports(operation: Operation) -> int:
    """Make the reports that the operation's agencies owe, so that missing is visible; how many were new.

    Not for months that are released: what a release expected stays as it was.
    """
    released = operation.releases.published().aggregate(month=Max("last_month"))["month"]
    first = months.shift(released, 1) if released else operation.first_month
    wanted = [
        Report(operation=operation, agency=agency, month=month)
        for month in months.span(first, operation.last_month)
        for agency in operation.agencies.all()
    ]
    before = operation.reports.count()
    Report.objects.bulk_create(wanted, ignore_conflicts=True)
    return operation.reports.count() - before


def save_figures(
    report: Report, entered: dict[str, Entered], *, by, at: datetime, seen: Mapping[str, int] | None = None
) -> Saved:
    """Save figures, by indicator, in the report's draft, which begins with the first save.

    All or none: Refusal for an unknown or calculated indicator, an unknown unit, or a report that is not in draft;
    Conflict where a figure is not the version that was `seen` (0: none) and is not what is given either.
    """
    with _acting(by, at, report) as report:
        if not access.may_enter(by, report):
            raise PermissionDenied
        return _save(_draft(report, by=by, at=at), entered, seen or {})


def nothing_to_report(report: Report, area: str, *, by, at: datetime) -> Saved:
    """Enter zero in every empty leaf of a focus area; marks and figures stay. Refusal where none is empty."""
    with _acting(by, at, report) as report:
        if not access.may_enter(by, report):
            raise PermissionDenied
        revision = _draft(report, by=by, at=at)
        known = queries.entries(revision)
        empty = [
            leaf.code
            for leaf in queries.leaves(report.operation)
            if leaf.area.code == area and checks.is_empty(known.get(leaf.code, checks.EMPTY))
        ]
        if not empty:
            raise Refusal(_("No figure of this section is empty; nothing was changed."), "area")
        notes = {code: known[code].note for code in empty if code in known}
        zeros = {code: Entered(Decimal(0), note=notes.get(code, "")) for code in empty}
        return _save(revision, zeros, {})


def undo(report: Report, *, after: int, upto: int, by, at: datetime) -> Saved:
    """Take back one's own changes between two versions of the draft, as a change like any other.

    Refusal where any of these figures has been changed since: what came later is not taken back with it.
    """
    with _acting(by, at, report) as report:
        if not access.may_enter(by, report):
            raise PermissionDenied
        revision = _draft(report, by=by, at=at)
        changes = revision.changes.select_related("indicator").order_by("-id")
        taken = list(changes.filter(version__gt=after, version__lte=upto, by=by))
        if not taken:
            raise Refusal(_("There is nothing of yours to undo here."))
        others = changes.filter(version__gt=after, indicator__in=[change.indicator for change in taken])
        if moved := others.exclude(pk__in=[change.pk for change in taken]).first():
            raise Refusal(
                _("%(name)s has been changed since; nothing was undone. Correct the figures by hand.")
                % {"name": moved.indicator.label},
                moved.indicator.code,
            )
        # Newest first, so that the oldest state of a figure changed twice is the one that stays.
        before = {change.indicator.code: _recorded(change.before) for change in taken}
        return _save(revision, before, {})


def remember_habit(agency: Agency, separator: str, *, by) -> None:
    """Keep which decimal separator an agency's officers write, as one of them has just answered."""
    if not (access.is_officer(by) and by.agency_id == agency.pk):
        raise PermissionDenied
    Agency.objects.filter(pk=agency.pk).exclude(decimal_separator=separator).update(
        decimal_separator=separator
    )


def submit(report: Report, *, version: int, by, at: datetime, note: str = "") -> Revision:
    """Hand in the draft as seen at `version`. Refusal while anything stops it or an odd figure has no reason."""
    with _acting(by, at, report) as report:
        if not access.may_enter(by, report):
            raise PermissionDenied
        revision = _newest(report)
        if revision is None or not revision.is_draft:
            raise Refusal(_wrong_state(revision, _("submitted")))
        _same_version(revision, version)
        return _hand_in(report, revision, by=by, at=at, note=note)


def send_back(
    report: Report, *, version: int, number: int | None = None, by, at: datetime, note: str
) -> Revision:
    """Return the submitted revision to its officer, with the reason: it is a draft again.

    The revision's `number` tells it from an earlier one that had as many changes; None trusts the version alone.
    """
    with _acting(by, at, report) as report:
        if not access.may_review(by):
            raise PermissionDenied
        revision = _submitted(report, version, number)
        if not note.strip():
            raise Refusal(_("Write why the report is sent back; the officer reads it."), "note")
        return _move(revision, Step.Verb.SEND_BACK, Revision.State.DRAFT, by=by, at=at, note=note.strip())


def verify(
    report: Report, *, version: int, number: int | None = None, by, at: datetime, note: str = ""
) -> Revision:
    """Verify exactly the version seen; from then on it is frozen. Never what one entered or submitted oneself."""
    with _acting(by, at, report) as report:
        if not access.may_review(by):
            raise PermissionDenied
        revision = _submitted(report, version, number)
        if queries.has_worked_on(by, report):
            raise Refusal(_("You entered or submitted figures of this report; somebody else must verify it."))
        return _move(revision, Step.Verb.VERIFY, Revision.State.VERIFIED, by=by, at=at, note=note.strip())


def correct(report: Report, *, reason_code: str, reason: str, by, at: datetime) -> Revision:
    """Open the next revision of a verified report, as a copy to be changed. The verified one stays."""
    with _acting(by, at, report) as report:
        if not access.may_enter(by, report):
            raise PermissionDenied
        return _open_correction(report, reason_code, reason.strip(), by=by, at=at)


def keep_reply(key: str, asked: str, *, status: int, body: dict, by, at: datetime) -> None:
    """Keep what was answered to a request with an idempotency key; what is older than 30 days is forgotten."""
    Reply.objects.filter(by=by, at__lt=at - timedelta(days=30)).delete()
    Reply.objects.create(by=by, key=key, asked=asked, status=status, body=body, at=at)


def extend(report: Report, *, until: date, reason: str, by, at: datetime) -> Extension:
    """Give one agency longer for one month. Refusal without a reason, for a day gone by, or when it is in already."""
    with _acting(by, at, report) as report:
        if not access.may_extend(by):
            raise PermissionDenied
        if not reason.strip():
            raise Refusal(_("Say in a sentence why this agency gets longer."), "reason")
        if until <= report.due or until < at.date():
            raise Refusal(
                _("Choose a day after %(day)s that has not gone by.") % {"day": report.due.isoformat()},
                "until",
            )
        revision = _newest(report)
        if revision and (revision.number > 1 or not revision.is_draft):
            raise Refusal(_("This report is already submitted; it needs no extension."))
        return Extension.objects.create(report=report, until=until, reason=reason.strip(), by=by, at=at)


def ask(
    report: Report,
    indicator: str,
    *,
    text: str,
    due: date,
    by,
    at: datetime,
    version: int | None = None,
    number: int | None = None,
) -> Question:
    """Put a question about one figure of the newest revision to its officer.

    Refusal while that is a draft, is not the one seen (if `version` and `number` tell), or has one open already.
    """
    with _acting(by, at, report) as report:
        if not access.may_ask(by):
            raise PermissionDenied
        revision = _newest(report)
        if revision is None or revision.is_draft:
            raise Refusal(_wrong_state(revision, _("asked about")))
        _same_version(revision, revision.version if version is None else version, number)
        leaf = next((one for one in queries.leaves(report.operation) if one.code == indicator), None)
        if leaf is None:
            raise Refusal(_not_entered(indicator, report.operation), "indicator")
        if not text.strip():
            raise Refusal(_("Write the question; the officer reads it."), "text")
        if due < at.date():
            raise Refusal(_("Choose a day for the answer that has not gone by."), "due")
        if Question.objects.open().filter(revision__report=report, indicator=leaf).exists():
            raise Refusal(
                _("A question about this figure is open already; wait for its answer, or withdraw it.")
            )
        return Question.objects.create(
            revision=revision, indicator=leaf, text=text.strip(), due=due, by=by, at=at
        )


def answer(question: Question, *, text: str, by, at: datetime, entered: Entered | None = None) -> Answer:
    """Answer a question: without a figure it is confirmed, with one (or a mark) it is corrected, with the text as note.

    In a draft the figure is saved. A submitted report is taken back, changed and submitted again in one go; a
    verified one is opened for correction, and the draft waits for its officer. Refusal where that cannot be.
    """
    with _acting(by, at, question.revision.report) as report:
        if not access.may_enter(by, report):
            raise PermissionDenied
        _still_open(question)
        if not text.strip():
            raise Refusal(_("Say in a sentence what the Centre should know."), "text")
        kind = Answer.Kind.CONFIRMED
        if entered is not None:
            kind = Answer.Kind.MARKED if entered.mark else Answer.Kind.CORRECTED
            _correct_for(question, report, replace(entered, note=text), by=by, at=at)
        return Answer.objects.create(question=question, kind=kind, text=text.strip(), by=by, at=at)


def withdraw(question: Question, *, text: str, by, at: datetime) -> Answer:
    """Close a question of the Centre that needs no answer any more, with the reason."""
    with _acting(by, at, question.revision.report):
        if not access.may_ask(by):
            raise PermissionDenied
        _still_open(question)
        if not text.strip():
            raise Refusal(_("Say in a sentence why the question is withdrawn."), "text")
        kind = Answer.Kind.WITHDRAWN
        return Answer.objects.create(question=question, kind=kind, text=text.strip(), by=by, at=at)


def release(
    operation: Operation,
    *,
    last_month: date,
    by,
    at: datetime,
    note: str = "",
    only: Iterable[Revision] | None = None,
) -> Release:
    """Publish the next release: the newest verified revision of each report up to the month, or `only` those given.

    Refusal when there is none. From here on the release is pinned for ever.
    """
    with _acting(by, at):
        if not access.may_release(by):
            raise PermissionDenied
        operation = Operation.objects.select_for_update(of=("self",)).get(pk=operation.pk)
        if not operation.first_month <= last_month <= operation.last_month:
            sentence = _("The operation has no month %(month)s.") % {"month": months.written(last_month)}
            raise Refusal(sentence, "last_month")
        chosen = Revision.objects.filter(report__operation=operation, report__month__lte=last_month)
        chosen = (
            chosen.current() if only is None else chosen.verified().filter(pk__in=[one.pk for one in only])
        )
        pinned = list(chosen.values_list("report_id", "pk"))
        if not pinned:
            raise Refusal(
                _("Nothing is verified up to this month; a release needs at least one verified report.")
            )
        newest = operation.releases.order_by("-number").values_list("number", flat=True).first() or 0
        made = Release.objects.create(
            operation=operation, number=newest + 1, last_month=last_month, note=note.strip(), by=by
        )
        Pin.objects.bulk_create(
            [Pin(release=made, report_id=report, revision_id=revision) for report, revision in pinned],
            batch_size=5000,
        )
        made.communique = communique.of_release(made)
        made.at = at
        made.save(update_fields=["communique", "at"])
        return made


# ---------------------------------------------------------------------------------- the parts of a verb

FIGURE_FIELDS = ["value", "mark", "estimated", "quantity", "unit", "factor", "note"]


@contextmanager
def _acting(by, at: datetime, report: Report | None = None):
    """One transaction in the name of a person; the report, read again under its lock, is handed back."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('operations.by', %s, true), set_config('operations.at', %s, true)",
                [str(by.pk or ""), at.isoformat()],
            )
        if report is not None:
            locked = Report.objects.select_for_update(of=("self",), no_key=True)
            report = locked.select_related("operation", "agency__country").get(pk=report.pk)
        yield report


def _save(revision: Revision, entered: dict[str, Entered], seen: Mapping[str, int]) -> Saved:
    """Write what differs into a locked draft; nothing else is touched."""
    report = revision.report
    leaves = {indicator.code: indicator for indicator in queries.leaves(report.operation)}
    factors = queries.factors(leaves.values(), report.month)
    units = {unit.code: unit for unit in Unit.objects.all()}
    existing = {figure.indicator_id: figure for figure in revision.figures.select_related("unit")}
    new, changed = [], []
    for code, given in entered.items():
        indicator = leaves.get(code)
        if indicator is None:
            raise Refusal(_not_entered(code, report.operation), code)
        wanted = _figure(indicator, given, units, factors)
        figure = existing.get(indicator.pk)
        if figure is None:
            if given != Entered(unit=given.unit):
                new.append(Figure(revision=revision, indicator=indicator, **wanted))
        elif any(getattr(figure, name) != value for name, value in wanted.items()):
            if seen.get(code, figure.version) != figure.version:
                figure.indicator = indicator
                sentence = _("%(name)s was changed by somebody else since you saw it; nothing was saved.")
                raise Conflict(sentence % {"name": indicator.label}, figure)
            for name, value in wanted.items():
                setattr(figure, name, value)
            figure.version += 1
            changed.append(figure)
    before = revision.version
    Figure.objects.bulk_create(new)
    if changed:
        Figure.objects.bulk_update(changed, [*FIGURE_FIELDS, "version"])
    revision.refresh_from_db(fields=["version"])
    return Saved(len(new) + len(changed), before, revision.version)


def _recorded(figure: dict | None) -> Entered:
    """What a change has on record, to be entered again."""
    if figure is None:
        return Entered()
    quantity = None if figure["quantity"] is None else Decimal(figure["quantity"])
    return Entered(quantity, figure["unit"] or "", figure["mark"], figure["note"], figure["estimated"])


def _open_correction(report: Report, reason_code: str, reason: str, *, by, at: datetime) -> Revision:
    """The next revision of a locked, verified report: a draft with every figure of the one before."""
    old = _newest(report)
    if old is None or not old.is_verified:
        raise Refusal(_("Only a verified report is corrected; this one can still be changed itself."))
    if reason_code not in Revision.Reason.values:
        raise Refusal(_("Choose why the figures are corrected."), "reason_code")
    if not reason:
        raise Refusal(_("Say in a sentence what is corrected and why."), "reason")
    revision = Revision.objects.create(
        report=report, number=old.number + 1, reason_code=reason_code, reason=reason
    )
    _record(revision, Step.Verb.CORRECT, "", by=by, at=at, note=reason)
    copies = list(old.figures.all())
    for figure in copies:
        figure.pk, figure.revision, figure.version = None, revision, 1
    Figure.objects.bulk_create(copies)
    revision.refresh_from_db()
    return revision


def _hand_in(report: Report, revision: Revision, *, by, at: datetime, note: str) -> Revision:
    """Submit a locked draft, unless anything stops it or an odd figure has no reason."""
    found = queries.findings(report, revision)
    if open_ones := checks.unanswered(found, queries.entries(revision)):
        raise Refusal(open_ones[0].message, open_ones[0].indicator)
    return _move(revision, Step.Verb.SUBMIT, Revision.State.SUBMITTED, by=by, at=at, note=note)


def _correct_for(question: Question, report: Report, entered: Entered, *, by, at: datetime) -> None:
    """Change the figure that a question is about, whatever state its report is in."""
    revision, change = _newest(report), {question.indicator.code: entered}
    was_submitted = revision.is_submitted
    standing = revision.figures.filter(indicator=question.indicator).select_related("unit").first()
    if standing and (standing.quantity, standing.unit and standing.unit.code, standing.mark) == (
        entered.quantity,
        (entered.unit or question.indicator.unit.code) if entered.quantity is not None else None,
        entered.mark,
    ):
        raise Refusal(_("This is the figure that stands there already; confirm it instead."), "figure")
    if revision.is_verified:
        reason = _("Answer to the Centre's question: %(text)s") % {"text": entered.note.strip()}
        revision = _open_correction(report, Revision.Reason.OTHER, reason[:500], by=by, at=at)
    elif was_submitted:
        _move(revision, Step.Verb.TAKE_BACK, Revision.State.DRAFT, by=by, at=at, note=entered.note.strip())
    _save(revision, change, {})
    if was_submitted:
        _hand_in(report, revision, by=by, at=at, note=entered.note.strip())


def _still_open(question: Question) -> None:
    if Answer.objects.filter(question=question).exists():
        raise Refusal(_("This question has been answered meanwhile; look at it again."))


def _newest(report: Report) -> Revision | None:
    return report.revisions.order_by("-number").first()


def _draft(report: Report, *, by, at: datetime) -> Revision:
    """The draft to write in, begun now if the report has no revision yet."""
    revision = _newest(report)
    if revision is None:
        if months.of(at.date()) < report.month:
            raise Refusal(
                _("%(month)s has not begun; its report opens on its first day.")
                % {"month": months.written(report.month)}
            )
        _not_closed(report, at)
        revision = Revision.objects.create(report=report)
        _record(revision, Step.Verb.OPEN, "", by=by, at=at)
    if not revision.is_draft:
        raise Refusal(_wrong_state(revision, _("changed")))
    if revision.number == 1:
        _not_closed(report, at)
    return revision


def _not_closed(report: Report, at: datetime) -> None:
    """A first report is taken until it closes; a correction always is."""
    if report.closes and at.date() > report.closes:
        raise Refusal(
            _("%(month)s closed on %(day)s; the Centre's reviewers can open it by an extension.")
            % {"month": months.written(report.month), "day": report.closes.isoformat()}
        )


def _submitted(report: Report, version: int, number: int | None) -> Revision:
    revision = _newest(report)
    if revision is None or not revision.is_submitted:
        raise Refusal(_wrong_state(revision, _("decided")))
    _same_version(revision, version, number)
    return revision


def _same_version(revision: Revision, version: int, number: int | None = None) -> None:
    # A correction begins its versions anew, so the version alone does not tell which revision was seen.
    if revision.version != version or number not in (None, revision.number):
        raise Refusal(
            _("The figures have changed since you opened this page; nothing was done. Look at them again.")
        )


def _wrong_state(revision: Revision | None, verb: str) -> str:
    if revision is None:
        return _("Nothing is entered yet, so nothing can be %(verb)s; enter the figures first.") % {
            "verb": verb
        }
    if revision.is_verified:
        return _("This report is already verified; open a correction to change it.")
    if revision.is_submitted:
        return _(
            "This report is already submitted; until the Centre sends it back or verifies it, it stays as it is."
        )
    return _("This report is a draft with its officer; it must be submitted first.")


def _move(revision: Revision, verb: str, to: str, *, by, at: datetime, note: str) -> Revision:
    before, revision.state = revision.state, to
    revision.save(update_fields=["state"])
    _record(revision, verb, before, by=by, at=at, note=note)
    return revision


def _record(revision: Revision, verb: str, before: str, *, by, at: datetime, note: str = "") -> None:
    Step.objects.create(
        revision=revision,
        verb=verb,
        from_state=before,
        to_state=revision.state,
        version=revision.version,
        digest="" if revision.is_draft else queries.digest(revision),
        by=by,
        at=at,
        note=note,
    )


def _figure(indicator, given: Entered, units, factors) -> dict:
    """The figure's fields for what was given; Refusal for a unit without a factor or too many decimals."""
    fields = dict.fromkeys(FIGURE_FIELDS) | {
        "estimated": False,
        "note": given.note.strip(),
        "mark": given.mark or None,
    }
    if given.quantity is None:
        return fields
    if given.mark:
        raise Refusal(
            _("%(name)s has a figure and a mark; keep one.") % {"name": indicator.label}, indicator.code
        )
    unit = units.get(given.unit or indicator.unit.code)
    factor = factors.get((indicator.code, given.unit))
    if unit is None or (factor is None and unit.pk != indicator.unit_id):
        raise Refusal(
            _("%(name)s cannot be reported in “%(unit)s”; there is no conversion factor.")
            % {"name": indicator.label, "unit": given.unit[:20]},
            indicator.code,
        )
    value = numbers.convert(given.quantity, factor.factor, indicator.decimals) if factor else given.quantity
    is_kept_whole = value == round(value, indicator.decimals) and given.quantity == round(given.quantity, 6)
    if not is_kept_whole or value >= 10**15 or given.quantity >= 10**18:
        raise Refusal(
            _("%(name)s: at most 15 digits and %(decimals)s decimals.")
            % {"name": indicator.label, "decimals": indicator.decimals},
            indicator.code,
        )
    if indicator.impossible_from is not None and value >= indicator.impossible_from:
        raise Refusal(
            _("%(name)s cannot be %(value)s in one month: look at the unit and the digits.")
            % {
                "name": indicator.label,
                "value": numbers.grouped(value, indicator.decimals, get_language() or "en"),
            },
            indicator.code,
        )
    return fields | {
        "value": value,
        "quantity": given.quantity,
        "unit": unit,
        "factor": factor,
        "estimated": given.estimated,
    }


def _not_entered(code: str, operation: Operation) -> str:
    if parent := queries.calculated(operation).get(code):
        return _("%(name)s is calculated from its parts; enter the parts.") % {"name": parent.label}
    return _("%(operation)s does not collect “%(code)s”.") % {"operation": operation.label, "code": code[:60]}
