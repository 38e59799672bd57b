"""Numbers that only grow, one transaction at a time."""

from core.models import Counter


def take_number(name: str) -> int:
    """The counter's next number. Call it inside a transaction.

    The row stays locked until the transaction ends. So numbers become visible in their order: once
    a reader has seen a number, no lower one can appear.
    """
    Counter.objects.bulk_create([Counter(name=name)], ignore_conflicts=True)
    counter = Counter.objects.select_for_update(no_key=True).get(pk=name)
    counter.value += 1
    counter.save(update_fields=["value"])
    return counter.value
