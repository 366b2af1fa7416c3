"""The reviewer's desk: what waits, one report compared, decided upon and asked about, and later deadlines."""

import re

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from .. import access, actions, queries
from ..actions import Refusal
from ..models import Question, Report, Revision, Step
from ..templatetags import show
from . import tables, waiting
from .forms import SEND_BACK, VERIFY, Ask, Decision, Longer, Withdrawal

RECENT = 10
ODD = "odd"
SEEN = re.compile(r"(\d{1,9})\.(\d{1,4})\.(\d{1,9})", re.ASCII)


@require_safe
def queue(request):
    """Reports waiting for a decision, then the questions still open and the newest decisions."""
    _reviewers_only(request.user)
    return _queue_page(request)


@require_http_methods(["GET", "HEAD", "POST"])
def verify_several(request):
    """Verify the reports ticked in the queue, each for itself, and tell which were not and why."""
    _reviewers_only(request.user)
    if request.method != "POST":
        return redirect("review:queue")
    verified, refused = _verify_each(request.user, request.POST.getlist("seen"))
    if not verified:
        refused = refused or [_("Tick the reports to verify; nothing was done.")]
        return _queue_page(request, refused, status=409)
    messages.success(request, _("Verified: %(reports)s.") % {"reports": "; ".join(verified)})
    for sentence in refused:
        messages.warning(request, sentence)
    return redirect("review:queue")


@require_http_methods(["GET", "HEAD", "POST"])
def report(request, operation, agency, month):
    """One report as a comparison; a POST verifies the version seen or sends it back."""
    report = _found(request.user, operation, agency, month)
    if request.method == "POST":
        return _decide(request, report)
    if _newest(request.user, report) is None:
        raise Http404
    return _page(request, report)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request, operation, agency, month):
    """Put a question about one figure of the version seen to its officer."""
    report = _found(request.user, operation, agency, month)
    if request.method != "POST":
        return redirect("review:report", operation, agency, month)
    code = request.POST.get("indicator", "")
    form = Ask(request.POST, today=timezone.localdate(), auto_id=f"ask-{code}-%s")
    if not form.is_valid():
        return _page(request, report, ask=form, status=422)
    asked = form.cleaned_data
    try:
        question = actions.ask(report, **asked, by=request.user, at=timezone.now())
    except Refusal as refusal:
        return _refused(request, report, refusal, ask=form)
    sentence = _(
        "Asked about %(indicator)s; the officer finds it on the list of reports and beside the figure."
    )
    messages.success(request, sentence % {"indicator": question.indicator.label})
    return _back_to_row(request, report, question.indicator.code)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request, operation, agency, month):
    """Close an open question that needs no answer any more."""
    report = _found(request.user, operation, agency, month)
    if request.method != "POST":
        return redirect("review:report", operation, agency, month)
    form = Withdrawal(request.POST, auto_id=f"withdraw-{request.POST.get('question', '')}-%s")
    if not form.is_valid():
        return _page(request, report, withdrawal=form, status=422)
    questions = Question.objects.filter(revision__report=report).select_related("indicator")
    question = get_object_or_404(questions, pk=form.cleaned_data["question"])
    try:
        actions.withdraw(question, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
    except Refusal as refusal:
        return _refused(request, report, refusal, withdrawal=form)
    sentence = _("The question about %(indicator)s is withdrawn.")
    messages.success(request, sentence % {"indicator": question.indicator.label})
    return _back_to_row(request, report, question.indicator.code)


@require_http_methods(["GET", "HEAD", "POST"])
def extension(request, operation, agency, month):
    """Give one agency longer for one month."""
    report, today = _found(request.user, operation, agency, month), timezone.localdate()
    if not access.may_extend(request.user):
        raise PermissionDenied
    form, status = Longer(request.POST or None, today=today, deadline=report.due), 200
    if form.is_bound and form.is_valid():
        try:
            given = actions.extend(report, **form.cleaned_data, by=request.user, at=timezone.now())
        except Refusal as refusal:
            form.add_error(refusal.field or None, refusal.message)
            status = 422 if refusal.field else 409
        else:
            sentence = _("%(report)s is now due on %(day)s.")
            words = {"report": waiting.name(report), "day": show.day(given.until)}
            messages.success(request, sentence % words)
            return redirect("review:extension", operation, agency, month)
    elif form.is_bound:
        status = 422
    return _extension_page(request, report, form, today, status)


def _reviewers_only(user) -> None:
    if not access.may_review(user):
        raise PermissionDenied


def _found(user, operation, agency, month) -> Report:
    """The report, for reviewers only, with what holds now; Http404 where nobody owes one."""
    _reviewers_only(user)
    everything = access.reports_for(user).with_latest().select_related("operation", "agency__country")
    return get_object_or_404(everything, operation__code=operation, agency__code=agency, month=month)


def _newest(user, report) -> Revision | None:
    """The newest revision that a reviewer may see; None while there are only drafts."""
    revisions = access.revisions_for(user).exclude(state=Revision.State.DRAFT)
    return revisions.filter(report=report).select_related("report").order_by("-number").first()


def _decide(request, report):
    form = Decision(request.POST)
    if not form.is_valid():
        return _page(request, report, decision=form, status=422)
    decision = form.cleaned_data
    action = decision.pop("action")
    decide = actions.verify if action == VERIFY else actions.send_back
    try:
        decide(report, **decision, by=request.user, at=timezone.now())
    except Refusal as refusal:
        return _refused(request, report, refusal, decision=form)
    done = {
        VERIFY: _("%(report)s: verified."),
        SEND_BACK: _("%(report)s: sent back to its officer, with your reason."),
    }[action]
    messages.success(request, done % {"report": waiting.name(report)})
    return redirect("review:queue")


def _verify_each(user, ticked: list[str]) -> tuple[list[str], list[str]]:
    """Verify each of the versions seen in a transaction of its own: the names of those verified, and a sentence for
    each that was not. What has become odd meanwhile is left for a look."""
    seen = {int(found[1]): found for one in ticked if (found := SEEN.fullmatch(one))}
    rows = {row.report.pk: row for row in waiting.rows(user, timezone.localdate())}
    reports = access.reports_for(user).filter(pk__in=seen).select_related("operation", "agency__country")
    order = list(rows)
    verified, refused = [], []
    for report in sorted(reports, key=lambda one: order.index(one.pk) if one.pk in rows else len(order)):
        number, version = int(seen[report.pk][2]), int(seen[report.pk][3])
        row, name = rows.get(report.pk), waiting.name(report)
        try:
            with transaction.atomic():
                # The verb speaks first: it says best why it cannot be.
                actions.verify(report, version=version, number=number, by=user, at=timezone.now())
                if row and not row.is_quiet:
                    remarks = ", ".join(remark["text"] for remark in row.remarks)
                    raise Refusal(_("open it first (%(remarks)s).") % {"remarks": remarks})
        except Refusal as refusal:
            sentence = _("%(report)s was not verified: %(reason)s")
            refused.append(sentence % {"report": name, "reason": refusal.message})
        else:
            verified.append(name)
    return verified, refused


def _refused(request, report, refusal, **forms):
    """The page again with the sentence: beside the field it is about, or above all."""
    [form] = forms.values()
    is_about_a_field = refusal.field in form.fields
    form.add_error(refusal.field if is_about_a_field else None, refusal.message)
    return _page(request, report, **forms, status=422 if is_about_a_field else 409)


def _back_to_row(request, report, code):
    """The report again, at the row of an indicator, showing as many rows as before."""
    answer = redirect("review:report", report.operation.code, report.agency.code, report.month)
    answer["Location"] += f"?show={ODD}#{code}" if request.GET.get("show") == ODD else f"#{code}"
    return answer


def _errors(form) -> list[dict]:
    """A form's errors for _errors.html; those about what nobody types stand without a link."""
    found = []
    for name, texts in form.errors.items():
        is_typed = name in form.fields and name not in (
            "number",
            "version",
            "action",
            "indicator",
            "question",
        )
        found += [{"text": text, "id": form[name].id_for_label if is_typed else ""} for text in texts]
    return found


def _queue_page(request, refused=(), *, status=200):
    user, today = request.user, timezone.localdate()
    decisions = Step.objects.filter(
        revision__report__in=access.reports_for(user), verb__in=[VERIFY, SEND_BACK]
    ).select_related("by", "revision__report__operation", "revision__report__agency__country")
    decisions = list(decisions.order_by("-id")[:RECENT])
    rows, questions = waiting.rows(user, today), list(queries.questions_for(user))
    reports = [row.report for row in rows] + [one.revision.report for one in [*decisions, *questions]]
    context = {
        "waiting": rows,
        "quiet": sum(1 for row in rows if row.is_quiet),
        "questions": questions,
        "decisions": decisions,
        "today": today,
        "errors": [{"text": sentence, "id": ""} for sentence in refused],
        "demonstration": any(one.operation.is_demonstration for one in reports),
    }
    return render(request, "review/queue.html", context, status=status)


def _page(request, report, *, decision=None, ask=None, withdrawal=None, status=200):
    """The comparison; without a revision to see (it went back meanwhile), only what there is to say."""
    user, today = request.user, timezone.localdate()
    report = _found(user, report.operation.code, report.agency.code, report.month)
    revision = _newest(user, report)
    given = next((form for form in (decision, ask, withdrawal) if form is not None), None)
    context = {
        "report": report,
        "revision": revision,
        "today": today,
        "decision": decision or Decision(),
        "errors": _errors(given) if given else [],
        "demonstration": report.operation.is_demonstration,
    }
    shown = [decision] if revision and revision.is_submitted else []
    if revision:
        before = queries.entries_before(revision)
        may_ask = access.may_ask(user) and report.latest_state != Revision.State.DRAFT
        rows = tables.comparison(revision, before, today, ask, withdrawal, may_ask=may_ask)
        shown += [form for row in rows for form in (row.ask, row.withdrawal)]
        context |= _compared(user, revision, rows, before, request.GET.get("show") == ODD)
        context |= _neighbours(user, revision)
    if given and given not in shown:
        context["kept"] = given.data.get("note") or given.data.get("text") or ""
    return render(request, "review/report.html", context, status=status)


def _compared(user, revision, rows, before, only_odd: bool) -> dict:
    """What the page shows of a revision beside its rows' figures."""
    report = revision.report
    steps = Step.objects.filter(revision__report=report, revision__number__lte=revision.number)
    steps = list(steps.select_related("by", "revision").order_by("-id"))
    handed_in = [one for one in steps if one.verb == Step.Verb.SUBMIT and one.revision_id == revision.pk]
    noteworthy = [row for row in rows if row.is_noteworthy]
    return {
        "groups": tables.by_area(noteworthy if only_odd else rows),
        "only_odd": only_odd,
        "query": f"?show={ODD}" if only_odd else "",
        "all_rows": len(rows),
        "noteworthy": len(noteworthy),
        "has_before": bool(before),
        "odd": sum(1 for row in rows if row.findings),
        "changed": sum(1 for row in rows if row.is_changed and not row.is_total),
        "open_questions": sum(1 for row in rows if row.question),
        "is_own": revision.is_submitted and queries.has_worked_on(user, report),
        "steps": steps,
        "handed_in": handed_in[0] if handed_in else None,
    }


def _neighbours(user, revision) -> dict:
    """The waiting reports before and after this one in the queue, and its place in it; the first, if it is in none."""
    revisions = queries.queue(access.revisions_for(user))
    keys = [one.pk for one in revisions]
    place = keys.index(revision.pk) if revision.pk in keys else -1
    return {
        "previous_waiting": revisions[place - 1].report if place > 0 else None,
        "next_waiting": revisions[place + 1].report if place + 1 < len(keys) else None,
        "place": place + 1,
        "in_queue": len(keys),
    }


def _extension_page(request, report, form, today, status):
    context = {
        "report": report,
        "form": form,
        "errors": _errors(form),
        "earlier": report.extensions.select_related("by").order_by("-id"),
        "overdue": report.is_overdue(today),
        "is_in": not (report.standing in ("expected", "draft", "sent_back") and not report.has_verified),
        "demonstration": report.operation.is_demonstration,
    }
    return render(request, "review/extension.html", context, status=status)
