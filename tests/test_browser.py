"""What only a browser can tell: charts are drawn, nothing is refused or overflows, all can be reached and read."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from stories import asked, claimed, fill, joint_operation, person, released, report, submitted, verified

from operations.models import Question, Revision

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"
LEAVES = [
    "scam-cases-fraud", "scam-cases-gambling", "drug-cases", "drug-suspects", "drugs-heroin",
    "drugs-methamphetamine-tablets", "precursors-scheduled", "trafficking-cases",
]  # fmt: skip
# By month and by country for each of three areas, drugs and precursors by substance, and the running sums: of each
# area, and once more of weights.
CHARTS = 3 * 2 + 2 + 4

# Role and address of every page that somebody works on.
PAGES = [
    ("", "/"),
    ("", "/results/JT-2025/?country=TH&from=2025-03&to=2025-03&area=drugs"),
    ("", "/results/JT-2025/?release=9"),
    ("", "/results/JT-2025/explain/?indicator=drugs-seized"),
    ("", "/results/JT-2025/explain/?indicator=drug-cases&agency=TH-RTP&from=2025-03&to=2025-03"),
    ("", "/reconciliation/"),
    ("reviewer", "/reconciliation/?operation=JT-2025"),
    ("", "/releases/"),
    ("", "/releases/JT-2025/1/"),
    ("", "/data/"),
    ("", "/data/codebook/"),
    ("", "/accounts/login/"),
    ("officer", "/reports/"),
    ("officer", "/reports/JT-2025/TH-RTP/2025-05/"),
    ("officer", "/reports/JT-2025/TH-RTP/2025-05/?check=1"),
    ("officer", "/reports/JT-2025/TH-RTP/2025-02/"),
    ("officer", "/reports/JT-2025/TH-RTP/2025-02/questions/{question}/"),
    ("officer", "/reports/JT-2025/TH-RTP/2025-04/"),
    ("reviewer", "/reports/"),
    ("reviewer", "/results/JT-2025/?as_of=2025-04-04T00:00Z"),
    ("reviewer", "/review/"),
    ("reviewer", "/review/JT-2025/TH-RTP/2025-04/"),
    ("reviewer", "/review/JT-2025/TH-RTP/2025-04/?show=odd"),
    ("reviewer", "/review/JT-2025/TH-RTP/2025-05/extension/"),
    ("publisher", "/releases/JT-2025/new/"),
]


@pytest.fixture
def site(live_server, settings):
    """The address of a site with one operation in mixed states and one release."""
    settings.PUBLIC_RESULTS = True
    operation = joint_operation(
        "JT-2025", "2025-02-26", "2025-06-30", ["KH-NP", "LA-MPS", "LA-MND", "TH-RTP"], LEAVES,
        name="Joint operation of the tests", is_demonstration=True,
        communique="All parties handled {drug-cases} cases and seized over {drugs-seized:over t} tonnes of drugs.",
        translations={"zh-hans": {"communique": "各方侦办案件{drug-cases}起，缴获{drugs-seized:over t}余吨毒品。"}},
    )  # fmt: skip
    claimed(operation, "drug-cases", 5, "case", "5 cases")
    claimed(operation, "drugs-seized", 24, "t", "over 24 tonnes of drugs", "over")
    officer, reviewer = person("officer", "TH-RTP", username="malee"), person("reviewer")
    officer.set_password(PASSWORD)
    officer.save()
    for agency in ("KH-NP", "TH-RTP"):
        by = person("officer", agency, username="malee" if agency == "TH-RTP" else "")
        verified(report(operation, agency, "2025-02"), by, reviewer, drug_cases=12, drugs_heroin="1.500")
        verified(
            report(operation, agency, "2025-03"), by, reviewer,
            drug_cases=34567, drug_suspects=40, drugs_heroin="12345.678", scam_cases_fraud="L", trafficking_cases=3,
        )  # fmt: skip
    released(operation, "2025-03", person("publisher"))
    submitted(report(operation, "TH-RTP", "2025-04"), officer, drug_cases=99)
    fill(report(operation, "TH-RTP", "2025-05"), officer, drug_cases=7, drugs_heroin="M")
    asked(report(operation, "TH-RTP", "2025-02").revisions.get(), reviewer, "drugs-heroin")
    return live_server.url


@pytest.fixture
def open_page(browser, site):
    """Open a page of the site as somebody of a role; what the browser complains of gathers in `page.complaints`."""
    contexts = []

    def go(role="", address="/", **kind):
        context = browser.new_context(base_url=site, **kind)
        contexts.append(context)
        if role:
            context.add_cookies([cookie(role, site)])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: "Autofocus" in message.text or page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("requestfailed", lambda request: page.complaints.append(f"{request.failure} {request.url}"))
        page.goto(address)
        return page

    yield go
    for context in contexts:
        context.close()


def cookie(role, site) -> dict:
    client = Client()
    client.force_login(person(role, username="malee" if role == "officer" else ""))
    ((name, morsel),) = client.cookies.items()
    return {"name": name, "value": morsel.value, "url": site}


def each_page(open_page, **kind):
    """Every page of the table, one tab for each role; yields (address, page)."""
    tabs = {}
    for role, address in PAGES:
        address = address.format(question=Question.objects.get().pk)
        if role not in tabs:
            tabs[role] = open_page(role, address, **kind)
        else:
            tabs[role].goto(address)
        yield address, tabs[role]


def test_the_charts_are_drawn_and_the_browser_has_nothing_to_complain_of(open_page):
    page = open_page(viewport={"width": 1320, "height": 900})
    charts = page.locator("figure.figure")
    assert charts.count() == CHARTS
    for index in range(charts.count()):
        charts.nth(index).scroll_into_view_if_needed()
        page.wait_for_selector(
            f"figure.figure >> nth={index} >> css=.chart :is(.bars .point path, .scatterlayer .point)",
            state="attached",
        )
    assert page.locator('figure.figure[data-chart="drawn"]').count() == CHARTS
    assert page.locator("#drug-cases-by-month-figure").get_by_text("Feb").count() >= 1
    assert page.complaints == []


def test_no_page_gives_the_browser_reason_to_complain(open_page):
    complaints = {}
    for address, page in each_page(open_page):
        complaints[address] = page.complaints[:]
        page.complaints.clear()
    # That a page is an answer of 404, and that the next was asked for before all of one had come, is no complaint.
    no_matter = ("404 (Not Found)", "net::ERR_ABORTED")
    assert not [(address, text) for address, texts in complaints.items() for text in texts
                if not any(one in text for one in no_matter)]  # fmt: skip


@pytest.mark.parametrize("width", [360, 1320])
def test_no_page_is_wider_than_the_screen(open_page, width):
    too_wide = {}
    for address, page in each_page(open_page, viewport={"width": width, "height": 800}):
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            too_wide[address] = needed
    assert too_wide == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, scheme):
    found = {}
    for address, page in each_page(open_page, color_scheme=scheme, reduced_motion="reduce"):
        violations = Axe().run(page).response["violations"]
        if violations:
            found[address] = [(one["id"], one["nodes"][0]["html"][:120]) for one in violations]
    assert found == {}


def test_without_a_script_the_tables_stand_open_and_no_empty_box_shows(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator("figure.figure table.figures:visible").count() == CHARTS
    assert page.locator("figure.figure table.figures").first.locator("tbody tr").count() == 2
    boxes = [page.locator(".chart").nth(index).bounding_box() for index in range(CHARTS)]
    assert [box for box in boxes if box and box["height"] > 1] == []


def tab_to(page, name):
    """Press Tab until the field or button of that name (or with that value) has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if name in page.evaluate("[document.activeElement.name, document.activeElement.value]"):
            return
    pytest.fail(f"{name} cannot be reached by Tab")


def enter(page):
    """Press Enter and wait for the page that comes."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_an_officer_enters_a_month_by_keyboard_alone(open_page):
    here = "/reports/JT-2025/TH-RTP/2025-06/"
    page = open_page("", here, viewport={"width": 1320, "height": 900})
    assert "/accounts/login/" in page.url
    tab_to(page, "username")
    page.keyboard.type("malee")
    tab_to(page, "password")
    page.keyboard.type(PASSWORD)
    enter(page)
    assert page.url.endswith(here)

    tab_to(page, "drug-cases")
    page.keyboard.type("1,234")
    page.keyboard.press("Enter")  # saves this figure and leads to the next one
    page.wait_for_selector("tr[data-code=drug-cases] .saved:has-text('saved')")
    assert page.locator("[name=drug-cases]").input_value() == "1,234"
    assert Revision.objects.filter(report__month="2025-06-01", state="draft").count() == 1

    for leaf in LEAVES:
        tab_to(page, leaf)
        page.keyboard.type("0" if leaf != "drug-cases" else "12")
    tab_to(page, "check")
    enter(page)
    assert page.url.endswith("?check=1")
    page.wait_for_function("document.activeElement.id === 'declaration'")  # where the focus begins
    page.keyboard.press("Space")
    tab_to(page, "submit")
    enter(page)
    assert page.get_by_text("The report is submitted.").is_visible()
    assert Revision.objects.get(report__month="2025-06-01").is_submitted
    assert page.complaints == []
