"""Where every address begins: pages in the reader's language, machine addresses without one."""

import json

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.generic import TemplateView

from operations.urls import machines, pages

from . import errors, health
from .signin import SignIn

styleguide = TemplateView.as_view(
    template_name="styleguide.html",
    extra_context=json.loads((settings.BASE_DIR / "templates/styleguide.json").read_text()),
)

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    *machines,
    *i18n_patterns(
        *pages,
        path("accounts/login/", SignIn.as_view(), name="login"),
        path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
        path("styleguide/", login_not_required(styleguide), name="styleguide"),
        path("admin/", admin.site.urls),
        prefix_default_language=False,
    ),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
