"""What people type is read exactly, asked about or refused with a sentence, and what is shown reads back."""

import ast
import json
import time
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import example, given, settings
from hypothesis import strategies as st

from operations import numbers
from operations.numbers import Ambiguous, Unreadable

LANGUAGES = ["en", "zh-hans", "km", "lo", "my", "th", "vi"]
SCRIPTS = {
    "Latin": "0123456789", "full-width": "０１２３４５６７８９", "Khmer": "០១២៣៤៥៦៧៨៩", "Lao": "໐໑໒໓໔໕໖໗໘໙",
    "Burmese": "၀၁၂၃၄၅၆၇၈၉", "Shan": "႐႑႒႓႔႕႖႗႘႙", "Thai": "๐๑๒๓๔๕๖๗๘๙",
}
CORPUS = Path(__file__).with_name("number_texts.tsv")


def corpus():
    """The rows of number_texts.tsv; a text is a JSON string without its quotes, which a browser reads too."""
    for line in CORPUS.read_text(encoding="utf-8").splitlines()[1:]:
        text, decimals, habit, expected, _comment = line.split("\t")
        yield json.loads(f'"{text}"'), int(decimals), habit or None, expected


def outcome(text, decimals, habit):
    """What reading gives, in the words of the corpus."""
    try:
        value = numbers.read(text, decimals=decimals, habit=habit)
    except Ambiguous as question:
        fraction, whole = sorted(question.readings.values())
        return f"ask {whole} {fraction}"
    except Unreadable as refusal:
        return f"refuse {refusal.code}"
    return "nothing" if value is None else str(value)


@pytest.mark.parametrize(("text", "decimals", "habit", "expected"), list(corpus()))
def test_a_text_is_read_as_the_corpus_says(text, decimals, habit, expected):
    assert outcome(text, decimals, habit) == expected


def test_every_kind_of_refusal_is_in_the_corpus():
    met = {expected.removeprefix("refuse ") for *_, expected in corpus() if expected.startswith("refuse ")}
    assert met == set(numbers.SENTENCES) - {"ambiguous"}


def test_a_refusal_names_the_text_and_a_way_out():
    with pytest.raises(Unreadable, match="“12万”|“万”") as refusal:
        numbers.read("12万", decimals=0)
    assert "in full" in str(refusal.value)


def test_a_dash_is_told_to_be_zero_or_a_mark():
    with pytest.raises(Unreadable, match="Write 0 .* “not available”"):
        numbers.read("--", decimals=0)


def test_a_question_carries_a_reading_for_each_habit():
    with pytest.raises(Ambiguous, match="as 1234 or as 1.234") as question:
        numbers.read("1,234", decimals=3)
    assert question.value.readings == {".": Decimal("1234"), ",": Decimal("1.234")}


@pytest.mark.parametrize("text", ["1,234", "1.234"])
@pytest.mark.parametrize("habit", [".", ","])
def test_the_answer_to_a_question_is_what_the_habit_then_gives(text, habit):
    with pytest.raises(Ambiguous) as question:
        numbers.read(text, decimals=3)
    assert numbers.read(text, decimals=3, habit=habit) == question.value.readings[habit]


anything = (
    st.text()
    | st.text(st.characters(exclude_categories=[]))  # lone surrogates too
    | st.text(st.sampled_from("0123456789.,  '’\u00a0\u200b၀၁ဝ๓៣໓１，-+<~%eEkKtM万千²_xo/("))
)


@settings(max_examples=1500, deadline=None)
@given(anything, st.integers(0, 6), st.sampled_from([None, "", ".", ","]))
@example("'", 0, None)
@example("1" * 300 + "x", 0, None)
def test_any_text_gives_an_exact_number_nothing_or_a_sentence(text, decimals, habit):
    try:
        value = numbers.read(text, decimals=decimals, habit=habit)
    except Unreadable as refusal:
        str(refusal).encode()  # fit for a page, whatever was typed
        return
    assert value is None or type(value) is Decimal
    if value is not None:
        assert value.is_finite() and value >= 0 and -value.as_tuple().exponent <= decimals


@settings(max_examples=1000, deadline=None)
@given(st.text(st.sampled_from("0123456789., '’၀၁၂ဝ１２，．"), min_size=1), st.integers(0, 3),
       st.sampled_from([None, ".", ","]))
def test_reading_neither_drops_nor_adds_a_digit(text, decimals, habit):
    try:
        value = numbers.read(text, decimals=decimals, habit=habit)
    except Unreadable:
        return
    typed = "".join(str(int(c.replace("ဝ", "၀"))) for c in text if c.isdigit() or c == "ဝ")
    kept = "" if value is None else f"{value:f}".replace(".", "")
    assert kept.lstrip("0") == typed.lstrip("0")


@settings(max_examples=300, deadline=None)
@given(anything, st.sampled_from([0, 3]), st.sampled_from([None, ".", ","]))
@example("12,5", 0, None)
@example("1.234", 3, None)
@example("1,234", 0, None)
def test_a_text_means_the_same_in_every_language(text, decimals, habit):
    seen = set()
    for language in LANGUAGES:
        with translation.override(language):
            seen.add(outcome(text, decimals, habit))
    assert len(seen) == 1


exact = st.integers(0, 10**18 - 1).map(lambda n: Decimal(n).scaleb(-3))


@settings(max_examples=500, deadline=None)
@given(exact, st.integers(0, 3), st.sampled_from(LANGUAGES))
def test_what_is_shown_can_be_typed_again(value, decimals, language):
    value = value.quantize(Decimal(1).scaleb(-decimals), "ROUND_DOWN")
    shown = numbers.grouped(value, decimals, language)
    assert numbers.read(shown, decimals=decimals, habit=numbers.habit_of(language)) == value


@settings(max_examples=300, deadline=None)
@given(exact)
def test_what_a_file_says_is_what_is_stored(value):
    assert Decimal(numbers.plain(value, 3)) == value


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**15 - 1), st.sampled_from(list(SCRIPTS)))
def test_every_script_reads_like_latin(number, script):
    text = str(number).translate(str.maketrans("0123456789", SCRIPTS[script]))
    assert numbers.read(text, decimals=0) == number


@pytest.mark.parametrize("first", SCRIPTS)
@pytest.mark.parametrize("second", SCRIPTS)
def test_only_digits_of_one_script_make_a_number(first, second):
    text = SCRIPTS[first][1] + SCRIPTS[second][2]
    assert outcome(text, 0, None) == ("12" if first == second else "refuse mixed")


@pytest.mark.parametrize(("language", "expected"), [
    ("en", "1,204.350"), ("zh-hans", "1,204.350"), ("km", "1,204.350"), ("lo", "1.204,350"),
    ("my", "1,204.350"), ("th", "1,204.350"), ("vi", "1.204,350"),
])
def test_people_see_latin_digits_and_their_own_separators(language, expected):
    assert numbers.grouped(Decimal("1204.35"), 3, language) == expected


@pytest.mark.parametrize(("value", "decimals", "expected"), [
    ("139956", 0, "139,956"), ("139956.000", 0, "139,956"), ("0", 3, "0.000"), ("-12", 0, "-12"),
    ("-0.0001", 3, "0.000"),
    ("999999999999999.999", 3, "999,999,999,999,999.999"),
])
def test_a_shown_number_keeps_its_decimals(value, decimals, expected):
    assert numbers.grouped(Decimal(value), decimals, "en") == expected


@pytest.mark.parametrize(("value", "decimals", "expected"), [
    ("1204.35", 3, "1204.350"), ("139956.000", 0, "139956"), ("0", 0, "0"), ("1E+3", 0, "1000"),
    ("169730", 3, "169730.000"),
    ("999999999999999.999", 3, "999999999999999.999"), ("0.000", 0, "0"), ("-3", 0, "-3"),
])
def test_a_file_gets_a_dot_and_no_grouping(value, decimals, expected):
    assert numbers.plain(Decimal(value), decimals) == expected


def test_a_file_never_loses_a_digit():
    with pytest.raises(ValueError, match="12.5 has more than 0 decimals"):
        numbers.plain(Decimal("12.5"), 0)


@pytest.mark.parametrize(("kilograms", "expected"), [
    ("169730.000", "169.73"), ("82000", "82.00"), ("82999.999", "82.99"), ("83000", "83.00"),
    ("10000", "10.00"),
])
def test_tonnes_are_cut_so_that_a_headline_never_says_more_than_there_is(kilograms, expected):
    assert str(numbers.tonnes(Decimal(kilograms))) == expected


@pytest.mark.parametrize(("quantity", "factor", "decimals", "expected"), [
    ("4583333", "0.00009", 3, "412.500"), ("1204350", "0.001", 3, "1204.350"), ("1.5", "1000", 3, "1500.000"),
    ("5", "0.0001", 3, "0.001"), ("4", "0.0001", 3, "0.000"), ("2.5", "1", 0, "3"), ("3.5", "1", 0, "4"),
    # cut to the usual 28 digits first, the product would become a half and go up
    ("1", "123456789012345.0004999999999999999", 3, "123456789012345.000"),
])
def test_a_conversion_rounds_once_and_a_half_goes_up(quantity, factor, decimals, expected):
    assert str(numbers.convert(Decimal(quantity), Decimal(factor), decimals)) == expected


def test_no_float_is_named_or_written():
    tree = ast.parse(Path(numbers.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(getattr(node, "value", None), float)
        assert getattr(node, "id", None) != "float"


def test_ten_thousand_texts_are_read_within_a_second():
    rows = list(corpus())
    rows = (rows * (10_000 // len(rows) + 1))[:10_000]
    start = time.perf_counter()
    for text, decimals, habit, _expected in rows:
        outcome(text, decimals, habit)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("part", ["1", " 1", "1,", "-", "é", "1 kg"])
@pytest.mark.parametrize("end", ["1", "x", "kg"])
def test_a_very_long_text_is_refused_at_once(part, end):
    text = part * 300_000 + end
    start = time.perf_counter()
    with pytest.raises(Unreadable):
        numbers.read(text, decimals=3)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(("text", "shown"), [
    ("1\u202f234\u202f56", "“1 234 56”"),
    ("1\ud8002", "“1\ufffd2”"),
    ("word " * 20, "“word word word word word word …”"),
])
def test_a_sentence_shows_the_text_short_and_printable(text, shown):
    with pytest.raises(Unreadable) as refusal:
        numbers.read(text, decimals=3)
    assert shown in str(refusal.value)
