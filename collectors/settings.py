"""What every source's settings have in common."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

__all__ = ["SourceSettings", "WebAddress", "web_address"]


class SourceSettings(BaseModel):
    """Base of each kind's `Settings`: unknown keys are refused, values do not change, secrets are hidden."""

    # hide_input_in_errors: a refused value may be a mistyped secret, and the message ends up on a screen.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


def web_address(value: str) -> str:
    """Return `value` if it is an http or https address with a host; raise ValueError if not."""
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address starts with https:// or http:// and has a host")
    return value.strip()


WebAddress = Annotated[str, AfterValidator(web_address)]
"""An http or https address."""
