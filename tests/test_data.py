"""The files and their page: exact to the last byte, complete or an error, open to whom they should be."""

import csv
import io
import json
import re
import shutil
from decimal import Decimal
from operator import itemgetter
from pathlib import Path

import pandas
import pytest
from django.db import DatabaseError, OperationalError, connection
from django.urls import resolve, reverse
from django.utils import translation
from stories import corrected, just_after, person, released, report, submitted
from two_months import two_months

from operations import actions
from operations.data import making, tables
from operations.data.forms import FORMS
from operations.models import Indicator

pytestmark = pytest.mark.django_db

GOLDEN = Path(__file__).parent / "golden"
FILES = ["/data/figures.csv", "/data/totals.csv", "/data/totals.json"]
ALL = [f"/data/{name}" for name in FORMS]


@pytest.fixture(autouse=True)
def open_results(settings):
    settings.PUBLIC_RESULTS = True


@pytest.fixture
def operation():
    return two_months()


def body(response):
    return b"".join(response) if response.streaming else response.content


def rows(response):
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(body(response).decode("utf-8-sig"))))


def error(response, status):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    found = json.loads(response.content)
    assert list(found) == ["error"] and set(found["error"]) == {"code", "message", "field"}
    assert found["error"]["message"]
    return found["error"]


# ------------------------------------------------------------------------------------ what stands in them


def test_figures_are_the_golden_file(client, operation):
    assert body(client.get("/data/figures.csv")) == (GOLDEN / "figures.csv").read_bytes()


def test_totals_are_the_golden_file(client, operation):
    assert body(client.get("/data/totals.csv")) == (GOLDEN / "totals.csv").read_bytes()


def test_totals_split_by_everything_are_the_golden_file(client, operation):
    address = "/data/totals.csv?indicator=trafficking-cases&by=month&by=focus_area&by=agency&by=country&by=indicator"
    assert body(client.get(address)) == (GOLDEN / "totals-by-everything.csv").read_bytes()


def test_totals_for_programs_are_the_golden_file(client, operation):
    address = "/data/totals.json?indicator=drugs-seized&indicator=trafficking-cases&by=country"
    pairs = {"object_pairs_hook": list}  # the order of the columns is part of the contract too
    golden = json.loads((GOLDEN / "totals.json").read_text(), **pairs)
    assert json.loads(body(client.get(address)), **pairs) == golden


def test_columns_are_told_with_their_meaning(client, operation):
    assert [column.name for column in tables.FIGURES] == list(rows(client.get("/data/figures.csv"))[0])
    everything = rows(client.get("/data/totals.csv", {"by": tables.BY}))[0]
    assert [column.name for column in tables.totals_columns(tables.BY)] == list(everything)
    assert all(column.meaning for column in (*tables.FIGURES, *tables.totals_columns(tables.BY)))


@pytest.mark.parametrize(
    "by", [[], ["indicator"], ["month"], ["agency", "country"], ["focus_area"], list(tables.BY)]
)
def test_figures_add_up_to_the_totals_however_they_are_split(client, operation, by):
    split = [name for name in by if name != "indicator"] + ["indicator"]
    sums = {}
    for row in rows(client.get("/data/figures.csv")):
        key = tuple(row[name] for name in split)
        sums.setdefault(key, None)
        if row["value"]:
            sums[key] = (sums[key] or 0) + Decimal(row["value"])
    totals = rows(client.get("/data/totals.csv", {"by": by, "indicator": {key[-1] for key in sums}}))
    assert {tuple(row[name] for name in split): row["value"] for row in totals} == {
        key: "" if value is None else str(value) for key, value in sums.items()
    }


def test_pandas_reads_back_the_very_decimals(client, operation):
    read = pandas.read_csv(
        io.BytesIO(body(client.get("/data/figures.csv"))), dtype=str, keep_default_na=False
    )
    opium = read[(read.agency == "LA-MPS") & (read.month == "2025-03") & (read.indicator == "drugs-opium")]
    assert [Decimal(value) for value in opium.value] == [Decimal("123456789012345.678")]
    assert len(read) == 24


def test_zero_is_written_and_what_is_missing_is_empty(client, operation):
    found = {
        row["obs_status"]: row["value"]
        for row in rows(client.get("/data/figures.csv?indicator=trafficking-cases"))
    }
    assert found == {"A": "0", "L": "", "M": "", "O": ""}


def test_filters_narrow_the_rows(client, operation):
    found = rows(
        client.get("/data/figures.csv?country=LA&area=drugs&from=2025-03&to=2025-03&indicator=drug-cases")
    )
    assert [(row["agency"], row["value"]) for row in found] == [("LA-MPS", "5"), ("LA-MND", "")]


def test_spreadsheets_get_their_byte_order_mark_and_nobody_else(client, operation):
    plain, marked = (body(client.get("/data/figures.csv" + query)) for query in ("?bom=0", "?bom=1"))
    assert marked == b"\xef\xbb\xbf" + plain


@pytest.mark.parametrize(
    "address", ["/data/figures.csv", "/data/totals.csv?by=country&by=agency&by=month&by=focus_area"]
)
def test_no_cell_could_be_a_formula(client, operation, address):
    for line in csv.reader(io.StringIO(body(client.get(address)).decode())):
        assert all(re.fullmatch(r"|[A-Za-z0-9][A-Za-z0-9._-]*", cell) for cell in line)


def test_language_is_taken_and_changes_no_number(client, operation):
    assert body(client.get("/data/figures.csv?lang=km")) == (GOLDEN / "figures.csv").read_bytes()


# ------------------------------------------------------------------------------- what stands around them


@pytest.mark.parametrize("address", FILES)
def test_headers_tell_release_coverage_and_rows(client, operation, address):
    response = client.get(address)
    content = body(response)
    count = len(json.loads(content)["rows"]) if address.endswith("json") else content.count(b"\n") - 1
    assert response["X-Release"] == "1"
    assert response["X-Reports"] == "5/6"
    assert response["X-Row-Count"] == str(count)
    assert response["Content-Length"] == str(len(content))
    name = address.removeprefix("/data/")
    assert response["Content-Disposition"] == f'attachment; filename="JT-2025-release-1-{name}"'
    assert "X-Demonstration" not in response


def test_demonstration_is_told_in_name_header_and_body(client, operation):
    operation.is_demonstration = True
    operation.save()
    response = client.get("/data/totals.json")
    assert response["X-Demonstration"] == "1"
    assert (
        response["Content-Disposition"]
        == 'attachment; filename="JT-2025-release-1-totals-demonstration.json"'
    )
    assert json.loads(body(response))["demonstration"] is True


@pytest.mark.parametrize("address", ALL)
def test_who_has_the_file_already_is_not_sent_it_again(client, operation, address):
    first = client.get(address)
    assert re.fullmatch(r'"[0-9a-f]{64}"', first["ETag"])
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert client.get(address, headers={"If-None-Match": '"another"'}).status_code == 200


def test_other_rows_have_another_etag(client, operation):
    queries = ["", "?country=KH", "?bom=1", "?release=1&country=LA"]
    assert len({client.get("/data/figures.csv" + query)["ETag"] for query in queries}) == 4


@pytest.mark.parametrize("address", ALL)
def test_head_tells_the_same_without_the_rows(client, operation, address):
    head, get = client.head(address), client.get(address)
    assert head.content == b""
    for name in ("ETag", "Content-Length", "Content-Type", "X-Reports", "X-Row-Count", "X-Release"):
        assert head[name] == get[name]


def test_shared_caches_keep_only_what_anyone_may_read(client, operation):
    response = client.get("/data/figures.csv")
    assert response["Cache-Control"] == "public, no-cache" and "Cookie" in response["Vary"]
    client.force_login(person("analyst"))
    assert client.get("/data/figures.csv")["Cache-Control"] == "private, no-cache"
    client.force_login(person("reviewer"))
    assert client.get("/data/figures.csv?release=live")["Cache-Control"] == "private, no-cache"


# ------------------------------------------------------------------------------------- releases and live


def test_released_files_never_move(client, operation, settings):
    addresses = [address + "?release=1" for address in ALL]
    before = [body(client.get(address)) for address in addresses]
    reviewer = person("reviewer")
    corrected(report(operation, "KH-NP", "2025-02"), person("officer", "KH-NP"), reviewer, drug_cases=99)
    submitted(report(operation, "LA-MND", "2025-03"), person("officer", "LA-MND"), drug_cases=3)
    assert [body(client.get(address)) for address in addresses] == before
    late = report(operation, "LA-MND", "2025-03")
    version = late.revisions.get().version
    actions.verify(late, version=version, by=reviewer, at=just_after(late))
    released(operation, "2025-03", person("publisher"))
    assert [body(client.get(address)) for address in addresses] == before
    shutil.rmtree(settings.KEPT)  # and not only because they are kept
    assert [body(client.get(address)) for address in addresses] == before
    operation.indicators.add(Indicator.objects.get(code="drugs-ketamine"))
    assert [body(client.get(address)) for address in addresses] == before
    newest = client.get("/data/totals.csv?indicator=drug-cases")
    assert newest["X-Release"] == "2" and newest["X-Reports"] == "6/6"
    assert rows(newest)[0]["value"] == "124"


def test_live_view_has_another_etag_as_soon_as_more_is_verified(client, operation):
    officer, reviewer = person("officer", "KH-NP"), person("reviewer")
    client.force_login(reviewer)
    address = "/data/figures.csv?release=live"
    marks = [client.get(address)["ETag"]]
    march = report(operation, "KH-NP", "2025-03")
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=just_after(march))
    marks.append(client.get(address)["ETag"])
    assert (
        client.get(address, headers={"If-None-Match": marks[0]}).status_code == 304
    )  # a draft is nobody's figure
    submitted(march, officer, drug_cases=4)
    draft = march.revisions.get(number=3)
    actions.verify(march, version=draft.version, by=reviewer, at=just_after(march))
    marks.append(client.get(address)["ETag"])
    operation.indicators.add(Indicator.objects.get(code="drugs-ketamine"))
    marks.append(client.get(address)["ETag"])
    Indicator.objects.filter(code="drug-cases").update(position=999)  # another order of rows
    marks.append(client.get(address)["ETag"])
    assert marks[0] == marks[1] and len(set(marks)) == 4


def test_live_view_is_not_kept(client, operation, settings):
    client.force_login(person("reviewer"))
    shutil.rmtree(settings.KEPT, ignore_errors=True)
    client.get("/data/figures.csv?release=live").close()
    assert list(settings.KEPT.iterdir()) == []


def test_live_has_what_is_verified_so_far(client, operation):
    officer, reviewer = person("officer", "KH-NP"), person("reviewer")
    corrected(report(operation, "KH-NP", "2025-02"), officer, reviewer, drug_cases=99)
    client.force_login(person("publisher"))
    response = client.get("/data/figures.csv?release=live&country=KH&indicator=drug-cases")
    assert response["Content-Disposition"] == 'attachment; filename="JT-2025-live-figures.csv"'
    assert [(row["value"], row["revision"], row["release"]) for row in rows(response)] == [
        ("99", "2", "live"),
        ("10", "2", "live"),
    ]


def test_officers_see_their_own_country_live(client, operation):
    client.force_login(person("officer", "LA-MPS"))
    assert {row["country"] for row in rows(client.get("/data/figures.csv?release=live"))} == {"LA"}
    assert error(client.get("/data/figures.csv?release=live&country=KH"), 403)["field"] == "release"


@pytest.mark.parametrize("role", ["official", "analyst"])
def test_live_is_not_for_everyone(client, operation, role):
    client.force_login(person(role))
    assert error(client.get("/data/totals.json?release=live"), 403)["code"] == "forbidden"


@pytest.mark.parametrize("address", ALL)
def test_who_is_nobody_here_is_told_to_sign_in_and_not_sent_to_a_form(client, operation, settings, address):
    assert error(client.get(address + "?release=live"), 401)["code"] == "sign_in"
    settings.PUBLIC_RESULTS = False
    assert error(client.get(address), 401)["code"] == "sign_in"
    assert error(client.get(address + "?release=7"), 401)["code"] == "sign_in"
    client.force_login(person("official"))
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", ALL)
def test_administrators_do_not_download(client, operation, address):
    client.force_login(person("administrator"))
    assert error(client.get(address), 403)["code"] == "forbidden"


# --------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("by=colour", "by"),
        ("by=country%00", "by"),
        ("operation=JT-1999", "operation"),
        ("operation=%00", "operation"),
        ("operation=JT-2025&operation=JT-2025", "operation"),
        ("release=one", "release"),
        ("release=1&release=1", "release"),
        ("release=%00", "release"),
        ("release=-1", "release"),
        ("release=%D9%A1", "release"),
        ("from=2025-13", "from"),
        ("from=yesterday", "from"),
        ("from=%00", "from"),
        ("to=2568-03", "to"),
        ("from=2025-01", "from"),
        ("to=2025-04", "to"),
        ("from=2025-03&to=2025-02", "from"),
        ("country=XX", "country"),
        ("country=TH", "country"),
        ("country=%00", "country"),
        ("area=weather", "area"),
        ("area=scam", "area"),
        ("indicator=none", "indicator"),
        ("indicator=%FF%00", "indicator"),
        ("indicator=scam-cases", "indicator"),
        ("bom=yes", "bom"),
        ("bom=1&bom=1", "bom"),
        ("lang=xx", "lang"),
        ("%00=%00", "\0"),
        ("x" * 3000, "x" * 40),
    ],
)
def test_what_means_nothing_is_refused_with_a_sentence(client, operation, query, field):
    for address in FILES[1:]:
        assert error(client.get(f"{address}?{query}"), 400) | {"message": ""} == {
            "code": "bad_request",
            "message": "",
            "field": field,
        }


@pytest.mark.parametrize(
    "query", ["by=month", "indicator=drugs-seized", "colour=", "country=XX", "operation=%00"]
)
def test_figures_refuse_it_too_and_what_only_totals_have(client, operation, query):
    assert error(client.get(f"/data/figures.csv?{query}"), 400)["field"] == query.split("=")[0]


def test_unknown_split_names_the_known_ones(client, operation):
    message = error(client.get("/data/totals.csv?by=colour"), 400)["message"]
    assert "indicator, country, agency, month, focus_area" in message


@pytest.mark.parametrize("address", ALL)
def test_release_that_is_not_there_is_not_found(client, operation, address):
    assert error(client.get(address + "?release=9999"), 404)["field"] == "release"
    assert error(client.get(address + "?operation=SLM-2026"), 404)["field"] == "release"


def test_before_any_release_there_is_nothing_to_find(client):
    assert error(client.get("/data/totals.json"), 404)["message"] == "Nothing is released yet."


@pytest.mark.parametrize("address", ALL)
def test_files_are_only_read(client, operation, address):
    client.handler.enforce_csrf_checks = True
    response = client.post(address)
    error(response, 405)
    assert response["Allow"] == "GET, HEAD"


def test_empty_fields_of_a_form_mean_nothing_is_chosen(client, operation):
    query = "?operation=&release=&from=&to=&country=&area=&indicator=&bom=&lang="
    assert body(client.get("/data/figures.csv" + query)) == (GOLDEN / "figures.csv").read_bytes()


def test_file_that_breaks_off_is_an_error_and_not_a_short_file(client, operation, monkeypatch):
    # The division fails at the 13th row, when COPY has written twelve.
    broken = "SELECT 1 / (13 - n) FROM generate_series(1, 24) n"
    monkeypatch.setattr("operations.queries.figures_sql", lambda selection: broken)
    client.raise_request_exception = False
    assert error(client.get("/data/figures.csv"), 500)["code"] == "server_error"


def test_busy_database_is_told_so(client, operation, monkeypatch):
    def busy(selection):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr("operations.queries.figures_sql", busy)
    client.raise_request_exception = False
    response = client.get("/data/figures.csv")
    error(response, 503)
    assert response["Retry-After"]


@pytest.mark.django_db(transaction=True)
def test_file_is_written_in_one_moment_that_nothing_can_change():
    with making.snapshot(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("repeatable read",)
        with pytest.raises(DatabaseError, match="read-only transaction"):
            cursor.execute("INSERT INTO auth_group (name) VALUES ('nobody')")


@pytest.mark.django_db(transaction=True)
def test_figures_are_read_in_that_one_moment(client, operation, monkeypatch):
    asked = "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
    monkeypatch.setattr("operations.queries.figures_sql", lambda selection: asked)
    assert body(client.get("/data/figures.csv")).endswith(b"repeatable read,on\n")


# ---------------------------------------------------------------------------------------------- the page


def test_files_have_no_language_and_the_page_has():
    with translation.override("km"):
        assert reverse("data:index") == "/km/data/"
        assert reverse("data:figures_csv") == "/data/figures.csv"
        assert reverse("data:totals_csv") == "/data/totals.csv"
        assert reverse("data:totals_json") == "/data/totals.json"
        assert resolve("/km/data/").view_name == "data:index"
    assert reverse("data:index") == "/data/"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?country=LA&from=2025-03&by=month&by=country",
        "?indicator=drug-cases&indicator=drugs-opium&area=drugs",
        "?area=trafficking&to=2025-02&by=focus_area",
    ],
)
def test_page_gives_addresses_that_hold_as_many_rows_as_it_says(client, operation, query):
    page = client.get("/data/" + query)
    assert {file["name"] for file in page.context["files"]} == set(FORMS)
    for file in filter(itemgetter("url"), page.context["files"]):
        assert file["url"].startswith("http://testserver/data/")
        assert file["url"].replace("&", "&amp;") in page.content.decode()
        assert client.get(file["url"])["X-Row-Count"] == str(file["rows"])


def test_page_shows_the_file_row_by_row(client, operation):
    page = client.get("/data/?by=agency&indicator=drugs-opium")
    file = next(file for file in page.context["files"] if file["name"] == "totals.csv")
    content = body(client.get(file["url"])).decode()
    lines = list(csv.reader(io.StringIO(content)))
    assert [page.context["table_columns"], *page.context["table_rows"]] == lines


def test_page_keeps_the_whole_choice_in_both_forms(client, operation):
    page = client.get("/data/?country=LA&area=drugs&from=2025-03&by=month&indicator=drug-cases")
    assert {"name": "indicator", "value": "drug-cases"} in page.context["filters"]["hidden"]
    assert {"name": "by", "value": "month"} in page.context["filters"]["hidden"]
    for name, value in [("country", "LA"), ("area", "drugs"), ("from", "2025-03"), ("release", "1")]:
        assert {"name": name, "value": value} in page.context["kept"]


def test_page_says_that_a_calculated_indicator_is_not_among_the_figures(client, operation):
    figures = client.get("/data/?indicator=drugs-seized").context["files"][0]
    assert figures["url"] is None and "drugs-seized" in figures["what"]


@pytest.mark.parametrize(
    ("query", "status"), [("?country=%00", 400), ("?release=9", 404), ("?release=live", 403)]
)
def test_page_tells_what_is_wrong_and_shows_the_newest_release(client, operation, query, status):
    client.force_login(person("analyst"))
    page = client.get("/data/" + query)
    assert page.status_code == status
    assert page.context["errors"] and page.context["version"] == "Release 1, 27 January 2026"


def test_page_offers_live_to_those_who_may(client, operation):
    client.force_login(person("reviewer"))
    assert client.get("/data/").context["filters"]["releases"][-1]["value"] == "live"
    client.force_login(person("analyst"))
    assert client.get("/data/").context["filters"]["releases"][-1]["value"] == "1"


def test_page_is_there_before_any_release(client):
    page = client.get("/data/")
    assert page.status_code == 404 and b"Nothing is released yet" in page.content


def test_page_asks_who_may_not_read_to_sign_in(client, settings):
    settings.PUBLIC_RESULTS = False
    assert client.get("/km/data/?by=month").url == "/km/accounts/login/?next=/km/data/%3Fby%3Dmonth"
    client.force_login(person("administrator"))
    assert client.get("/data/").status_code == 403


def test_page_speaks_of_a_demonstration(client, operation):
    operation.is_demonstration = True
    operation.save()
    page = client.get("/data/")
    assert page.context["demonstration"] is True and b'class="banner"' in page.content
