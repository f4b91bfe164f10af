"""What the plots' tests share: drawing without a screen, fitted models, and a search for overlapping text."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest

from toolkit import meta

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="session")
def fitted():
    """A function from a number of studies to a model of log odds ratios with this many; the same each time."""

    def fit(k, **settings):
        random = np.random.default_rng(k)
        v = random.uniform(0.005, 0.3, k)
        y = 0.5 + random.normal(0, 0.4, k) + random.normal(0, np.sqrt(v))
        labels = [f"Author{' and many others of a long name' * (i % 4 == 1)} {1990 + i % 35}" for i in range(k)]
        return meta.random_effects(y, v, labels=labels, **settings)

    return fit


@pytest.fixture(scope="session")
def texts():
    """A function from axes to the texts of their figure that are seen, each with its box in pixels."""

    def seen(ax):
        figure = ax.figure
        figure.canvas.draw()
        found = [text for text in figure.findobj(mpl.text.Text) if text.get_visible() and text.get_text()]
        return [(text.get_text(), text.get_window_extent()) for text in found]

    return seen


@pytest.fixture(scope="session")
def faults(texts):
    """A function from axes to what is wrong with their texts: pairs that overlap, texts that leave the figure."""

    def search(ax):
        seen = texts(ax)
        # One pixel is what rounding to whole pixels may cost.
        boxes = [(text, box.x0 + 1, box.y0 + 1, box.x1 - 1, box.y1 - 1) for text, box in seen]
        wrong = [
            f"{a[0]!r} overlaps {b[0]!r}"
            for a, b in combinations(boxes, 2)
            if a[1] < b[3] and b[1] < a[3] and a[2] < b[4] and b[2] < a[4]
        ]
        frame = ax.figure.bbox
        wrong += [
            f"{text!r} leaves the figure"
            for text, x0, y0, x1, y1 in boxes
            if x0 < frame.x0 or y0 < frame.y0 or x1 > frame.x1 or y1 > frame.y1
        ]
        return wrong

    return search
