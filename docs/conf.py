"""Configuration of the documentation; CONTRIBUTING.rst has the command."""

import os
import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.util import logging
from sphinx_gallery.sorting import ExplicitOrder

import sklearn_mid
import sklearn_mid.datasets

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # attacks_table

project = "sklearn-mid"
author = "sklearn-mid developers"
copyright = "sklearn-mid developers"
release = version = sklearn_mid.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "attacks_table",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_results", "examples", "**.ipynb"]
default_role = "py:obj"

# A room's page lists the names in its __all__, and nothing else.
autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_math_renderer = "mathml"

extlinks = {
    "arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"),
    "doi": ("https://doi.org/%s", "doi:%s"),
}

# Links into other projects' documentation need the network, so they are opt-in.
HAS_LINKS = bool(os.environ.get("SKLEARN_MID_DOCS_LINKS"))
if HAS_LINKS:
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }


def mend_docstring(app, what, name, obj, options, lines):
    """Rewrite in a docstring what reST would misread."""
    for i, line in enumerate(lines):
        # A name that ends in an underscore is a link in reST; ours are attributes.
        line = re.sub(r"(?<=shape \()(\w+_)\b", r"``\1``", line)
        if not HAS_LINKS:
            # Inherited docstrings refer to labels of scikit-learn's own pages.
            line = re.sub(r":ref:`([^<`]+?)(?:\s*<[^`]*>)?`", r"\1", line)
        lines[i] = line


def draw_results(app):
    """Plots of the kept results, where they are not drawn yet."""
    sys.path.append(str(HERE.parent / "benchmarks"))
    from pages import save_plots

    save_plots(HERE / "_results")


def setup(app):
    app.connect("builder-inited", draw_results)
    # Before numpydoc, whose priority is the default of 500.
    app.connect("autodoc-process-docstring", mend_docstring, priority=400)
    # Browsers draw MathML by themselves: no script, no network.
    app.add_html_math_renderer(
        "mathml", inline_renderers=(mathml, None), block_renderers=(mathml, None)
    )


def mathml(self, node):
    """A formula as MathML, by docutils' own converter."""
    is_block = node.tagname == "math_block"
    formula = latex2mathml.tex2mathml(node.astext(), as_block=is_block)
    self.body.append(f'<div class="formula">{formula}</div>' if is_block else formula)
    raise nodes.SkipNode


def missing_data():
    """Examples of the gallery whose data are not here, with the loader that misses."""
    missing, known = {}, {}
    for path in sorted((HERE / "examples").glob("plot_*.py")):
        for name in re.findall(r"\bfetch_\w+(?=\()", path.read_text(encoding="utf-8")):
            if name not in known:
                try:
                    getattr(sklearn_mid.datasets, name)(download_if_missing=False)
                    known[name] = True
                except OSError:
                    known[name] = False
            if not known[name]:
                missing[path.name] = name
    return missing


MISSING = missing_data()
if MISSING:
    logging.getLogger(__name__).info(
        "The gallery is built without the examples whose data are missing (set "
        "SKLEARN_MID_DATA, see the user guide): "
        + ", ".join(f"{example} ({loader})" for example, loader in MISSING.items())
    )


html_theme = "pydata_sphinx_theme"
html_title = "sklearn-mid"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

# Pages without pages below them need no list of those.
html_sidebars = {"getting_started": [], "benchmark": [], "results": []}

EXAMPLES = [
    "plot_audit.py",
    "plot_protect.py",
    "plot_any_model.py",
    "plot_channel.py",
    "plot_distillation.py",
    "plot_forest_memory.py",
    "plot_released_answer.py",
    "plot_certificates.py",
    "plot_adaptive_attackers.py",
    "plot_baselines.py",
    "plot_targeted.py",
    "plot_grid_search.py",
    "plot_one_hot.py",
    "plot_logistic.py",
    "plot_tree.py",
    "plot_warfarin.py",
    "plot_nhanes.py",
    "plot_gss.py",
    "plot_information_bound.py",
    "plot_information_plane.py",
    "plot_reconstruction.py",
    "plot_update_leak.py",
    "plot_dp_bound.py",
    "plot_own_attack.py",
    "plot_own_defense.py",
    "plot_own_data.py",
    "*",
]
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "plot_",
    "ignore_pattern": "|".join(map(re.escape, [*MISSING, "__init__.py"])),
    # From the simplest to the most particular.
    "within_subsection_order": ExplicitOrder(EXAMPLES),
    "doc_module": ("sklearn_mid",),
    "backreferences_dir": "api/generated/examples",
    "show_memory": False,
    "abort_on_example_error": True,
    "copyfile_regex": "",
}
