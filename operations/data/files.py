"""The files for machines: complete or an error, and the same bytes for the same question."""

import functools

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from lmlecc.errors import problem

from .. import access, selections
from ..selections import Unselectable
from . import asked, writers

TYPES = {"csv": "text/csv; charset=utf-8; header=present", "json": "application/json"}
CODES = {400: "bad_request", 401: "sign_in", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


def file(name: str, **rules):
    """Make a function from what is asked to a Document into the view of the file of that name."""

    def decorate(write):
        @functools.wraps(write)
        # Reading changes nothing, so a stray POST gets its answer in JSON too, not the page about cookies.
        @csrf_exempt
        @login_not_required
        def view(request):
            try:
                with translation.override(asked.language(request.GET) or translation.get_language()):
                    return _answer(request, name, write, rules)
            except Unselectable as refusal:
                return _refuse(refusal.message, refusal.field, refusal.status)

        return view

    return decorate


@file("figures.csv", splits=False, calculated=False)
def figures_csv(question):
    return writers.figures_csv(question.selection, bom=question.bom)


@file("totals.csv", splits=True, calculated=True)
def totals_csv(question):
    return writers.totals_csv(question.selection, question.by, bom=question.bom)


@file("totals.json", splits=True, calculated=True)
def totals_json(question):
    return writers.totals_json(question.selection, question.by)


def _answer(request, name: str, write, rules):
    person = request.user
    if request.method not in ("GET", "HEAD"):
        return _refuse(_("Files are only read here; use GET."), "", 405)
    if not access.may_download(person):
        return _refuse_person(person)
    with writers.snapshot():
        try:
            question = asked.read(request.GET, person=person, today=timezone.localdate(), **rules)
        except Unselectable as refusal:
            if refusal.status == 403 and person.is_anonymous:
                return _refuse_person(person)
            raise
        document = write(question)
    return _send(request, name, question.selection, document)


def _send(request, name: str, selection, document):
    if request.method == "HEAD":
        response = HttpResponse()
    else:
        document.content.seek(0)
        response = FileResponse(document.content)
    found, expected = document.coverage
    headers = {
        "Content-Type": TYPES[name.split(".")[1]],
        "Content-Length": str(document.size),
        "Content-Disposition": f'attachment; filename="{_filename(selection, name)}"',
        "Cache-Control": _caching(request.user, selection),
        "ETag": f'"{document.fingerprint}"',
        "X-Release": selection.version,
        "X-Reports": f"{found}/{expected}",
        "X-Row-Count": str(document.rows),
    }
    if selection.as_of:
        headers["X-As-Of"] = selections.written(selection.as_of)
    if selection.operation.is_demonstration:
        headers["X-Demonstration"] = "1"
    for header, value in headers.items():
        response[header] = value
    patch_vary_headers(response, ["Cookie"])
    answer = get_conditional_response(request, etag=headers["ETag"], response=response)
    if answer is not response:
        document.content.close()  # and not the response, which would end the request
    return answer


def _caching(person, selection) -> str:
    """Ask again each time, for a newer release may be out; shared caches keep only what anyone may read."""
    return "public, no-cache" if person.is_anonymous and selection.release else "private, no-cache"


def _filename(selection, name: str) -> str:
    """Such as SLM-2025-release-1-figures-demonstration.csv."""
    stem, ending = name.split(".")
    version = "live" if selection.is_live else f"release-{selection.version}"
    if selection.as_of:
        version = "as-of-" + selections.written(selection.as_of).replace(":", "")
    demonstration = "-demonstration" if selection.operation.is_demonstration else ""
    return f"{selection.operation.code}-{version}-{stem}{demonstration}.{ending}"


def _refuse_person(person):
    if person.is_anonymous:
        return _refuse(_("Sign in to download this."), "", 401)
    return _refuse(_("Your account may not download files; ask an administrator for that right."), "", 403)


def _refuse(message: str, field: str, status: int):
    response = problem(CODES[status], message, field=field, status=status)
    response.headers["Cache-Control"] = "no-store"
    if status == 405:
        response.headers["Allow"] = "GET, HEAD"
    return response
