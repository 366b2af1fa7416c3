"""The reviewer's desk in a browser: its keys, and a decision reached by keyboard alone."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from stories import joint_operation, person, report, submitted, verified

from operations.actions import Entered
from operations.models import Question, Revision

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-ketamine"]
THAILAND, CAMBODIA = "/review/JT-2025/TH-RTP/2025-04/", "/review/JT-2025/KH-NP/2025-04/"


@pytest.fixture
def operation():
    """April waits: Cambodia's without a remark, Thailand's with two odd figures."""
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["KH-NP", "TH-RTP"], LEAVES)
    reviewer = person("reviewer", username="colleague")
    for agency in ("TH-RTP", "KH-NP"):
        verified(
            report(operation, agency, "2025-03"),
            person("officer", agency),
            reviewer,
            drug_cases=10,
            drugs_heroin=2,
        )
    submitted(
        report(operation, "TH-RTP", "2025-04"), person("officer", "TH-RTP"), drug_cases=250, drugs_heroin=90
    )
    submitted(
        report(operation, "KH-NP", "2025-04"), person("officer", "KH-NP"), drug_cases=Entered(Decimal(12))
    )
    return operation


@pytest.fixture
def page(browser, live_server, operation):
    client = Client()
    client.force_login(person("reviewer"))
    ((name, morsel),) = client.cookies.items()
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1320, "height": 900})
    context.add_cookies([{"name": name, "value": morsel.value, "url": live_server.url}])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: "Autofocus" in message.text or page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def turn(page, key):
    """Press a key and wait for the page that it opens."""
    with page.expect_navigation():
        page.keyboard.press(key)


def focused(page, what="id") -> str:
    return page.evaluate(f"document.activeElement.{what}")


def place(page) -> str:
    return page.url.split("/", 3)[3].split("?")[0]


def test_a_report_is_asked_about_and_another_verified_by_keyboard_alone(page):
    page.goto("/review/")
    press(page, "j")
    assert focused(page, "pathname") == CAMBODIA  # of two due on one day, in the Centre's order of countries
    press(page, "ArrowDown")
    assert focused(page, "pathname") == THAILAND
    turn(page, "Enter")

    press(page, "n")
    assert focused(page) == "drug-cases"
    press(page, "n")
    assert focused(page) == "drugs-heroin"
    press(page, "n", "p")  # at the end it stays
    assert focused(page) == "drug-cases"
    press(page, "a")
    assert focused(page) == "ask-drug-cases-text"
    page.keyboard.type("Is a province counted twice? j k v s")
    press(page, "Tab", "Tab", "Tab", "Tab")  # over the three parts of the day
    while focused(page, "tagName") != "BUTTON":
        press(page, "Tab")
    turn(page, "Enter")
    question = Question.objects.get()
    assert (question.text, question.indicator.code) == ("Is a province counted twice? j k v s", "drug-cases")
    assert question.due > date.today()

    turn(page, "k")
    assert place(page) == CAMBODIA[1:]
    press(page, "v")
    assert focused(page, "value") == "verify"
    turn(page, "Enter")
    assert Revision.objects.get(report__agency__code="KH-NP", report__month="2025-04-01").is_verified
    assert page.get_by_text("Cambodia · National Police, April 2025: verified.").is_visible()
    assert Revision.objects.get(report__agency__code="TH-RTP", report__month="2025-04-01").is_submitted
    assert page.complaints == []


def test_quiet_reports_are_ticked_and_verified_by_keyboard_alone(page):
    page.goto("/review/")
    press(page, "j", "x", "j", "x")  # the second has no box
    assert page.locator("input[name=seen]:checked").count() == 1
    while focused(page, "type") != "submit":
        press(page, "Tab")
    turn(page, "Enter")
    assert Revision.objects.filter(state="submitted").get().report.agency.code == "TH-RTP"
    assert page.locator(".message.success").count() == 1


def test_letters_typed_into_a_field_are_only_letters(page):
    page.goto(THAILAND)
    press(page, "s")
    assert focused(page, "name") == "note"
    page.keyboard.type("napsvjku?")
    assert page.locator("[name=note]").input_value() == "napsvjku?"
    assert place(page) == THAILAND[1:]


def test_from_a_question_escape_leads_back_to_its_row_and_keeps_it(page):
    page.goto(THAILAND)
    press(page, "n", "a")
    page.keyboard.type("So many?")
    press(page, "Escape")
    assert focused(page) == "drug-cases"
    assert page.locator("#ask-drug-cases-text").input_value() == "So many?"


def test_the_keys_can_be_switched_off_for_good(page):
    page.goto(THAILAND)
    press(page, "?")
    assert not page.locator("details.keys").evaluate("one => one.open")
    press(page, "?")
    page.get_by_label("Use these keys").uncheck()
    page.goto("/review/")
    press(page, "Tab")
    before = focused(page, "outerHTML")
    press(page, "j")
    assert focused(page, "outerHTML") == before


def test_without_a_script_there_are_no_keys_but_all_the_rest(browser, live_server, operation):
    client = Client()
    client.force_login(person("reviewer"))
    ((name, morsel),) = client.cookies.items()
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies([{"name": name, "value": morsel.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(THAILAND)
    assert not page.locator("details.keys").is_visible()
    page.get_by_text("Ask", exact=True).first.click()
    page.locator("#ask-drug-cases-text").fill("So many?")
    page.get_by_role("button", name="Ask the officer").first.click()
    assert Question.objects.get().text == "So many?"
    context.close()
