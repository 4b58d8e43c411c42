"""Looks before it leaps: which build of PyTorch would pip install, and does it bring gigabytes of CUDA?

    python deploy/torch_build.py --allow cpu [--index-url URL]

Exit code 0: go on. 2: the CUDA build would come and was not asked for; says how to get the other one.
Nothing is installed or changed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

_ADVICE = """\
PyTorch {version} from your package index is the CUDA build: several gigabytes. Atbalss does not need it.
Take the small CPU build instead: open PyTorch's install page (pytorch.org/get-started/locally), choose
Pip and CPU, and give the address behind --index-url to make, such as:
    make install TORCH_INDEX=ADDRESS
To take the CUDA build on purpose: make install TORCH=cuda"""


def main() -> int:
    """Ask pip for its plan and judge it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--allow", choices=["cpu", "cuda"], default="cpu")
    options.add_argument("--index-url")
    chosen = options.parse_args()
    if chosen.allow == "cuda" or _installed():
        return 0
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    command += [
        "--dry-run",
        "--no-deps",
        "--ignore-installed",
        "--report",
        "-",
        "--constraint",
        "constraints.txt",
    ]
    if chosen.index_url:
        command += ["--index-url", chosen.index_url]
    plan = subprocess.run([*command, "torch"], check=False, capture_output=True, text=True)  # noqa: S603  # our own words
    if plan.returncode != 0:
        print(plan.stderr.strip(), file=sys.stderr)
        return plan.returncode
    metadata = json.loads(plan.stdout)["install"][0]["metadata"]
    if any(need.startswith(("nvidia-", "cuda-")) for need in metadata.get("requires_dist", ())):
        print(_ADVICE.format(version=metadata["version"]), file=sys.stderr)
        return 2
    return 0


def _installed() -> bool:
    command = [sys.executable, "-c", "import importlib.util as u; raise SystemExit(not u.find_spec('torch'))"]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603  # our own words


if __name__ == "__main__":
    sys.exit(main())
