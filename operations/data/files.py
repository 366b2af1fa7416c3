"""The files for machines: complete or broken off for all to see, and the same bytes for the same release."""

import functools
import hashlib

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from lmlecc.errors import problem

from .. import access, selections
from ..selections import Unselectable
from . import asked, codebook, making, writers
from .flows import Reader
from .forms import CSV, FORMS, JSON
from .kept import CODINGS, About

CODES = {400: "bad_request", 401: "sign_in", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
MARKS = {"": "", "br": "-br", "gzip": "-gz"}  # of the ETag, for each coding is a representation of its own


def machine(view):
    """A view for machines: read only, for those who may download, every error in the one JSON shape."""

    @functools.wraps(view)
    # Reading changes nothing, so a stray POST gets its answer in JSON too, not the page about cookies.
    @csrf_exempt
    @login_not_required
    def checked(request, *args, **kwargs):
        if request.method not in ("GET", "HEAD"):
            return _refuse(_("Files are only read here; use GET."), "", 405)
        if not access.may_download(request.user):
            return _refuse_person(request.user)
        try:
            with translation.override(asked.language(request.GET) or translation.get_language()):
                return view(request, *args, **kwargs)
        except Unselectable as refusal:
            if refusal.status == 403 and request.user.is_anonymous:
                return _refuse_person(request.user)
            return _refuse(refusal.message, refusal.field, refusal.status)

    return checked


@machine
def file(request, name: str):
    """One of FORMS, by its name."""
    form = FORMS[name]
    question = asked.read(
        request.GET,
        person=request.user,
        today=timezone.localdate(),
        splits=form.splits,
        calculated=form.calculated,
        wide=form.wide,
    )
    # Without `lang` it is English for everyone: the same address is the same file.
    language = asked.language(request.GET) or "en"
    kept = None
    if not question.selection.is_live or "If-None-Match" in request.headers:
        key = form.key(question, language)
        if mark := _has_it(request, key):
            return _around(HttpResponseNotModified(), request, question.selection, mark)
        kept = making.find(question, key)
    if kept:
        response = _kept(request, kept)
        about = kept.about
    else:
        flow = making.start(form, question, language)
        # HTTP/1.0 cannot tell a file that breaks off from one that ends, so it gets its length first.
        flow.wait(whole=request.META.get("SERVER_PROTOCOL") == "HTTP/1.0")
        response = StreamingHttpResponse(Reader(flow))
        if flow.ended:
            response["Content-Length"] = str(flow.size)
        about = flow.about
        response["ETag"] = f'"{about.key}"'
    response["Content-Type"] = form.type
    response["Content-Disposition"] = f'attachment; filename="{_filename(question, name)}"'
    _tell(response, question.selection, about)
    if request.method == "HEAD":
        response = _head(response)
    return _around(response, request, question.selection, response["ETag"])


@machine
def codebook_csv(request):
    """What the indicators mean, in the language asked for, English if none is."""
    operation = _of_codebook(request)
    bom = asked.bom(request.GET)
    with translation.override(asked.language(request.GET) or "en"):
        found = codebook.rows(operation)
    content = writers.BOM * bom + codebook.written_csv(found)
    return _codebook(request, content, len(found), "csv")


@machine
def codebook_json(request):
    """The same in every language, or in the one asked for, with what every other code means."""
    operation = _of_codebook(request)
    language = asked.language(request.GET)
    rows, content = codebook.written_json(operation, [language] if language else dict(settings.LANGUAGES))
    return _codebook(request, content, rows, "json")


def _of_codebook(request):
    """The operation asked for, None for all of them: a codebook is of no release, for it says what words mean."""
    asked.known(request.GET, ("operation", "bom", "lang"))
    asked.bom(request.GET)
    return asked.operation(request.GET) if request.GET.get("operation") else None


def _codebook(request, content: bytes, rows: int, ending: str):
    response = HttpResponse(content, content_type={"csv": CSV, "json": JSON}[ending])
    response["Content-Length"] = str(len(content))
    response["Content-Disposition"] = f'attachment; filename="codebook.{ending}"'
    response["Cache-Control"] = "public, no-cache" if request.user.is_anonymous else "private, no-cache"
    response["ETag"] = f'"{hashlib.sha256(content).hexdigest()}"'
    response["X-Row-Count"] = str(rows)
    patch_vary_headers(response, ["Cookie"])
    return get_conditional_response(request, etag=response["ETag"], response=response)


def _kept(request, kept):
    accepted = request.headers.get("Accept-Encoding", "")
    content, coding = kept.open(tuple(coding for coding in CODINGS if _accepts(accepted, coding)))
    response = FileResponse(content)
    response["ETag"] = f'"{kept.about.key}{MARKS[coding]}"'
    if coding:
        response["Content-Encoding"] = coding
    return response


def _accepts(accepted: str, coding: str) -> bool:
    """Whether an Accept-Encoding names this coding and not with a weight of nothing."""
    for one in accepted.lower().split(","):
        name, _semicolon, weight = one.partition(";")
        if name.strip() == coding:
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


def _has_it(request, key: str) -> str | None:
    """The ETag, of those the reader has, that is the file's in whatever coding."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    if given == ["*"]:
        return f'"{key}"'
    return next((f'"{key}{mark}"' for mark in MARKS.values() if f'"{key}{mark}"' in given), None)


def _tell(response, selection, about: About) -> None:
    found, expected = about.coverage
    response["X-Release"] = selection.version
    response["X-Reports"] = f"{found}/{expected}"
    response["X-Row-Count"] = str(about.rows)
    if selection.as_of:
        response["X-As-Of"] = selections.written(selection.as_of)
    if selection.operation.is_demonstration:
        response["X-Demonstration"] = "1"


def _head(response):
    """The same answer without its content."""
    head = HttpResponse(headers=dict(response.items()))
    for closer in response._resource_closers:
        closer()
    return head


def _around(response, request, selection, etag: str):
    response["ETag"] = etag
    response["Cache-Control"] = _caching(request.user, selection)
    patch_vary_headers(response, ["Accept-Encoding", "Cookie"])
    return response


def _caching(person, selection) -> str:
    """Ask again each time, for a newer release may be out; shared caches keep only what anyone may read."""
    return "public, no-cache" if person.is_anonymous and selection.release else "private, no-cache"


def _filename(question, name: str) -> str:
    """Such as SLM-2025-release-1-figures-wide-demonstration.csv."""
    selection = question.selection
    stem, _dot, ending = name.partition(".")
    version = "live" if selection.is_live else f"release-{selection.version}"
    if selection.as_of:
        version = "as-of-" + selections.written(selection.as_of).replace(":", "")
    more = "-wide" * question.is_wide + "-demonstration" * selection.operation.is_demonstration
    return f"{selection.operation.code}-{version}-{stem}{more}.{ending}"


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
