from __future__ import annotations

import os

import pytest

from nlp.threads import allowed_threads, quota_of


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def membership(tmp_path):
    return tmp_path / "membership"


def test_a_version_2_quota_is_read_in_cores(tmp_path, membership):
    membership.write_text("0::/service/job\n")
    write(tmp_path / "root/service/job/cpu.max", "150000 100000\n")
    assert quota_of(tmp_path / "root", membership) == 1.5


def test_the_smallest_quota_on_the_way_up_counts(tmp_path, membership):
    membership.write_text("0::/service/job\n")
    write(tmp_path / "root/service/job/cpu.max", "max 100000\n")
    write(tmp_path / "root/service/cpu.max", "50000 100000\n")
    write(tmp_path / "root/cpu.max", "400000 100000\n")
    assert quota_of(tmp_path / "root", membership) == 0.5


def test_inside_a_container_the_root_itself_is_read(tmp_path, membership):
    membership.write_text("0::/docker/abc\n")
    write(tmp_path / "root/cpu.max", "200000 100000\n")
    assert quota_of(tmp_path / "root", membership) == 2.0


def test_a_version_1_quota_is_read_from_the_cpu_controller(tmp_path, membership):
    membership.write_text("3:memory:/a\n4:cpu,cpuacct:/a\n")
    write(tmp_path / "root/cpu/a/cpu.cfs_quota_us", "300000\n")
    write(tmp_path / "root/cpu/a/cpu.cfs_period_us", "100000\n")
    write(tmp_path / "root/memory/a/cpu.max", "1 100000\n")
    assert quota_of(tmp_path / "root", membership) == 3.0


def test_no_limit_is_none(tmp_path, membership):
    assert quota_of(tmp_path / "root", membership) is None
    membership.write_text("4:cpu:/\n")
    write(tmp_path / "root/cpu/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "root/cpu/cpu.cfs_period_us", "100000\n")
    assert quota_of(tmp_path / "root", membership) is None


def test_threads_are_at_least_one_and_at_most_the_cores(tmp_path, membership):
    cores = len(os.sched_getaffinity(0))
    membership.write_text("0::/\n")
    write(tmp_path / "root/cpu.max", "10000 100000\n")
    assert allowed_threads(tmp_path / "root", membership) == 1
    write(tmp_path / "root/cpu.max", "max 100000\n")
    assert allowed_threads(tmp_path / "root", membership) == cores
