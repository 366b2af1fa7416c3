"""The receipt's text as a file: the very bytes whose SHA-256 the receipt names."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from .. import access, queries
from ..models import Revision
from .receipts import file_name, receipt_of
from .views import found


@require_safe
def receipt(request, operation, agency, month):
    """The newest revision handed in that the person may see; Http404 where there is none."""
    report, _revision = found(request.user, operation, agency, month)
    handed_in = access.revisions_for(request.user).filter(report=report).exclude(state=Revision.State.DRAFT)
    revision = handed_in.order_by("-number").first()
    if receipt_of(report, revision) is None:
        raise Http404
    answer = HttpResponse(queries.canonical(revision).encode(), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{file_name(report, revision)}"'
    return answer
