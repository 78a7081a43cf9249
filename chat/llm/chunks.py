"""The chunks of a reply, made the same whoever sent them.

Servers that speak OpenAI's protocol speak it with accents: no list of choices, tool calls without
index or id, all under index 0, with their name in every fragment; usage in each chunk, or nowhere.
"""

import json
from typing import Any

Json = dict[str, Any]

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
DETAILS = ("prompt_tokens_details", "completion_tokens_details")


class Chunks:
    """The chunks of one reply, in the order in which they came.

    ``usage`` is the newest that was told; ``begun`` whether there was a word or a call, and
    ``ended`` whether there was a reason to end.
    """

    def __init__(self) -> None:
        self.usage: Json | None = None
        self.begun = False
        self.ended = False
        self._calls: list[Json] = []  # each so far: its index here and there, id, name

    def tidy(self, chunk: Json) -> Json:
        """The chunk as langchain-openai takes it, without usage.

        Raises:
            TypeError, ValueError, AttributeError: it is no chunk of a reply.
        """
        # Some servers count in every chunk, each time from the beginning.
        self.usage = _usage(chunk.pop("usage", None)) or self.usage
        chunk["choices"] = choices = list(chunk.get("choices") or ())
        for choice in choices[:1]:
            choice["delta"] = delta = choice.get("delta") or {}
            if delta.get("role") not in (None, "", "assistant"):
                raise ValueError("words of somebody else")
            # A refusal comes in a field of its own, in place of the content.
            if delta.get("refusal") and not delta.get("content"):
                delta["content"] = delta["refusal"]
            if delta.get("tool_calls"):
                delta["tool_calls"] = [self._call(call) for call in delta["tool_calls"]]
            self.begun = self.begun or bool(delta.get("content") or delta.get("tool_calls"))
            self.ended = self.ended or bool(choice.get("finish_reason"))
        return chunk

    def _call(self, call: Json) -> Json:
        """A fragment of a call, under the index of the call that it belongs to."""
        function = call.get("function") or {}
        name, arguments = function.get("name"), function.get("arguments")
        known = self._known(call.get("index"), call.get("id"), name)
        if known is None:
            known = {"at": len(self._calls), "index": call.get("index"), "id": None, "name": None}
            self._calls.append(known)
        if name and name == known["name"]:
            name = None  # said again; joined, it would be the name of no tool
        known["id"] = known["id"] or call.get("id")
        known["name"] = known["name"] or name
        return {
            "index": known["at"],
            "id": call.get("id"),
            "function": {
                "name": name,
                "arguments": json.dumps(arguments) if isinstance(arguments, dict) else arguments,
            },
        }

    def _known(self, index: Any, call_id: Any, name: Any) -> Json | None:
        """The call that a fragment goes on with; None where it begins one."""
        for call in reversed(self._calls):
            if call_id and call["id"]:
                if call["id"] == call_id:
                    return call
            elif index is not None:
                if call["index"] == index:
                    return call
            elif not call_id and not name:
                return call
        return None


def _usage(told: Any) -> Json | None:
    """The counts of tokens, where they are counts."""
    if not isinstance(told, dict):
        return None
    usage: Json = {name: told[name] for name in COUNTS if _count(told.get(name))}
    for name in DETAILS:
        if isinstance(details := told.get(name), dict):
            usage[name] = {key: value for key, value in details.items() if _count(value)}
    return usage or None


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0
