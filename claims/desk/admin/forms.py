"""Forms of the admin pages."""

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _


class RevocationForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Stored with each entitlement and shown in the audit log."),
    )


class PairFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    default_error_messages = {
        **BaseInlineFormSet.default_error_messages,
        "too_many_forms": _("A Kick campaign can have at most %(num)d rewards."),
    }
