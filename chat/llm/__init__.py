"""The language models that a shop can choose from."""

from collections.abc import Callable

from langchain_core.language_models import BaseChatModel


def create_model(name: str, *, api_key: str, base_url: str, timeout: float) -> BaseChatModel:
    """The chat model for ``ASSISTANT_MODEL``: ``provider`` or ``provider:model``.

    ``api_key`` and ``base_url`` may be empty; ``timeout`` is in seconds without a byte.

    Raises ValueError for a provider that is not in ``PROVIDERS``.
    """
    provider, _, model = name.partition(":")
    if provider not in PROVIDERS:
        raise ValueError(f"no model provider {provider!r}; there are: {', '.join(PROVIDERS)}")
    return PROVIDERS[provider](model, api_key, base_url, timeout)


async def close(model: BaseChatModel) -> None:
    """Closes the connections that a model holds, if it is of those that hold any."""
    if (aclose := getattr(model, "aclose", None)) is not None:
        await aclose()


# Each is imported only when it is chosen: OpenAI's client alone takes more than a second.


def _openai(model: str, api_key: str, base_url: str, timeout: float) -> BaseChatModel:
    from chat.llm.openai import create

    return create(model, api_key=api_key, base_url=base_url, timeout=timeout)


def _offline(model: str, api_key: str, base_url: str, timeout: float) -> BaseChatModel:
    from chat.llm.offline.model import create

    return create()


def _fake(model: str, api_key: str, base_url: str, timeout: float) -> BaseChatModel:
    from chat.llm.fake import FakeModel

    return FakeModel()


PROVIDERS: dict[str, Callable[[str, str, str, float], BaseChatModel]] = {
    "openai": _openai,
    "offline": _offline,
    "fake": _fake,
}
