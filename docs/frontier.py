"""Draw docs/_static/frontier.svg, the picture of README and front page.

Usage: python docs/frontier.py (with the Adult data; about a minute)
"""

import runpy
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

HERE = Path(__file__).parent

mpl.use("agg")
# Text as text keeps the file small; the salt and date make it the same each time.
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sklearn-mid"})
runpy.run_path(str(HERE / "examples" / "plot_channel.py"))
plt.gcf().savefig(HERE / "_static" / "frontier.svg", metadata={"Date": None})
