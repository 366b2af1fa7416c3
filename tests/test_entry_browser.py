"""The sheet in a browser: its keys, saving while one types, and that no text is lost or saved in another's name."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.translation import gettext, override
from playwright.sync_api import expect
from stories import fill, joint_operation, person, report, submitted

from operations.models import Agency, Change, Figure, Revision

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"
HERE = "/reports/JT-2025/TH-RTP/2025-03/"
LEAVES = [
    "scam-cases-fraud", "scam-cases-gambling", "scam-suspects-fraud", "scam-suspects-gambling",
    "drug-cases", "drug-suspects", "drugs-methamphetamine-tablets", "drugs-methamphetamine-crystal", "drugs-heroin",
    "drugs-opium", "drugs-ketamine", "precursors-scheduled", "precursors-other", "trafficking-cases",
    "trafficking-suspects", "trafficking-victims-women", "trafficking-victims-men", "trafficking-victims-girls",
    "trafficking-victims-boys", "trafficking-victims-unstated",
]  # fmt: skip


@pytest.fixture
def march(live_server):
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["KH-NP", "TH-RTP"], LEAVES)
    return report(operation, "TH-RTP", "2025-03")


@pytest.fixture
def officer(march):
    somebody = person("officer", "TH-RTP", "malee")
    somebody.set_password(PASSWORD)
    somebody.save()
    return somebody


@pytest.fixture
def colleague(march):
    somebody = person("officer", "TH-RTP", "somchai")
    somebody.set_password(PASSWORD)
    somebody.save()
    return somebody


@pytest.fixture
def desk(browser, live_server):
    """A browser of somebody's own, signed in."""
    contexts = []

    def of(somebody, **kind):
        kind = {"viewport": {"width": 1320, "height": 900}, "base_url": live_server.url} | kind
        context = browser.new_context(**kind)
        contexts.append(context)
        client = Client()
        client.force_login(somebody)
        ((name, morsel),) = client.cookies.items()
        context.add_cookies([{"name": name, "value": morsel.value, "url": live_server.url}])
        return context

    yield of
    for context in contexts:
        # A save that is still on its way would meet the next test's database.
        for page in context.pages:
            expect(page.locator("#saving", has_text="saving…")).to_have_count(0)
        context.set_offline(True)
        context.close()


@pytest.fixture
def opened(desk, officer):
    """The sheet, opened by its officer."""
    page = desk(officer).new_page()
    page.goto(HERE)
    return page


def cell(page, code):
    return page.locator(f'[id="{code}"]')


def row(page, code):
    return page.locator(f'tr[data-code="{code}"]')


def sum_of(page, part):
    """The row of the total that a part is added to."""
    return page.locator(f'tr[data-parts~="{part}"] .sum')


def type_in(page, code, text):
    cell(page, code).focus()
    cell(page, code).select_text()
    page.keyboard.type(text)


def saved(page, code):
    """Wait until the page says that a figure is saved."""
    expect(row(page, code).locator(".saved")).to_contain_text(re.compile(r"saved \d\d:\d\d"))


def values(report) -> dict:
    found = Figure.objects.filter(revision__report=report, value__isnull=False).select_related("indicator")
    return {figure.indicator.code: format(figure.value.normalize(), "f") for figure in found}


# ------------------------------------------------------------------------------------------------- the keys


def test_twenty_figures_are_entered_and_submitted_by_keyboard_only(opened, march):
    page = opened
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == LEAVES[0]:
            break
    for number in range(len(LEAVES)):
        assert page.evaluate("document.activeElement.id") == LEAVES[number]
        page.keyboard.type(str(number + 1))
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.value") == "check"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert values(march) == {code: str(number + 1) for number, code in enumerate(LEAVES)}
    page.wait_for_function("document.activeElement.id === 'declaration'")  # where the focus begins
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert Revision.objects.get(report=march).is_submitted


def test_the_arrows_move_without_wrapping_and_inside_a_text_only_at_its_edge(opened):
    page, active = opened, "document.activeElement.id"
    cell(page, LEAVES[0]).focus()
    page.keyboard.press("ArrowUp")
    assert page.evaluate(active) == LEAVES[0]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Enter")
    assert page.evaluate(active) == LEAVES[0]
    page.keyboard.type("12")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(active) == LEAVES[0]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(active) == LEAVES[0]
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(active) == LEAVES[0]


def test_n_in_an_empty_field_marks_it_and_asks_for_the_reason(opened, march):
    page = opened
    cell(page, "drug-cases").focus()
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.id") == "drug-cases.note"
    page.keyboard.type("Laboratory closed")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "drug-suspects"
    saved(page, "drug-cases")
    expect(page.locator("#saving")).to_contain_text("All changes")
    figure = Figure.objects.get()
    assert (figure.value, figure.mark, figure.note) == (None, "L", "Laboratory closed")

    type_in(page, "drug-cases", "0")  # a figure takes the place of the mark
    page.keyboard.press("Enter")
    expect(page.locator("#saving")).to_contain_text("All changes")
    figure.refresh_from_db()
    assert (figure.value, figure.mark, figure.note) == (0, None, "Laboratory closed")


def test_an_n_within_a_text_is_a_letter(opened):
    type_in(opened, "drug-cases", "1n")
    assert cell(opened, "drug-cases").input_value() == "1n"


PASTE = """([id, text]) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const event = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
  return document.getElementById(id).dispatchEvent(event);
}"""


def test_one_pasted_value_stays_in_its_field(opened):
    assert opened.evaluate(PASTE, ["drug-cases", "5310\\r\\n"])


def test_a_pasted_block_goes_to_its_preview_and_what_was_typed_before_is_kept(opened, march):
    page = opened
    type_in(page, "drug-suspects", "6")
    with page.expect_navigation():
        assert not page.evaluate(PASTE, ["drug-cases", "12\n34\n"])
    assert page.url.endswith("/paste/")
    assert values(march) == {"drug-suspects": "6"}


# ------------------------------------------------------------------------------------- reading and adding up


def test_totals_are_calculated_while_one_types(opened):
    page = opened
    page.route("**/figures/**", lambda route: route.abort())  # none of it comes from the server
    assert sum_of(page, "scam-cases-fraud").inner_text().startswith("–")
    type_in(page, "scam-cases-fraud", "๑,๒๐๐")
    expect(sum_of(page, "scam-cases-fraud")).to_have_text("1,200")
    total = page.locator("tr[data-parts~=scam-cases-fraud]")
    expect(total).to_contain_text("partial: 1 of 2")
    type_in(page, "scam-cases-gambling", "0")
    expect(sum_of(page, "scam-cases-fraud")).to_have_text("1,200")
    expect(total).not_to_contain_text("partial")
    type_in(page, "drugs-methamphetamine-tablets", "4583333")
    page.locator('[name="drugs-methamphetamine-tablets.unit"]').select_option("tablet")
    type_in(page, "drugs-heroin", "0.1")
    expect(sum_of(page, "drugs-heroin")).to_have_text("412.600")


def test_what_is_understood_is_echoed_and_what_was_typed_is_left_alone(opened, march):
    page = opened
    type_in(page, "drugs-heroin", "1204,35")
    page.keyboard.press("Enter")
    saved(page, "drugs-heroin")
    assert cell(page, "drugs-heroin").input_value() == "1204,35"
    expect(row(page, "drugs-heroin").locator(".reading")).to_have_text("= 1,204.350 kg")
    assert values(march) == {"drugs-heroin": "1204.35"}


def test_what_cannot_be_read_stays_as_typed_and_is_counted_and_found(opened, march):
    page = opened
    type_in(page, "drugs-heroin", "5")
    page.keyboard.press("Enter")
    type_in(page, "drug-cases", "12万")
    page.keyboard.press("Enter")
    type_in(page, "drugs-opium", "about 3")
    page.keyboard.press("Enter")
    expect(row(page, "drug-cases")).to_contain_text("not saved: “万” cannot be read")
    expect(sum_of(page, "drugs-heroin")).to_have_text("5.000")
    look = page.get_by_role("button", name="2 to look at")
    look.click()
    assert page.evaluate("document.activeElement.id") == "drug-cases"
    saved(page, "drugs-heroin")
    assert values(march) == {"drugs-heroin": "5"}

    page.reload()
    assert cell(page, "drug-cases").input_value() == "12万"
    assert cell(page, "drugs-opium").input_value() == "about 3"
    expect(look).to_be_visible()
    type_in(page, "drug-cases", "120000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="1 to look at")).to_be_visible()


def test_a_text_with_two_readings_is_asked_once_and_the_answer_holds_for_the_agency(opened, march):
    page = opened
    type_in(page, "drugs-heroin", "1.234")
    page.keyboard.press("Enter")
    type_in(page, "drugs-opium", "2.500")
    page.keyboard.press("Enter")
    choices = row(page, "drugs-heroin").locator("fieldset button")
    assert choices.all_inner_texts() == ["1.234 kg", "1234 kg"]
    assert values(march) == {}
    choices.nth(0).focus()
    page.keyboard.press("Enter")
    saved(page, "drugs-heroin")
    saved(page, "drugs-opium")
    assert values(march) == {"drugs-heroin": "1.234", "drugs-opium": "2.5"}
    assert Agency.objects.get(code="TH-RTP").decimal_separator == "."


def test_an_odd_figure_opens_the_place_for_its_reason(opened):
    page = opened
    for code, text in [("drug-cases", "0"), ("drug-suspects", "7")]:
        type_in(page, code, text)
        page.keyboard.press("Enter")
        saved(page, code)
    expect(row(page, "drug-suspects")).to_contain_text("there are suspects but no case")
    expect(page.locator("#to-explain")).to_have_text("1 needs a note")
    cell(page, "drug-suspects.note").fill("Arrested for cases of February")
    page.keyboard.press("Enter")
    expect(page.locator("#to-explain")).to_be_hidden()


# -------------------------------------------------------------------------------------- nothing typed is lost


def test_what_was_typed_while_the_server_was_away_survives_the_tab_and_is_saved_when_it_is_back(
    opened, march
):
    context, typed = opened.context, dict(zip(LEAVES[:4], ["11", "๒๒", "3 300", "44"], strict=True))
    context.set_offline(True)
    for code, text in typed.items():
        type_in(opened, code, text)
        opened.keyboard.press("Enter")
    expect(row(opened, LEAVES[0])).to_contain_text("not saved: no connection, will try again")
    expect(opened.locator("#saving")).to_contain_text("4 figures are not saved yet")
    opened.close()
    assert values(march) == {}

    context.set_offline(False)
    page = context.new_page()
    page.goto(HERE)
    for code, text in typed.items():
        assert cell(page, code).input_value() == text
        saved(page, code)
    assert values(march) == dict(zip(LEAVES[:4], ["11", "22", "3300", "44"], strict=True))
    assert page.evaluate("Object.keys(localStorage)") == []


def test_the_page_tries_again_by_itself(opened, march):
    page = opened
    page.route("**/figures/**", lambda route: route.abort())
    type_in(page, "drug-cases", "12")
    page.keyboard.press("Enter")
    expect(row(page, "drug-cases")).to_contain_text("not saved: no connection")
    page.unroute("**/figures/**")
    saved(page, "drug-cases")
    expect(page.locator("#said")).to_have_text("All changes are saved.")
    assert values(march) == {"drug-cases": "12"}


def test_a_save_whose_answer_was_lost_is_not_made_twice(opened, march):
    page, keys = opened, []

    def lose(route):
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    page.route("**/figures/**", lose)
    type_in(page, "drug-cases", "12")
    page.keyboard.press("Enter")
    expect(row(page, "drug-cases")).to_contain_text("not saved: no connection")
    type_in(page, "drug-cases", "13")
    page.unroute("**/figures/**")
    page.route(
        "**/figures/**",
        lambda route: (keys.append(route.request.headers["idempotency-key"]), route.continue_()),
    )
    page.keyboard.press("Enter")
    saved(page, "drug-cases")
    expect(page.locator("#saving")).to_contain_text("All changes")
    assert values(march) == {"drug-cases": "13"}
    assert [change.after["value"] for change in Change.objects.order_by("id")] == ["12.000", "13.000"]
    assert keys[0] == keys[1] and keys[-1] != keys[0]


def test_without_a_connection_nothing_is_submitted_and_the_page_stays(opened):
    opened.context.set_offline(True)
    type_in(opened, "drug-cases", "12")
    opened.get_by_role("button", name="Check and submit").click()
    expect(opened.locator("#saving")).to_contain_text("Nothing was submitted: there is no connection.")
    assert cell(opened, "drug-cases").input_value() == "12"


def test_the_language_switched_in_mid_typing_takes_the_text_along(opened, march):
    page = opened
    type_in(page, "drugs-heroin", "412,5")
    with page.expect_navigation():
        page.evaluate("document.querySelector('a[hreflang=th]').click()")
    assert page.url.endswith("/th" + HERE)
    with override("th"):
        saved = gettext("All changes saved %(time)s").partition("%")[0].strip()
    expect(page.locator("#saving")).to_contain_text(saved)
    assert values(march) == {"drugs-heroin": "412.5"}
    page.reload()
    assert cell(page, "drugs-heroin").input_value() == "412.500"
    assert Change.objects.count() == 1


def test_what_could_not_be_saved_before_the_report_was_handed_in_is_shown_and_kept(desk, officer, march):
    context = desk(officer)
    page = context.new_page()
    page.goto(HERE)
    context.set_offline(True)
    type_in(page, "drug-cases", "99")
    page.keyboard.press("Enter")
    page.close()
    submitted(march, officer, drug_cases=12)
    context.set_offline(False)
    page = context.new_page()
    page.goto(HERE)
    kept = page.locator("#kept")
    expect(kept).to_contain_text("Drug cases")
    expect(kept).to_contain_text("99")
    kept.get_by_role("button").click()
    assert page.evaluate("Object.keys(localStorage)") == []


# ------------------------------------------------------------------------------------------------- two at once


@pytest.fixture
def disputed(desk, opened, officer, colleague, march):
    """Malee's page, where she typed 88 over the 12 that she sees, after Somchai saved 77."""
    fill(march, officer, drug_cases=12)
    opened.reload()
    fill(march, colleague, drug_cases=77)
    type_in(opened, "drug-cases", "88")
    opened.keyboard.press("Enter")
    expect(row(opened, "drug-cases")).to_contain_text("somchai changed this")
    return opened


def test_of_two_figures_for_one_cell_neither_is_lost_until_one_is_chosen(disputed, march):
    page = disputed
    for _ in range(2):
        expect(page.get_by_role("button", name="Keep mine: 88 cases")).to_be_visible()
        expect(page.get_by_role("button", name="Take theirs: 77 cases")).to_be_visible()
        assert values(march) == {"drug-cases": "77"}
        page.reload()
    assert cell(page, "drug-cases").input_value() == "88"
    page.get_by_role("button", name="Check and submit").click()
    expect(page.get_by_role("button", name="Keep mine")).to_be_focused()
    page.keyboard.press("Enter")
    saved(page, "drug-cases")
    assert values(march) == {"drug-cases": "88"}


def test_theirs_is_taken_without_another_save(disputed, march):
    page = disputed
    page.get_by_role("button", name="Take theirs").click()
    expect(cell(page, "drug-cases")).to_have_value("77")
    expect(page.get_by_role("button", name="Take theirs")).to_be_hidden()
    assert page.evaluate("Object.keys(localStorage)") == []
    assert values(march) == {"drug-cases": "77"}
    assert Change.objects.count() == 2


def test_two_browsers_at_different_cells_do_not_disturb_each_other(desk, opened, colleague, march):
    other = desk(colleague).new_page()
    other.goto(HERE)
    type_in(opened, "drug-cases", "12")
    type_in(other, "drug-suspects", "34")
    opened.keyboard.press("Enter")
    other.keyboard.press("Enter")
    saved(opened, "drug-cases")
    saved(other, "drug-suspects")
    assert values(march) == {"drug-cases": "12", "drug-suspects": "34"}


def test_a_submission_does_not_take_along_what_its_officer_has_not_seen(opened, colleague, march):
    fill(march, colleague, drug_suspects=34)
    type_in(opened, "drug-cases", "12")
    with opened.expect_navigation():
        opened.get_by_role("button", name="Check and submit").click()
    expect(opened.get_by_role("alert").first).to_contain_text("somchai")
    assert cell(opened, "drug-suspects").input_value() == "34"
    assert values(march) == {"drug-cases": "12", "drug-suspects": "34"}


def test_what_is_saved_is_not_sent_again_with_the_submission(opened, colleague, march):
    type_in(opened, "drugs-heroin", "1204,35")
    opened.keyboard.press("Enter")
    saved(opened, "drugs-heroin")
    fill(march, colleague, drugs_heroin="7")
    with opened.expect_navigation():
        opened.get_by_role("button", name="Check and submit").click()
    assert cell(opened, "drugs-heroin").input_value() == "7.000"
    assert row(opened, "drugs-heroin").locator(".error").count() == 0
    assert values(march) == {"drugs-heroin": "7"}


# ------------------------------------------------------------------------------------------------- who is typing


def end_session(page, how):
    if how == "by the server":
        Session.objects.all().delete()
    else:
        page.context.clear_cookies()


@pytest.mark.parametrize("how", ["by the server", "with its cookies"])
def test_a_session_that_ends_in_mid_typing_is_taken_up_in_place(opened, march, how):
    page = opened
    end_session(page, how)
    type_in(page, "drug-cases", "12")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "drug-suspects"
    page.keyboard.type("34")
    page.keyboard.press("Enter")
    expect(page.locator("#saving")).to_contain_text("You are signed out")
    dialog.get_by_label("Password").fill("not this one")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("correct username and password")
    dialog.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    saved(page, "drug-cases")
    saved(page, "drug-suspects")
    expect(dialog).to_be_hidden()
    assert values(march) == {"drug-cases": "12", "drug-suspects": "34"}
    with page.expect_navigation():
        page.get_by_role("button", name="Check and submit").click()
    assert page.url.endswith("?check=1")


def sign_in(page, name):
    page.locator("#sign-in-name").fill(name)
    page.locator("#sign-in-password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_nothing_is_saved_under_the_name_of_somebody_else(opened, officer, colleague, march):
    page = opened
    end_session(page, "by the server")
    type_in(page, "drug-cases", "12")
    page.keyboard.press("Enter")
    sign_in(page, "somchai")
    expect(page.get_by_role("dialog", name="Somebody else is signed in")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="Reload the page").click()
    expect(page.locator("#sheet")).to_have_attribute("data-person", str(colleague.pk))
    assert cell(page, "drug-cases").input_value() == ""
    assert values(march) == {}

    end_session(page, "by the server")
    page.goto(HERE)
    page.locator("[name=username]").fill("malee")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(cell(page, "drug-cases")).to_have_value("12")
    saved(page, "drug-cases")
    assert Change.objects.get().by == officer


# ------------------------------------------------------------------------------------ everybody can work with it


def test_without_scripts_the_sheet_is_saved_by_one_post(desk, officer, march):
    page = desk(officer, java_script_enabled=False).new_page()
    page.goto(HERE)
    cell(page, "drug-cases").fill("១២")
    cell(page, "drugs-heroin").fill("1204,35")
    row(page, "drugs-opium").locator("summary").click()
    page.locator('[name="drugs-opium.mark"]').select_option("L")
    cell(page, "drugs-opium.note").fill("No laboratory")
    page.get_by_role("button", name="Save", exact=True).click()
    assert values(march) == {"drug-cases": "12", "drugs-heroin": "1204.35"}
    assert Figure.objects.get(indicator__code="drugs-opium").note == "No laboratory"
    assert page.locator(".keys").is_hidden()


@pytest.mark.parametrize("width", [360, 1320])
def test_conflicts_questions_and_refusals_can_be_read_by_everybody(disputed, width):
    page = disputed
    page.set_viewport_size({"width": width, "height": 800})
    type_in(page, "drugs-heroin", "1.234")
    page.keyboard.press("Enter")
    type_in(page, "drugs-opium", "about 3")
    page.keyboard.press("Enter")
    end_session(page, "by the server")
    type_in(page, "drug-suspects", "5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    found = [(one["id"], one["nodes"][0]["html"]) for one in Axe().run(page).response["violations"]]
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_field_names_what_is_wrong_with_it(opened):
    page = opened
    type_in(page, "drug-cases", "12万")
    page.keyboard.press("Enter")
    field = cell(page, "drug-cases")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("cannot be read"))
    expect(page.locator("#said")).to_contain_text("Drug cases")
