"""The results page, the receipt of a number, the releases and their making."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from .. import access, actions, months, queries, selections
from ..data import choices
from ..data.making import snapshot
from ..models import Indicator, Operation, Report
from ..selections import Selection, Unselectable
from ..templatetags.show import day, moment
from . import briefing, communique, comparing, cumulative, drill, heat, seizures, six, tables
from .forms import ReleaseForm


@login_not_required
@require_safe
def newest(request):
    """The results of the newest operation that has a release."""
    operation = selections.newest_operation()
    if operation is None:
        return nothing(request, Unselectable(_("Nothing is released yet."), status=404), None)
    return results(request, operation.code)


@login_not_required
@require_safe
def results(request, operation: str):
    operation = get_object_or_404(Operation, code=operation)
    with snapshot():
        try:
            selection = _selection(request, operation)
        except Unselectable as refusal:
            return nothing(request, refusal, operation)
        return render(
            request, "results/results.html", _frame(request, selection) | _board(request, selection)
        )


@login_not_required
@require_safe
def explain(request, operation: str):
    """The receipt of one number: every figure it sums, and what is not in it."""
    operation = get_object_or_404(Operation, code=operation)
    with snapshot():
        try:
            selection = _selection(request, operation)
            indicator = _indicator(selection)
        except Unselectable as refusal:
            return nothing(request, refusal, operation)
        page = tables.receipt(selection, indicator)
        page["splits"] = drill.tables(selection, indicator)
        page["history"] = drill.history(selection, indicator, page["records"])
        if page["history"]:
            (line,) = page["records"]
            reports = access.reports_for(request.user).filter(
                operation=operation, agency__code=line.agency, month=line.month
            )
            page["report"] = reports.select_related("operation", "agency").first()
        return render(request, "results/explain.html", _frame(request, selection) | page)


@login_not_required
@require_safe
@cache_control(private=True, no_store=True)
def briefing_pdf(request, operation: str):
    """The results page of a selection on one page of A4."""
    operation = get_object_or_404(Operation, code=operation)
    with snapshot():
        try:
            selection = _selection(request, operation)
        except Unselectable as refusal:
            return nothing(request, refusal, operation)
        said = briefing.content(
            tables.Board(selection, comparing.earlier(selection)),
            as_of=moment(selection.release.at if selection.release else selection.as_of or timezone.now()),
            superseded_by=queries.superseded_by(selection.release) if selection.release else None,
            reports=queries.reports_in(selection),
            site=request.build_absolute_uri("/").removesuffix("/"),
        )
    # Set after the snapshot: a page being set holds no transaction.
    headers = {"Content-Disposition": f'inline; filename="{briefing.file_name(selection)}"'}
    return HttpResponse(briefing.pdf(said), content_type="application/pdf", headers=headers)


@login_not_required
@require_safe
def releases(request):
    if not access.may_read_released(request.user):
        return redirect_to_login(request.get_full_path())
    page = {"releases": queries.releases(), "may_release": access.may_release(request.user)}
    if page["may_release"]:
        page["operations"] = Operation.objects.all()
    return render(request, "results/releases.html", page)


@login_not_required
@require_safe
def release(request, operation: str, number: int):
    if not access.may_read_released(request.user):
        return redirect_to_login(request.get_full_path())
    found = get_object_or_404(queries.releases(), operation__code=operation, number=number)
    return render(request, "results/release.html", tables.release(found))


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request, operation: str):
    """The publisher's page: what is verified up to a month and what is missing; POST publishes the next release."""
    if not access.may_release(request.user):
        raise PermissionDenied
    operation = get_object_or_404(Operation, code=operation)
    today = timezone.localdate()
    form = ReleaseForm(
        request.POST or None, operation=operation, newest=selections.newest_live_month(operation, today)
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.release(operation, by=request.user, at=timezone.now(), **form.cleaned_data)
        except actions.Refusal as refusal:
            form.add_error("last_month" if refusal.field else None, refusal.message)
        else:
            messages.success(request, _("Release %(number)s is published.") % {"number": made.number})
            return redirect(made)
    reports = queries.worklist(Report.objects.filter(operation=operation), today)
    page = {"operation": operation, "form": form, "months": tables.standings(reports, today)}
    return render(request, "results/publish.html", page, status=422 if form.errors else 200)


def _selection(request, operation: Operation) -> Selection:
    return selections.read(request.GET, operation=operation, person=request.user, today=timezone.localdate())


def _indicator(selection: Selection) -> Indicator:
    """The one indicator that a receipt is for."""
    if len(selection.indicators) != 1:
        raise Unselectable(
            _("A receipt is for one indicator; choose a number on the results page."), "indicator"
        )
    (code,) = selection.indicators
    if not queries.totals(selection.narrowed(areas=())):
        raise Unselectable(_("The operation does not collect “%(code)s”.") % {"code": code}, "indicator")
    return Indicator.objects.select_related("area", "unit").get(code=code)


def _frame(request, selection: Selection) -> dict:
    """What every page of a selection shows around its numbers."""
    operation = selection.operation
    here = reverse("results:operation", args=[operation.code])
    found, expected = queries.reports_in(selection)
    return {
        "selection": selection,
        "operation": operation,
        "first_day": max(operation.first_day, selection.first),
        "last_day": min(operation.last_day, months.last_day(selection.last)),
        "demonstration": operation.is_demonstration,
        "as_of": day(selection.release.at)
        if selection.release
        else moment(selection.as_of or timezone.now()),
        "verified_by": moment(selection.as_of),
        "live_url": f"{request.path}?{selection.narrowed(as_of=None).query()}",
        "results_url": f"{here}?{selection.narrowed(indicators=(), agencies=()).query()}",
        "version": choices.version_label(selection),
        "superseded_by": queries.superseded_by(selection.release) if selection.release else None,
        "reports_sentence": choices.reports_sentence(found, expected),
        "is_complete": found == expected,
        "filters": choices.filters(
            selection,
            request.user,
            today=timezone.localdate(),
            action=here,
            address=lambda one: f"{reverse('results:operation', args=[one.code])}?",
        ),
        "may_download": access.may_download(request.user),
    }


def _board(request, selection: Selection) -> dict:
    board = tables.Board(selection, comparing.earlier(selection))
    if selection.is_live and not selection.as_of:
        today = timezone.localdate()
        reports = access.reports_for(request.user).filter(
            operation=selection.operation, month__range=(selection.first, selection.last)
        )
        if selection.countries:
            reports = reports.filter(agency__country__code__in=selection.countries)
        if selection.agencies:
            reports = reports.filter(agency__code__in=selection.agencies)
        grid = tables.standings(queries.worklist(reports, today), today)
    else:
        grid = board.coverage()
    of_weights = seizures.by_area(board)
    return {
        "communique": communique.block(
            selection, may_see_live=access.may_see_live(request.user, selection.operation)
        ),
        "areas": [area | {"seizures": of_weights.get(area["code"], [])} for area in board.areas()],
        "six": six.arrangements(board),
        "heat": heat.table(board),
        "cumulative": cumulative.by_area(board),
        "coverage_grid": grid,
        "downloads": tables.downloads(selection),
    }


def nothing(request, refusal: Unselectable, operation: Operation | None):
    """A page that says why nothing can be shown and offers the nearest that can; signing in where that helps."""
    if refusal.status == 403 and request.user.is_anonymous:
        return redirect_to_login(request.get_full_path())
    offers = []
    if operation and access.may_read_released(request.user):
        newest_of = queries.releases().filter(operation=operation).first()
        if newest_of:
            offers.append((str(newest_of), reverse("results:operation", args=[operation.code])))
    if operation and access.live_countries(request.user):
        live = reverse("results:operation", args=[operation.code]) + "?release=live"
        offers.append((_("%(name)s, verified so far") % {"name": operation.label}, live))
    newest_operation = selections.newest_operation()
    if newest_operation and newest_operation != operation and access.may_read_released(request.user):
        offers.append((newest_operation.label, reverse("results:newest")))
    page = {"refusal": refusal, "offers": offers}
    return render(request, "results/nothing.html", page, status=refusal.status)
