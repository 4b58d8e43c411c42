"""What the settings of all channels have in common: unknown keys are errors and secrets stay hidden."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["ChannelSettings"]


class ChannelSettings(BaseModel):
    """Base of the `Settings` of each channel module.

    A validation error never repeats what was typed: it may be a secret in the wrong place.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
