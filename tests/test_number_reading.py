"""The browser reads numbers as the server does, line by line of one corpus, and reckons as exactly."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import translation
from test_numbers import LANGUAGES, corpus

from operations import numbers
from operations.templatetags.show import separators

pytestmark = pytest.mark.browser

OUTCOME = """([text, decimals, habit]) => {
  try {
    const value = numbers.read(text, {decimals, habit: habit || ""});
    return value === null ? "nothing" : value;
  } catch (problem) {
    if (problem.code === "ambiguous") return `ask ${problem.words.whole} ${problem.words.fraction}`;
    return `refuse ${problem.code}`;
  }
}"""
SENTENCE = """([text, decimals, sentences]) => {
  try { return numbers.read(text, {decimals}); } catch (problem) { return numbers.sentence(problem, sentences); }
}"""


@pytest.fixture(scope="module")
def reader(browser):
    """An empty page that knows numbers.js."""
    page = browser.new_page()
    page.add_script_tag(path=settings.BASE_DIR / "static/numbers.js")
    yield page
    page.close()


def test_the_browser_reads_every_line_of_the_corpus_as_the_server_does(reader):
    rows = list(corpus())
    outcomes = reader.evaluate(f"rows => rows.map({OUTCOME})", [row[:3] for row in rows])
    assert [(row, got) for row, got in zip(rows, outcomes, strict=True) if row[3] != got] == []


def test_a_question_has_the_same_reading_for_each_habit(reader):
    for text in ("1,234", "1.234", "១.២៣៤", "12 345.678"):
        try:
            expected = str(numbers.read(text, decimals=3))
        except numbers.Ambiguous as question:
            expected = {separator: str(value) for separator, value in question.readings.items()}
        ask = "text => { try { return numbers.read(text, {decimals: 3}) } catch (problem) { return problem.readings } }"
        assert reader.evaluate(ask, text) == expected


def test_a_refusal_is_the_same_sentence_word_for_word(reader):
    sentences = {code: str(sentence) for code, sentence in numbers.SENTENCES.items()}
    different = []
    for text, decimals, habit, expected in corpus():
        if habit or not expected.startswith(("refuse", "ask")):
            continue
        with pytest.raises(numbers.Unreadable) as refusal:
            numbers.read(text, decimals=decimals)
        got = reader.evaluate(SENTENCE, [text, decimals, sentences])
        if got != str(refusal.value):
            different.append((text, got, str(refusal.value)))
    assert different == []


def test_a_long_pasted_text_is_refused_at_once_and_shown_short(reader):
    sentences = {code: str(sentence) for code, sentence in numbers.SENTENCES.items()}
    got = reader.evaluate(SENTENCE, ["x" * 100_000, 0, sentences])
    assert 30 < len(got) < 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_browser_groups_as_the_server_does(reader, language):
    with translation.override(language):
        signs = separators()
    for value, decimals in [
        ("0", 0),
        ("999", 0),
        ("1234567", 0),
        ("1204.35", 3),
        ("412.4995", 3),
        ("999999999999999.999", 3),
    ]:
        shown = reader.evaluate("args => numbers.grouped(...args)", [value, decimals, signs])
        assert shown == numbers.grouped(Decimal(value), decimals, language)


@pytest.mark.parametrize(
    ("quantity", "factor"),
    [
        ("4583333", "0.00009"),
        ("160.5", "0.001"),
        ("0.0005", "1"),
        ("82.999999", "1000"),
        ("999999999999999", "0.000000001"),
    ],
)
def test_the_browser_converts_as_the_server_does(reader, quantity, factor):
    got = reader.evaluate("args => numbers.convert(...args)", [quantity, factor, 3])
    assert got == str(numbers.convert(Decimal(quantity), Decimal(factor), 3))


def test_sums_are_exact_where_floats_are_not(reader):
    assert reader.evaluate("numbers.sum(['0.1', '0.2'], 3)") == "0.300"
    assert reader.evaluate("numbers.sum(['999999999999999.999', '0.001'], 3)") == "1000000000000000.000"
    assert reader.evaluate("numbers.sum([], 0)") is None
