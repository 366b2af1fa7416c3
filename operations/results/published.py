"""What is said in public: the claims against the records, and the communiqué to take away."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from .. import access, communique, selections
from ..data.making import snapshot
from ..models import Operation
from ..selections import Unselectable
from . import docx, reconciling
from .communique import document
from .views import nothing


@login_not_required
@require_safe
def reconciliation(request):
    """The numbers said of an operation, of the newest one if none is named, against its records."""
    if not access.may_read_released(request.user):
        return redirect_to_login(request.get_full_path())
    operations = Operation.objects.filter(claims__isnull=False).distinct()
    code = request.GET.get("operation", "")
    chosen = operations.filter(code=code).first() if code else operations.first()
    if chosen is None and code:
        refusal = Unselectable(
            _("Nothing is on record as said of “%(code)s”.") % {"code": code[:60]}, status=404
        )
        return nothing(request, refusal, None)
    page = {
        "operation": chosen,
        "operations": operations,
        "demonstration": chosen and chosen.is_demonstration,
    }
    if chosen:
        with snapshot():
            live = access.may_see_live(request.user, chosen)
            page |= reconciling.page(chosen, today=timezone.localdate(), may_see_live=live)
    return render(request, "results/reconciliation.html", page)


@login_not_required
@require_safe
@cache_control(private=True, no_store=True)
def communique_docx(request, operation: str):
    """The communiqué as a document, in the language of the address; as frozen, with notes on what is newer."""
    operation = get_object_or_404(Operation, code=operation)
    with snapshot():
        try:
            selection = selections.read(
                request.GET, operation=operation, person=request.user, today=timezone.localdate()
            )
            if not communique.covers(selection):
                raise Unselectable(
                    _("The communiqué is about all countries and months; leave out the filters.")
                )
        except Unselectable as refusal:
            return nothing(request, refusal, operation)
        if not access.may_download(request.user):
            raise PermissionDenied
        if not communique.texts(selection):
            raise Http404
        results = reverse("results:operation", args=[operation.code])
        address = request.build_absolute_uri(f"{results}?{selection.query()}")
        made = document(selection, address=address)
    version = f"release-{selection.version}" if selection.release else "live"
    headers = {"Content-Disposition": f'attachment; filename="{operation.code}-{version}-communique.docx"'}
    return HttpResponse(made, content_type=docx.TYPE, headers=headers)
