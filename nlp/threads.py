"""How many threads this process may really use: containers see all cores but get a share of them."""

from __future__ import annotations

import math
import os
from pathlib import Path

__all__ = ["allowed_threads", "quota_of"]

_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def allowed_threads(root: Path = _ROOT, membership: Path = _MEMBERSHIP) -> int:
    """The smaller of the cores this process may run on and its cgroup's quota, at least 1.

    Part of a core rounds up: a thread too many waits a little, a thread too few leaves time unused.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = quota_of(root, membership)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def quota_of(root: Path, membership: Path) -> float | None:
    """The smallest quota, in cores, from this process's cgroup up to the root; None when there is none.

    Reads `cpu.max` (version 2) and `cpu.cfs_quota_us` (version 1, controller `cpu`). Inside a container the
    path of the membership file may not exist below `root`; then only `root` itself is read.
    """
    found: list[float] = []
    for controllers, path in _memberships(membership):
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = root / "cpu" if controllers else root
        folder = base / path.strip("/")
        steps = [folder, *folder.parents] if folder.is_relative_to(base) else [base]
        for step in steps:
            quota = _quota_in(step)
            if quota is not None:
                found.append(quota)
            if step == base:
                break
    return min(found, default=None)


def _memberships(file: Path) -> list[tuple[str, str]]:
    """The lines `number:controllers:path` of a process's cgroup file; version 2 names no controllers."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return [("", "/")]
    parts = [line.split(":", 2) for line in lines]
    return [(part[1], part[2]) for part in parts if len(part) == 3]


def _quota_in(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").is_file():
            quota, _, period = (folder / "cpu.max").read_text().strip().partition(" ")
            return None if quota == "max" else int(quota) / int(period or 100_000)
        if (folder / "cpu.cfs_quota_us").is_file():
            limit = int((folder / "cpu.cfs_quota_us").read_text())
            each = int((folder / "cpu.cfs_period_us").read_text())
            return limit / each if limit > 0 and each > 0 else None
    except (OSError, ValueError):
        return None
    return None
