"""The officer's desk: every month with its state, and one month's sheet to read or to fill."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import access, actions, months, queries
from ..actions import Refusal
from ..models import Mark, Report, Step
from ..templatetags import show
from . import locks, questions, receipts, tables, words, worklists
from .forms import Correction, Sheet


@require_safe
def reports(request):
    """The own agency's months, then those of the country's other agency; the Centre sees all as a grid."""
    user, today = request.user, timezone.localdate()
    if not (access.is_officer(user) or access.may_see_coverage(user)):
        raise PermissionDenied
    context = {}
    if access.is_officer(user):
        country = Report.objects.filter(agency__country=user.agency.country_id)
        context["own"] = worklists.worklist(country.filter(agency=user.agency), today)
        context["others"] = worklists.worklist(country.exclude(agency=user.agency), today)
        own = queries.questions_for(user).filter(revision__report__agency=user.agency)
        context["wanted"] = worklists.wanted(context["own"], own, today)
    if not access.is_officer(user) or access.may_review(user) or access.may_release(user):
        context["grids"] = worklists.grid(Report.objects.all(), today, by=user)
    if access.may_ask(user):
        context["asked"] = worklists.asked(queries.questions_for(user), today)
    listed = [one["operation"] for name in ("own", "others", "grids") for one in context.get(name, [])]
    context["demonstration"] = any(operation.is_demonstration for operation in listed)
    return render(request, "entry/reports.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request, operation, agency, month):
    """One month: to fill for the agency's officers, to read for others who may see it, else not found."""
    report, revision = found(request.user, operation, agency, month)
    if request.method == "POST":
        return _enter(request, report)
    return _page(request, report, revision, Sheet(report, revision), is_checked="check" in request.GET)


@require_POST
def correct(request, operation, agency, month):
    """Open a correction of a verified report."""
    report, revision = found(request.user, operation, agency, month)
    form = Correction(request.POST)
    if not access.may_enter(request.user, report):
        raise PermissionDenied
    if not form.is_valid():
        return _page(request, report, revision, Sheet(report, revision), correction=form, status=422)
    try:
        actions.correct(report, **form.cleaned_data, by=request.user, at=timezone.now())
    except Refusal as refusal:
        return _page(request, report, revision, Sheet(report, revision), [_said(refusal)], status=409)
    messages.success(request, _("The correction is open: change what is wrong, then submit it again."))
    return redirect(report)


def found(user, operation, agency, month):
    """The report and the newest of its revisions that the person may see, None before anyone has begun.

    Http404 for somebody else's report, and where all there is of it is somebody else's draft.
    """
    everything = access.reports_for(user).select_related("operation", "agency__country")
    report = get_object_or_404(everything, operation__code=operation, agency__code=agency, month=month)
    revision = access.revisions_for(user).filter(report=report).order_by("-number").first()
    if revision is None and report.revisions.exists():
        raise Http404
    return report, revision


@transaction.atomic
def _enter(request, report):
    """Save what was typed and, if asked, check or submit it: all of it or nothing."""
    user, now, action = request.user, timezone.now(), request.POST.get("action")
    if not access.may_enter(user, report):
        raise PermissionDenied
    # Two saves of one report wait for each other here, so that the version compared is the version changed.
    Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    revision = report.revisions.order_by("-number").first()
    sheet = Sheet(report, revision, request.POST)
    if (revision is None or revision.is_draft) and (conflict := _conflict(request, revision, sheet)):
        return _page(request, report, revision, sheet, [conflict, *sheet.errors], status=409)
    if not sheet.is_readable():
        return _page(request, report, revision, sheet, sheet.errors, status=422)
    try:
        changed = 0
        if sheet.entered or (revision and not revision.is_draft):
            changed = actions.save_figures(report, sheet.entered, by=user, at=now).count
        if sheet.answered:
            actions.remember_habit(report.agency, sheet.answered, by=user)
        revision = report.revisions.order_by("-number").first()
    except Refusal as refusal:
        if refusal.field in sheet.fields:
            sheet.fields[refusal.field].error = refusal.message
        return _page(request, report, revision, sheet, [_said(refusal)], status=422 if refusal.field else 409)
    if action == "submit":
        return _submit(request, report, revision, now)
    if action == "check":
        return redirect(f"{report.get_absolute_url()}?check=1")
    messages.success(request, _saved(changed))
    return redirect(report)


def _submit(request, report, revision, now):
    """Hand in the draft just saved, or say all that is still open."""
    errors = tables.open_points(queries.findings(report, revision), queries.entries(revision))
    if not errors and request.POST.get("declaration") != "on":
        text = _("Confirm that the figures are complete and correct as far as you know.")
        errors.append({"text": text, "id": "declaration"})
    sheet = Sheet(report, revision)
    if errors:
        return _page(request, report, revision, sheet, errors, is_checked=True, status=422)
    try:
        actions.submit(report, version=revision.version, by=request.user, at=now)
    except Refusal as refusal:
        return _page(request, report, revision, sheet, [_said(refusal)], status=409)
    messages.success(request, _("The report is submitted. The Centre now compares and verifies it."))
    return redirect(report)


def _saved(changed: int) -> str:
    if not changed:
        return _("Nothing was changed, so nothing had to be saved.")
    return ngettext("Saved: %(count)s figure changed.", "Saved: %(count)s figures changed.", changed) % {
        "count": changed
    }


def _conflict(request, revision, sheet) -> dict | None:
    """What was saved since the form was opened, as a sentence, and merged into the sheet; None: nothing."""
    version, number = (revision.version, revision.number) if revision else (0, 1)
    same_revision = request.POST.get("number", str(number)) == str(number)
    seen = request.POST.get("version", "")
    if seen == str(version) and same_revision:
        return None
    changes = []
    if seen.isdecimal() and len(seen) < 10 and same_revision and revision:
        changes = list(revision.changes.filter(version__gt=int(seen)).select_related("by", "indicator"))
    if not changes:
        return {
            "text": _(
                "Nothing was saved: this report has changed since you opened the page. "
                "Your text is still here: compare it, then save again."
            )
        }
    sheet.merge(changes)
    names = dict.fromkeys(change.by.label if change.by else _("somebody") for change in changes)
    return {
        "text": _(
            "Nothing was saved: since you opened this page, %(names)s changed %(figures)s (%(moment)s). "
            "Your text is still here: look at the marked rows, then save again."
        )
        % {
            "names": ", ".join(names),
            "figures": ", ".join(dict.fromkeys(change.indicator.label for change in changes)),
            "moment": show.moment(changes[-1].at),
        }
    }


def _said(refusal: Refusal) -> dict:
    return {"text": refusal.message, "id": refusal.field}


def _page(request, report, revision, sheet, errors=(), *, correction=None, is_checked=False, status=200):
    user, today = request.user, timezone.localdate()
    report = Report.objects.with_latest().select_related("operation", "agency__country").get(pk=report.pk)
    may_enter = access.may_enter(user, report)
    lock = locks.locked(report, revision, may_enter, today)
    closed = lock.message if lock else ""
    visible = access.revisions_for(user)
    found, entries = queries.findings(report, revision, visible), queries.entries(revision)
    open_points = tables.open_points(found, entries)
    columns = tables.beside(report, visible)
    number = revision.number if revision else 0
    said = queries.thread(report, number, drafts=access.may_see_drafts(user, report))
    steps = Step.objects.filter(revision__report=report, revision__number__lte=number)
    sent_back = steps.last() if revision and report.standing == "sent_back" else None
    context = {
        "report": report,
        "revision": revision,
        "demonstration": report.operation.is_demonstration,
        "overdue": report.is_overdue(today),
        "previous_month": _neighbour(report, -1, user, today),
        "next_month": _neighbour(report, 1, user, today),
        "closed": closed,
        "may_review": access.may_review(user),
        "errors": list(errors),
        "sheet": sheet,
        "beside": columns,
        "groups": tables.rows(sheet, columns, entries, found, said),
        "marks": Mark.choices,
        "scripts": words.for_scripts(),
        "may_enter": may_enter,
        "empty": sum(1 for one in found if one.code == "empty"),
        "without_note": len(open_points) - sum(1 for one in found if one.code == "empty"),
        "is_ready": is_checked and not open_points,
        "unsaved": sheet.unsaved if closed else [],
        "correction": correction or Correction(),
        "may_correct": may_enter and revision is not None and revision.is_verified,
        "sent_back": sent_back,
        "questions": questions.questions_of(report, revision, user),
        "receipt": receipts.receipt_of(report, revision),
        "steps": steps.select_related("by", "revision").order_by("-id"),
    }
    if is_checked and not errors and not closed:
        context |= {"errors": open_points, "errors_heading": _("Before this report can be submitted")}
    return render(request, "entry/report.html", context, status=status)


def _neighbour(report, by, user, today):
    """The month before or after, where this person finds a report; None where not."""
    month = months.shift(report.month, by)
    operation = report.operation
    is_there = operation.first_month <= month <= min(operation.last_month, months.of(today))
    return month if is_there and access.may_see_drafts(user, report) else None
