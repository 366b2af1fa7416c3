"""Write the demonstration's figures and steps into fixtures/demonstration/; the same files at every call."""

from django.conf import settings
from django.core.management import BaseCommand

from operations import demonstration


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()  # it needs no database and no page

    def handle(self, *args, **options):
        folder = settings.BASE_DIR / "fixtures" / "demonstration"
        for name, text in demonstration.files().items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
            self.stdout.write(f"{folder / name}: {text.count(chr(10)) - 1} rows")
