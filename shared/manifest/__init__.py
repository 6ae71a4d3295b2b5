"""The manifest: what a person writes into the drop box."""

from shared.manifest.models import Manifest

__all__ = ["Manifest"]
