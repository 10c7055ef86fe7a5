"""Which browser the tests take, and when one is installed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from local import chromium
from local.settings import Problem

SHELL, CHROMIUM, APT = "chromium-headless-shell", "chromium", "apt-get"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Makes a machine with these programs, whose installations work or not. Returns what ran."""

    def make(*programs: str, is_root: bool = True, can_install: tuple[str, ...] = ()) -> list[str]:
        there, ran = set(programs), []

        def run(command: tuple[str, ...], **_: object) -> SimpleNamespace:
            ran.append(command[-1])
            if command[-1] in can_install:
                there.add(command[-1])
            works = command[-1] in {*can_install, "-qq"}
            return SimpleNamespace(returncode=0 if works else 100, stdout="", stderr="No network.")

        monkeypatch.setattr(chromium.shutil, "which", lambda name: name if name in there else None)
        monkeypatch.setattr(chromium.os, "geteuid", lambda: 0 if is_root else 1000)
        monkeypatch.setattr(chromium.subprocess, "run", run)
        monkeypatch.setattr(chromium, "_playwright_has_its_own", lambda: False)
        return ran

    return make


def test_the_shell_is_taken_before_a_whole_browser(machine) -> None:
    ran = machine(CHROMIUM, SHELL, APT)
    chromium.main()
    assert (ran, chromium.find()) == ([], SHELL)


def test_the_shell_is_installed_beside_a_whole_browser(machine) -> None:
    ran = machine(CHROMIUM, APT, can_install=(SHELL,))
    chromium.main()
    assert (ran, chromium.find()) == ([SHELL], SHELL)


def test_without_a_network_a_whole_browser_does(machine) -> None:
    ran = machine(CHROMIUM, APT)
    chromium.main()
    assert (ran, chromium.find()) == ([SHELL], CHROMIUM)


def test_who_may_not_use_apt_keeps_what_is_there(machine) -> None:
    ran = machine(CHROMIUM, APT, is_root=False)
    chromium.main()
    assert ran == []


def test_where_the_shell_is_no_package_the_browser_is_installed(machine) -> None:
    machine(APT, can_install=(CHROMIUM,))
    chromium.main()
    assert chromium.find() == CHROMIUM


@pytest.mark.parametrize("is_root", [True, False])
def test_a_machine_that_gets_none_says_what_to_do(machine, is_root: bool) -> None:
    machine(APT, is_root=is_root)
    with pytest.raises(Problem, match=r"(?s)apt install chromium-headless-shell.*No network"):
        chromium.main()
