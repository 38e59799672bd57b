"""Django's user and group admin, with an audit row for each change."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User

from claims.desk.admin.audit_mixin import Audited

admin.site.unregister([User, Group])


@admin.register(User)
class StaffAdmin(Audited, UserAdmin):  # type: ignore[type-arg]
    pass


@admin.register(Group)
class StaffGroupAdmin(Audited, GroupAdmin):
    pass
