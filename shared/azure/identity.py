"""The one credential of the process: managed identity in Azure, a developer's own login on a laptop."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


@lru_cache(maxsize=1)
def default_credential() -> TokenCredential:
    """Made once: it caches its tokens."""
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
