"""The results page under a hand: a click leads down to a figure, pictures can be taken, the filters fold on a phone."""

import re

import pytest
from stories import joint_operation, person, released, report, verified

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AGENCIES = ["KH-NP", "LA-MPS", "LA-MND", "TH-RTP"]
LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-opium", "trafficking-cases"]


@pytest.fixture
def site(live_server, settings):
    """February to April: in April Thailand alone, which reports 0 cases in March."""
    settings.PUBLIC_RESULTS = True
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", AGENCIES, LEAVES)
    for agency in AGENCIES:
        for month in ("2025-02", "2025-03"):
            cases = 0 if (agency, month) == ("TH-RTP", "2025-03") else 10
            hand_in(operation, agency, month, cases)
    hand_in(operation, "TH-RTP", "2025-04", 30)
    released(operation, "2025-04", person("publisher"))
    return live_server.url


def hand_in(operation, agency, month, cases):
    verified(
        report(operation, agency, month), person("officer", agency), person("reviewer"),
        drug_cases=cases, drug_suspects=2 * cases, drugs_heroin="2.5", drugs_opium=1,
    )  # fmt: skip


@pytest.fixture
def open_page(browser, site):
    contexts = []

    def go(address="/", **kind):
        context = browser.new_context(base_url=site, **{"viewport": {"width": 1320, "height": 900}} | kind)
        contexts.append(context)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        return page

    yield go
    for context in contexts:
        context.close()


def drawn(page, chart):
    """The box of a chart, once it is drawn."""
    page.locator(f"#{chart}-figure").scroll_into_view_if_needed()
    page.wait_for_selector(f'#{chart}-figure[data-chart="drawn"]')
    return page.locator(f"#{chart}-figure .chart")


def click(page, box, part):
    """Click the middle of a part of a chart and wait for the page that it opens."""
    middle = part.evaluate("part => { const {x, y, width, height} = part.getBoundingClientRect();"
                           " return [x + width / 2, y + height / 2]; }")  # fmt: skip
    with page.expect_navigation():
        page.mouse.move(*middle)
        page.mouse.click(*middle)
    return page.url


@pytest.mark.parametrize(("country", "nth"), [("KH", 0), ("LA", 1), ("TH", 2)])
def test_a_click_on_a_part_of_a_column_opens_the_receipt_of_its_country_and_month(open_page, country, nth):
    page = open_page("/results/JT-2025/?from=2025-02&to=2025-03")
    box = drawn(page, "drug-cases-by-month")
    # Every country has two series, whole months and hatched ones; February is hatched.
    url = click(page, box, box.locator(".barlayer .trace").nth(2 * nth + 1).locator(".point path").first)
    assert f"country={country}" in url and "from=" not in url and "to=2025-02" in url
    assert "indicator=drug-cases" in url
    assert page.locator("h1").inner_text() == "Drug cases investigated"


def test_above_a_column_a_click_opens_the_total_of_the_month(open_page):
    page = open_page()
    box = drawn(page, "drug-cases-by-month")
    area = box.locator(".nsewdrag").bounding_box()
    with page.expect_navigation():
        page.mouse.click(area["x"] + area["width"] * 5 / 6, area["y"] + 12)
    assert "from=2025-04" in page.url and "country=" not in page.url


def test_a_click_on_a_bar_of_a_country_a_substance_or_a_point_opens_its_receipt(open_page):
    here = "/results/JT-2025/"
    page = open_page(here)
    box = drawn(page, "drug-cases-by-country")
    assert "country=LA" in click(page, box, box.locator(".barlayer .point path").nth(1))
    page.goto(here)
    box = drawn(page, "drugs-seized-by-part")
    url = click(page, box, box.locator(".barlayer .trace").nth(2).locator(".point path").nth(1))
    assert "country=TH" in url and "indicator=drugs-opium" in url
    page.goto(here)
    box = drawn(page, "drugs-counts-cumulative")
    url = click(page, box, box.locator(".scatterlayer .trace").nth(1).locator(".point").nth(1))
    assert "to=2025-03" in url and "indicator=drug-suspects" in url


def test_from_a_bar_to_the_history_of_a_figure_with_links_alone(open_page):
    page = open_page()
    page.locator("#drug-cases-by-country-figure summary").click()
    page.locator("#drug-cases-by-country-figure tbody tr", has_text="Laos").locator("td a").first.click()
    page.get_by_role("row", name="Laos · National Defense").get_by_role("link").first.click()
    assert "agency=LA-MND" in page.url
    page.get_by_role("table", name="By month").get_by_role("row", name="March 2025").get_by_role(
        "link"
    ).click()
    assert page.get_by_role("heading", name="History of this figure").is_visible()
    page.go_back()
    assert "agency=LA-MND" in page.url and "from=" not in page.url


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_chart_can_be_taken_away_as_a_picture(open_page, kind):
    page = open_page()
    drawn(page, "drug-cases-by-month")
    with page.expect_download() as taken:
        page.locator("#drug-cases-by-month-figure").get_by_role("button", name=kind.upper()).click()
    assert taken.value.suggested_filename == f"drug-cases-by-month.{kind}"
    content = taken.value.path().read_bytes()
    if kind == "png":
        assert content.startswith(b"\x89PNG")
    else:
        text = content.decode()
        assert text.startswith("<svg") and "Cases investigated by month" in text and "LMLECC" in text
    assert page.complaints == []


def test_charts_wait_until_they_come_near_and_numbers_wait_for_nothing(open_page):
    page = open_page(viewport={"width": 1320, "height": 500})
    assert page.locator('.figure[data-chart="waiting"]').count() >= 5
    bare = open_page(java_script_enabled=False)
    assert not [url for url in bare.asked if url.endswith(".js")]
    assert bare.locator(".tile-value a").first.is_visible()
    assert bare.locator("#drugs-counts-cumulative-figure table").is_visible()
    assert bare.locator("table.heat td a").first.is_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_filters_fold_into_one_bar_on_a_phone(open_page, scripts):
    page = open_page(viewport={"width": 360, "height": 740}, java_script_enabled=scripts)
    bar = page.locator(".filter-bar > summary")
    assert page.locator(".toolbar").bounding_box()["height"] < 110
    assert not page.locator(".filters .menu").first.is_visible()
    bar.click()
    page.locator(".filters .menu", has_text="Countries").locator("summary").click()
    page.get_by_role("checkbox", name="Laos").check()
    with page.expect_navigation():
        page.locator(".filters .menu[open] button").click()
    assert "country=LA" in page.url
    assert "Laos" in page.locator(".filter-bar > summary").inner_text()


def test_the_filters_stand_open_on_a_wide_screen_and_keep_to_the_address(open_page):
    page = open_page("/results/JT-2025/?country=TH&to=2025-03&area=drugs")
    assert not page.locator(".filter-bar > summary").is_visible()
    page.locator(".filters .menu", has_text="Months").locator("summary").click()
    page.get_by_label("From").select_option("2025-03")
    with page.expect_navigation():
        page.locator(".filters .menu[open] button").click()
    shown = page.url
    assert re.search(r"from=2025-03&to=2025-03&country=TH&area=drugs&release=1$", shown)
    numbers = page.locator(".tile-value").all_inner_texts()
    page.reload()
    assert (page.url, page.locator(".tile-value").all_inner_texts()) == (shown, numbers)
    page.goto("/releases/")
    page.go_back()
    assert (page.url, page.locator(".tile-value").all_inner_texts()) == (shown, numbers)
