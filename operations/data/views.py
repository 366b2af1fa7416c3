"""The page of the files: what they are, the addresses of a selection, its totals, what the columns mean."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from .. import access, queries
from ..selections import Unselectable
from ..templatetags.show import moment
from . import asked, choices, citing, codebook, offers, tables, writers
from .making import snapshot

SHOWN = 30  # rows of the totals on the page; the file has them all


@login_not_required
def index(request):
    person = request.user
    if not access.may_download(person):
        if person.is_anonymous:
            return redirect_to_login(request.get_full_path())
        raise PermissionDenied
    page, status = {}, 200
    with snapshot():
        try:
            question = _question(request, request.GET)
        except Unselectable as refusal:
            page["errors"], status = [{"text": refusal.message}], refusal.status
            question = _newest(request)
        if question:
            page |= _page(request, question)
    page |= {
        "figures": tables.FIGURES,
        "totals": tables.totals_columns(tables.BY),
        "statuses": tables.STATUSES.items(),
    }
    return render(request, "data/index.html", page, status=status)


@login_not_required
def codebook_page(request):
    """What every indicator means, of all operations."""
    person = request.user
    if not access.may_download(person):
        if person.is_anonymous:
            return redirect_to_login(request.get_full_path())
        raise PermissionDenied
    language = "" if get_language() == settings.LANGUAGE_CODE else f"?lang={get_language()}"
    return render(
        request,
        "data/codebook.html",
        {
            "areas": codebook.by_area(),
            "statuses": tables.STATUSES.items(),
            "csv_url": reverse("data:codebook_csv") + language,
            "json_url": reverse("data:codebook_json"),
        },
    )


def _question(request, params) -> asked.Asked:
    return asked.read(params, person=request.user, today=timezone.localdate(), splits=True, calculated=True)


def _newest(request) -> asked.Asked | None:
    """What is shown beside an error: the newest release, None before any."""
    try:
        return _question(request, QueryDict())
    except Unselectable:
        return None


def _page(request, question: asked.Asked) -> dict:
    selection = question.selection
    rows = tables.totals_rows(selection, question.by)
    found, expected = queries.reports_in(selection)
    files = offers.offers(question, (found, expected), rows, request.build_absolute_uri)
    here = f"{reverse('data:index')}?operation={selection.operation.code}&"
    return {
        "selection": selection,
        "version": choices.version_label(selection),
        "verified_by": moment(selection.as_of),
        "live_url": here + selection.narrowed(as_of=None).query(),
        "demonstration": selection.operation.is_demonstration,
        "coverage": choices.reports_sentence(found, expected),
        "is_complete": found == expected,
        "filters": choices.filters(
            selection,
            request.user,
            today=timezone.localdate(),
            action=reverse("data:index"),
            address=lambda operation: f"{reverse('data:index')}?operation={operation.code}&",
            hidden=[("operation", selection.operation.code)]
            + [("indicator", code) for code in selection.indicators]
            + [("by", name) for name in question.by],
        ),
        "indicators": choices.indicators(selection),
        "splits": choices.splits(question),
        "kept": choices.hidden(selection),
        "files": files,
        "example": next(file["url"] for file in files if file["url"]),
        "citation": citing.citation(selection, "figures.csv", files[0]["url"] or ""),
        "table_columns": [column.name for column in tables.totals_columns(question.by)],
        "table_rows": [[writers.cell(value) for value in row.values()] for row in rows[:SHOWN]],
        "left_out": max(0, len(rows) - SHOWN),
    }
