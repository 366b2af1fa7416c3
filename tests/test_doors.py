"""The table of doors: every address by every kind of person, and the code that stands behind it."""

import re
from datetime import date, timedelta
from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, resolve
from stories import asked, fill, joint_operation, person, released, report, submitted, verified

from operations.models import Question

pytestmark = pytest.mark.django_db

# The columns: anonymous where results are closed and where they are public; the officers of LA-MPS, whose reports
# stand in the addresses, of LA-MND, the other agency of its country, and of another country; then the Centre.
PEOPLE = {
    "ano": None,
    "opn": None,
    "own": ("officer", "LA-MPS"),
    "nei": ("officer", "LA-MND"),
    "for": ("officer", "TH-RTP"),
    "rev": ("reviewer",),
    "pub": ("publisher",),
    "off": ("official",),
    "ana": ("analyst",),
    "adm": ("administrator",),
}
MONTHS = {
    "verified": "2025-03",
    "submitted": "2025-04",
    "draft": "2025-05",
    "expected": "2025-06",
    "outside": "2025-07",
}
SOON = (date.today() + timedelta(days=3)).isoformat()
# What a POST carries; every revision in the addresses has the version 1.
POSTED = {
    "entry:report": {"action": "save", "version": "1", "drug-cases": "8"},
    "entry:figure": {"text": "8", "seen": 1},
    "entry:correct": {"reason_code": "typing", "reason": "A digit was wrong."},
    "entry:answer": {"kind": "confirm", "text": "Counted again.", "seen": "1.submitted.1"},
    "entry:paste": {"block": "drug-cases 8"},
    "entry:nothing": {"area": "drugs"},
    "entry:undo": {"versions": "0-1"},
    "review:report": {"action": "verify", "version": "1"},
    "review:ask": {"indicator": "drug-cases", "text": "So many?", "due": SOON, "version": "1"},
    "review:withdraw": {"question": "999999999", "text": "Seen in the annex."},
    "review:extension": {"until": SOON, "reason": "A flood."},
    "results:publish": {"last_month": "2025-03"},
}

# readyz says 503 because the tests' server does not flush what it commits; 302 is the way to the page of sign in
# for those who have not, and the way on after something was done.
DOORS = """
                                                                             ano opn own nei for rev pub off ana adm
healthz           GET  /healthz                                              200 200 200 200 200 200 200 200 200 200
readyz            GET  /readyz                                               503 503 503 503 503 503 503 503 503 503

results:newest    GET  /                                                     302 200 200 200 200 200 200 200 200 200
results:operation GET  /results/JT/                                          302 200 200 200 200 200 200 200 200 200
results:operation GET  /results/JT/?release=1                                302 200 200 200 200 200 200 200 200 200
results:operation GET  /results/JT/?release=9                                302 404 404 404 404 404 404 404 404 404
results:operation GET  /results/JT/?country=XX                               302 400 400 400 400 400 400 400 400 400
results:operation GET  /results/JT/?release=live                             302 302 200 200 200 200 200 403 403 403
results:operation GET  /results/JT/?release=live&country=LA                  302 302 200 200 403 200 200 403 403 403
results:operation GET  /results/JT/?release=live&country=TH                  302 302 403 403 200 200 200 403 403 403
results:operation GET  /results/JT/?as_of=2025-05-01T00:00Z                  302 302 200 200 200 200 200 403 403 403
results:operation GET  /results/JT/?as_of=2025-05-01T00:00Z&country=LA       302 302 200 200 403 200 200 403 403 403
results:operation GET  /results/JT/?as_of=2025-05-01T00:00Z&release=1        302 302 400 400 400 400 400 403 403 403
results:operation GET  /results/JT/?as_of=soon                               302 302 400 400 400 400 400 403 403 403
results:operation GET  /results/JT/?agency=LA-MND                            302 200 200 200 200 200 200 200 200 200
results:operation GET  /results/JT/?release=live&agency=LA-MND               302 302 200 200 400 200 200 403 403 403
results:operation GET  /results/EMPTY/                                       302 404 404 404 404 404 404 404 404 404
results:operation GET  /results/NONE/                                        404 404 404 404 404 404 404 404 404 404
results:briefing  GET  /results/JT/briefing.pdf                              302 200 200 200 200 200 200 200 200 200
results:briefing  GET  /results/JT/briefing.pdf?release=9                    302 404 404 404 404 404 404 404 404 404
results:briefing  GET  /results/JT/briefing.pdf?country=XX                   302 400 400 400 400 400 400 400 400 400
results:briefing  GET  /results/JT/briefing.pdf?release=live                 302 302 200 200 200 200 200 403 403 403
results:briefing  GET  /results/JT/briefing.pdf?release=live&country=LA      302 302 200 200 403 200 200 403 403 403
results:briefing  GET  /results/EMPTY/briefing.pdf                           302 404 404 404 404 404 404 404 404 404
results:briefing  GET  /results/NONE/briefing.pdf                            404 404 404 404 404 404 404 404 404 404
results:briefing  POST /results/JT/briefing.pdf                              405 405 405 405 405 405 405 405 405 405
results:communique GET /results/JT/communique.docx                           302 200 200 200 200 200 200 200 200 403
results:communique GET /results/JT/communique.docx?release=9                 302 404 404 404 404 404 404 404 404 404
results:communique GET /results/JT/communique.docx?country=LA                302 400 400 400 400 400 400 400 400 400
results:communique GET /results/JT/communique.docx?release=live              302 302 400 400 400 200 200 403 403 403
results:communique GET /results/EMPTY/communique.docx                        302 404 404 404 404 404 404 404 404 404
results:communique GET /results/NONE/communique.docx                         404 404 404 404 404 404 404 404 404 404
results:communique POST /results/JT/communique.docx                          405 405 405 405 405 405 405 405 405 405
results:explain   GET  /results/JT/explain/?indicator=drug-cases             302 200 200 200 200 200 200 200 200 200
results:explain   GET  /results/JT/explain/?indicator=drug-cases&as_of=2025-05-01T00:00Z 302 302 200 200 200 200 200 403 403 403
results:explain   GET  /results/JT/explain/                                  302 400 400 400 400 400 400 400 400 400
results:explain   GET  /results/JT/explain/?indicator=drug-cases&release=live 302 302 200 200 200 200 200 403 403 403
results:reconciliation GET /reconciliation/                                  302 200 200 200 200 200 200 200 200 200
results:reconciliation GET /reconciliation/?operation=NONE                   302 404 404 404 404 404 404 404 404 404
results:reconciliation POST /reconciliation/                                 405 405 405 405 405 405 405 405 405 405
results:releases  GET  /releases/                                            302 200 200 200 200 200 200 200 200 200
results:release   GET  /releases/JT/1/                                       302 200 200 200 200 200 200 200 200 200
results:release   GET  /releases/JT/9/                                       302 404 404 404 404 404 404 404 404 404
results:publish   GET  /releases/JT/new/                                     302 302 403 403 403 403 200 403 403 403
results:publish   POST /releases/JT/new/                                     302 302 403 403 403 403 302 403 403 403

data:index        GET  /data/                                                302 200 200 200 200 200 200 200 200 403
data:figures_csv  GET  /data/figures.csv                                     401 200 200 200 200 200 200 200 200 403
data:figures_csv  GET  /data/figures.csv?release=live&country=LA             401 401 200 200 403 200 200 403 403 403
data:figures_csv  GET  /data/figures.csv?release=live&country=TH             401 401 403 403 200 200 200 403 403 403
data:figures_csv  GET  /data/figures.csv?as_of=2025-05-01T00:00Z&country=LA  401 401 200 200 403 200 200 403 403 403
data:figures_csv  GET  /data/figures.csv?agency=LA-MND                       401 200 200 200 200 200 200 200 200 403
data:figures_csv  GET  /data/figures.csv?operation=EMPTY                     401 404 404 404 404 404 404 404 404 403
data:figures_csv  POST /data/figures.csv                                     405 405 405 405 405 405 405 405 405 405
data:totals_csv   GET  /data/totals.csv                                      401 200 200 200 200 200 200 200 200 403
data:totals_csv   GET  /data/totals.csv?release=live&country=LA              401 401 200 200 403 200 200 403 403 403
data:totals_json  GET  /data/totals.json                                     401 200 200 200 200 200 200 200 200 403
data:totals_json  GET  /data/totals.json?release=live&country=LA             401 401 200 200 403 200 200 403 403 403
data:totals_json  GET  /data/totals.json?release=9                           401 404 404 404 404 404 404 404 404 403
data:figures_json GET  /data/figures.json                                    401 200 200 200 200 200 200 200 200 403
data:figures_json GET  /data/figures.json?release=live&country=LA            401 401 200 200 403 200 200 403 403 403
data:figures_parquet GET /data/figures.parquet                               401 200 200 200 200 200 200 200 200 403
data:figures_parquet GET /data/figures.parquet?release=live&country=LA       401 401 200 200 403 200 200 403 403 403
data:figures_xlsx GET  /data/figures.xlsx                                    401 200 200 200 200 200 200 200 200 403
data:figures_xlsx GET  /data/figures.xlsx?release=live&country=LA            401 401 200 200 403 200 200 403 403 403
data:figures_sdmx_csv GET  /data/figures.sdmx.csv                            401 200 200 200 200 200 200 200 200 403
data:figures_sdmx_csv GET  /data/figures.sdmx.csv?release=live&country=LA    401 401 200 200 403 200 200 403 403 403
data:package_zip  GET  /data/package.zip                                     401 200 200 200 200 200 200 200 200 403
data:package_zip  GET  /data/package.zip?release=live&country=LA             401 401 200 200 403 200 200 403 403 403
data:manifest_json GET  /data/manifest.json                                  401 200 200 200 200 200 200 200 200 403
data:manifest_json GET  /data/manifest.json?release=live&country=LA          401 401 200 200 403 200 200 403 403 403
data:codebook_csv GET  /data/codebook.csv                                    401 200 200 200 200 200 200 200 200 403
data:codebook_json GET  /data/codebook.json                                  401 200 200 200 200 200 200 200 200 403
data:codebook     GET  /data/codebook/                                       302 200 200 200 200 200 200 200 200 403

entry:reports     GET  /reports/                                             302 302 200 200 200 200 200 200 403 403
entry:report      GET  /reports/JT/LA-MPS/expected/                          302 302 200 200 404 200 200 404 404 404
entry:report      GET  /reports/JT/LA-MPS/draft/                             302 302 200 200 404 404 404 404 404 404
entry:report      GET  /reports/JT/LA-MPS/submitted/                         302 302 200 200 404 200 404 404 404 404
entry:report      GET  /reports/JT/LA-MPS/verified/                          302 302 200 200 404 200 200 404 404 404
entry:report      GET  /reports/JT/LA-MPS/outside/                           302 302 404 404 404 404 404 404 404 404
entry:report      GET  /reports/NONE/LA-MPS/draft/                           302 302 404 404 404 404 404 404 404 404
entry:report      POST /reports/JT/LA-MPS/draft/                             302 302 302 403 404 404 404 404 404 404
entry:report      POST /reports/JT/LA-MPS/submitted/                         302 302 409 403 404 403 404 404 404 404
entry:report      POST /reports/JT/LA-MPS/verified/                          302 302 409 403 404 403 403 404 404 404
entry:correct     GET  /reports/JT/LA-MPS/verified/correct/                  302 302 405 405 405 405 405 405 405 405
entry:correct     POST /reports/JT/LA-MPS/expected/correct/                  302 302 409 403 404 403 403 404 404 404
entry:correct     POST /reports/JT/LA-MPS/draft/correct/                     302 302 409 403 404 404 404 404 404 404
entry:correct     POST /reports/JT/LA-MPS/submitted/correct/                 302 302 409 403 404 403 404 404 404 404
entry:correct     POST /reports/JT/LA-MPS/verified/correct/                  302 302 302 403 404 403 403 404 404 404
entry:figure      GET  /reports/JT/LA-MPS/draft/figures/drug-cases/          405 405 405 405 405 405 405 405 405 405
entry:figure      PUT  /reports/JT/LA-MPS/expected/figures/drug-cases/       401 401 200 403 404 403 403 404 404 404
entry:figure      PUT  /reports/JT/LA-MPS/draft/figures/drug-cases/          401 401 200 403 404 404 404 404 404 404
entry:figure      PUT  /reports/JT/LA-MPS/draft/figures/drugs-seized/        401 401 404 403 404 404 404 404 404 404
entry:figure      PUT  /reports/JT/LA-MPS/submitted/figures/drug-cases/      401 401 423 403 404 403 404 404 404 404
entry:figure      PUT  /reports/JT/LA-MPS/verified/figures/drug-cases/       401 401 423 403 404 403 403 404 404 404
entry:answer      GET  /reports/JT/LA-MPS/submitted/questions/0/              302 302 200 200 404 200 404 404 404 404
entry:answer      GET  /reports/JT/LA-MPS/verified/questions/0/               302 302 200 200 404 200 200 404 404 404
entry:answer      GET  /reports/JT/LA-MPS/draft/questions/0/                  302 302 404 404 404 404 404 404 404 404
entry:answer      POST /reports/JT/LA-MPS/submitted/questions/0/              302 302 302 403 404 403 404 404 404 404
entry:paste       GET  /reports/JT/LA-MPS/expected/paste/                     302 302 200 403 404 403 403 404 404 404
entry:paste       GET  /reports/JT/LA-MPS/draft/paste/                        302 302 200 403 404 404 404 404 404 404
entry:paste       GET  /reports/JT/LA-MPS/submitted/paste/                    302 302 423 403 404 403 404 404 404 404
entry:paste       GET  /reports/JT/LA-MPS/verified/paste/                     302 302 423 403 404 403 403 404 404 404
entry:upload      GET  /reports/JT/LA-MPS/expected/upload/                    302 302 200 403 404 403 403 404 404 404
entry:upload      GET  /reports/JT/LA-MPS/draft/upload/                       302 302 200 403 404 404 404 404 404 404
entry:upload      GET  /reports/JT/LA-MPS/submitted/upload/                   302 302 423 403 404 403 404 404 404 404
entry:upload      GET  /reports/JT/LA-MPS/verified/upload/                    302 302 423 403 404 403 403 404 404 404
entry:workbook    GET  /reports/JT/LA-MPS/expected/workbook.xlsx              302 302 200 403 404 403 403 404 404 404
entry:workbook    GET  /reports/JT/LA-MPS/draft/workbook.xlsx                 302 302 200 403 404 404 404 404 404 404
entry:workbook    GET  /reports/JT/LA-MPS/submitted/workbook.xlsx             302 302 423 403 404 403 404 404 404 404
entry:workbook    GET  /reports/JT/LA-MPS/verified/workbook.xlsx              302 302 423 403 404 403 403 404 404 404
entry:paste       POST /reports/JT/LA-MPS/draft/paste/                        302 302 200 403 404 404 404 404 404 404
entry:paste       POST /reports/JT/LA-MPS/submitted/paste/                    302 302 423 403 404 403 404 404 404 404
entry:upload      POST /reports/JT/LA-MPS/draft/upload/                       302 302 422 403 404 404 404 404 404 404
entry:workbook    GET  /reports/JT/LA-MPS/outside/workbook.xlsx               302 302 404 404 404 404 404 404 404 404
entry:nothing     GET  /reports/JT/LA-MPS/draft/nothing/                      302 302 405 405 405 405 405 405 405 405
entry:nothing     POST /reports/JT/LA-MPS/draft/nothing/                      302 302 302 403 404 404 404 404 404 404
entry:nothing     POST /reports/JT/LA-MPS/verified/nothing/                   302 302 302 403 404 403 403 404 404 404
entry:undo        GET  /reports/JT/LA-MPS/draft/undo/                         302 302 405 405 405 405 405 405 405 405
entry:undo        POST /reports/JT/LA-MPS/draft/undo/                         302 302 302 403 404 404 404 404 404 404
entry:undo        POST /reports/JT/LA-MPS/verified/undo/                      302 302 302 403 404 403 403 404 404 404
entry:receipt     GET  /reports/JT/LA-MPS/verified/receipt.txt                302 302 200 200 404 200 200 404 404 404
entry:receipt     GET  /reports/JT/LA-MPS/submitted/receipt.txt               302 302 200 200 404 200 404 404 404 404
entry:receipt     GET  /reports/JT/LA-MPS/draft/receipt.txt                   302 302 404 404 404 404 404 404 404 404

review:queue      GET  /review/                                              302 302 403 403 403 200 403 403 403 403
review:report     GET  /review/JT/LA-MPS/expected/                           302 302 403 403 403 404 403 403 403 403
review:report     GET  /review/JT/LA-MPS/draft/                              302 302 403 403 403 404 403 403 403 403
review:report     GET  /review/JT/LA-MPS/submitted/                          302 302 403 403 403 200 403 403 403 403
review:report     GET  /review/JT/LA-MPS/verified/                           302 302 403 403 403 200 403 403 403 403
review:report     GET  /review/JT/LA-MPS/outside/                            302 302 403 403 403 404 403 403 403 403
review:report     POST /review/JT/LA-MPS/expected/                           302 302 403 403 403 409 403 403 403 403
review:report     POST /review/JT/LA-MPS/draft/                              302 302 403 403 403 409 403 403 403 403
review:report     POST /review/JT/LA-MPS/submitted/                          302 302 403 403 403 302 403 403 403 403
review:report     POST /review/JT/LA-MPS/verified/                           302 302 403 403 403 409 403 403 403 403
review:verify_several GET /review/verify/                                    302 302 403 403 403 302 403 403 403 403
review:verify_several POST /review/verify/                                   302 302 403 403 403 409 403 403 403 403
review:ask        GET  /review/JT/LA-MPS/submitted/ask/                      302 302 403 403 403 302 403 403 403 403
review:ask        POST /review/JT/LA-MPS/expected/ask/                       302 302 403 403 403 409 403 403 403 403
review:ask        POST /review/JT/LA-MPS/draft/ask/                          302 302 403 403 403 409 403 403 403 403
review:ask        POST /review/JT/LA-MPS/submitted/ask/                      302 302 403 403 403 302 403 403 403 403
review:ask        POST /review/JT/LA-MPS/verified/ask/                       302 302 403 403 403 302 403 403 403 403
review:ask        POST /review/JT/LA-MPS/outside/ask/                        302 302 403 403 403 404 403 403 403 403
review:withdraw   GET  /review/JT/LA-MPS/submitted/withdraw/                 302 302 403 403 403 302 403 403 403 403
review:withdraw   POST /review/JT/LA-MPS/submitted/withdraw/                 302 302 403 403 403 404 403 403 403 403
review:extension  GET  /review/JT/LA-MPS/expected/extension/                 302 302 403 403 403 200 403 403 403 403
review:extension  GET  /review/JT/LA-MPS/verified/extension/                 302 302 403 403 403 200 403 403 403 403
review:extension  GET  /review/JT/LA-MPS/outside/extension/                  302 302 403 403 403 404 403 403 403 403
review:extension  POST /review/JT/LA-MPS/expected/extension/                 302 302 403 403 403 302 403 403 403 403
review:extension  POST /review/JT/LA-MPS/draft/extension/                    302 302 403 403 403 302 403 403 403 403
review:extension  POST /review/JT/LA-MPS/submitted/extension/                302 302 403 403 403 409 403 403 403 403
review:extension  POST /review/JT/LA-MPS/verified/extension/                 302 302 403 403 403 409 403 403 403 403

login             GET  /accounts/login/                                      200 200 200 200 200 200 200 200 200 200
logout            GET  /accounts/logout/                                     302 302 405 405 405 405 405 405 405 405
logout            POST /accounts/logout/                                     302 302 302 302 302 302 302 302 302 302
styleguide        GET  /styleguide/                                          200 200 200 200 200 200 200 200 200 200
admin:*           GET  /admin/                                               302 302 302 302 302 302 302 302 302 200
admin:*           GET  /admin/nothing/                                       302 302 302 302 302 302 302 302 302 404
"""
LINES = [line.split() for line in DOORS.splitlines()[2:] if line]


@pytest.fixture
def world():
    agencies = ["LA-MPS", "LA-MND", "TH-RTP"]
    operation = joint_operation("JT", "2025-02-26", "2025-06-30", agencies, ["drug-cases", "drug-suspects"],
                                communique="{drug-cases} cases.")  # fmt: skip
    joint_operation("EMPTY", "2024-01-01", "2024-03-31", agencies, ["drug-cases"])
    officer, reviewer = person("officer", "LA-MPS"), person("reviewer")
    verified(report(operation, "LA-MPS", MONTHS["verified"]), officer, reviewer, drug_cases=5)
    released(operation, "2025-03", person("publisher"))
    submitted(report(operation, "LA-MPS", MONTHS["submitted"]), officer, drug_cases=6)
    fill(report(operation, "LA-MPS", MONTHS["draft"]), officer, drug_cases=7)
    for state in ("verified", "submitted"):
        asked(report(operation, "LA-MPS", MONTHS[state]).revisions.get(), reviewer, "drug-suspects")
    for who in filter(None, PEOPLE.values()):
        person(*who)
    administrator = person("administrator")
    administrator.is_staff = True
    administrator.save()
    return operation


def addressed(address: str) -> str:
    """The address with the month of a state; question 0 is the one asked about that month."""
    for state, month in MONTHS.items():
        address = address.replace(f"/{state}/", f"/{month}/")
    return address


def knock(name, method, address, column, settings) -> int:
    """The code that a person gets; what it did is undone."""
    settings.PUBLIC_RESULTS = column == "opn"
    client = Client(raise_request_exception=False)
    with transaction.atomic():
        if PEOPLE[column]:
            client.force_login(person(*PEOPLE[column]))
        ask = {
            "GET": client.get,
            "POST": client.post,
            "PUT": partial(client.put, content_type="application/json"),
        }
        path = addressed(address)
        month = re.search(r"/(\d{4}-\d{2})/questions/", path)
        question = month and Question.objects.filter(revision__report__month=f"{month[1]}-01").first()
        if question:
            path = path.replace("/questions/0/", f"/questions/{question.pk}/")
        told = None if method == "GET" else POSTED.get(name, {})
        code = ask[method](path, told).status_code
        transaction.set_rollback(True)
    return code


@pytest.mark.parametrize(("name", "method", "address", "codes"), [(*line[:3], line[3:]) for line in LINES])
def test_each_door_opens_to_whom_it_should(world, settings, name, method, address, codes):
    assert [str(knock(name, method, address, column, settings)) for column in PEOPLE] == codes


def names(patterns=None, space=""):
    """The names of all addresses with their namespaces, or their paths where they have no name."""
    for one in patterns or get_resolver().url_patterns:
        inner = getattr(one, "url_patterns", None)
        if inner is None:
            yield space + (one.name or str(one.pattern))
        elif one.namespace == "admin":
            yield "admin:*"
        else:
            yield from names(inner, f"{space}{one.namespace}:" if one.namespace else space)


def test_every_address_has_its_line():
    assert {line[0] for line in LINES} == set(names())


@pytest.mark.parametrize(("name", "address"), [(line[0], line[2]) for line in LINES if "*" not in line[0]])
def test_a_line_is_about_the_address_that_it_names(name, address):
    found = resolve(addressed(address).split("?")[0])
    assert found.view_name in (name, "lmlecc.health.alive", "lmlecc.health.ready") or found.route == name


def test_columns_stand_in_the_order_of_the_people():
    assert DOORS.splitlines()[1].split() == list(PEOPLE)
