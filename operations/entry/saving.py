"""One figure saved by itself, as the page does while its officer types; the contract's PUT."""

import hashlib
import json
import re

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from lmlecc.errors import problem

from .. import access, actions, checks, numbers, queries
from ..actions import Conflict, Refusal
from ..models import Mark, Reply, Report
from ..templatetags import show
from . import locks
from .forms import Cell, Sheet, saved_cell
from .tables import partial
from .views import found

LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can name half a character, the database cannot keep one
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
SHAPE = {"text": str, "unit": str, "mark": (str, type(None)), "note": str, "seen": int, "means": str}


@login_not_required  # a page to sign in would be no answer to a script
@require_http_methods(["PUT"])
def figure(request, operation, agency, month, indicator):
    """Save one figure of the draft; answers with what was understood, what is odd, and the totals above it."""
    if not request.user.is_authenticated:
        return problem("signed_out", _("You are signed out; sign in again to save this."), status=401)
    report, _revision = found(request.user, operation, agency, month)
    if not access.may_enter(request.user, report):
        raise PermissionDenied
    asked, field = _asked(request)
    key = request.headers.get("Idempotency-Key", "")
    if asked is None or (key and not KEY.fullmatch(key)):
        message = _("The request is not in the shape that this address takes; see “%(field)s”.")
        return problem(
            "bad_request", message % {"field": field or "Idempotency-Key"}, status=400, field=field
        )
    try:
        with transaction.atomic():
            return _once(request, report, indicator, asked, key)
    except IntegrityError as clash:  # the same key for another report at the same moment
        if "reply_once_a_key" not in str(clash):
            raise
        return _key_used()


def _once(request, report, indicator, asked, key) -> JsonResponse:
    """Save, or answer again what was answered to this key."""
    # Of the figure, not of the address: who changes the language in mid-typing repeats the request in the new one.
    fingerprint = hashlib.sha256(f"{report.pk} {indicator}\n".encode() + request.body).hexdigest()
    # Saves of one report wait for each other here, so that the version compared is the version changed.
    Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    kept = Reply.objects.filter(by=request.user, key=key).first() if key else None
    if kept and kept.asked != fingerprint:
        return _key_used()
    if kept:
        return JsonResponse(kept.body, status=kept.status)
    answer = _save(request.user, report, indicator, asked)
    if key and answer.status_code == 200:
        body = json.loads(answer.content)
        actions.keep_reply(key, fingerprint, status=200, body=body, by=request.user, at=timezone.now())
    return answer


def _key_used() -> JsonResponse:
    return problem("key_used", _("This key was used for another request; use a new one."), status=422)


def _asked(request) -> tuple[dict | None, str]:
    """The request's fields, or None and the name of the one that is wrong."""
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError):
        return None, "body"
    if not isinstance(asked, dict):
        return None, "body"
    asked = {"text": "", "unit": "", "mark": None, "note": "", "seen": 0, "means": ""} | asked
    for name, kind in SHAPE.items():
        if not isinstance(asked[name], kind) or isinstance(asked[name], bool):
            return None, name
        if isinstance(asked[name], str) and LONE_SURROGATE.search(asked[name]):
            return None, name
    if asked["means"] not in ("", ".", ","):
        return None, "means"
    return asked, ""


def _save(user, report, code, asked) -> JsonResponse:
    today, now = timezone.localdate(), timezone.now()
    report = Report.objects.with_latest().select_related("operation", "agency__country").get(pk=report.pk)
    revision = report.revisions.order_by("-number").first()
    sheet = Sheet(report, revision)
    if code not in sheet.fields:
        return problem("not_found", _("“%(code)s” is not entered here.") % {"code": code[:60]}, status=404)
    if lock := locks.locked(report, revision, may_enter=True, today=today):
        return _locked(lock.message, lock.until)
    one = sheet.fields[code]
    unit = asked["unit"] or one.saved.unit
    one.cell = Cell(asked["text"], unit, asked["mark"] or "", asked["note"], asked["means"])
    try:
        entered = one.read()
        actions.save_figures(report, {code: entered}, seen={code: asked["seen"]}, by=user, at=now)
    except numbers.Ambiguous as question:
        readings = [{"means": means, "value": f"{value:f}"} for means, value in question.readings.items()]
        return _refused("ambiguous", str(question), code, readings=readings)
    except numbers.Unreadable as unreadable:
        return _refused(unreadable.code, str(unreadable), code)
    except ValueError as wrong:
        return _refused("unreadable", str(wrong), code)
    except Conflict as conflict:
        return _conflict(conflict)
    except Refusal as refusal:
        return _refused("impossible", refusal.message, code) if refusal.field else _locked(refusal.message)
    if sheet.answered:
        actions.remember_habit(report.agency, sheet.answered, by=user)
    return JsonResponse(_saved(report, code, now))


def _saved(report, code, now) -> dict:
    """What the page shows after a save: this figure, the totals, and what the checks find in the whole report."""
    revision = report.revisions.order_by("-number").first()
    sheet, entries = Sheet(report, revision), queries.entries(revision)
    found = queries.findings(report, revision)
    open_ones = checks.unanswered(found, entries)
    one = sheet.fields[code]
    value = one.figure.value if one.figure else None
    return {
        "version": one.figure.version if one.figure else 0,
        "value": None if value is None else numbers.plain(value, one.indicator.decimals),
        "display": _display(one, value),
        "warnings": [
            finding.message for finding in found if finding.indicator == code and finding.code != "empty"
        ],
        "totals": {
            total.code: _total(total, queries.sum_of(entries, parts), partial(entries, parts))
            for total, parts in queries.in_order(field.indicator for field in sheet.fields.values())
            if parts
        },
        "findings": [
            {"indicator": finding.indicator, "message": finding.message, "open": finding in open_ones}
            for finding in found
            if finding.code != "empty"
        ],
        "to_explain": sum(1 for finding in open_ones if finding.code != "empty"),
        "saved_at": now.isoformat(timespec="seconds"),
        "revision": {"number": revision.number, "version": revision.version},
    }


def _display(one, value) -> str:
    """“1,204.350 kg”, or the mark in words; empty for nothing."""
    if value is None:
        return str(Mark(one.figure.mark).label) if one.figure and one.figure.mark else ""
    return f"{show.figure(value, one.indicator.decimals)} {one.indicator.unit.plural_label}"


def _total(indicator, value, in_part) -> dict:
    return {
        "value": None if value is None else numbers.plain(value, indicator.decimals),
        "display": show.figure(value, indicator.decimals) or "",
        "partial": in_part,
    }


def _refused(kind: str, message: str, code: str, **more) -> JsonResponse:
    return problem(kind, message, status=422, field=code, **more)


def _locked(message: str, until=None) -> JsonResponse:
    return problem("locked", message, status=423, until=until and until.isoformat())


def _conflict(conflict: Conflict) -> JsonResponse:
    """Both sides of the conflict: the sentence, and theirs as it stands in the form, with who and when."""
    figure = conflict.figure
    cell = saved_cell(figure.indicator, figure)
    last = figure.revision.changes.filter(indicator=figure.indicator).select_related("by").last()
    theirs = {
        "text": cell.text,
        "unit": cell.unit,
        "mark": cell.mark or None,
        "note": cell.note,
        "version": figure.version,
        "by": last.by.label if last and last.by else _("Somebody"),
        "at": last.at.isoformat(timespec="seconds") if last else "",
    }
    return problem("conflict", conflict.message, status=409, field=conflict.field, theirs=theirs)
