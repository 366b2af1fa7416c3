"""The story of one figure: typed by an officer, verified, released, and the same number everywhere after."""

import csv
import io
import json
import re
from decimal import Decimal

import pytest
from django.test import Client
from stories import joint_operation, person

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-opium"]
MONTH = "/JT-2025/TH-RTP/2025-03/"


def desk(username, role, agency="", name=""):
    """A client signed in as somebody with a name of their own."""
    who = person(role, agency, username=username)
    who.first_name = name
    who.save()
    client = Client()
    client.force_login(who)
    return client


def page(client, address) -> str:
    answer = client.get(address, follow=True)
    assert answer.status_code == 200, address
    return answer.content.decode()


def rows(client, address) -> list[dict]:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return list(csv.DictReader(io.StringIO(b"".join(answer).decode())))


def charts(text) -> dict:
    """The figures that the page hands to plotly, by their ids."""
    found = re.findall(r'<script id="([^"]+)" type="application/json">(.*?)</script>', text, re.S)
    return {name: json.loads(drawn) for name, drawn in found}


def test_one_figure_from_the_keyboard_to_the_file(settings):
    settings.PUBLIC_RESULTS = True
    joint_operation("JT-2025", "2025-02-26", "2025-03-31", ["KH-NP", "TH-RTP"], LEAVES)
    officer = desk("malee", "officer", "TH-RTP", "Malee")
    reviewer = desk("renu", "reviewer", name="Renu")
    publisher = desk("pavel", "publisher", name="Pavel")
    official = desk("oanh", "official")
    reader = Client()

    # The officer types a month in grams and Thai digits, leaves it, comes back, submits it.
    typed = {
        "drug-cases": "๑,๒๓๔", "drug-suspects": "1500", "drugs-heroin": "412512", "drugs-heroin.unit": "g",
        "drugs-heroin.note": "One container in March.", "drugs-opium": "0",
    }  # fmt: skip
    assert officer.post(f"/reports{MONTH}", {"action": "save", "version": 0, **typed}).status_code == 302
    assert 'value="1,234"' in page(officer, f"/reports{MONTH}")
    assert reader.get("/").status_code == 404  # nothing is released yet
    done = officer.post(
        f"/reports{MONTH}", {"action": "submit", "version": 1, "declaration": "on", **typed}, follow=True
    )
    assert "The report is submitted." in done.content.decode()

    # The reviewer finds it in the queue, sees the figure, verifies it.
    assert f'href="/review{MONTH}"' in page(reviewer, "/review/")
    assert "412.512" in page(reviewer, f"/review{MONTH}")
    done = reviewer.post(f"/review{MONTH}", {"action": "verify", "version": 1}, follow=True)
    assert "verified" in done.content.decode()
    assert reader.get("/").status_code == 404

    # The publisher releases it.
    assert 'data-state="verified"' in page(publisher, "/releases/JT-2025/new/")
    done = publisher.post("/releases/JT-2025/new/", {"last_month": "2025-03", "note": "First."}, follow=True)
    assert done.redirect_chain == [("/releases/JT-2025/1/", 302)]
    assert "Pavel" in page(official, "/releases/JT-2025/1/")

    # Everyone reads the same number: 412.512 kg of heroin, a part of the drugs seized; 1 234 cases.
    results = page(reader, "/")
    address = "/results/JT-2025/explain/?release=1&amp;indicator="
    assert f'<a href="{address}drugs-seized">412.512</a> <span class="tile-unit">kg</span>' in results
    assert f'<a href="{address}drug-cases">1,234</a>' in results
    assert "1 of 4 reports" in results and "at least" in results
    drawn = charts(results)
    thailand = [one for one in drawn["drug-cases-by-month"]["data"] if one["meta"].get("country") == "TH"]
    heights = [(month, height) for one in thailand for month, height in zip(one["x"], one["y"], strict=True)]
    assert [one for one in heights if one[1] is not None] == [("Mar", 1234)]
    by_country = drawn["drug-cases-by-country"]["data"][0]
    assert dict(zip(by_country["meta"]["countries"], by_country["x"], strict=True)) == {"KH": None, "TH": 1234}
    table = re.search(r'<div class="chart" data-figure="drug-cases-by-month".*?</figure>', results, re.S)[0]
    assert re.findall(r'indicator=drug-cases">([\d,.]+)</a>', table) == ["1,234"] * 4  # cell, row, column, all

    # The receipt says whose it is, as it was typed, and what is not in it.
    narrow = "/results/JT-2025/explain/?indicator=drugs-seized&country=TH&from=2025-03"
    receipt = page(official, narrow)
    assert "Exactly 412.512 kg" in receipt
    assert "412,512 g × 0.001" in receipt
    assert "One container in March." in receipt
    assert "Royal Thai Police" in receipt
    assert re.search(r"<tr>(?:(?!</tr>).)*malee<br>(?:(?!</tr>).)*\d{4}(?:(?!</tr>).)*renu<br>.*?\d{4}", receipt, re.S)
    in_public = page(reader, narrow)
    assert "Exactly 412.512 kg" in in_public
    assert not any(said in in_public for said in ("malee", "renu", "One container in March."))
    assert "Cambodia" in page(reader, "/results/JT-2025/explain/?indicator=drugs-seized")

    # The files give it too, exact.
    [heroin] = rows(reader, "/data/figures.csv?indicator=drugs-heroin&country=TH&from=2025-03")
    assert heroin == {
        "operation": "JT-2025", "country": "TH", "agency": "TH-RTP", "month": "2025-03", "focus_area": "drugs",
        "indicator": "drugs-heroin", "value": "412.512", "unit": "kg", "obs_status": "A", "revision": "1",
        "release": "1",
    }  # fmt: skip
    totals = json.loads(b"".join(reader.get("/data/totals.json")))
    assert totals["reports"] == {"expected": 4, "in": 1}
    found = {row["indicator"]: (row["value"], row["complete"]) for row in totals["rows"]}
    assert found["drugs-seized"] == found["drugs-heroin"] == ("412.512", False)
    assert found["drugs-opium"] == ("0.000", False)
    assert found["drug-cases"] == ("1234", False)
    assert Decimal(rows(reader, "/data/totals.csv?indicator=drug-suspects")[0]["value"]) == 1500
