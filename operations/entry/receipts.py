"""The receipt of a submission: who handed in what and when, and where the text is whose SHA-256 it names."""

from dataclasses import dataclass

from django.urls import reverse

from .. import months
from ..models import Report, Revision, Step


@dataclass(frozen=True)
class Receipt:
    """What the card says: the step that handed the revision in, how many figures, the file and its address."""

    revision: Revision
    step: Step
    figures: int
    file: str
    href: str


def receipt_of(report: Report, revision: Revision | None) -> Receipt | None:
    """The receipt of a revision that is submitted or verified; None for a draft, or one older than the digests."""
    if revision is None or revision.is_draft:
        return None
    step = revision.steps.filter(verb=Step.Verb.SUBMIT).exclude(digest="").select_related("by").last()
    if step is None:
        return None
    key = [report.operation.code, report.agency.code, report.month]
    return Receipt(
        revision,
        step,
        revision.figures.count(),
        file_name(report, revision),
        reverse("entry:receipt", args=key),
    )


def file_name(report: Report, revision: Revision) -> str:
    month = months.written(report.month)
    return f"receipt-{report.operation.code}-{report.agency.code}-{month}-r{revision.number}.txt"
