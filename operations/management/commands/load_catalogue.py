"""Put what is missing of the catalogue into the database: roles, agencies, indicators, operations, claims."""

from django.conf import settings
from django.core import serializers
from django.core.management import BaseCommand
from django.db import transaction

from operations import actions
from operations.models import Operation, PublishedClaim

# In the order in which one needs the other.
FIXTURES = ("roles", "catalogue", "factors", "operations", "claims")


class Command(BaseCommand):
    help = __doc__

    @transaction.atomic
    def handle(self, *args, verbosity, **options):
        """Add what is not there; what is there stays as the administrator made it."""
        added = 0
        for name in FIXTURES:
            text = (settings.BASE_DIR / "fixtures" / f"{name}.json").read_text(encoding="utf-8")
            for thing in serializers.deserialize("json", text):
                if not is_there(thing.object):
                    thing.save()
                    added += 1
        expected = sum(actions.expect_reports(operation) for operation in Operation.objects.all())
        if verbosity:
            self.stdout.write(f"Added to the catalogue: {added}. Reports newly expected: {expected}.")


def is_there(thing) -> bool:
    """Whether the database has it already; by its natural key, which the deserialiser has looked up."""
    if isinstance(thing, PublishedClaim):
        same = {name: getattr(thing, name) for name in ("operation", "indicator", "said_on", "where")}
        return PublishedClaim.objects.filter(**same).exists()
    return thing.pk is not None
