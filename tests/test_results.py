"""The results, the receipts behind their numbers, and the releases, as each reader finds them."""

import html
import json
import re
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from stories import corrected, fill, joint_operation, person, released, report, submitted, verified

from operations import months, queries, selections
from operations.models import Release

pytestmark = pytest.mark.django_db

AGENCIES = ["KH-NP", "LA-MPS", "LA-MND", "TH-RTP"]
LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-opium", "trafficking-cases"]
HERE = "/results/JT-2025/"


@pytest.fixture(autouse=True)
def open_results(settings):
    settings.PUBLIC_RESULTS = True


@pytest.fixture
def operation():
    """February (partial) is in, March lacks LA-MND, of April only Thailand is in; June is ahead. Release 1 to April."""
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", AGENCIES, LEAVES)
    for number, agency in enumerate(AGENCIES, start=1):
        hand_in(operation, agency, "2025-02", drug_cases=number, drugs_heroin=f"{number}.125", trafficking_cases=1)
    hand_in(operation, "KH-NP", "2025-03", drug_cases=0, drugs_heroin="0.5")
    hand_in(operation, "LA-MPS", "2025-03", drug_cases="L", drugs_opium=7)
    hand_in(operation, "TH-RTP", "2025-03", drug_cases=1500, drug_suspects=20, drugs_heroin="412.512")
    hand_in(operation, "TH-RTP", "2025-04", drug_cases=30)
    released(operation, "2025-04", person("publisher"))
    return operation


def hand_in(operation, agency, month, **figures):
    return verified(report(operation, agency, month), person("officer", agency), person("reviewer"), **figures)


@pytest.fixture
def second(operation):
    """Release 2, with a corrected report, one that was late and one of a month after release 1."""
    cambodia = report(operation, "KH-NP", "2025-03")
    corrected(cambodia, person("officer", "KH-NP"), person("reviewer"), drug_cases=9)
    hand_in(operation, "LA-MND", "2025-03", drug_cases=11)
    hand_in(operation, "TH-RTP", "2025-05", drug_cases=50)
    return released(operation, "2025-05", person("publisher"))


def reader(role="", agency="") -> Client:
    client = Client()
    if role:
        client.force_login(person(role, agency))
    return client


def page(client, query="", address=HERE, status=200) -> str:
    answer = client.get(address + query)
    assert answer.status_code == status
    return answer.content.decode()


def tiles(text) -> dict:
    """Indicator of each headline that has a number → what it shows after its label, as one reads it aloud."""
    found = {}
    for block in re.findall(r'<div class="tile">(.*?)</div>', text, re.S):
        spoken = re.sub(r'<span[^>]*aria-hidden="true"[^>]*>.*?</span>', "", block)
        words = [part.strip() for part in re.split(r"<[^>]*>", spoken) if part.strip()]
        if indicator := re.search(r"indicator=([a-z-]+)", block):
            found[indicator[1]] = " ".join(words[1:])
    return found


def charts(text) -> dict:
    found = re.findall(r'<script id="([^"]+)" type="application/json">(.*?)</script>', text, re.S)
    return {name: json.loads(drawn) for name, drawn in found}


def columns(drawn, country) -> dict:
    """Month → height of a country's column; None: no column. With the sign of the hatching."""
    found = {}
    for series in drawn["data"]:
        if series["meta"].get("country") == country:
            sign = series.get("marker", {}).get("pattern", {}).get("shape", "")
            for month, height in zip(series["x"], series["y"], strict=True):
                if height is not None or month not in found:
                    found[month] = None if height is None else (height, sign)
    return found


def numbers_of(text) -> list[tuple[str, str]]:
    """Every number with a receipt: (its address, the number as shown)."""
    found = re.findall(r'<a href="([^"]*/explain/[^"]*)">([^<]+)</a>( <span class="tile-unit">t</span>)?', text)
    assert not any(tonnes for _address, _number, tonnes in found)
    return [(html.unescape(address), number) for address, number, _tonnes in found]


# -------------------------------------------------------------------------------------------- the numbers


def test_headlines_are_the_totals_and_say_at_least_while_reports_are_missing(operation):
    assert tiles(page(reader())) == {
        "drug-cases": "at least 1,540 8 of 12 reports 1 figure not available",
        "drug-suspects": "at least 20 8 of 12 reports",
        "drugs-seized": "at least 430.512 kg 8 of 12 reports",
        "trafficking-cases": "at least 4 8 of 12 reports",
    }


def test_a_complete_selection_does_not_say_at_least(operation):
    text = page(reader(), "?to=2025-02&area=drugs")
    assert tiles(text)["drug-cases"] == "10 4 of 4 reports"
    assert "at least" not in text


def test_a_month_without_a_report_is_a_gap_and_a_nil_return_is_a_column_of_no_height(operation):
    drawn = charts(page(reader()))["drug-cases-by-month"]
    cambodia = columns(drawn, "KH")
    assert cambodia["Mar"][0] == 0
    assert cambodia["Apr"] is None
    assert columns(drawn, "LA")["Mar"] is None  # one report says not available, the other is missing
    assert columns(drawn, "TH")["Apr"][0] == 30


def test_a_month_that_the_operation_covers_in_part_is_hatched_and_the_others_are_not(operation):
    text = page(reader())
    thailand = columns(charts(text)["drug-cases-by-month"], "TH")
    assert [thailand[month][1] for month in ("Feb", "Mar", "Apr")] == ["/", "", ""]
    assert "Hatched" in text
    assert "Hatched" not in page(reader(), "?from=2025-03")


def test_the_table_tells_missing_from_zero(operation):
    text = page(reader(), "?from=2025-03&to=2025-03&country=KH&country=LA")
    table = re.search(r'data-figure="drug-cases-by-month".*?</table>', text, re.S)[0]
    row = re.search(r"<tbody>.*?</tbody>", table, re.S)[0]
    cells = [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)]
    assert cells[0] == "0"
    assert cells[1].startswith("–") and "not available" in cells[1]


def test_countries_stand_in_the_order_of_the_centre(operation):
    [bars] = charts(page(reader()))["drug-cases-by-country"]["data"]
    assert bars["meta"]["countries"] == ["KH", "LA", "TH"]


@pytest.mark.parametrize("query", ["", "?from=2025-03&to=2025-03", "?country=LA&country=TH&area=drugs&to=2025-03"])
def test_every_number_is_the_sum_of_its_receipt(operation, query):
    client = reader()
    checked = 0
    for address, shown in set(numbers_of(page(client, query))):
        answer = client.get(address)
        assert answer.status_code == 200, address
        figures = [line["record"].value for line in answer.context["lines"]]
        total = sum((value for value in figures if value is not None), Decimal(0))
        assert Decimal(shown.replace(",", "")) == total, address
        assert answer.context["exact"].startswith(f"{shown} ")
        checked += 1
    assert checked > 8


def test_every_number_of_the_page_has_its_receipt(operation):
    text = page(reader())
    for block in re.findall(r'<table class="figures">.*?</table>', text, re.S):
        for cell in re.findall(r"<td[^>]*>(.*?)</td>", block, re.S):
            seen = re.sub(r"<span class=\"visually-hidden\">.*?</span>|<[^>]*>", "", cell)
            assert "/explain/" in cell or not re.search(r"\d", seen), seen


def test_a_receipt_names_what_is_not_in_it(operation):
    text = page(reader(), "?indicator=drug-cases&from=2025-03&to=2025-03", f"{HERE}explain/")
    missing = re.search(r'id="missing".*?</ul>', text, re.S)[0]
    assert missing.count("<li>") == 1 and "Laos" in missing and "National Defen" in missing


def test_a_receipt_counts_figures_and_not_marks(operation):
    period = "from=2025-03&to=2025-03"
    hand_in(operation, "LA-MND", "2025-03", drug_cases=2)
    released(operation, "2025-04", person("publisher"))
    text = page(reader(), f"?indicator=drug-cases&{period}", f"{HERE}explain/")
    assert "Exactly 1,502 cases: the sum of the 3 figures below." in text  # of four reports, one with a mark


def test_a_receipt_of_a_total_is_of_its_parts(operation):
    text = page(reader(), "?indicator=drugs-seized&country=LA", f"{HERE}explain/")
    assert "Calculated, never entered:" in text
    assert "Heroin" in text and "Opium" in text


# --------------------------------------------------------------------------------------------- the filters


def test_filters_narrow_the_page_to_what_they_name(operation):
    text = page(reader(), "?from=2025-03&to=2025-04&country=TH&area=drugs")
    assert list(tiles(text)) == ["drug-cases", "drug-suspects", "drugs-seized"]
    assert tiles(text)["drug-cases"] == "1,530 2 of 2 reports"
    drawn = charts(text)
    assert set(columns(drawn["drug-cases-by-month"], "TH")) == {"Mar", "Apr"}
    assert columns(drawn["drug-cases-by-month"], "KH") == {}
    assert "trafficking-cases-by-month" not in drawn


def test_filters_stand_in_the_form_as_they_were_chosen(operation):
    text = page(reader(), "?from=2025-03&country=TH&area=drugs")
    assert '<option value="2025-03" selected>' in text
    assert re.search(r'name="country" value="TH" checked', text)
    assert not re.search(r'name="country" value="KH" checked', text)
    assert re.search(r'name="area" value="drugs" checked', text)


def test_the_files_of_a_page_are_of_its_selection(operation):
    text = page(reader(), "?from=2025-03&country=TH")
    [address] = {html.unescape(one) for one in re.findall(r'href="(/data/figures\.csv[^"]*)"', text)}
    asked = parse_qs(urlsplit(address).query)
    assert asked == {"operation": ["JT-2025"], "release": ["1"], "from": ["2025-03"], "country": ["TH"]}
    assert reader().get(address)["X-Reports"] == "2/2"


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("?from=2025-04&to=2025-03", 400, "The months run backwards: from 2025-04 to 2025-03."),
        ("?from=2025-01", 400, "2025-01 lies outside: the figures run from 2025-02 to 2025-04."),
        ("?to=2025-06", 400, "2025-06 lies outside"),
        ("?to=2568-03", 400, "looks like a Buddhist year; write the Gregorian month, 2025-03."),
        ("?from=March", 400, "“March” is not a month; write it like 2025-03."),
        ("?from=2025-03&from=2025-04", 400, "can be given once only"),
        ("?country=XX", 400, "There is no country “XX” here; known are: KH, LA, TH."),
        ("?country=VN", 400, "There is no country “VN” here"),
        ("?country=%00", 400, "There is no country"),
        ("?area=%3Cb%3E", 400, "There is no area “&lt;b&gt;” here"),
        ("?release=one", 400, "A release is a number or “live”, not “one”."),
        ("?release=-1", 400, "A release is a number or “live”"),
        ("?release=%D9%A1", 400, "A release is a number or “live”"),
        ("?release=9", 404, "has no release 9."),
    ],
)
def test_a_filter_that_means_nothing_is_said_with_a_way_on(operation, query, status, sentence):
    for address in (HERE, f"{HERE}explain/"):
        text = page(reader(), f"{query}&indicator=drug-cases", address, status)
        assert sentence in text
        assert f'href="{HERE}"' in text


@pytest.mark.parametrize("query", ["", "?indicator=drug-cases&indicator=drugs-heroin", "?indicator=nonsense",
                                   "?indicator=scam-cases"])  # fmt: skip
def test_a_receipt_is_for_one_indicator_of_the_operation(operation, query):
    assert f'href="{HERE}"' in page(reader(), query, f"{HERE}explain/", 400)


def test_an_operation_without_a_release_says_so_and_offers_another(operation):
    joint_operation("JT-2024", "2024-01-01", "2024-03-31", ["KH-NP"], LEAVES)
    text = page(reader(), "", "/results/JT-2024/", 404)
    assert "JT-2024 has no release yet." in text and 'href="/"' in text


# ------------------------------------------------------------------------------------------- the live view


def test_live_is_what_is_verified_so_far(operation):
    hand_in(operation, "KH-NP", "2025-04", drug_cases=100)
    submitted(report(operation, "LA-MPS", "2025-04"), person("officer", "LA-MPS"), drug_cases=1000)
    fill(report(operation, "LA-MND", "2025-04"), person("officer", "LA-MND"), drug_cases=10000)
    assert tiles(page(reader("reviewer"), "?release=live&to=2025-04&area=drugs"))["drug-cases"].startswith(
        "at least 1,640 9 of 12 reports"
    )
    assert tiles(page(reader("reviewer")))["drug-cases"].startswith("at least 1,540 ")


@pytest.mark.parametrize("role", ["official", "analyst", "administrator"])
def test_live_is_not_for_those_who_read_releases(operation, role):
    text = page(reader(role), "?release=live", HERE, 403)
    assert "You may not see unreleased figures" in text and f'href="{HERE}"' in text
    assert "release=live" not in page(reader(role))


def test_a_passer_by_is_asked_to_sign_in_for_live(operation):
    answer = reader().get(HERE + "?release=live")
    assert answer.status_code == 302 and answer.url.startswith("/accounts/login/?next=")


def test_an_officer_sees_the_own_country_live(operation):
    hand_in(operation, "LA-MND", "2025-03", drug_cases=40)
    client = reader("officer", "LA-MPS")
    text = page(client, "?release=live&to=2025-03&area=drugs")
    assert tiles(text)["drug-cases"].startswith("45 4 of 4 reports")
    [bars] = charts(text)["drug-cases-by-country"]["data"]
    assert bars["meta"]["countries"] == ["LA"]
    page(client, "?release=live&country=TH", HERE, 403)
    page(client, "?release=live&country=LA&country=TH", HERE, 403)
    page(client, "?release=live&country=TH&indicator=drug-cases", f"{HERE}explain/", 403)


# ------------------------------------------------------------------------------------------- the releases


def test_an_old_release_stays_as_it_was_and_says_that_there_is_a_newer(operation, request):
    client = reader()
    before = page(client, "?release=1")
    files = ["/data/figures.csv?release=1", "/data/totals.csv?release=1&by=month&by=agency"]
    kept = [b"".join(client.get(address)) for address in files]
    assert "superseded" not in before
    request.getfixturevalue("second")
    after = page(client, "?release=1")
    assert (tiles(after), charts(after)) == (tiles(before), charts(before))
    assert numbers_of(after) == numbers_of(before)
    assert [b"".join(client.get(address)) for address in files] == kept
    assert "superseded by release 2" in after
    assert 'href="/releases/JT-2025/2/"' in after
    assert tiles(page(client))["drug-cases"].startswith("at least 1,610 ")


def test_a_receipt_of_an_old_release_stays_too(operation, second):
    address = f"{HERE}explain/?indicator=drug-cases&country=KH&from=2025-03&to=2025-03"
    old, new = page(reader(), "&release=1", address), page(reader(), "", address)
    assert "Exactly 0 " in old and "superseded by release 2" in old
    assert "Exactly 9 " in new and "superseded" not in new


def test_a_release_tells_what_moved_since_the_one_before(operation, second):
    text = page(reader(), "", "/releases/JT-2025/2/")
    moved = re.search(r'id="moved".*?</table>', text, re.S)[0]
    rows = [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in re.findall(r"<tr>.*?</tr>", moved, re.S)][1:]
    assert len(rows) == 3
    assert rows[0].startswith("March 2025 Cambodia") and "1 → 2" in rows[0] and "A digit was wrong." in rows[0]
    assert rows[1].startswith("March 2025 Laos") and "new" in rows[1]
    assert rows[2].startswith("May 2025 Thailand") and "new" in rows[2]
    assert "superseded by release 2" in page(reader(), "", "/releases/JT-2025/1/")


def test_releases_are_listed_newest_first(operation, second):
    text = page(reader(), "", "/releases/")
    assert text.index('"/releases/JT-2025/2/"') < text.index('"/releases/JT-2025/1/"')
    assert "/releases/JT-2025/new/" not in text


def test_what_is_not_published_yet_is_no_release(operation):
    Release.objects.create(
        operation=operation, number=2, last_month=months.read("2025-05"), by=person("publisher")
    )
    assert "/releases/JT-2025/2/" not in page(reader(), "", "/releases/")
    page(reader(), "", "/releases/JT-2025/2/", 404)
    page(reader(), "?release=2", HERE, 404)


def test_a_publisher_chooses_a_month_that_has_ended_and_publishes(operation):
    hand_in(operation, "KH-NP", "2025-04", drug_cases=100)
    client = reader("publisher")
    text = page(client, "", "/releases/JT-2025/new/")
    assert '<option value="2025-06"' in text and '<option value="2025-07"' not in text
    answer = client.post("/releases/JT-2025/new/", {"last_month": "2025-04", "note": "Cambodia was late."})
    assert (answer.status_code, answer.url) == (302, "/releases/JT-2025/2/")
    assert "Cambodia was late." in page(reader(), "", "/releases/JT-2025/2/")
    assert tiles(page(reader()))["drug-cases"].startswith("at least 1,640 9 of 12 reports")


@pytest.mark.parametrize("typed", [{"last_month": ""}, {"last_month": "2025-07"}, {"last_month": "March"}])
def test_a_release_without_its_month_is_refused(operation, typed):
    answer = reader("publisher").post("/releases/JT-2025/new/", typed)
    assert answer.status_code == 422
    assert Release.objects.count() == 1


def test_a_release_of_nothing_verified_is_refused_with_a_sentence():
    joint_operation("JT-2024", "2024-01-01", "2024-03-31", ["KH-NP"], LEAVES)
    answer = reader("publisher").post("/releases/JT-2024/new/", {"last_month": "2024-02"})
    assert answer.status_code == 422
    assert "needs at least one verified report" in answer.content.decode()


# -------------------------------------------------------------------------------------- the demonstration


@pytest.mark.parametrize(
    ("role", "address"),
    [
        ("", "/"),
        ("", HERE),
        ("", f"{HERE}explain/?indicator=drug-cases"),
        ("", "/releases/JT-2025/1/"),
        ("", "/data/"),
        ("reviewer", f"{HERE}?release=live"),
        ("reviewer", "/review/"),
    ],
)
def test_invented_figures_are_labelled_wherever_they_show(operation, role, address):
    assert "emonstration" not in page(reader(role), "", address)
    operation.is_demonstration = True
    operation.save()
    assert "Demonstration" in page(reader(role), "", address)


# ------------------------------------------------------------------------------------------------ the cost


def test_the_page_asks_the_database_no_more_for_a_longer_operation():
    counts = []
    for code, last, agencies in (("JT-2025", "2025-02-28", ["KH-NP"]), ("JT-LONG", "2025-12-31", AGENCIES)):
        operation = joint_operation(code, "2025-01-01", last, agencies, LEAVES)
        for one in operation.reports.select_related("agency"):
            hand_in(operation, one.agency.code, months.written(one.month), drug_cases=1)
        released(operation, last[:7], person("publisher"))
        with CaptureQueriesContext(connection) as asked:
            page(reader(), "", f"/results/{code}/")
        counts.append(len(asked))
    assert counts[1] <= counts[0] <= 40


def test_the_page_shows_what_the_one_sum_gives(operation):
    asked = selections.Selection(
        operation, operation.releases.get(), months.read("2025-02"), months.read("2025-04")
    )
    totals = {one.indicator: one.value for one in queries.totals(asked)}
    numbers = dict(numbers_of(page(reader())))
    for code in ("drug-cases", "drug-suspects", "drugs-seized", "trafficking-cases"):
        shown = numbers[f"{HERE}explain/?release=1&indicator={code}"]
        assert Decimal(shown.replace(",", "")) == totals[code]
