"""Real servers on the loopback interface for tests."""

from __future__ import annotations
