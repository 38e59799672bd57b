"""The admin site, with the desk's menu instead of a list of all models."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class StaffSite(admin.AdminSite):
    site_header = _("Drops")
    site_title = _("Drops")
    index_title = _("Overview")
    enable_nav_sidebar = False

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

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from claims.desk.menu import make_menu  # the menu's pages load later

        context = super().each_context(request)
        if context["has_permission"]:
            context["menu"] = make_menu(request)
        return context

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:  # noqa: ARG002
        """No list: the menu has the pages of all apps."""
        return []

    def app_index(  # type: ignore[override]
        self,
        request: HttpRequest,  # noqa: ARG002
        app_label: str,  # noqa: ARG002
        extra_context: Any = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Django would list an app's models."""
        return redirect("admin:index")


class StaffAdminConfig(AdminConfig):
    default_site = "claims.desk.site.StaffSite"
