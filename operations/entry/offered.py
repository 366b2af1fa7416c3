"""Figures offered all at once: pasted or uploaded, shown old → new, saved when confirmed, taken back in one step."""

import re
from dataclasses import asdict

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import access, actions, months
from ..actions import Conflict, Refusal
from ..models import Report
from . import blocks, locks, workbooks
from .blocks import Block, Cell, NotRead, Row
from .names import Names
from .offers import Offer
from .views import found

KEPT_FOR = 12 * 3600  # seconds that a preview can be confirmed
VERSIONS = re.compile(r"(\d{1,9})-(\d{1,9})", re.ASCII)


@require_http_methods(["GET", "HEAD", "POST"])
def paste(request, operation, agency, month):
    """A text with figures, from Excel, Word or a chat: the preview of what it changes, then the change."""
    report = _own(request, operation, agency, month)
    return _offered(request, report, "paste", _from_block)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request, operation, agency, month):
    """The same from a workbook or a CSV; or the workbook again, its wrong cells marked."""
    report = _own(request, operation, agency, month)
    return _offered(request, report, "upload", _from_file)


@require_safe
def workbook(request, operation, agency, month):
    """The month as a workbook to fill, with the figures that are saved."""
    report = _own(request, operation, agency, month)
    revision = _newest(report)
    if lock := locks.locked(report, revision, may_enter=True, today=timezone.localdate()):
        return _page(request, report, "upload", lock=lock, status=423)
    return _file(workbooks.month(report, revision), report)


@require_POST
def undo(request, operation, agency, month):
    """Take back what one save changed: all of its figures, if nobody has changed them since."""
    report = _own(request, operation, agency, month)
    versions = VERSIONS.fullmatch(request.POST.get("versions", ""))
    try:
        if not versions:
            raise Refusal(_("There is nothing of yours to undo here."))
        after, upto = map(int, versions.groups())
        saved = actions.undo(report, after=after, upto=upto, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _undone(saved.count))
    return redirect(report)


@require_POST
def nothing(request, operation, agency, month):
    """Zero in every empty figure of one focus area, which can be undone."""
    report = _own(request, operation, agency, month)
    try:
        area = request.POST.get("area", "")
        saved = actions.nothing_to_report(report, area, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect(report)
    return _back(request, report, saved)


# ------------------------------------------------------------------------------------------- what they share


def _own(request, operation, agency, month) -> Report:
    """The report, if it is one that the person enters; not found where it is nothing to them."""
    report, _revision = found(request.user, operation, agency, month)
    if not access.may_enter(request.user, report):
        raise PermissionDenied
    return report


def _newest(report):
    return report.revisions.order_by("-number").first()


def _offered(request, report, way, from_request) -> HttpResponse:
    """The page, the preview of what came, or the save of what was previewed.

    Whatever came is read without a transaction: reading takes its time, and nobody waits for it.
    """
    revision = _newest(report)
    if lock := locks.locked(report, revision, may_enter=True, today=timezone.localdate()):
        return _page(request, report, way, lock=lock, status=423)
    if request.method != "POST":
        return _page(request, report, way)
    action = request.POST.get("action", "read")
    try:
        if action == "save":
            return _take(request, report, way)
        names = Names(report.operation)
        again = action == "column"
        sheet, cells = _kept_cells(request, report) if again else from_request(request, report, names)
        block = blocks.arrange(
            cells,
            names,
            report.month,
            report.agency.code,
            at=request.POST.get("at", ""),
            column=_number(request.POST.get("column", "")) if action in ("column", "mark") else None,
        )
        if action == "mark":
            return _marked(request, report, revision, sheet, block)
    except NotRead as problem:
        return _page(request, report, way, errors=[{"text": str(problem), "id": way}], status=422)
    table = _signed(request, report, [sheet, [[_packed(cell) for cell in row] for row in cells]])
    if block.wants_column:
        return _page(request, report, way, block=block, table=table)
    offer = Offer(report, revision, block.rows, habit=report.agency.decimal_separator)
    return _page(request, report, way, block=block, table=table, offer=offer)


def _from_block(request, report, names) -> tuple[str, list[list[Cell]]]:
    return "", blocks.table(request.POST.get("block", ""), names)


def _from_file(request, report, names) -> tuple[str, list[list[Cell]]]:
    files = [file for name in request.FILES for file in request.FILES.getlist(name)]
    if len(files) != 1:
        raise NotRead(_("Choose one file: the workbook of this month, or a CSV."))
    if files[0].size > workbooks.MOST_BYTES:
        raise NotRead(_("The file is larger than 2 MB. Keep only the sheet with this month’s figures."))
    return workbooks.cells(files[0].read(), report, names)


def _take(request, report, way) -> HttpResponse:
    """Save exactly what was previewed; anything else that meanwhile is true is previewed again."""
    kept = _loaded(request, report, "offer")
    rows = [Row(**row) for row in kept["rows"]]
    means = request.POST.get("means", "")
    chosen = {
        "means": means if means in (".", ",") else "",
        "habit": kept["habit"],
        "taken": request.POST.getlist("take"),
    }
    try:
        with transaction.atomic():
            # Two saves of one report wait for each other here, so that what was previewed is what is changed.
            Report.objects.select_for_update(no_key=True).get(pk=report.pk)
            revision = _newest(report)
            offer = Offer(report, revision, rows, **chosen)
            problem = _not_yet(request, offer, kept)
            if not problem:
                seen = {code: kept["seen"][code] for code in offer.entered}
                now = timezone.now()
                saved = actions.save_figures(report, offer.entered, seen=seen, by=request.user, at=now)
    except Refusal as refusal:
        if not refusal.field:
            return _page(request, report, way, errors=[{"text": refusal.message}], status=409)
        problem = {"text": refusal.message, "is_conflict": isinstance(refusal, Conflict)}
        offer = Offer(report, revision, rows, **chosen, refused={refusal.field: refusal.message})
    if problem:
        status = 409 if problem.get("is_conflict") else 422
        return _page(request, report, way, offer=offer, errors=[problem], status=status)
    if offer.has_readings and not report.agency.decimal_separator:
        actions.remember_habit(report.agency, chosen["means"], by=request.user)
    return _back(request, report, saved)


def _not_yet(request, offer, kept) -> dict | None:
    """What stands between this preview and its save, as an error; None: nothing."""
    if offer.is_ambiguous:
        return {"text": _("Say how the numbers are meant, then save."), "id": "means"}
    number = offer.revision.number if offer.revision else 1
    moved = [
        line for line in offer.lines if line.is_taken and kept["seen"].get(line.row.code) != line.version
    ]
    if moved or kept["number"] != number:
        return {
            "text": _("Nothing was saved: %(names)s changed since this preview. Look at it again, then save.")
            % {"names": ", ".join(line.indicator.label for line in moved) or _("the report")},
            "is_conflict": True,
        }
    if not offer.entered:
        return {"text": _("There is nothing to save: no row changes a figure.")}
    if offer.left_out and request.POST.get("leave_out") != str(offer.left_out):
        return {
            "text": ngettext(
                "%(count)s row cannot be taken. Mend it, or say that it is left out.",
                "%(count)s rows cannot be taken. Mend them, or say that they are left out.",
                offer.left_out,
            )
            % {"count": offer.left_out},
            "id": "leave_out",
        }
    return None


def _marked(request, report, revision, sheet: str, block: Block) -> HttpResponse:
    """The workbook that came with this request, its wrong cells marked; NotRead where there is none to mark."""
    if not sheet or not request.FILES:
        raise NotRead(_("Only a workbook can be marked: choose the .xlsx again."))
    wrong = Offer(report, revision, block.rows, habit=report.agency.decimal_separator).wrong_cells
    if block.wants_column or not wrong:
        raise NotRead(_("No cell of this workbook is wrong, so there is nothing to mark."))
    (file,) = request.FILES.values()
    file.seek(0)
    return _file(workbooks.marked(file.read(), sheet, wrong), report, _("marked"))


def _back(request, report, saved) -> HttpResponse:
    """To the report, with what was changed and the way to take it back."""
    text = ngettext("Saved: %(count)s figure changed.", "Saved: %(count)s figures changed.", saved.count)
    messages.success(request, text % {"count": saved.count})
    return redirect(f"{report.get_absolute_url()}?undo={saved.before}-{saved.version}")


def _undone(count: int) -> str:
    text = ngettext(
        "Undone: %(count)s figure is as it was before.",
        "Undone: %(count)s figures are as they were before.",
        count,
    )
    return text % {"count": count}


def _file(content: bytes, report, suffix: str = "") -> HttpResponse:
    named = [report.operation.code, report.agency.code, months.written(report.month), suffix and "marked"]
    answer = HttpResponse(content, content_type=workbooks.TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{"-".join(filter(None, named))}.xlsx"'
    answer["Cache-Control"] = "no-store"
    return answer


# ------------------------------------------------------------------ what a page carries to its next request


def _salt(request, report) -> str:
    return f"offered {report.pk} {request.user.pk}"


def _signed(request, report, what) -> str:
    """Kept in the page, readable by its reader, changed by nobody."""
    return signing.dumps(what, salt=_salt(request, report), compress=True)


def _loaded(request, report, name: str):
    try:
        return signing.loads(request.POST.get(name, ""), salt=_salt(request, report), max_age=KEPT_FOR)
    except signing.BadSignature:
        raise NotRead(
            _("This preview is too old or not complete. Paste or upload the figures again.")
        ) from None


def _packed(cell: Cell) -> list[str]:
    packed = [cell.text, cell.name, cell.means, cell.problem]
    while packed and not packed[-1]:
        packed.pop()
    return packed


def _kept_cells(request, report) -> tuple[str, list[list[Cell]]]:
    """The cells that an earlier answer kept in the page, for another column of them."""
    sheet, rows = _loaded(request, report, "table")
    return sheet, [[Cell(*cell) for cell in row] for row in rows]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 4 else None


def _page(request, report, way, *, block=None, table="", offer=None, lock=None, errors=(), status=200):
    columns = block.columns if block else []
    context = {
        "report": report,
        "demonstration": report.operation.is_demonstration,
        "is_paste": way == "paste",
        "lock": lock,
        "errors": list(errors),
        "text": request.POST.get("block", ""),
        "at": request.POST.get("at", "") or request.GET.get("at", ""),
        "column": next((column.place for column in columns if column.is_chosen), ""),
        "columns": columns if len(columns) > 1 or (block and block.wants_column) else [],
        "table": table,
        "offer": offer,
        "signed": "",
    }
    if offer:
        kept = {
            "rows": [asdict(line.row) for line in offer.lines],
            "seen": offer.seen,
            "number": offer.revision.number if offer.revision else 1,
            "habit": offer.habit,
        }
        context["signed"] = _signed(request, report, kept)
    return render(request, "entry/offer.html", context, status=status)
