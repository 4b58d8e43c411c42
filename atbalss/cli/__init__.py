"""The command line: thin commands over the pipeline. Starting it imports neither torch nor any collector."""

from __future__ import annotations

from atbalss.cli.app import main

__all__ = ["main"]
