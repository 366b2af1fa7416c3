"""Signing in, and the accounts that a demonstration offers there."""

from django.conf import settings
from django.contrib.auth.views import LoginView

from operations.models import Person


class SignIn(LoginView):
    """Django's own; in the demonstration it lists the accounts with which one can look around."""

    http_method_names = ["get", "head", "post", "options"]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if settings.DEMO:
            people = Person.objects.filter(is_active=True, groups__isnull=False).exclude(
                username__startswith="import."
            )
            context["demo_accounts"] = [
                {"username": one.username, "role": one.label} for one in people.distinct().order_by("id")
            ]
            context["demo_password"] = settings.DEMO_PASSWORD
        return context
