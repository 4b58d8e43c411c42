"""The configuration: one file, `atbalss.toml`, read into one frozen `Config`."""

from __future__ import annotations

from atbalss.config.load import demo, init_text, load, loads
from atbalss.config.model import Brand, ChannelConfig, Config, SourceConfig
from atbalss.config.problems import ConfigProblems

__all__ = [
    "Brand",
    "ChannelConfig",
    "Config",
    "ConfigProblems",
    "SourceConfig",
    "demo",
    "init_text",
    "load",
    "loads",
]
