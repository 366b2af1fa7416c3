"""The one application: figures of joint operations, from entry to release."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "operations"
    verbose_name = _("Joint operations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from .grants import grant_to_web_role

        post_migrate.connect(grant_to_web_role, sender=self)
