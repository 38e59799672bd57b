"""The admin pages that the others derive from."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from studio_drops.admin_parts.lines import LinesField

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline


class Page(ModelAdmin):
    """A list that never counts all rows for its own sake, and says what it means to be empty."""

    show_full_result_count = False
    list_per_page = 50
    empty_state: str | Promise = _("There is nothing here yet.")
    # All text columns are unbounded text, which would otherwise be edited in a large box each.
    formfield_overrides = {
        models.TextField: {"widget": admin.widgets.AdminTextInputWidget},
        models.JSONField: {"form_class": LinesField},
        models.URLField: {"assume_scheme": "https", "widget": admin.widgets.AdminURLFieldWidget},
    }

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})


class ReadOnlyPage(Page):
    """For rows that only services write."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """The same, as a table on the page of what the rows belong to."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False
