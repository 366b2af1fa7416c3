"""The reviewer's desk: what waits for a decision, and one report compared and decided upon."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from .. import access, actions, queries
from ..models import Report, Revision, Step
from ..templatetags import show
from . import tables
from .forms import SEND_BACK, VERIFY, Decision

RECENT = 20


@require_safe
def queue(request):
    """Reports waiting for a decision, then the newest decisions."""
    if not access.may_review(request.user):
        raise PermissionDenied
    decisions = Step.objects.filter(
        revision__report__in=access.reports_for(request.user), verb__in=[VERIFY, SEND_BACK]
    ).select_related("by", "revision__report__operation", "revision__report__agency__country")
    waiting = tables.queue(access.revisions_for(request.user), timezone.localdate())
    decisions = list(decisions.order_by("-id")[:RECENT])
    listed = [row["report"] for row in waiting] + [step.revision.report for step in decisions]
    return render(
        request,
        "review/queue.html",
        {
            "waiting": waiting,
            "decisions": decisions,
            "demonstration": any(one.operation.is_demonstration for one in listed),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def report(request, operation, agency, month):
    """One report as a comparison; a POST verifies the version seen or sends it back."""
    if not access.may_review(request.user):
        raise PermissionDenied
    everything = access.reports_for(request.user).select_related("operation", "agency__country")
    report = get_object_or_404(everything, operation__code=operation, agency__code=agency, month=month)
    if request.method == "POST":
        return _decide(request, report)
    revision = _newest(request.user, report)
    if revision is None:
        raise Http404
    return _page(request, report, revision, Decision())


def _newest(user, report) -> Revision | None:
    """The newest revision that a reviewer may see; None while there are only drafts."""
    revisions = access.revisions_for(user).exclude(state=Revision.State.DRAFT)
    return revisions.filter(report=report).order_by("-number").first()


def _decide(request, report):
    form = Decision(request.POST)
    if not form.is_valid():
        return _page(request, report, _newest(request.user, report), form, status=422)
    decision = form.cleaned_data
    decide = actions.verify if decision["action"] == VERIFY else actions.send_back
    try:
        decide(report, version=decision["version"], note=decision["note"], by=request.user, at=timezone.now())
    except actions.Refusal as refusal:
        return _page(request, report, _newest(request.user, report), form, refusal.message, status=409)
    done = {
        VERIFY: _("%(agency)s, %(month)s: verified."),
        SEND_BACK: _("%(agency)s, %(month)s: sent back to its officer, with your reason."),
    }[decision["action"]]
    messages.success(request, done % {"agency": report.agency.in_short, "month": show.month(report.month)})
    return redirect("review:queue")


def _page(request, report, revision, form, refusal="", *, status=200):
    """The comparison; without a revision to see (it went back meanwhile), only what there is to say."""
    errors = [{"text": refusal, "id": ""}] if refusal else []
    for name, texts in form.errors.items():
        errors += [{"text": text, "id": form[name].id_for_label} for text in texts]
    report = Report.objects.with_latest().select_related("operation", "agency__country").get(pk=report.pk)
    context = {"report": report, "revision": revision, "form": form, "errors": errors}
    context["demonstration"] = report.operation.is_demonstration
    if revision:
        steps = Step.objects.filter(revision__report=report, revision__number__lte=revision.number)
        before = queries.entries_before(revision)
        context |= {
            "groups": tables.comparison(revision, before),
            "has_before": bool(before),
            "is_own": revision.is_submitted and queries.has_worked_on(request.user, report),
            "late": report.due < timezone.localdate() and revision.is_submitted,
            "steps": steps.select_related("by", "revision").order_by("-id"),
        }
    return render(request, "review/report.html", context, status=status)
