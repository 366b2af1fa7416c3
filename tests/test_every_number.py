"""Every number on the results page opens a receipt that adds up to it: collected by a browser, under six filters."""

import re
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.test import Client
from stories import corrected, joint_operation, person, released, report, verified

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AGENCIES = ["KH-NP", "CN-MPS", "LA-MPS", "LA-MND", "TH-RTP"]
LEAVES = [
    "scam-cases-fraud", "scam-cases-gambling", "drug-cases", "drug-suspects", "drugs-heroin", "drugs-opium",
    "precursors-scheduled", "precursors-other", "trafficking-cases", "trafficking-victims-women",
]  # fmt: skip

# Who reads, what, and at least how many numbers there must be.
FILTERS = [
    ("", "/results/JT-2025/", 150),
    ("", "/results/JT-2025/?release=1&area=scam&area=trafficking", 60),
    ("", "/results/JT-2025/?from=2025-03&to=2025-04&area=drugs", 60),
    ("", "/results/JT-2025/?country=LA&country=TH", 100),
    ("reviewer", "/results/JT-2025/?release=live&from=2025-03", 120),
    ("reviewer", "/results/JT-2025/?as_of=2025-05-04T00:00Z&country=KH&country=CN", 80),
    ("reviewer", "/results/JT-2026/?release=live&from=2026-03&to=2026-03", 40),
]

# Each link to a receipt with its number and what stands behind it as its unit; what has digits and no such link.
COLLECT = """() => {
    const main = document.querySelector("main");
    const links = [...main.querySelectorAll("a[href*='/explain/']")].map(link => [
        link.getAttribute("href"), link.textContent.trim(),
        link.closest(".sentence") ? "in words"
            : (link.nextElementSibling?.matches(".tile-unit") || link.closest(".change"))
            ? (link.nextSibling?.textContent ?? "").trim() + (link.nextElementSibling?.textContent ?? "").trim() : "",
    ]);
    const spots = "table.figures td, table.heat td, .six strong, .tile-value, .change, .figure-head p";
    const bare = [...main.querySelectorAll(spots)].filter(
        spot => /[0-9]/.test(spot.textContent) && !spot.querySelector("a[href*='/explain/']"));
    return {links, bare: bare.map(spot => spot.textContent.trim())};
}"""


@pytest.fixture
def site(live_server, settings):
    """Two operations: of the first two releases, with a correction, a mark, a missing report; the second a year on."""
    settings.PUBLIC_RESULTS = True
    operation = joint_operation(
        "JT-2025", "2025-02-26", "2025-05-31", AGENCIES, LEAVES,
        communique="All parties handled {drug-cases} cases and seized over {drugs-seized:over t} tonnes of drugs.",
    )  # fmt: skip
    for number, agency in enumerate(AGENCIES, start=1):
        for month in ("2025-02", "2025-03", "2025-04"):
            if (agency, month) != ("LA-MND", "2025-04"):
                hand_in(operation, agency, month, number)
    released(operation, "2025-04", person("publisher"))
    cambodia = report(operation, "KH-NP", "2025-03")
    corrected(cambodia, person("officer", "KH-NP"), person("reviewer"), drug_cases=9)
    hand_in(operation, "TH-RTP", "2025-05", 7)
    released(operation, "2025-05", person("publisher"))
    later = joint_operation("JT-2026", "2026-02-01", "2026-04-30", AGENCIES, LEAVES)
    for number, agency in enumerate(AGENCIES, start=3):
        hand_in(later, agency, "2026-03", number)
    return live_server.url


def hand_in(operation, agency, month, number):
    figures = {
        "drug_cases": number * 1000 + number,
        "drug_suspects": 0,
        "drugs_heroin": Decimal("5123.456") * number,
        "drugs_opium": "L" if agency == "LA-MPS" and month == "2025-03" else "0.125",
        "precursors_other": number,
        "scam_cases_fraud": number + 2,
        "trafficking_cases": number,
        "trafficking_victims_women": 2 * number,
    }
    verified(report(operation, agency, month), person("officer", agency), person("reviewer"), **figures)


def reader(role) -> Client:
    client = Client()
    if role:
        client.force_login(person(role))
    return client


def collected(browser, site, role, address) -> dict:
    context = browser.new_context(base_url=site)
    for name, morsel in reader(role).cookies.items():
        context.add_cookies([{"name": name, "value": morsel.value, "url": site}])
    try:
        page = context.new_page()
        assert page.goto(address).status == 200
        return page.evaluate(COLLECT)
    finally:
        context.close()


def added_up(client, address) -> Decimal | None:
    """The sum of the figures that a receipt lists."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    values = [line["record"].value for line in answer.context["lines"]]
    values = [value for value in values if value is not None]
    return sum(values, Decimal(0)) if values else None


def agrees(shown: Decimal, total: Decimal | None, unit: str) -> bool:
    """Tonnes are cut to two decimals, never rounded up: “over 82 tonnes” is never said of less."""
    if total is None:
        return False
    if unit == "t":
        return shown == int(total / 10) / Decimal(100)
    return shown == total or (unit == "in words" and shown == int(total / 1000))


def test_every_number_of_the_page_is_the_sum_of_its_receipt(browser, site):
    wrong, tonnes, in_words, sums = [], 0, 0, {}
    for role, address, least in FILTERS:
        found = collected(browser, site, role, address)
        assert len(found["links"]) >= least, (address, len(found["links"]))
        assert [text for text in found["bare"] if not re.fullmatch(r"\d+\.\d%", text)] == [], address
        client = reader(role)
        for href, shown, unit in found["links"]:
            asked = urlsplit(href)
            assert asked.path.startswith(("/results/JT-2025/explain/", "/results/JT-2026/explain/"))
            if (role, href) not in sums:
                sums[role, href] = added_up(client, href)
            tonnes += unit == "t"
            in_words += unit == "in words"
            total = sums[role, href]
            if not agrees(Decimal(shown.replace(",", "")), total, unit):
                wrong.append((address, href, shown, unit, total))
    assert wrong == []
    assert tonnes > 3 and in_words >= 2


def test_a_share_is_of_the_two_numbers_beside_it(browser, site):
    page = browser.new_page(base_url=site)
    page.goto("/results/JT-2025/?to=2025-03")
    rows = page.locator("#drug-cases-by-country-figure table tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    )
    page.close()
    whole = sum(int(number.replace(",", "")) for _country, number, _share in rows)
    assert [round(float(share[:-1]), 1) for *_rest, share in rows] == [
        round(int(number.replace(",", "")) * 100 / whole, 1) for _country, number, _share in rows
    ]
