"""What the frame of every page shows: where one can go, in which language, as whom."""

from django.conf import settings
from django.urls import reverse, translate_url
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from . import access


def site(request):
    person = getattr(request, "user", None)
    if person is None:  # an error before anyone was recognised
        return {}
    return {"nav": _nav(request, person), "languages": _languages(request), "account": _account(person)}


def _nav(request, person) -> list[dict]:
    doors = [
        (_("Results"), reverse("results:newest"), access.may_read_released(person), ("results", "explain")),
        (
            _("Releases"),
            reverse("results:releases"),
            access.may_read_released(person),
            ("releases", "reconciliation"),
        ),
        (_("Data"), reverse("data:index"), access.may_download(person), ("data",)),
        (_("Monthly reports"), reverse("entry:reports"), access.may_see_coverage(person), ("reports",)),
        (_("Review"), reverse("review:queue"), access.may_review(person), ("review",)),
        (_("Administration"), reverse("admin:index"), person.is_staff, ("admin",)),
    ]
    home = reverse("results:newest")
    place = request.path.removeprefix(home).split("/")[0]
    return [
        {"label": label, "url": url, "current": place in places or (not place and url == home)}
        for label, url, is_open, places in doors
        if is_open
    ]


def _languages(request) -> list[dict]:
    here = request.get_full_path()
    return [
        {"code": code, "label": label, "url": translate_url(here, code), "current": code == get_language()}
        for code, label in settings.LANGUAGES
    ]


def _account(person) -> dict:
    if not person.is_authenticated:
        return {}
    if access.is_officer(person):
        return {"name": person.agency.in_short, "role": _("liaison officer")}
    return {"name": person.label}
