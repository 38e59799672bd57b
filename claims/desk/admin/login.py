"""The staff login. Too many failures lock it for a while."""

import math
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from claims.desk.admin.id_search import IdSearch
from claims.desk.staff_logins import locked_until, note_failure, note_success
from claims.models import FailedLogin
from core.admin.base import ReadOnlyPage


class StaffLoginForm(AdminAuthenticationForm):
    """While locked, the password isn't checked, so that guessing reveals nothing."""

    def clean(self) -> dict[str, Any]:
        user_name = self.cleaned_data.get("username") or ""
        if not user_name or not self.request:
            return super().clean()
        who = {"user_name": user_name, "address": address_of(self.request)}
        self._refuse_while_locked(**who)
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            note_failure(**who, now=timezone.now())
            self._refuse_while_locked(**who)
            raise
        note_success(**who)
        return cleaned

    def _refuse_while_locked(self, *, user_name: str, address: str) -> None:
        now = timezone.now()
        until = locked_until(user_name=user_name, address=address, now=now)
        if until is None:
            return
        minutes = math.ceil((until - now).total_seconds() / 60)
        said = ngettext(
            "Too many failed logins. Try again in %d minute.",
            "Too many failed logins. Try again in %d minutes.",
            minutes,
        )
        raise forms.ValidationError(said % minutes, code="locked")


def address_of(request: HttpRequest) -> str:
    """The client's address, taken from the proxy's header if the settings name a proxy.

    Only the last entry of `X-Forwarded-For` comes from our proxy. Clients can forge the others.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return str(forwarded).rpartition(",")[2].strip()[:64]
    return str(request.META.get("REMOTE_ADDR", ""))


admin.site.login_form = StaffLoginForm


@admin.register(FailedLogin)
class FailedLoginAdmin(IdSearch, ReadOnlyPage):
    list_display = ["user_name", "address", "failures", "last_failed_at"]
    ordering = ["-last_failed_at"]
    search_fields = ["user_name", "address"]
    search_help_text = gettext_lazy("Exact user name or IP address.")
    empty_state = gettext_lazy("No failed staff logins in the last day.")
