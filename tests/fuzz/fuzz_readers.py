"""Coverage-guided fuzz of what reads files that anybody may have written.

    python -m pip install atheris
    python tests/fuzz/fuzz_readers.py suite -max_total_time=200

Targets: ``suite`` (a suite file), ``results`` (the manifest and one record of a results
folder), ``model`` (a model file), ``data`` (a file that a loader finds in data_home).
Whatever the bytes, the reader returns, or raises an error of the kind that its
documentation names; anything else is a finding, and stops the run. Not collected by
pytest.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["sklearn_mid.benchmark", "sklearn_mid.datasets", "tomllib", "skops"]
):
    from sklearn_mid import datasets
    from sklearn_mid.benchmark import (
        ResultsFolderError,
        SuiteError,
        load_cells,
        load_results,
        load_suite,
        write_report,
    )
    from sklearn_mid.utils._model_files import load_model

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
SUITE = b"""name = "s"
repetitions = 1
[[dataset]]
name = "diabetes"
[[defence]]
name = "undefended"
[[defence]]
name = "mid-linear"
strength = { reg_lambda = [0.1, inf] }
[[attack]]
name = "map"
params = { calibrate = true }
[[reference]]
label = "paper"
utility = 0.1
attack = 0.2
"""


def suite(data):
    path = FOLDER / "suite.toml"
    path.write_bytes(data)
    try:
        read = load_suite(path)
    except SuiteError:
        return
    assert load_suite(read.replace(repetitions=2)).repetitions == 2


def _results_folder():
    """A finished run of one cell, to be damaged."""
    from sklearn_mid.benchmark import run_benchmark
    from sklearn_mid.benchmark._spec import parse_suite

    plan = {
        "name": "s",
        "repetitions": 1,
        "dataset": [{"name": "diabetes"}],
        "defence": [{"name": "undefended"}],
    }
    folder = FOLDER / "results"
    run_benchmark(parse_suite(plan), folder, progress=False)
    cell = next((folder / "cells").iterdir())
    return folder, cell, cell.read_bytes(), (folder / "manifest.json").read_bytes()


def _damaged(document, provider):
    """`document` with some of its parts gone, or something else in their place."""
    for _ in range(provider.ConsumeIntInRange(1, 3)):
        node = document
        while True:
            keys = range(len(node)) if isinstance(node, list) else list(node)
            if not keys:
                break
            key = keys[provider.ConsumeIntInRange(0, len(keys) - 1)]
            deeper = isinstance(node[key], dict | list) and provider.ConsumeBool()
            if deeper:
                node = node[key]
                continue
            if provider.ConsumeBool():
                del node[key]
            else:
                node[key] = provider.PickValueInList(
                    [None, True, -1, 0, 1e400, "", "x", "inf", [], {}, [[]], {"a": 1}]
                )
            break
    return json.dumps(document).encode()


def results(data):
    folder, cell, record, manifest = RESULTS
    provider = atheris.FuzzedDataProvider(data)
    which, raw = provider.ConsumeBool(), provider.ConsumeIntInRange(0, 7) == 0
    path, whole = (cell, record) if which else (folder / "manifest.json", manifest)
    bad = provider.ConsumeBytes(400) if raw else _damaged(json.loads(whole), provider)
    cell.write_bytes(record)
    (folder / "manifest.json").write_bytes(manifest)
    path.write_bytes(bad)
    try:
        load_cells(folder)
        load_results(folder)
        write_report(folder, format="md", output=FOLDER / "report.md")
    except ResultsFolderError:
        pass


def model(data):
    path = FOLDER / "model.skops"
    path.write_bytes(data)
    try:
        load_model(path)
    except ValueError as error:
        if "model.skops" not in str(error):
            raise


def data(data):
    """A file of the right name with other bytes: told by its checksum, not parsed."""
    provider = atheris.FuzzedDataProvider(data)
    fetch, name = LOADERS[provider.ConsumeIntInRange(0, len(LOADERS) - 1)]
    path = FOLDER / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(provider.ConsumeBytes(1000))
    try:
        fetch(data_home=FOLDER / "data", download_if_missing=False)
    except OSError as error:
        if path.name not in str(error):
            raise
    else:
        raise AssertionError(f"{name} was read")
    finally:
        path.unlink()


LOADERS = [
    (datasets.fetch_iwpc, "iwpc/iwpc-scaled.csv"),
    (datasets.fetch_steak, "steak/steak-risk-survey.csv"),
    (datasets.fetch_orl_faces, "orl_faces/olivettifaces.mat"),
    (datasets.fetch_auxiliary_faces, "london_faces/faces_ccby_64.npz"),
    (datasets.fetch_mnist, "mnist/t10k-images-idx3-ubyte.gz"),
]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    target = {"suite": suite, "results": results, "model": model, "data": data}[
        sys.argv.pop(1)
    ]
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    if target is results:
        RESULTS = _results_folder()
        (corpus / "0").write_bytes(bytes(range(256)))
    elif target is suite:
        (corpus / "0").write_bytes(SUITE)
    elif target is data:
        (corpus / "0").write_bytes(bytes(range(256)))
    else:
        import skops.io
        from sklearn.linear_model import LinearRegression

        skops.io.dump(LinearRegression().fit([[0.0], [1.0]], [0, 1]), corpus / "0")
    atheris.Setup([*sys.argv, str(corpus)], target)
    atheris.Fuzz()
