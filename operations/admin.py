"""The administrator's desk: the catalogue and the accounts. Reports and releases are never edited here."""

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db import IntegrityError, transaction
from django.http import HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from . import actions
from .models import (
    Agency,
    Country,
    Factor,
    FocusArea,
    Indicator,
    Message,
    Operation,
    Person,
    PublishedClaim,
    Unit,
)

admin.site.site_header = admin.site.site_title = _("Safe Lancang–Mekong: administration")
admin.site.index_title = _("Catalogue and accounts")


class Guarded(admin.ModelAdmin):
    """Says in a sentence what the database refuses; nothing is deleted that records may stand on."""

    def changeform_view(self, request, *args, **kwargs):
        try:
            with transaction.atomic():
                return super().changeform_view(request, *args, **kwargs)
        except IntegrityError as refused:
            reason = getattr(refused.__cause__, "diag", None)
            sentence = reason.message_primary if reason else str(refused)
            messages.error(request, _("Nothing was saved. %(reason)s") % {"reason": sentence})
            return HttpResponseRedirect(request.get_full_path())

    def has_delete_permission(self, request, obj=None):
        return False


class NamedAdmin(Guarded):
    list_display = ["code", "name", "position"]
    search_fields = ["code", "name"]
    ordering = ["position", "code"]

    def get_readonly_fields(self, request, obj=None):
        return ["code"] if obj else []  # a code stands in files and addresses


admin.site.register([Country, FocusArea, Unit], NamedAdmin)


@admin.register(Agency)
class AgencyAdmin(NamedAdmin):
    list_display = ["code", "name", "country", "position"]
    list_select_related = ["country"]


@admin.register(Indicator)
class IndicatorAdmin(NamedAdmin):
    list_display = ["code", "name", "area", "parent", "unit", "decimals", "position"]
    list_filter = ["area"]
    list_select_related = ["area", "parent", "unit"]


@admin.register(Operation)
class OperationAdmin(NamedAdmin):
    list_display = ["code", "name", "first_day", "last_day", "due_day", "closes_after", "is_demonstration"]
    filter_horizontal = ["agencies", "indicators"]

    def save_related(self, request, form, formsets, change):
        """A new agency or month owes reports from now on."""
        super().save_related(request, form, formsets, change)
        actions.expect_reports(form.instance)


@admin.register(Factor)
class FactorAdmin(Guarded):
    list_display = ["__str__", "indicator", "valid_from", "source"]
    list_select_related = ["unit", "into", "indicator"]


@admin.register(PublishedClaim)
class PublishedClaimAdmin(Guarded):
    list_display = ["operation", "indicator", "said_on", "quantity", "unit", "precision"]
    list_select_related = ["operation", "indicator", "unit"]


@admin.register(Message)
class MessageAdmin(Guarded):
    """What was sent to whom and whether it arrived; to look at only."""

    list_display = ["on", "kind", "to", "report", "delivered_at", "failure"]
    list_filter = ["kind", "on"]
    list_select_related = ["report__operation", "report__agency"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Person)
class PersonAdmin(UserAdmin):
    """Accounts are switched off, never deleted: histories name them. Rights come from groups alone."""

    list_display = ["username", "first_name", "last_name", "agency", "is_active"]
    list_select_related = ["agency"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "agency"]}),
        (_("Rights"), {"fields": ["is_active", "is_staff", "groups"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["username", "agency", "usable_password", "password1", "password2"],
            },
        )
    ]

    def has_delete_permission(self, request, obj=None):
        return False
