from __future__ import annotations

import pytest
from dataflow_script import Script

pytest.importorskip("typer")


def lines_of(text: str) -> dict[tuple[str, str, str], str]:
    """Return the table's lines by kind, name and distribution."""
    heading, *lines = text.splitlines()
    assert heading.split()[:4] == ["kind", "name", "distribution", "version"]
    return {(cells[0], cells[1], cells[2]): line for line in lines if (cells := line.split())}


def test_everything_is_listed_with_its_version_and_what_it_resolves_to(dataflow: Script) -> None:
    done = dataflow("plugins")
    assert (done.returncode, done.stderr) == (0, "")
    line = lines_of(done.stdout)["sources", "fake", "dataflow-core"]
    assert line.split()[3:] == ["0.1.0", "dataflow_core.sources.fake:FakeData", "yes"]


def test_a_broken_plugin_is_told_with_its_cause_and_costs_nothing_else(
    dataflow: Script, broken_site: str
) -> None:
    done = dataflow("plugins", PYTHONPATH=broken_site)
    assert done.returncode == 0
    lines = lines_of(done.stdout)
    broken = lines["commands", "broken", "dataflow-foreign"]
    assert broken.split()[4:6] == ["foreign_broken:command", "no"]
    assert broken.rstrip().endswith("ModuleNotFoundError: No module named 'a_library_that_is_gone'")
    assert lines["commands", "greet", "dataflow-foreign"].split()[-1] == "yes"
    assert lines["commands", "plugins", "dataflow-core"].split()[-1] == "yes"


def test_hooks_are_listed_too(dataflow: Script, broken_site: str) -> None:
    lines = lines_of(dataflow("plugins", PYTHONPATH=broken_site).stdout)
    assert " no " in lines["hooks", "foreign", "dataflow-foreign"]


def test_a_contested_name_says_how_to_get_each(dataflow: Script, broken_site: str) -> None:
    lines = lines_of(dataflow("plugins", PYTHONPATH=broken_site).stdout)
    for distribution in ("dataflow-core", "dataflow-foreign"):
        assert f"get('{distribution}:fake')" in lines["sources", "fake", distribution]


def test_in_a_pipe_no_name_is_cut(dataflow: Script, broken_site: str) -> None:
    done = dataflow("plugins", PYTHONPATH=broken_site, COLUMNS="40")
    name = "a_name_that_is_far_too_long_for_a_terminal_of_eighty_columns"
    assert ("sources", name, "dataflow-foreign") in lines_of(done.stdout)
    assert "…" not in done.stdout
    assert "\x1b" not in done.stdout


def test_on_a_narrow_terminal_no_name_is_cut_either(dataflow: Script, broken_site: str) -> None:
    done = dataflow("plugins", PYTHONPATH=broken_site, COLUMNS="60", FORCE_COLOR="1")
    assert done.returncode == 0
    assert "…" not in done.stdout


def test_without_loading_nothing_is_tried(dataflow: Script, broken_site: str) -> None:
    done = dataflow("plugins", "--no-load", PYTHONPATH=broken_site)
    assert done.returncode == 0
    broken = lines_of(done.stdout)["commands", "broken", "dataflow-foreign"]
    assert broken.split()[4:] == ["foreign_broken:command"]


def test_what_is_switched_off_is_said(dataflow: Script, broken_site: str) -> None:
    done = dataflow("plugins", PYTHONPATH=broken_site, DATAFLOW_DISABLE_PLUGINS="dataflow-foreign")
    assert "foreign_commands" not in done.stdout
    assert "DATAFLOW_DISABLE_PLUGINS: dataflow-foreign" in done.stderr
