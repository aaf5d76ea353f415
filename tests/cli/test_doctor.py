"""`lepton doctor` says what is missing and how to get it."""

import pytest
import typer

from autograder.cli import doctor_command as doctor
from autograder.cli.doctor_command import landlock_remedy, namespaces_remedy
from lepton_course.workspace.doctor import Finding


def reading(files: dict[str, str]):
    return lambda path: files.get(path, "")


@pytest.mark.parametrize(
    ("setting", "value", "advice"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "max_user_namespaces=15000"),
    ],
)
def test_namespaces_that_a_setting_forbids(setting, value, advice):
    remedy = namespaces_remedy(reading({f"/proc/sys/{setting}": f"{value}\n"}), in_container=False)
    assert f"sudo sysctl -w {setting.replace('/', '.')}" in remedy
    assert advice in remedy


def test_namespaces_in_a_container():
    assert "seccomp=unconfined" in namespaces_remedy(reading({}), in_container=True)


@pytest.mark.parametrize(
    ("lsm", "release", "advice"),
    [
        ("", "5.10.0-28-amd64", "too old"),
        ("lockdown,capability,apparmor", "6.1.0-21-amd64", "lsm=landlock,lockdown,capability"),
        ("", "6.1.0", "CONFIG_SECURITY_LANDLOCK=y"),
    ],
)
def test_landlock(lsm, release, advice):
    assert advice in landlock_remedy(reading({"/sys/kernel/security/lsm": lsm}), release)


def test_this_machine_can_grade(capsys):
    needed = [finding for finding in doctor.examine_for_grading() if finding.needed]
    assert {"nbgrader", "alembic"} <= {f.name for f in needed}
    assert all(finding.good for finding in needed)
    doctor.doctor()
    said = capsys.readouterr().out
    for line in ("wall: namespaces", "wall: filter of system calls", "tried from within", "torch"):
        assert line in said


def test_what_the_walls_do_not_stop_is_named(monkeypatch):
    ways = {"read files": False, "see whether a file exists": True, "UDP": True}
    monkeypatch.setattr("autograder.sandbox.trial.ATTEMPTS", ways)
    monkeypatch.setattr("autograder.sandbox.trial.open_ways", lambda walls: ways)
    tried = doctor._attempts()
    if not tried.found.startswith("there are no walls"):
        assert not tried.good and not tried.needed
        assert tried.found == (
            "1 of 3 attacks on the machine are stopped; not stopped: see whether a file exists, UDP"
        )


def test_what_is_missing_is_told_with_its_remedy(monkeypatch, capsys):
    missing = Finding(
        "wall: Landlock", False, "the kernel has none", "Get a newer one.", needed=True
    )
    monkeypatch.setattr(doctor, "examine_for_grading", lambda: [missing])
    with pytest.raises(typer.Exit):
        doctor.doctor()
    assert "wall: Landlock: Get a newer one." in capsys.readouterr().out
