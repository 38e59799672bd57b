"""The pictures of the demo's items."""

from pathlib import Path

from claims.models import Item, ItemPicture
from claims.pictures import set_picture

PICTURES = Path(__file__).parent / "pictures"


def add_picture(item: Item) -> None:
    """Give an item its picture, if it has none yet."""
    path = PICTURES / f"{item.sku}.png"
    if path.exists() and not ItemPicture.objects.filter(item=item).exists():
        set_picture(item=item, content=path.read_bytes())
