"""API keys: created here, shown once, limited, revoked permanently, now or in 24 hours."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from claims.api_keys import make_api_key, revoke_api_keys
from claims.desk.admin.audit_mixin import Audited
from claims.desk.admin.forms import ApiKeyForm, KeyLimitsForm, RevokeKeysForm
from claims.models import ApiKey
from core.admin.base import Page
from core.admin.html import NOTHING, badge


@admin.register(ApiKey)
class ApiKeyAdmin(Audited, Page):
    list_display = ["name", "prefix_shown", "state", "sees", "created_at", "last_used_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    ordering = ["-created_at"]
    search_fields = ["name", "prefix"]
    search_help_text = gettext_lazy("Part of the name or prefix.")
    empty_state = gettext_lazy("No API keys yet. Create one for each game server.")
    actions = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:  # noqa: ARG002
        editable = ["name", "scopes", "categories", "networks", "requests_per_minute"]
        shown = ["prefix_shown", "state", "created_at", "last_used_at", "revoked_at", "used"]
        return [*editable, *shown] if obj else [*editable, "revoked_at", "prefix"]

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        kwargs["form"] = KeyLimitsForm if obj else ApiKeyForm
        return super().get_form(request, obj, *args, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:  # noqa: ARG002
        shown = ["prefix_shown", "state", "created_at", "last_used_at", "used"]
        return [*shown, "revoked_at"] if obj else shown

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        return False  # keep revoked keys, so that their names stay on record

    @sensitive_variables("secret")
    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, secret = make_api_key(
            name=obj.name,
            categories=obj.categories,
            scopes=obj.scopes,
            networks=obj.networks,
            requests_per_minute=obj.requests_per_minute,
            ends_at=obj.revoked_at,
            prefix=obj.prefix,
            now=timezone.now(),
        )
        obj.pk = made.pk
        # The secret is kept only on this request, for `response_add` to show.
        request.made_secret = secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """Show the secret, once, instead of redirecting."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("API key created"),
            "opts": self.opts,
            "api_key": obj,
            "secret": request.made_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/claims/apikey/made.html", context)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    @admin.action(description=gettext_lazy("Revoke selected API keys…"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> HttpResponse | None:
        """Ask first: it shows when each key was last used."""
        form = RevokeKeysForm(request.POST if "confirmed" in request.POST else None)
        now = timezone.now()
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": _("Revoke API keys"),
                "opts": self.opts,
                "form": form,
                "api_keys": ApiKey.objects.active(now=now).filter(pk__in=chosen),
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/claims/apikey/revoke.html", context)
        is_later = form.cleaned_data["when"] == RevokeKeysForm.LATER
        ends_at = now + timedelta(hours=24) if is_later else now
        ending = list(ApiKey.objects.active(now=ends_at).filter(pk__in=chosen))
        for api_key in ending:
            self.log_change(request, api_key, _("Ends in 24 hours.") if is_later else _("Revoked."))
        count = revoke_api_keys(api_key_ids=[one.pk for one in ending], now=ends_at)
        if is_later:
            said = ngettext("%d API key ends in 24 hours.", "%d API keys end in 24 hours.", count)
        else:
            said = ngettext("%d API key revoked.", "%d API keys revoked.", count)
        self.message_user(request, said % count, level=messages.SUCCESS)
        return None

    @admin.display(description=gettext_lazy("prefix"), ordering="prefix")
    def prefix_shown(self, api_key: ApiKey) -> str:
        return f"sd_{api_key.prefix}_…"

    @admin.display(description=gettext_lazy("state"), ordering="revoked_at")
    def state(self, api_key: ApiKey) -> SafeString:
        if api_key.revoked_at is None:
            return badge("good", _("active"))
        if api_key.revoked_at <= timezone.now():
            return badge("bad", _("revoked"))
        return badge("wait", _("ends %(at)s") % {"at": date_format(api_key.revoked_at)})

    @admin.display(description=gettext_lazy("requests of the last days"))
    def used(self, api_key: ApiKey) -> SafeString | str:
        days = api_key.usage.order_by("-day")[:14]
        lines = (
            (date_format(one.day, "DATE_FORMAT"), intcomma(one.requests, use_l10n=False))
            for one in days
        )
        return format_html_join(mark_safe("<br>"), "{}: {}", lines) or NOTHING

    @admin.display(description=gettext_lazy("categories"))
    def sees(self, api_key: ApiKey) -> str:
        return ", ".join(api_key.categories) or _("all categories")
