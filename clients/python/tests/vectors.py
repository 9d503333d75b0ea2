"""The vectors, and pages with what a vector leaves out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pollux_client.reading import sync_page
from pollux_client.records import SyncPage

Json = Mapping[str, Any]
VECTORS: Json = json.loads((Path(__file__).parents[2] / "vectors.json").read_text())
DEFAULTS: Json = VECTORS["defaults"]


def page_json(given: Json) -> dict[str, Any]:
    """Return a page, as the server says it, with what a vector leaves out."""
    deltas = []
    for one in given.get("channels", ()):
        channel = {"id": one["channel"]} if isinstance(one["channel"], str) else one["channel"]
        key = channel["id"]
        messages = [
            {**DEFAULTS["message"], "channelId": key, "id": f"m-{key}-{m['seq']}", "cursor": f"{key}:{m['seq']}", **m}
            for m in one.get("messages", ())
        ]
        deltas.append({**DEFAULTS["delta"], **one, "channel": {**DEFAULTS["channel"], **channel}, "messages": messages})
    notifications = [{**DEFAULTS["notification"], **one} for one in given.get("notifications", ())]
    return {**DEFAULTS["page"], **given, "channels": deltas, "notifications": notifications}


def page_of(given: Json) -> SyncPage:
    return sync_page(page_json(given))
