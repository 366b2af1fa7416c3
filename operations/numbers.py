"""Text in any of seven scripts to an exact decimal or a question, and decimals to text."""

import re
import unicodedata
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from functools import cache

from babel import Locale
from babel.numbers import format_decimal, get_decimal_symbol
from django.utils.translation import gettext_lazy as _

MOST_DIGITS = 15  # before the decimal separator: numeric(18,3) holds no more
TONNES_FROM = Decimal(10_000)  # kilograms; a weight of this size or more is shown in tonnes

_ZEROS = {
    "Latin": 0x30,
    "full-width": 0xFF10,
    "Khmer": 0x17E0,
    "Lao": 0x0ED0,
    "Thai": 0x0E50,
    "Burmese": 0x1040,
    "Shan": 0x1090,
}
_SCRIPT = {chr(zero + n): script for script, zero in _ZEROS.items() for n in range(10)}
# NFKC is never used on a number: it turns 1² into 12. This table holds all that may stand for something else.
_AS_ASCII = str.maketrans(
    {chr(zero + n): str(n) for zero in _ZEROS.values() for n in range(10)}
    | dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " ")
    | {"\u2019": "'", "\uff07": "'", "\uff0c": ",", "\uff0e": "."}
)
_EDGES = " \t\r\n\u00a0\u2007\u2009\u202f\u3000\u200b\ufeff"  # what a paste leaves around a number
_ALLOWED = frozenset("0123456789., '")
_WA, _BURMESE_ZERO = "\u101d", "\u1040"  # the letter and the digit look the same, and people type either
_SEPARATOR = re.compile(r"([., '])")
_EXACT = Context(prec=80)  # the default 28 digits would round a long product before we do

SENTENCES = {
    "nothing": _(
        "“%(text)s” can mean zero or unknown. Write 0 if there were none, or use the mark “not available”."
    ),
    "mixed": _("“%(text)s” mixes digits of several scripts. Write all digits in one script."),
    "digits": _(
        "“%(part)s” is not a digit that can be read here. "
        "Write the number with 0–9, or with Khmer, Lao, Burmese or Thai digits."
    ),
    "full": _(
        "“%(part)s” cannot be read. Write the number out in full with all its zeros, "
        "for example 120000 and not 12万."
    ),
    "hidden": _("There is an invisible character inside “%(text)s”. Delete the number and type it again."),
    "exponent": _("“%(text)s” is written with an exponent. Write the number out in full with all its zeros."),
    "sign": _("“%(text)s” has a sign. A figure is never below zero: write the number without + or −."),
    "bound": _(
        "“%(text)s” is not one exact number. Write the exact figure, "
        "or use the mark “not available” and say in the note what is known."
    ),
    "share": _("“%(text)s” is a share. Write the number itself, not a percentage."),
    "money": _("“%(text)s” looks like an amount of money. Write the number alone, without a currency."),
    "unit": _("Write the number alone, without “%(part)s”, and choose the unit beside it."),
    "character": _("“%(part)s” does not belong in a number. Write digits only, for example 1250 or 12.5."),
    "words": _(
        "“%(text)s” is not a number. Write it in digits, for example 1250 or 12.5; words belong in the note."
    ),
    "point": _(
        "“%(text)s” begins or ends with a separator. Write a digit on both sides of it, for example 0.5."
    ),
    "grouping": _(
        "The commas, dots or spaces in “%(text)s” do not make groups of three digits. "
        "Write the number without them, for example 1234567."
    ),
    "whole": _("“%(text)s” has decimals, but this figure is counted in whole numbers. Write a whole number."),
    "decimals": _(
        "“%(text)s” has too many decimals: at most %(decimals)s are kept here. Round it and write it again."
    ),
    "large": _("“%(text)s” is too large: at most 15 digits can stand before the decimals. Check the number."),
    "ambiguous": _("“%(text)s” can be read as %(whole)s or as %(fraction)s. Choose which one is meant."),
}

# What a text that is no number most likely is, in the order of asking: the first that fits says what to do.
_NOTHING = re.compile(
    r"[-‐‑‒–—―−－ー.,…．，'’＇·*/?？\s]+|[oO\u101d]|#?n[/.]?a\.?|nan|null|nil|none|nothing|no data"
    r"|not known|unknown|not available|not applicable|không(?: có)?|无|無|没有|ไม่มี|ບໍ່ມີ|គ្មាន|မရှိ",
    re.I,
)
_KINDS = [
    (code, re.compile(pattern, re.I))
    for code, pattern in [
        (
            "bound",
            r"[<>≤≥~≈±＜＞～∼約约]|\d\s*[-‐‑‒–—−－]\s*\d|\d\s*[+＋]"
            r"|\b(?:about|around|over|almost|nearly|more than|less than|at least|hơn)\b|ประมาณ",
        ),
        ("sign", r"^[-+‐‑‒–—−－＋]\s*\d|\d\s*[-‐‑‒–—−－]$"),
        ("exponent", r"\d\s*[e^]\s*[-+]?\d|[×x*]\s*10"),
        (
            "unit",
            r"千克|公斤|毫克|吨|噸|片|升|kilogram(?:me)?s?|kgs?\b|tonn?e?s?\b|grams?\b|tablets?|pills?"
            r"|lit(?:er|re)s?\b|viên|กก|กิโลกรัม|(?<=\d)\s*(?:g|t|l|ml|mg)\b",
        ),
        (
            "full",
            r"[万萬亿億千百十]|พัน|หมื่น|แสน|ล้าน|ພັນ|ໝື່ນ|ຫມື່ນ|ແສນ|ລ້ານ|ពាន់|ម៉ឺន|សែន|លាន|ထောင်|သောင်း|သိန်း"
            r"|သန်း|nghìn|ngàn|triệu|tỷ|thousand|million|billion|lakh|crore"
            r"|(?<=\d)\s*(?:k|m|mn|mio|b|bn|n|tr)\b",
        ),
        ("share", r"[%％‰]|percent"),
        ("money", r"[$¢£¥฿៛₭₫€￥]|\b(?:usd|baht|thb|kyat|kip|riel|vnd|rmb|cny)\b|đồng|บาท|元"),
    ]
]


class Unreadable(ValueError):
    """A text that is no number here; `code` names the kind, str() says in a sentence what to do."""

    def __init__(self, code, text, **words):
        self.code = code
        words = {"text": text, **words}
        super().__init__(str(SENTENCES[code]) % {key: _shown(word) for key, word in words.items()})


class Ambiguous(Unreadable):
    """A text with two readings; `readings` has the Decimal it means by each decimal separator, "." and ",".

    Catch it before Unreadable to ask which; where nobody can be asked, its sentence refuses it like the rest.
    """

    def __init__(self, text, readings):
        self.readings = readings
        fraction, whole = sorted(readings.values())
        super().__init__("ambiguous", text, whole=whole, fraction=fraction)


def read(text: str, *, decimals: int, habit: str | None = None) -> Decimal | None:
    """The exact number a text means, or None where nothing is typed.

    `decimals` is how many the figure keeps; 0 makes it a count, where a comma or dot before three digits
    can only group. With decimals such a text (1.234 or 1,234) raises Ambiguous, unless `habit` names the
    decimal separator, "." or ",", that the agency is known to use. No other text depends on the habit, and
    none on the language. All else that cannot be read raises Unreadable.
    """
    text = text.strip(_EDGES)
    if not text:
        return None
    groups, separators = _parts(text)
    whole = _in_threes(groups, separators)
    fraction = (
        bool(separators)
        and separators[-1] in ".,"
        and separators[-1] not in separators[:-1]
        and _in_threes(groups[:-1], separators[:-1])
    )
    if whole and fraction and decimals:
        if not habit:
            raise Ambiguous(
                text,
                {point: Decimal(("." if point == separators[-1] else "").join(groups)) for point in ".,"},
            )
        whole = habit != separators[-1]
    if not whole and not fraction:
        raise Unreadable("grouping", text)
    places = "" if whole else groups.pop()
    if places and not decimals:
        raise Unreadable("whole", text)
    if len(places) > decimals:
        raise Unreadable("decimals", text, decimals=decimals)
    if sum(map(len, groups)) > MOST_DIGITS:
        raise Unreadable("large", text)
    return Decimal("".join(groups) + ("." + places if places else ""))


def _parts(text):
    """A text's groups of digits, in ASCII, and the separators between them; Unreadable if there is more."""
    if any(_SCRIPT.get(character) == "Burmese" for character in text):
        text = text.replace(_WA, _BURMESE_ZERO)
    scripts = {_SCRIPT[character] for character in text if character in _SCRIPT}
    plain_text = text.translate(_AS_ASCII)
    if not scripts or not _ALLOWED.issuperset(plain_text):
        raise _refusal(text)
    if len(scripts) > 1:
        raise Unreadable("mixed", text)
    pieces = _SEPARATOR.split(plain_text)
    if not pieces[0] or not pieces[-1]:
        raise Unreadable("point", text)
    return pieces[::2], pieces[1::2]


def _in_threes(groups, separators):
    """Whether groups make a whole number: one group, or exact threes by one separator, no zero in front."""
    if not separators:
        return True
    return (
        len(set(separators)) == 1
        and 1 <= len(groups[0]) <= 3
        and groups[0][0] != "0"
        and all(len(group) == 3 for group in groups[1:])
    )


def _refusal(text):
    """The Unreadable that fits a text with anything but digits and separators in it."""
    if _NOTHING.fullmatch(text):
        return Unreadable("nothing", text)
    for code, pattern in _KINDS:
        if found := pattern.search(text[:200]):  # the beginning of a pasted page is enough
            return Unreadable(code, text, part=found.group().strip())
    part = next(character for character in text if character.translate(_AS_ASCII) not in _ALLOWED)
    if unicodedata.category(part)[0] in "CZ":
        return Unreadable("hidden", text)
    if part.isnumeric():
        return Unreadable("digits", text, part=part)
    return Unreadable("character" if any(map(_SCRIPT.get, text)) else "words", text, part=part)


def _shown(word):
    """A short form of what was typed that any page or file can carry."""
    word = " ".join(str(word)[:31].split())
    word = "".join(character if character.isprintable() else "\ufffd" for character in word)
    return word if len(word) < 31 else word[:30] + "…"


def _rounded(value, decimals, rounding=ROUND_HALF_UP):
    # plus turns -0.000 into 0.000
    return _EXACT.plus(value.quantize(Decimal(1).scaleb(-decimals), rounding, _EXACT))


def plain(value: Decimal, decimals: int) -> str:
    """A number for files and machines: "1204.350", a dot, no grouping, exactly `decimals` decimals.

    ValueError where that would lose a digit: a file says what is stored or says nothing.
    """
    if _rounded(value, decimals) != value:
        raise ValueError(f"{value} has more than {decimals} decimals")
    return f"{_rounded(value, decimals):f}"


def grouped(value: Decimal, decimals: int, language: str) -> str:
    """A number for people, in Latin digits with the language's separators: "1,204.350", Lao "1.204,350"."""
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    value = _rounded(value, decimals)
    return format_decimal(value, format=pattern, locale=_locale(language), numbering_system="latn")


def habit_of(language: str) -> str:
    """The decimal separator, "." or ",", that `grouped` writes in a language."""
    return get_decimal_symbol(_locale(language), numbering_system="latn")


@cache
def _locale(language):
    return Locale.parse(language, sep="-")


def tonnes(kilograms: Decimal) -> Decimal:
    """A weight in tonnes with two decimals, for weights from TONNES_FROM on.

    Cut, not rounded: 82,999 kg is "82.99 t", since a headline must not say 83 before 83 tonnes are there.
    The meeting's own 169.73 t is 169,730 kg either way. Files and tables keep the kilograms.
    """
    return _rounded(kilograms.scaleb(-3, _EXACT), 2, ROUND_DOWN)


def convert(quantity: Decimal, factor: Decimal, decimals: int) -> Decimal:
    """A quantity as reported, times its factor, in the indicator's unit and decimals; a half goes up.

    4,583,333 tablets at 0.00009 kg are 412.49997 kg, kept as 412.500.
    """
    return _rounded(_EXACT.multiply(quantity, factor), decimals)
