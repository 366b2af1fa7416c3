"""The paste story in a browser: a column pasted into a cell, looked at, saved and taken back."""

import pytest
from django.test import Client
from stories import joint_operation, person, report

from operations.models import Figure

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-ketamine", "trafficking-cases"]
HERE = "/reports/JT-2025/TH-RTP/2025-03/"
PASTE = """([selector, text]) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const field = document.querySelector(selector);
  field.focus();
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def march():
    return report(
        joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["TH-RTP"], LEAVES), "TH-RTP", "2025-03"
    )


@pytest.fixture
def open_page(browser, live_server, march):
    """Open a page of the report as its officer; what the browser complains of gathers in `page.complaints`."""
    contexts = []

    def go(address=HERE, **kind):
        context = browser.new_context(base_url=live_server.url, **kind)
        contexts.append(context)
        client = Client()
        client.force_login(person("officer", "TH-RTP"))
        ((name, morsel),) = client.cookies.items()
        context.add_cookies([{"name": name, "value": morsel.value, "url": live_server.url}])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: "Autofocus" in message.text or page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        return page

    yield go
    for context in contexts:
        context.close()


def saved() -> dict:
    return {
        one.indicator.code: one.value
        for one in Figure.objects.select_related("indicator")
        if not one.is_empty
    }


def test_a_column_pasted_into_a_cell_begins_there_and_is_undone_in_one_step(open_page):
    page = open_page()
    page.evaluate(PASTE, ["#drug-suspects", "៥៣១០\r\n1204.5\r\n๑๒\r\n"])
    page.wait_for_url("**/paste/")
    rows = page.locator(".offer-lines tbody tr")
    assert rows.count() == 3
    assert "5,310 persons" in rows.nth(0).inner_text()
    assert saved() == {}
    page.get_by_role("button", name="Save 3 figures").click()
    page.wait_for_url("**/2025-03/?undo=*")
    assert {code: str(value) for code, value in saved().items()} == {
        "drug-suspects": "5310.000",
        "drugs-heroin": "1204.500",
        "drugs-ketamine": "12.000",
    }
    page.get_by_role("button", name="Undo this save").click()
    page.wait_for_url(f"**{HERE}")
    assert "Undone: 3 figures" in page.inner_text("main")
    assert saved() == {}
    assert page.complaints == []


def test_one_number_pasted_into_a_cell_stays_in_the_cell(open_page):
    page = open_page()
    page.evaluate(PASTE, ["#drug-suspects", "5310"])
    assert page.url.endswith(HERE)


@pytest.mark.parametrize(
    "kind", [{"java_script_enabled": False}, {"viewport": {"width": 360, "height": 740}}]
)
def test_a_message_pasted_into_the_page_is_asked_about_mended_and_saved(open_page, kind):
    """With the keyboard alone, without a script, and on a phone."""
    page = open_page(HERE + "paste/", **kind)
    page.locator("#paste").fill("Heroin: 1.234\nSuspects arrested\t40\nTrucks: 3\nKetamine: about 5")
    page.get_by_role("button", name="Show what would change").press("Enter")
    page.get_by_role("button", name="Save 2 figures").press("Enter")
    assert "Say how the numbers are meant" in page.locator(".error-summary").inner_text()
    page.locator('input[name="means"][value=","]').press("Space")
    page.get_by_role("button", name="Save 2 figures").press("Enter")
    assert "1 row cannot be taken" in page.locator(".error-summary").inner_text()
    page.get_by_label("Leave out 1 row").press("Space")
    page.get_by_role("button", name="Save 2 figures").press("Enter")
    page.wait_for_url("**/2025-03/?undo=*")
    assert saved() == {"drugs-heroin": 1234, "drug-suspects": 40}
    if "viewport" in kind:
        page.goto(HERE + "paste/")
        page.locator("#paste").fill("Heroin: 1.235\nTrucks: 3\nKetamine: about 5")
        page.get_by_role("button", name="Show what would change").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_workbook_is_filled_and_uploaded(open_page, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    page = open_page(HERE + "upload/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the workbook of this month").click()
    assert download.value.suggested_filename == "JT-2025-TH-RTP-2025-03.xlsx"
    download.value.save_as(tmp_path / "month.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "month.xlsx")
    workbook.worksheets[0]["E2"], workbook.worksheets[0]["E3"] = 5, "about 5"
    workbook.save(tmp_path / "month.xlsx")
    page.set_input_files("#upload", tmp_path / "month.xlsx")
    page.get_by_role("button", name="Show what would change").click()
    assert "cannot be read" in page.locator(".offer-lines").inner_text()
    page.set_input_files("#upload", tmp_path / "month.xlsx")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the workbook with the wrong cells marked").click()
    assert download.value.suggested_filename == "JT-2025-TH-RTP-2025-03-marked.xlsx"
    page.get_by_label("Leave out 1 row").check()
    page.get_by_role("button", name="Save 1 figure").click()
    page.wait_for_url("**/2025-03/?undo=*")
    assert saved() == {"drug-cases": 5}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_preview(open_page, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(HERE + "paste/", color_scheme=scheme, reduced_motion="reduce")
    found = []
    for block in (
        "",
        "Heroin: 1.234\nTrucks: 3\nKetamine: about 5\nHuman trafficking cases investigated: 5",
        "Heroin\t1\t2",
    ):
        if block:
            page.goto(HERE + "paste/")
            page.locator("#paste").fill(block)
            page.get_by_role("button", name="Show what would change").click()
        violations = Axe().run(page).response["violations"]
        found += [(one["id"], one["nodes"][0]["html"][:120]) for one in violations]
    assert found == []
