"""Configuration of the documentation; CONTRIBUTING.rst has the command."""

import os
import re

from sphinx_gallery.sorting import ExplicitOrder

import sklearn_mid

project = "sklearn-mid"
author = "sklearn-mid developers"
copyright = "sklearn-mid developers"
release = version = sklearn_mid.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "examples", "**.ipynb"]
default_role = "py:obj"

# A room's page lists the names in its __all__, and nothing else.
autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

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


def setup(app):
    # Before numpydoc, whose priority is the default of 500.
    app.connect("autodoc-process-docstring", mend_docstring, priority=400)


html_theme = "pydata_sphinx_theme"
html_title = "sklearn-mid"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "plot_",
    # From the simplest to the most particular.
    "within_subsection_order": ExplicitOrder(
        [
            "plot_targeted.py",
            "plot_any_model.py",
            "plot_tree.py",
            "plot_grid_search.py",
            "plot_information_bound.py",
            "plot_baselines.py",
            "plot_reconstruction.py",
            "plot_dp_bound.py",
            "*",
        ]
    ),
    "doc_module": ("sklearn_mid",),
    "reference_url": {"sklearn_mid": None},
    "backreferences_dir": "api/generated/examples",
    "show_memory": False,
    "abort_on_example_error": True,
    "copyfile_regex": "",
}
