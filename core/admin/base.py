"""Base classes of the admin pages."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG
from django.db import DataError, models
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from core.admin.fields import LinesField
from core.admin.paginator import LookaheadPaginator
from core.admin.widgets import NamedDateTime

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline


HIDDEN_COLUMNS = ("digest", "encrypted", "password", "verifier")


class Titled(ModelAdmin):
    """Pages of one object are titled with its name, as on the desk's own pages."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = super().changeform_view(request, *args, **kwargs)
        context = getattr(page, "context_data", None)
        if context and "original" in context:
            new = _("New: %(name)s") % {"name": self.opts.verbose_name}
            context["title"] = str(context["original"] or new)
            context["subtitle"] = None
        return page

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = super().delete_view(request, *args, **kwargs)
        context = getattr(page, "context_data", None)
        if context and "object" in context:
            context["title"] = _("Delete “%(name)s”?") % {"name": context["object"]}
            context["subtitle"] = None
        return page


class Page(Titled):
    """A list that never counts all rows and explains itself when it's empty."""

    show_full_result_count = False
    # Facets count the whole table for every choice of every filter.
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    empty_state: str | Promise = _("Nothing here yet.")
    # All text columns are TextFields, for which Django would show a large text area.
    formfield_overrides = {
        models.TextField: {"widget": admin.widgets.AdminTextInputWidget},
        models.JSONField: {"form_class": LinesField},
        models.DateTimeField: {"form_class": forms.SplitDateTimeField, "widget": NamedDateTime},
        models.URLField: {"assume_scheme": "https", "widget": admin.widgets.AdminURLFieldWidget},
    }

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Without this, a filter in the URL could ask about hidden columns, bit by bit."""
        if any(hidden in lookup for hidden in HIDDEN_COLUMNS):
            return False
        return super().lookup_allowed(lookup, value, request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        try:
            page = super().changelist_view(request, {"title": title, **(extra_context or {})})
        except (DataError, OverflowError, ValueError):
            # A value that the database can't compare, such as a NUL or the year 999999999999.
            if not request.GET or ERROR_FLAG in request.GET:
                raise
            return redirect(f"{request.path}?{ERROR_FLAG}=1")
        context = getattr(page, "context_data", None) or {}
        if "cl" in context and context["cl"].paginator.is_more:
            # “Select all” would show a number, but there are more rows.
            context["actions_selection_counter"] = False
        return page

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> LookaheadPaginator:
        asked_for = request.GET.get("p", "")
        page = int(asked_for) if asked_for.isdecimal() and len(asked_for) < 9 else 1
        return LookaheadPaginator(queryset, per_page, *args, page=page, **kwargs)


class ReadOnlyPage(Page):
    """A list of rows that only services write. It may have millions, so it can't be sorted."""

    sortable_by = ()

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
    """A read-only table of related rows on another row's page."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False
