"""The admin site, with models grouped by staff's tasks instead of by app."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

GROUPS = (
    (_("Claims"), ("Claim", "Entitlement", "QuarantinedDelivery")),
    (_("Players"), ("Player", "PlatformAccount", "LinkEvent")),
    (_("Campaigns"), ("Campaign", "Reward", "Item")),
    (_("Access"), ("ApiKey", "User", "Group")),
    (_("Behind the scenes"), ()),  # models that are in no other group
)


class StaffSite(admin.AdminSite):
    site_header = _("Drops")
    site_title = _("Drops")
    index_title = _("Overview")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Audits one's own change. Changes by others are audited by the user's admin page."""
        from claims.desk.audit import Subject, make_row  # needs the models, which load later
        from claims.models import AuditEvent

        answer = super().password_change(request, extra_context)
        if request.method == "POST" and answer.status_code == 302:
            name = request.user.get_username()
            make_row(
                action=AuditEvent.Action.PASSWORD,
                actor=name,
                subject=Subject("user", name),
                now=timezone.now(),
            ).save()
        return answer

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps: list[Any] = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {model["object_name"]: model for app in apps for model in app["models"]}
        groups: list[dict[str, Any]] = [
            {
                "name": str(name),
                "app_label": "group",
                "app_url": f"{reverse('admin:index')}#content-start",
                "has_module_perms": True,
                "models": [models.pop(one) for one in names if one in models],
            }
            for name, names in GROUPS
        ]
        groups[-1]["models"] = list(models.values())
        return [group for group in groups if group["models"]]


class StaffAdminConfig(AdminConfig):
    default_site = "claims.desk.site.StaffSite"
