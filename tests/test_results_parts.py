"""The parts of the results page: what each chart draws, the heat map, the tiles, the running sums, the comparison."""

import html
import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from stories import RELEASED, corrected, joint_operation, person, released, report, verified

from operations import actions, months
from operations.models import Country
from operations.results import charts, comparing, sparks
from operations.results.sentences import listed, number, said

pytestmark = pytest.mark.django_db

AGENCIES = ["KH-NP", "LA-MPS", "LA-MND", "TH-RTP"]
LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-opium", "trafficking-cases"]
HERE = "/results/JT-2025/"


@pytest.fixture(autouse=True)
def open_results(settings):
    settings.PUBLIC_RESULTS = True


@pytest.fixture
def operation():
    """February (partial) is in with figures, March with zeros, of April nothing is in, of May only Thailand."""
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", AGENCIES, LEAVES)
    for count, agency in enumerate(AGENCIES, start=1):
        hand_in(operation, agency, "2025-02", drug_cases=count, drugs_heroin=f"{count}.125", drugs_opium=10)
        hand_in(operation, agency, "2025-03")
    hand_in(operation, "TH-RTP", "2025-05", drug_cases=30, drugs_opium="L")
    released(operation, "2025-05", person("publisher"))
    return operation


def hand_in(operation, agency, month, **figures):
    return verified(
        report(operation, agency, month), person("officer", agency), person("reviewer"), **figures
    )


def reader(role="", agency="") -> Client:
    client = Client()
    if role:
        client.force_login(person(role, agency))
    return client


def page(query="", address=HERE, role="") -> str:
    answer = reader(role).get(address + query)
    assert answer.status_code == 200
    return answer.content.decode()


def drawn(text, chart) -> dict:
    found = re.search(rf'<script id="{chart}" type="application/json">(.*?)</script>', text, re.S)
    return json.loads(found[1])


def beside(figure) -> list[dict]:
    return [series for series in figure["data"] if series["meta"].get("beside")]


def words(text) -> str:
    """As it is read aloud."""
    text = re.sub(r'<span[^>]*aria-hidden="true"[^>]*>.*?</span>', "", text, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


# ------------------------------------------------------------------------------------------- what is drawn


def test_a_month_of_zeros_has_a_point_and_a_month_without_reports_has_nothing(operation):
    figure = drawn(page(), "drug-cases-by-month")
    [points] = [series for series in beside(figure) if series["mode"] == "markers"]
    assert dict(zip(points["x"], points["y"], strict=True)) == {
        "Feb": None,
        "Mar": 0.0,
        "Apr": None,
        "May": None,
    }
    heights = {(series["name"], month): height for series in figure["data"] if series["type"] == "bar"
               for month, height in zip(series["x"], series["y"], strict=True) if height is not None}  # fmt: skip
    assert heights["Thailand", "Mar"] == 0
    assert ("Thailand", "Apr") not in heights and ("Cambodia", "May") not in heights


def test_above_a_column_that_is_not_whole_stands_at_least(operation):
    [signs] = [series for series in beside(drawn(page(), "drug-cases-by-month")) if series["mode"] == "text"]
    assert signs["text"] == ["", "", "", "≥"]
    assert signs["y"][3] == 30
    assert beside(drawn(page("?to=2025-02"), "drug-cases-by-month")) == []


def test_only_the_months_that_are_covered_in_part_are_hatched():
    figure = charts.stacked_by_month(
        ["Feb", "Mar"], [True, False], [{"code": "KH", "label": "Cambodia", "values": [Decimal(1), Decimal(2)]}],
        [Decimal(1), Decimal(2)], [True, True],
    )  # fmt: skip
    plain, hatched = figure["data"]
    assert (plain["y"], hatched["y"]) == ([None, 2.0], [1.0, None])
    assert hatched["marker"]["pattern"]["shape"] == "/" and "marker" not in plain


def test_a_bar_of_a_country_says_zero_at_least_or_nothing(operation):
    [bars] = drawn(page("?from=2025-03&to=2025-03"), "drug-cases-by-country")["data"]
    assert (bars["x"], bars["text"]) == ([0.0, 0.0, 0.0], ["0", "0", "0"])
    [bars] = drawn(page("?from=2025-05"), "drug-cases-by-country")["data"]
    assert (bars["x"], bars["text"]) == ([None, None, 30.0], ["", "", "30"])
    [bars] = drawn(page(), "drug-cases-by-country")["data"]
    assert bars["text"] == ["≥ 1", "≥ 5", "≥ 34"]


def test_seizures_are_split_by_substance_and_country(operation):
    text = page()
    figure = drawn(text, "drugs-seized-by-part")
    bars = {series["name"]: series for series in figure["data"] if series["type"] == "bar"}
    assert list(bars) == ["Cambodia", "Laos", "Thailand"]
    assert bars["Laos"]["y"] == ["Heroin", "Opium"]
    assert bars["Laos"]["x"] == [5.25, 20.0]
    [ends] = beside(figure)
    assert ends["text"] == ["≥ 10.500", "≥ 40.000"]
    assert "trafficking-cases-by-part" not in text and "drug-cases-by-part" not in text


def test_running_sums_have_a_gap_where_nothing_is_in_and_open_points_once_something_is_missing(operation):
    figure = drawn(page(), "drugs-counts-cumulative")
    cases, suspects = figure["data"]
    assert cases["y"] == [10.0, 10.0, None, 40.0]
    assert suspects["y"] == [0.0, 0.0, None, 0.0]
    assert cases["marker"]["symbol"] == ["circle", "circle", "circle-open", "circle-open"]
    assert cases["connectgaps"] is False
    assert (cases["line"]["dash"], suspects["line"]["dash"]) == ("solid", "dash")
    weights = drawn(page(), "drugs-weights-cumulative")
    assert [series["name"] for series in weights["data"]] == ["Drugs seized"]


def test_each_running_sum_opens_the_receipt_of_all_up_to_its_month(operation):
    text = page()
    table = re.search(r'data-figure="drugs-counts-cumulative".*?</table>', text, re.S)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)[1:]
    told = [[words(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)] for row in rows]
    assert told == [
        ["Feb", "10", "0"],
        ["Mar", "10", "0"],
        ["Apr", "at least 10", "at least 0"],
        ["May", "at least 40", "at least 0"],
    ]
    address = html.unescape(re.search(r'href="([^"]*)"', rows[1])[1])
    assert "to=2025-03" in address and "from=" not in address
    assert reader().get(address).context["exact"] == "10 cases"


def test_sums_since_a_month_after_the_launch_do_not_say_launch(operation):
    assert "Drugs: total since the launch" in page()
    text = page("?from=2025-03")
    assert "Drugs: total since March 2025" in text and "since the launch" not in text


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([1, 2, 4], "M0,17h0L50,12L100,2"),
        ([1, None, 1], "M0,2h0M100,2h0"),
        ([None, 0, 4], "M50,22h0L100,2"),
        ([0, 0, 0], "M0,22h0L50,22L100,22"),
        ([None, None], ""),
        ([5], ""),
    ],
)
def test_a_spark_begins_at_zero_and_leaves_a_gap_where_nothing_is(values, path):
    assert sparks.path([None if value is None else Decimal(value) for value in values]) == path


def test_each_chart_says_in_words_what_it_shows(operation):
    text = page()
    figures = re.findall(r'<figure class="card figure".*?</figure>', text, re.S)
    assert len(figures) == 8
    for figure in figures:
        box = re.search(r'role="img" aria-labelledby="([^"]*)"', figure)[1]
        heading, sentence = (re.search(rf'id="{name}"[^>]*>(.*?)</', figure, re.S) for name in box.split())
        assert heading[1] and sentence[1]
    assert (
        "Cambodia at least 1 , Laos at least 5 , Thailand at least 34 ; together at least 40 cases."
        in words(text)
    )


def test_a_sentence_escapes_what_it_is_given():
    told = said("%(name)s & %(total)s", name="<b>", total=listed([number("1", "/?a=1&b=2"), "x<y"]))
    assert told.plain == "<b> & 1, x<y"
    assert told.linked == '&lt;b&gt; &amp; <a href="/?a=1&amp;b=2">1</a>, x&lt;y'


# ------------------------------------------------------------------------------------ heat map and six tiles


def heat_rows(text) -> dict:
    """Row label → (level or None, hatched, words) of each cell."""
    table = re.search(r'<table class="heat">.*?</table>', text, re.S)[0]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)[1:]:
        cells = re.findall(r"<td([^>]*)>(.*?)</td>", row, re.S)
        if cells:
            label = words(re.search(r"<th.*?</th>", row, re.S)[0])
            found[label] = [
                (
                    (level := re.search(r'data-level="(\d)"', kind)) and int(level[1]),
                    "hatched" in kind,
                    words(cell),
                )
                for kind, cell in cells
            ]
    return found


def test_the_heat_map_tells_missing_from_zero_and_hatches_a_part_of_a_month(operation):
    rows = heat_rows(page("?area=drugs"))
    assert list(rows) == ["Cases investigated cases", "Suspects arrested persons", "Drugs seized kg"]
    assert rows["Drugs seized kg"] == [
        (5, True, "50.500"), (0, False, "0.000"), (None, False, "not reported"), (0, False, "at least 0.000"),
    ]  # fmt: skip


def test_every_cell_of_the_heat_map_opens_its_receipt(operation):
    table = re.search(r'<table class="heat">.*?</table>', page(), re.S)[0]
    for cell in re.findall(r"<td[^>]*>(.*?)</td>", table, re.S):
        assert "/explain/" in cell or words(cell) == "not reported"
    assert "from=2025-03&amp;to=2025-03" in table


def test_shades_compare_the_months_of_one_row(operation):
    hand_in(operation, "KH-NP", "2025-04", drug_cases=4)
    released(operation, "2025-05", person("publisher"))
    cases = heat_rows(page("?area=drugs"))["Cases investigated cases"]
    assert [level for level, _hatched, _words in cases] == [2, 0, 1, 5]


def test_the_six_tiles_are_called_schematic_and_keep_the_centres_order():
    agencies = ["KH-NP", "CN-MPS", "LA-MPS", "MM-MHA", "TH-RTP", "VN-MPS"]
    operation = joint_operation("JT-2025", "2025-03-01", "2025-03-31", agencies, ["drug-cases"])
    for agency in agencies[:-1]:
        hand_in(operation, agency, "2025-03", drug_cases=0 if agency == "KH-NP" else 7)
    released(operation, "2025-03", person("publisher"))
    text = page()
    [six] = re.findall(r'<ul class="six">(.*?)</ul>', text, re.S)
    tiles = re.findall(r'<li data-country="(..)" data-level="(\d)">(.*?)</li>', six, re.S)
    assert [code for code, _level, _tile in tiles] == list(Country.objects.values_list("code", flat=True))
    assert {code: (level, words(tile)) for code, level, tile in tiles} == {
        "KH": ("0", "Cambodia 0"), "CN": ("5", "China 7"), "LA": ("5", "Laos 7"), "MM": ("5", "Myanmar 7"),
        "TH": ("5", "Thailand 7"), "VN": ("0", "Vietnam not reported"),
    }  # fmt: skip
    assert "Schematic arrangement, not a map" in text
    [six] = re.findall(r'<ul class="six">(.*?)</ul>', page("?country=CN"), re.S)
    assert words(six).count("not in this selection") == 5


# --------------------------------------------------------------------------------- the change on a year ago


@pytest.fixture
def two_years():
    """Every report of February (from the 26th) to April is in, a year apart; the earlier operation is released."""
    return [whole_operation(2024, 26, 100), whole_operation(2025, 26, 112)]


def whole_operation(year, first_day, cases):
    operation = joint_operation(f"JT-{year}", f"{year}-02-{first_day:02}", f"{year}-04-30", AGENCIES, LEAVES)
    for agency in AGENCIES:
        for month in ("02", "03", "04"):
            hand_in(operation, agency, f"{year}-{month}", drug_cases=cases)
    released(operation, f"{year}-04", person("publisher"))
    return operation


def changes(text) -> dict:
    return {
        words(re.search(r'<span class="tile-label">(.*?)</span>', tile, re.S)[1]): words(change[1])
        for tile in re.findall(r'<div class="tile">(.*?)</div>', text, re.S)
        if (change := re.search(r'<span class="change">(.*?)</span>', tile, re.S))
    }


def test_a_tile_tells_its_change_on_the_same_months_of_the_operation_before(two_years):
    found = changes(page("?from=2025-03&area=drugs"))
    assert found["Cases investigated"] == "▲ 12.0% on 2024: 800"
    text = page("?from=2025-03&area=drugs")
    address = html.unescape(re.search(r'class="change">[^<]*<a href="([^"]*)"', text)[1])
    assert address == "/results/JT-2024/explain/?release=1&from=2024-03&indicator=drug-cases"
    assert changes(page(address=HERE))["Cases investigated"]  # February begins on the same day in both


def test_there_is_no_change_on_a_month_that_was_covered_otherwise():
    whole_operation(2024, 26, 100)
    whole_operation(2025, 1, 112)
    assert changes(page("?from=2025-02")) == {}
    assert changes(page("?from=2025-03")) != {}


def test_there_is_no_change_while_reports_are_missing(two_years):
    earlier, later = two_years
    later.agencies.add(*earlier.agencies.model.objects.filter(code="VN-MPS"))
    assert changes(page("?from=2025-03")) == {}  # other agencies than a year ago
    only = joint_operation("JT-2026", "2026-02-01", "2026-04-30", AGENCIES, LEAVES)
    hand_in(only, "KH-NP", "2026-03", drug_cases=9)
    released(only, "2026-03", person("publisher"))
    assert changes(page("?from=2026-03", "/results/JT-2026/")) == {}


def test_the_page_of_a_release_does_not_change_when_the_operation_before_is_released_again(two_years):
    earlier, _later = two_years
    query = "?from=2025-03&area=drugs"
    corrected(
        report(earlier, "KH-NP", "2024-03"), person("officer", "KH-NP"), person("reviewer"), drug_cases=999
    )
    actions.release(
        earlier, last_month=months.read("2024-04"), by=person("publisher"), at=RELEASED + timedelta(days=1)
    )
    now = changes(page(f"{query}&release=live", role="reviewer"))
    assert now["Cases investigated"] == "▼ 47.3% on 2024: 1,699"
    assert changes(page(f"{query}&release=1"))["Cases investigated"] == "▲ 12.0% on 2024: 800"


@pytest.mark.parametrize(
    ("before", "now", "text"),
    [
        (100, 112, "▲ 12.0%"),
        (100, 88, "▼ 12.0%"),
        (8, 8, "= unchanged"),
        (0, 5, "▲"),
        (0, 0, "= unchanged"),
        (100000, 100001, "▲ < 0.1%"),
        (3, 2, "▼ 33.3%"),
        ("1000.000", "1000.500", "▲ 0.1%"),
    ],
)
def test_a_change_is_told_without_judging_it(before, now, text):
    assert comparing.moved(Decimal(before), Decimal(now)) == text


# ------------------------------------------------------------------------------------- down to one figure


def test_a_receipt_leads_down_by_country_agency_month_and_part(operation):
    def splits(query):
        answer = reader().get(f"{HERE}explain/?indicator=drugs-seized{query}")
        return {
            one["caption"]: [(row["label"], row["cells"][0]["text"]) for row in one["rows"]]
            for one in answer.context["splits"]
        }

    whole = splits("")
    assert list(whole) == ["By country", "By month", "By part"]
    assert whole["By country"] == [("Cambodia", "11.125"), ("Laos", "25.250"), ("Thailand", "14.125")]
    assert whole["By month"][2:] == [("April 2025", ""), ("May 2025", "0.000")]
    laos = splits("&country=LA&to=2025-02")
    assert laos["By agency"] == [("Laos · Public Security", "12.125"), ("Laos · National Defense", "13.125")]
    assert list(laos) == ["By agency", "By part"]
    assert list(splits("&agency=LA-MND&to=2025-02")) == ["By part"]
    assert splits("&agency=LA-MND&to=2025-02")["By part"] == [("Heroin", "3.125"), ("Opium", "10.000")]


def test_a_receipt_of_an_agency_is_of_its_reports_alone(operation):
    answer = reader().get(f"{HERE}explain/?indicator=drug-cases&agency=LA-MND")
    assert answer.context["exact"] == "3 cases"
    assert "Laos · National Defense · February 2025 – May 2025" in answer.content.decode()


def test_an_agency_that_is_not_among_the_countries_is_refused(operation):
    answer = reader().get(f"{HERE}?country=TH&agency=LA-MND")
    assert answer.status_code == 400
    assert "There is no agency “LA-MND” here; known are: TH-RTP." in answer.content.decode()
    answer = reader("officer", "LA-MPS").get(f"{HERE}?release=live&agency=TH-RTP")
    assert answer.status_code == 400


def test_one_figure_has_its_history_and_a_release_shows_only_what_was_published(operation):
    one = f"{HERE}explain/?indicator=drug-cases&agency=KH-NP&from=2025-02&to=2025-02"

    def history(query, role=""):
        context = reader(role).get(one + query).context
        return [
            (line["stand"].revision, line["value"], line["releases"], line["is_shown"])
            for line in context["history"]
        ]

    cambodia = report(operation, "KH-NP", "2025-02")
    corrected(cambodia, person("officer", "KH-NP"), person("reviewer"), drug_cases=8)
    assert history("&release=1") == [(1, "1", "1", True)]
    assert history("&release=live", "reviewer") == [(1, "1", "1", False), (2, "8", "", True)]
    released(operation, "2025-05", person("publisher"))
    assert history("&release=1") == [(1, "1", "1", True), (2, "8", "2", False)]
    text = reader().get(one).content.decode()
    assert "typing error: A digit was wrong." in text
    assert "officer.kh-np" not in text and "officer.kh-np" in page("", one, "official")


def test_only_a_receipt_of_one_figure_has_a_history(operation):
    for query in ("indicator=drug-cases&agency=KH-NP", "indicator=drugs-seized&agency=KH-NP&to=2025-02",
                  "indicator=drug-cases&to=2025-02"):  # fmt: skip
        assert reader().get(f"{HERE}explain/?{query}").context["history"] is None


# ------------------------------------------------------------------------------------------------ the cost


def test_no_page_of_the_results_asks_the_database_more_for_more_months_agencies_and_indicators():
    asked = {}
    for code, last, agencies, leaves in (
        ("JT-2025", "2025-02-28", ["KH-NP"], ["drug-cases", "drugs-heroin"]),
        ("JT-LONG", "2025-12-31", AGENCIES, LEAVES),
    ):
        operation = joint_operation(code, "2025-01-01", last, agencies, leaves)
        for one in operation.reports.select_related("agency"):
            hand_in(operation, one.agency.code, months.written(one.month), drug_cases=1)
        released(operation, last[:7], person("publisher"))
        asked[code] = [
            counted(reader(role), f"/results/{code}/{address}")
            for role, address in [
                ("", ""), ("reviewer", "?release=live"), ("reviewer", f"?as_of={last}T00:00Z"),
                ("", "explain/?indicator=drugs-seized"),
            ]
        ]  # fmt: skip
    for few, many in zip(asked["JT-2025"], asked["JT-LONG"], strict=True):
        assert many <= few + 1  # agencies stand beside countries only where a country has two
    assert asked["JT-LONG"][0] <= 26


def counted(client, address) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)
