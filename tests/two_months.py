"""The story that the files are tested by: two months, three agencies of two countries, every kind of figure."""

from decimal import Decimal

from stories import corrected, fill, joint_operation, person, released, report, verified

from operations.actions import Entered
from operations.models import Indicator, Operation


def two_months() -> Operation:
    """An operation with release 1: reported, estimated, marked and corrected figures, and one report missing."""
    Indicator.objects.filter(code="drugs-opium").update(
        impossible_from=None
    )  # for the longest value there can be
    operation = joint_operation(
        "JT-2025",
        "2025-02-26",
        "2025-03-31",
        ["KH-NP", "LA-MPS", "LA-MND"],
        ["drug-cases", "drugs-heroin", "drugs-opium", "trafficking-cases"],
    )
    khmer, police, army = (person("officer", agency) for agency in ("KH-NP", "LA-MPS", "LA-MND"))
    reviewer = person("reviewer")
    grams = Entered(Decimal(125), "g", estimated=True, note="Weighed wet.")
    verified(report(operation, "KH-NP", "2025-02"), khmer, reviewer, drug_cases=12, drugs_heroin="1.5")
    verified(
        report(operation, "LA-MPS", "2025-02"), police, reviewer,
        drug_cases=7, drugs_heroin="0.25", drugs_opium="L", trafficking_cases="L",
    )  # fmt: skip
    verified(
        report(operation, "LA-MND", "2025-02"), army, reviewer,
        drug_cases="M", drugs_heroin=grams, drugs_opium=2, trafficking_cases="M",
    )  # fmt: skip
    verified(report(operation, "KH-NP", "2025-03"), khmer, reviewer, drug_cases=11, drugs_opium="0.001")
    corrected(report(operation, "KH-NP", "2025-03"), khmer, reviewer, drug_cases=10)
    verified(
        report(operation, "LA-MPS", "2025-03"), police, reviewer,
        drug_cases=5, drugs_heroin="L", drugs_opium="123456789012345.678", trafficking_cases="L",
    )  # fmt: skip
    fill(report(operation, "LA-MND", "2025-03"), army, drug_cases=1000)
    released(operation, "2025-03", person("publisher"))
    return operation
