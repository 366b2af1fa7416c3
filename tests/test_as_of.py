"""What was verified at a moment: pages, receipts and files of the live view as they stood then."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from stories import joint_operation, person, released, report, submitted

from operations import actions, queries, selections

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drugs-heroin"]
HERE = "/results/JT-2025/"
RECEIPT = f"{HERE}explain/?indicator=drug-cases&as_of="


@pytest.fixture(autouse=True)
def open_results(settings):
    settings.PUBLIC_RESULTS = True


@pytest.fixture
def operation():
    """Cambodia's March is verified on 5 April with 3 cases, corrected to 5 and verified again on 20 May; Thailand's
    March is verified on 12 April, Laos never hands in. A correction of Thailand's is open."""
    operation = joint_operation("JT-2025", "2025-03-01", "2025-06-30", ["KH-NP", "LA-MPS", "TH-RTP"], LEAVES)
    hand_in(operation, "KH-NP", at(4, 5), drug_cases=3, drugs_heroin="0.500")
    hand_in(operation, "TH-RTP", at(4, 12), drug_cases=40)
    correct(operation, "KH-NP", at(5, 20), 5)
    released(operation, "2025-03", person("publisher"))
    actions.correct(
        report(operation, "TH-RTP", "2025-03"), reason_code="late", reason="More came in.",
        by=person("officer", "TH-RTP"), at=at(6, 1),
    )  # fmt: skip
    return operation


def at(month, day, hour=9) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


def hand_in(operation, agency, moment, **figures):
    its_report = report(operation, agency, "2025-03")
    revision = submitted(its_report, person("officer", agency), **figures)
    actions.verify(its_report, version=revision.version, by=person("reviewer"), at=moment)


def correct(operation, agency, moment, cases):
    its_report, officer = report(operation, agency, "2025-03"), person("officer", agency)
    actions.correct(its_report, reason_code="typing", reason="A digit was wrong.", by=officer, at=moment)
    entered = {"drug-cases": actions.Entered(Decimal(cases))}
    actions.save_figures(its_report, entered, by=officer, at=moment)
    draft = its_report.revisions.get(state="draft")
    actions.submit(its_report, version=draft.version, by=officer, at=moment)
    actions.verify(its_report, version=draft.version, by=person("reviewer"), at=moment)


def reader(role="reviewer", agency="") -> Client:
    client = Client()
    if role:
        client.force_login(person(role, agency))
    return client


def page(query, client=None, status=200) -> str:
    answer = (client or reader()).get(query if query.startswith("/") else HERE + query)
    assert answer.status_code == status
    return answer.content.decode()


def exact(moment, client=None) -> str:
    return (client or reader()).get(RECEIPT + moment).context["exact"]


def test_totals_are_of_the_revisions_verified_by_the_moment(operation):
    assert exact("2025-04-04T00:00Z") == ""  # nothing was in: that is no 0
    assert exact("2025-04-05T09:00Z") == "3 cases"
    assert exact("2025-04-12T08:59:59Z") == "3 cases"
    assert exact("2025-04-12T09:00Z") == "43 cases"
    assert exact("2025-05-20T08:59Z") == "43 cases"
    assert exact("2025-05-20T09:00Z") == "45 cases"
    assert reader().get(f"{HERE}explain/?indicator=drug-cases&release=live").context["exact"] == "45 cases"


def test_the_one_sum_looks_at_the_moment(operation):
    asked = selections.Selection(operation, None, date(2025, 3, 1), date(2025, 3, 1), as_of=at(5, 1))
    found = {(one.indicator, one.country): one.value for one in queries.totals(asked, ("country",))}
    assert found["drug-cases", "KH"] == 3
    assert found["drug-cases", "LA"] is None
    assert queries.reports_in(asked) == (2, 3)
    assert queries.coverage(asked) == {
        ("KH-NP", date(2025, 3, 1)): 1, ("LA-MPS", date(2025, 3, 1)): None, ("TH-RTP", date(2025, 3, 1)): 1,
    }  # fmt: skip


def test_the_page_says_which_moment_it_shows_and_each_link_keeps_it(operation):
    text = page("?as_of=2025-05-01T00:00Z")
    assert "As verified by 1 May 2025, 00:00 UTC: what was verified or corrected later is left out." in text
    assert 'href="/results/JT-2025/?release=live&amp;to=2025-04"' in text  # what is verified now
    links = re.findall(r'href="([^"]*/(?:explain/|data/)[^"]*)"', text)
    assert len(links) > 20
    links = [one for one in links if "?" in one]
    assert all("release=live&amp;as_of=2025-05-01T00%3A00Z" in one for one in links)
    assert "corrected later is left out" not in page("?release=live")
    assert "As verified by 1 May 2025" in page(f"{RECEIPT}2025-05-01T00:00Z")


def test_only_the_months_that_had_ended_by_then_are_expected(operation):
    assert "2 of 6 reports" in page("?as_of=2025-05-01T00:00Z")
    assert "2 of 3 reports" in page("?as_of=2025-04-30T23:59Z")
    assert "2025-05 lies outside: the figures run from 2025-03 to 2025-04." in page(
        "?as_of=2025-05-01T00:00Z&to=2025-05", status=400
    )


def test_the_coverage_is_that_of_the_moment(operation):
    def states(query):
        grid = reader().get(HERE + query).context["coverage_grid"]
        return {row["country"]: row["cells"][0]["state"] for row in grid["rows"]}

    assert states("?as_of=2025-04-10T00:00Z") == {"KH": "verified", "LA": "expected", "TH": "expected"}
    assert states("?as_of=2025-04-13T00:00Z") == {"KH": "verified", "LA": "expected", "TH": "verified"}


def test_a_figure_has_the_history_up_to_the_moment(operation):
    def history(moment):
        context = reader().get(f"{RECEIPT}{moment}&agency=KH-NP&from=2025-03&to=2025-03").context
        return [(one["stand"].revision, one["value"], one["is_shown"]) for one in context["history"]]

    assert history("2025-05-01T00:00Z") == [(1, "3", True)]
    assert history("2025-06-01T00:00Z") == [(1, "3", False), (2, "5", True)]


def test_the_files_are_of_the_moment_and_say_so(operation):
    query = "?operation=JT-2025&as_of=2025-05-01T00:00Z&country=KH&to=2025-03"
    answer = reader().get(f"/data/figures.csv{query}")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [(row["indicator"], row["value"], row["revision"], row["release"]) for row in rows] == [
        ("drug-cases", "3", "1", "live"),
        ("drugs-heroin", "0.500", "1", "live"),
    ]
    assert answer["X-As-Of"] == "2025-05-01T00:00Z"
    assert answer["X-Reports"] == "1/1"
    assert "JT-2025-as-of-2025-05-01T0000Z-figures.csv" in answer["Content-Disposition"]
    totals = json.loads(b"".join(reader().get(f"/data/totals.json{query}")))
    assert totals["as_of"] == "2025-05-01T00:00Z"
    assert [row["value"] for row in totals["rows"] if row["indicator"] == "drug-cases"] == ["3"]
    live = reader().get("/data/totals.json?operation=JT-2025&release=live&to=2025-03")
    assert "X-As-Of" not in live and '"as_of"' not in b"".join(live).decode()


@pytest.mark.parametrize(
    "written",
    ["2025-05-01T00:00Z", "2025-05-01T00:00:00Z", "2025-05-01T07:00%2B07:00", "2025-05-01T07:00+07:00",
     "2025-04-30T18:00-06:00", "2025-05-01T00:00"],
)  # fmt: skip
def test_one_moment_can_be_written_in_several_ways_and_is_kept_in_one(operation, written):
    assert "release=live&amp;as_of=2025-05-01T00%3A00Z" in page(f"?as_of={written}")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("as_of=yesterday", "“yesterday” is not a moment; write it like 2026-01-20T00:00Z."),
        ("as_of=2025-05-01", "is not a moment"),
        ("as_of=2025-13-01T00:00Z", "is not a moment"),
        ("as_of=2025-05-01T24:00Z", "is not a moment"),
        ("as_of=2025-05-01T00:00:00.5Z", "is not a moment"),
        ("as_of=9999-12-31T23:59-12:00", "is not a moment"),
        ("as_of=%D9%A2025-05-01T00:00Z", "is not a moment"),
        ("as_of=2025-05-01T00:00Z%00", "is not a moment"),
        ("as_of=%3Cb%3E", "“&lt;b&gt;” is not a moment"),
        ("as_of=2025-02-28T23:59Z", "2025-02-28T23:59Z lies outside: choose a moment from 2025-03-01 to "),
        ("as_of=2999-01-01T00:00Z", "2999-01-01T00:00Z lies outside"),
        ("as_of=2025-05-01T00:00Z&as_of=2025-05-02T00:00Z", "can be given once only"),
        (
            "as_of=2025-05-01T00:00Z&release=1",
            "A release never changes, so it cannot be looked at as of a moment",
        ),
    ],
)
def test_a_moment_that_means_nothing_is_said_with_a_way_on(operation, query, sentence):
    for address in (f"{HERE}?{query}", f"{HERE}explain/?indicator=drug-cases&{query}"):
        text = page(address, status=400)
        assert sentence in text
        assert f'href="{HERE}"' in text
    answer = reader().get(f"/data/totals.json?operation=JT-2025&{query}")
    assert answer.status_code == 400 and answer.json()["error"]["field"] == "as_of"


@pytest.mark.parametrize("role", ["official", "analyst", "administrator"])
def test_a_moment_is_not_for_those_who_read_releases(operation, role):
    page("?as_of=2025-05-01T00:00Z", reader(role), 403)
    assert reader(role).get("/data/totals.json?operation=JT-2025&as_of=2025-05-01T00:00Z").status_code == 403
    assert "filter-as-of" not in page("", reader(role))


def test_a_passer_by_is_asked_to_sign_in(operation):
    answer = Client().get(f"{HERE}?as_of=2025-05-01T00:00Z")
    assert answer.status_code == 302 and answer.url.startswith("/accounts/login/?next=")


def test_an_officer_sees_the_own_country_as_of_a_moment(operation):
    client = reader("officer", "KH-NP")
    assert exact("2025-05-01T00:00Z", client) == "3 cases"
    assert exact("2025-06-01T00:00Z", client) == "5 cases"
    page("?as_of=2025-05-01T00:00Z&country=TH", client, 403)


def test_the_form_keeps_a_moment_and_offers_the_way_out(operation):
    text = page("?as_of=2025-05-01T00:00Z&country=KH")
    form = re.search(r'<form class="filters".*?</form>', text, re.S)[0]
    assert '<input type="hidden" name="as_of" value="2025-05-01T00:00Z">' in form
    assert '<input type="hidden" name="release" value="live">' in form
    assert 'type="radio"' not in form  # a release and a moment together would be refused
    assert 'href="/results/JT-2025/?release=1&amp;country=KH"' in form
    assert 'href="/results/JT-2025/?release=live&amp;to=2025-04&amp;country=KH"' in form
    assert 'form="filter-moment"' in form and 'value="2025-05-01T00:00"' in form
    moment = re.search(r'<form id="filter-moment".*?</form>', text, re.S)[0]
    assert re.findall(r'name="(\w+)" value="(\w+)"', moment) == [("release", "live"), ("country", "KH")]
