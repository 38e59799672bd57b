"""Finds changes of the API that break game servers: between two OpenAPI schemas."""

from collections.abc import Iterator
from typing import Any

from claims.api.openapi import resolve

Json = dict[str, Any]
LIMITS = ("maxLength", "maximum", "maxItems", "minimum")


def find_breaking_changes(old: Json, new: Json) -> list[str]:
    """One sentence for each. Allowed: new calls, new optional parameters, new fields in answers."""
    return list(_of_paths(old, new))


def _of_paths(old: Json, new: Json) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method, was in methods.items():
            call = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{call} is gone."
                continue
            yield from _of_parameters(call, old, new, was, now)
            yield from _of_body(call, old, new, was, now)
            answer, answer_now = (_content(one["responses"]["200"]) for one in (was, now))
            yield from _of_answer(call, old, new, answer, answer_now)


def _of_parameters(call: str, old: Json, new: Json, was: Json, now: Json) -> Iterator[str]:
    before = {one["name"]: one for one in was.get("parameters", [])}
    after = {one["name"]: one for one in now.get("parameters", [])}
    for name in before.keys() - after.keys():
        yield f"{call}: the parameter {name} is gone."
    for name, one in after.items():
        if one.get("required") and not before.get(name, {}).get("required"):
            yield f"{call}: the parameter {name} is required now."
        elif name in before:
            pair = resolve(old, before[name]["schema"]), resolve(new, one["schema"])
            yield from _of_taken(f"{call}: the parameter {name}", *pair)


def _of_body(call: str, old: Json, new: Json, was: Json, now: Json) -> Iterator[str]:
    before, after = (
        resolve(schema, _content(one.get("requestBody", {})))
        for schema, one in ((old, was), (new, now))
    )
    for name in before.get("properties", {}).keys() - after.get("properties", {}).keys():
        yield f"{call}: the field {name} of the body is gone."
    for name in set(after.get("required", ())) - set(before.get("required", ())):
        yield f"{call}: the field {name} of the body is required now."
    for name in before.get("properties", {}).keys() & after.get("properties", {}).keys():
        pair = resolve(old, before["properties"][name]), resolve(new, after["properties"][name])
        yield from _of_taken(f"{call}: the field {name} of the body", *pair)


def _of_taken(what: str, was: Json, now: Json) -> Iterator[str]:
    """What callers send: it may become wider, never narrower."""
    if was.get("type") != now.get("type"):
        yield f"{what} is of type {now.get('type')} now, not {was.get('type')}."
    allowed, before = now.get("enum"), was.get("enum", [])
    if allowed is not None and (gone := set(before) - set(allowed)):
        yield f"{what} doesn't take {', '.join(sorted(map(str, gone)))} any more."
    for limit in LIMITS:
        limit_before, limit_now = was.get(limit), now.get(limit)
        is_narrower = limit_now is not None and (
            limit_before is None
            or (limit_now > limit_before if limit == "minimum" else limit_now < limit_before)
        )
        if is_narrower:
            yield f"{what} has a {limit} of {limit_now} now, not {limit_before}."


def _of_answer(
    call: str, old: Json, new: Json, was: Json, now: Json, at: str = ""
) -> Iterator[str]:
    """What callers read: each field stays, with its type. Null may not be new."""
    was, now = resolve(old, was), resolve(new, now)
    what = f"{call}: {at or 'the answer'}"
    if was.get("type") != now.get("type"):
        yield f"{what} is of type {now.get('type')} now, not {was.get('type')}."
        return
    if now.get("nullable") and not was.get("nullable"):
        yield f"{what} can be null now."
    for name, inner in was.get("properties", {}).items():
        place = f"{at}.{name}".lstrip(".")
        if name not in now.get("properties", {}):
            yield f"{call}: {place} is gone."
        else:
            yield from _of_answer(call, old, new, inner, now["properties"][name], place)
    if "items" in was:
        yield from _of_answer(call, old, new, was["items"], now["items"], f"{at}[]")


def _content(node: Json) -> Json:
    found: Json = node.get("content", {}).get("application/json", {}).get("schema", {})
    return found
