"""What is answered when something is wrong: a page for people, one JSON shape under /data/ and for PUT."""

import sys

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def problem(code: str, message: str, *, status: int, field: str = "", **more) -> JsonResponse:
    """The contract's error as JSON; `more` stands beside it."""
    error = {"code": code, "message": message, "field": field}
    return JsonResponse({"error": error, **more}, status=status)


def wants_json(request) -> bool:
    """Machines ask under /data/ for files and PUT figures; everyone else reads pages."""
    return request.method == "PUT" or (request.path.startswith("/data/") and request.path != "/data/")


@login_not_required
def bad_request(request, exception):
    return _answer(request, 400, "bad_request", _("This request cannot be read. Go back and try again."))


@login_not_required
def forbidden(request, exception):
    return _answer(request, 403, "forbidden", str(exception) or _("Your account may not do this."))


@login_not_required
def no_token(request, reason=""):
    """A form without its token: the page was open too long, or the request came from elsewhere."""
    if wants_json(request):
        return problem("forbidden", _("The request carries no valid token; open the page again."), status=403)
    return render(request, "403_csrf.html", status=403)


@login_not_required
def not_found(request, exception):
    return _answer(request, 404, "not_found", _("There is nothing at this address."))


@login_not_required
def server_error(request):
    """503 and when to come back while the database is away or a query ran out of time, else 500; asks no database."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        message = _("The database does not answer just now; nothing was saved. Try again soon.")
        response = _answer(request, 503, "unavailable", message)
        response["Retry-After"] = "5"
        return response
    return _answer(
        request, 500, "server_error", _("Something went wrong here. Nothing was saved; try again later.")
    )


def _answer(request, status: int, code: str, message: str):
    if wants_json(request):
        return problem(code, message, status=status)
    frame = request if status < 500 else None  # the frame of a page asks the database who is signed in
    return render(frame, f"{status}.html", {"exception": message}, status=status)
