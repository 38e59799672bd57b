"""The form of an item, with its picture."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from claims.models import Item
from claims.pictures import BIGGEST_BYTES, BadPicture, format_of


class ItemForm(forms.ModelForm):  # type: ignore[type-arg]
    picture = forms.FileField(
        label=_("New picture"),
        required=False,
        help_text=_("Square, PNG, JPEG or WebP, at most 256 KB. Players see it."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )

    class Meta:
        model = Item
        fields = ("sku", "name", "description")

    def clean_picture(self) -> Any:
        file: Any = self.cleaned_data["picture"]
        if file is None:
            return None
        if file.size > BIGGEST_BYTES:
            raise forms.ValidationError(_("The picture has more than 256 KB."))
        try:
            format_of(file.read())
        except BadPicture as error:
            raise forms.ValidationError(
                _("The picture must be a PNG, JPEG or WebP file.")
            ) from error
        file.seek(0)
        return file
