"""The communiqué as a page and a document show it: linked numbers, and notes on what does not hold or has moved."""

from decimal import Decimal

from django.conf import settings
from django.urls import reverse, translate_url
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .. import communique, queries, selections
from ..data import choices
from ..models import Indicator
from ..selections import Selection
from ..templatetags.show import day, figure, moment
from . import docx
from .sentences import Said, number, said
from .tables import receipt_url


def block(selection: Selection, *, may_see_live: bool) -> dict | None:
    """For templates/results/_communique.html; None where the operation has no paragraph, or less than all is shown.

    `here` is the paragraph in the reader's language, or English, `others` the same in its other languages.
    """
    if not communique.covers(selection):
        return None
    texts = communique.texts(selection)
    if not texts:
        return None
    language = language_of(texts)
    names = dict(settings.LANGUAGES)
    document = f"{reverse('results:communique', args=[selection.operation.code])}?{selection.query()}"
    shown = [
        {
            "language": code,
            "name": names[code],
            "said": _linked(pieces, selection),
            "docx_url": translate_url(document, code),
        }
        for code, pieces in texts.items()
    ]
    return {
        "here": next(one for one in shown if one["language"] == language),
        "others": [one for one in shown if one["language"] != language],
        "source": source(selection),
        "notes": notes(selection, may_see_live=may_see_live),
    }


def document(selection: Selection, *, address: str) -> bytes:
    """The paragraph as a .docx in the reader's language, with the notes that anybody may read and where it is from."""
    operation, texts = selection.operation, communique.texts(selection)
    language = language_of(texts)
    found = [str(one) for one in notes(selection, may_see_live=False)]
    if operation.is_demonstration:
        found.append(
            _("Demonstration: these figures are invented; where totals were published, they add up to them.")
        )
    found += [source(selection), address]
    found.append(
        _("Source: Lancang–Mekong Integrated Law Enforcement and Security Cooperation Center (LMLECC)")
    )
    paragraphs = [("Title", operation.text("name", language)), ("Normal", communique.plain(texts[language]))]
    paragraphs += [("Note", words) for words in found]
    return docx.document(paragraphs, title=operation.text("name", language), language=language)


def language_of(texts: dict[str, list]) -> str:
    """The reader's language, if there is a paragraph in it, else English."""
    language = get_language() or settings.LANGUAGE_CODE
    return language if language in texts else settings.LANGUAGE_CODE


def source(selection: Selection) -> str:
    if selection.as_of:
        return _("As verified by %(moment)s; not released in these words.") % {
            "moment": moment(selection.as_of)
        }
    if selection.release is None:
        return _("Verified so far and not released; these words still change.")
    words = {"number": selection.release.number, "day": day(selection.release.at)}
    return _("As published with release %(number)s on %(day)s; these words stay.") % words


def notes(selection: Selection, *, may_see_live: bool) -> list[Said]:
    """What a reader must know beside the paragraph: missing reports, numbers said that do not hold, what moved since.

    What is not released is compared for those who may see it only.
    """
    return [*_missing(selection), *_broken(selection), *_moved(selection, may_see_live)]


def _linked(pieces: list, selection: Selection) -> Said:
    """The words with each number linked to its receipt."""
    parts = {
        f"part{index}": one
        if isinstance(one, str)
        else number(one["text"], receipt_url(selection, one["indicator"]))
        for index, one in enumerate(pieces)
    }
    return said("".join(f"%({name})s" for name in parts), **parts)


def _missing(selection: Selection) -> list[Said]:
    found, expected = queries.reports_in(selection)
    if found == expected:
        return []
    words = _("%(reports)s are in: each number is at least what stands here.")
    return [said(words, reports=choices.reports_sentence(found, expected))]


def _broken(selection: Selection) -> list[Said]:
    """A note for each claim that the records do not bear out, with what they give instead."""
    return [
        said(
            _("“%(wording)s”, as said on %(day)s, does not hold: the records give %(record)s."),
            wording=one.claim.wording,
            day=day(one.claim.said_on),
            record=record(selection, one.claim.indicator, one.value),
        )
        for one in communique.broken(selection)
    ]


def _moved(selection: Selection, may_see_live: bool) -> list[Said]:
    """By how much newer records of the same months differ from what a release says; each number told once."""
    if selection.release is None:
        return []
    newer = []
    if latest := queries.superseded_by(selection.release):
        newer.append((selections.of_release(latest), _("release %(number)s") % {"number": latest.number}))
    if may_see_live:
        newer.append((selection.narrowed(release=None), _("what is verified so far")))
    kept = communique.values(communique.texts(selection))
    told, found = dict(kept), []
    for other, name in newer:
        other = other.narrowed(last=selection.last)
        totals = {one.indicator: one.value for one in queries.totals(other)}
        for indicator in Indicator.objects.filter(code__in=kept).select_related("area", "unit"):
            before, now = kept[indicator.code], totals.get(indicator.code)
            if now == told[indicator.code]:
                continue
            told[indicator.code] = now
            words = _("%(indicator)s: %(record)s in %(version)s, %(difference)s against this text.")
            parts = {
                "record": record(other, indicator, now),
                "difference": signed((now or 0) - (before or 0), indicator.decimals),
            }
            found.append(said(words, indicator=indicator.label, version=name, **parts))
    return found


def record(selection: Selection, indicator: Indicator, value: Decimal | None) -> Said | str:
    """What the records of a selection give, exact, in the indicator's unit, with its receipt."""
    if value is None:
        return _("not reported")
    shown = number(figure(value, indicator.decimals), receipt_url(selection, indicator.code))
    return said("%(number)s %(unit)s", number=shown, unit=indicator.unit.plural_label)


def signed(value: Decimal, decimals: int) -> str:
    """A difference with its sign, “+6” or “−1,080”; “±0” for none."""
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{figure(abs(Decimal(value)), decimals)}"
