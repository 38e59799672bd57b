"""Pictures of items. The database keeps them, so that every web machine has them."""

import hashlib
from collections.abc import Collection

from claims.models import Item, ItemPicture

BIGGEST_BYTES = 256 * 1024
# The first bytes of each format. No SVG, which could carry a script.
FORMATS = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"WEBP", 8, "image/webp"),
)


class BadPicture(ValueError):
    """The file is too large, or none of the formats."""


def format_of(content: bytes) -> str:
    """The content type, by the first bytes. Raises BadPicture."""
    if len(content) > BIGGEST_BYTES:
        raise BadPicture(f"The picture has more than {BIGGEST_BYTES // 1024} KB.")
    for start, offset, content_type in FORMATS:
        if content[offset : offset + len(start)] == start:
            return content_type
    raise BadPicture("The picture must be a PNG, JPEG or WebP file.")


def set_picture(*, item: Item, content: bytes) -> ItemPicture:
    """Replace an item's picture. A repeat changes nothing. Raises BadPicture."""
    fields = {
        "content": content,
        "content_type": format_of(content),
        "digest": hashlib.sha256(content).hexdigest()[:32],
    }
    picture, _is_new = ItemPicture.objects.update_or_create(item=item, defaults=fields)
    return picture


def picture_digests(skus: Collection[str]) -> dict[str, str]:
    """The digest of each item's picture, by SKU. It's part of the picture's address."""
    pictures = ItemPicture.objects.filter(item__sku__in=skus)
    return dict(pictures.values_list("item__sku", "digest"))
