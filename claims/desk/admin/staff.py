"""Django's user and group admin, with an audit row for each change."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest

from claims.desk.admin.audit_mixin import Audited
from core.admin.base import Titled

admin.site.unregister([User, Group])


@admin.register(User)
class StaffAdmin(Audited, Titled, UserAdmin):  # type: ignore[type-arg]
    """Only a superuser may see, change or make one."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users = super().get_queryset(request)
        return users if _is_superuser(request) else users.filter(is_superuser=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        # Permissions come from groups: a single one could be more than an owner has.
        return fields if _is_superuser(request) else [*fields, "is_superuser", "user_permissions"]


def _is_superuser(request: HttpRequest) -> bool:
    user: Any = request.user
    return bool(user.is_superuser)


@admin.register(Group)
class StaffGroupAdmin(Audited, Titled, GroupAdmin):
    pass
