"""Saving: the same plot is the same file, with its description and without dates and versions."""

import os
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest
from PIL import Image

from toolkit.errors import ModelInputError
from toolkit.plots import alt_text, close, effect_direction, save

SVG = "{http://www.w3.org/2000/svg}"


def plot():
    return effect_direction(["Huang & <others>", "Bull"], ["supports", "unclear"], columns={"n": ["20", "1,000"]})


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_same_plot_is_the_same_file(tmp_path, suffix):
    files = [save(plot(), tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]
    assert b"matplotlib v" not in files[0].lower()
    assert b"Matplotlib" not in files[0].replace(b"Matplotlib, https", b"")


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_settings_of_the_user_change_no_file(tmp_path, suffix):
    plain = save(plot(), tmp_path / f"plain{suffix}").read_bytes()
    own = {"font.size": 22, "savefig.bbox": "tight", "lines.linewidth": 9, "svg.fonttype": "path", "axes.grid": True}
    with mpl.rc_context(own):
        assert save(plot(), tmp_path / f"own{suffix}").read_bytes() == plain
        assert {name: mpl.rcParams[name] for name in own} == own


def test_an_svg_says_what_it_shows(tmp_path):
    ax = plot()
    root = ET.parse(save(ax, tmp_path / "plot.svg")).getroot()
    assert root.find(f"{SVG}desc").text == alt_text(ax)
    assert alt_text(ax).startswith("Effect direction plot of 2 findings")
    assert root.get("role") == "img"


def test_the_text_of_an_svg_is_text_in_a_font_that_other_machines_can_stand_in_for(tmp_path):
    root = ET.parse(save(plot(), tmp_path / "plot.svg")).getroot()
    words = {element.text: element.get("style") for element in root.iter(f"{SVG}text")}
    assert {"Study", "Huang & <others>", "1,000", "supports"} <= set(words)
    assert all("'DejaVu Sans', Verdana, sans-serif" in style for style in words.values())


def test_a_png_says_what_it_shows_in_the_resolution_that_was_asked_for(tmp_path):
    ax = plot()
    with Image.open(save(ax, tmp_path / "plot.png", dpi=100)) as picture:
        assert picture.info["Description"] == alt_text(ax)
        assert abs(picture.width - ax.figure.get_figwidth() * 100) <= 1


def test_other_axes_are_saved_without_a_description(tmp_path):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    root = ET.parse(save(ax, tmp_path / "plot.svg")).getroot()
    assert root.find(f"{SVG}desc") is None


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(ModelInputError, match=r"suffix '\.docx', use one of \.svg, \.png, \.pdf"):
        save(plot(), tmp_path / "plot.docx")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "plot.svg"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(plot(), path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("plot.svg", "old")]


def test_a_closed_plot_is_forgotten():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    ax = plot()
    assert len(plt.get_fignums()) == len(before) + 1
    close(ax)
    assert plt.get_fignums() == before
