"""Where the bench may take it that the kernel holds a function back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.functions import Shares


def test_a_mere_folder_sets_no_quota(tmp_path: Path) -> None:
    shares = Shares()
    shares._root = tmp_path

    assert not shares.are_set
    shares.leave()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("files", [("cpu.max",), ("cpu.cfs_period_us", "cpu.cfs_quota_us")])
def test_where_the_kernel_has_the_files_the_quota_is_in_them(
    files: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it makes them with the group."""
    make = Path.mkdir

    def as_the_kernel(group: Path) -> None:
        make(group)
        for name in files:
            (group / name).write_text("")

    shares = Shares()
    shares._root = tmp_path
    monkeypatch.setattr(Path, "mkdir", as_the_kernel)

    group = shares.group(0.5)

    assert group
    assert "10000" in (group / files[-1]).read_text()
