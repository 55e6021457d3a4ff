"""Coverage-guided fuzz of what reads files that anybody may have written.

    python -m pip install atheris
    python tests/fuzz/fuzz_readers.py suite -max_total_time=200

Targets: ``suite`` (a suite file), ``results`` (the manifest and one record of a results
folder), ``model`` (a model file), ``data`` (a file that a loader finds in data_home;
its checksum is not looked at, so that the parsers see it). Most inputs are whole files
with damaged parts, the others any bytes. Whatever they are, the reader returns, or
raises an error of the kind that its documentation names; anything else is a finding,
and stops the run. Not collected by pytest.
"""

import functools
import gzip
import io
import json
import os
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import atheris
import numpy as np
import scipy.io

with atheris.instrument_imports(
    include=[
        "sklearn_mid.benchmark",
        "sklearn_mid.datasets",
        "sklearn_mid.utils._model_files",
        "skops",
        "tomllib",
    ]
):
    import skops.io

    from sklearn_mid import datasets
    from sklearn_mid.benchmark import (
        ResultsFolderError,
        SuiteError,
        load_cells,
        load_results,
        load_suite,
        write_report,
    )
    from sklearn_mid.datasets import _adult, _cifar10, _files, _gss
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
    from sklearn_mid.benchmark._engine._spec import parse_suite

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
    path.write_bytes(bad + b"\n")
    try:
        load_cells(folder)
        load_results(folder)
        write_report(folder, format="md", output=FOLDER / "report.md")
    except ResultsFolderError:
        pass


def _any_model():
    """The parts of a model file, by name."""
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from sklearn_mid.tree import MIDDecisionTreeClassifier

    X, y = np.eye(4), [0, 1, 0, 1]
    parts = []
    for last in (LinearRegression(), MIDDecisionTreeClassifier(0)):
        whole = skops.io.dumps(make_pipeline(StandardScaler(), last).fit(X, y))
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            parts.append({name: archive.read(name) for name in archive.namelist()})
    return parts


def _zipped(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def model(data):
    provider = atheris.FuzzedDataProvider(data)
    path = FOLDER / "model.skops"
    if provider.ConsumeIntInRange(0, 9) == 0:
        path.write_bytes(provider.ConsumeBytes(2000))
    else:
        parts = dict(provider.PickValueInList(MODELS))
        if provider.ConsumeIntInRange(0, 2):
            schema = json.loads(parts["schema.json"])
            parts["schema.json"] = _damaged(schema, provider)
        else:
            name = provider.PickValueInList(sorted(parts))
            parts[name] = provider.ConsumeBytes(300)
        path.write_bytes(_zipped(parts))
    try:
        load_model(path)
    except ValueError as error:
        if "model.skops" not in str(error):
            raise


def _damaged_table(lines, provider):
    """A CSV file in which cells were replaced, or lines dropped."""
    rows = [line.split(",") for line in lines]
    for _ in range(provider.ConsumeIntInRange(1, 6)):
        row = provider.PickValueInList(rows)
        column = provider.ConsumeIntInRange(0, len(row) - 1)
        row[column] = provider.PickValueInList(
            ["", "x", "-1", "1e999", "NaN", '"', "0,0", "\n", "\x00", "é"]
        )
    kept = rows[: provider.ConsumeIntInRange(0, len(rows))]
    return "\n".join(",".join(row) for row in kept).encode()


def _any_array(provider):
    shape = [
        provider.ConsumeIntInRange(0, 4)
        for _ in range(provider.ConsumeIntInRange(0, 3))
    ]
    if provider.ConsumeBool():
        shape += [64, 64]
    dtype = provider.PickValueInList(["u1", "i8", "f8", "?", "U2", "c8"])
    return np.zeros(shape, dtype)


def _damaged_archive(names, provider):
    buffer = io.BytesIO()
    np.savez(
        buffer, **{n: _any_array(provider) for n in names if provider.ConsumeBool()}
    )
    return buffer.getvalue()


def _damaged_mat(provider):
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"faces": _any_array(provider)})
    return buffer.getvalue()


def data(data):
    provider = atheris.FuzzedDataProvider(data)
    fetch, name = provider.PickValueInList(LOADERS)
    path = FOLDER / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if provider.ConsumeIntInRange(0, 5) == 0:
        content = provider.ConsumeBytes(1000)
    elif name.endswith(".csv"):
        content = _damaged_table(TABLES[name], provider)
    elif name.endswith(".mat"):
        content = _damaged_mat(provider)
    elif name.endswith(".npz"):
        content = _damaged_archive(ARRAYS[name], provider)
    else:
        content = gzip.compress(provider.ConsumeBytes(100), 1)
    path.write_bytes(content)
    if "mnist" in name:
        labels = b"\0\0\0\0" + np.array([4], ">u4").tobytes() + b"\0\1\2\3"
        path.with_name("t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    try:
        fetch(data_home=FOLDER / "data", **({} if "cifar" in name else OFFLINE))
    except OSError as error:
        if path.name not in str(error):
            raise
    finally:
        path.unlink()


def _first_lines():
    """Of real tables, where there are any: to be damaged."""
    home = Path(os.environ.get("SKLEARN_MID_DATA", FOLDER))
    tables = {}
    for _, name in LOADERS:
        if name.endswith(".csv"):
            path = home / name
            text = path.read_text(errors="replace") if path.is_file() else "a,b\n1,2"
            tables[name] = text.splitlines()[:12]
    return tables


def _fetch_train(fetch):
    return functools.partial(fetch, subset="train")


LOADERS = [
    (datasets.fetch_iwpc, "iwpc/iwpc-scaled.csv"),
    (datasets.fetch_steak, "steak/steak-risk-survey.csv"),
    (datasets.fetch_nhanes, "nhanes/NHANES.csv"),
    (_fetch_train(datasets.fetch_gss), f"gss/{_gss.FILES['train'].name}"),
    (_fetch_train(datasets.fetch_adult), f"adult/{_adult.FILES['train'].name}"),
    (datasets.fetch_orl_faces, "orl_faces/olivettifaces.mat"),
    (datasets.fetch_auxiliary_faces, "london_faces/faces_ccby_64.npz"),
    (datasets.fetch_lfw_faces, "lfw/lfw64_grey.npz"),
    (datasets.fetch_cifar10, f"{_cifar10.FILE.dataset}/{_cifar10.FILE.name}"),
    (datasets.fetch_mnist, "mnist/t10k-images-idx3-ubyte.gz"),
]
OFFLINE = {"download_if_missing": False}
ARRAYS = {
    "london_faces/faces_ccby_64.npz": ["identity", "images", "smiling", "source"],
    "lfw/lfw64_grey.npz": ["identity", "images"],
    f"{_cifar10.FILE.dataset}/{_cifar10.FILE.name}": [
        "jpeg",
        "offsets",
        "label",
        "is_train",
    ],
}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    target = {"suite": suite, "results": results, "model": model, "data": data}[
        sys.argv.pop(1)
    ]
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    if target is results:
        RESULTS = _results_folder()
    elif target is suite:
        (corpus / "0").write_bytes(SUITE)
    elif target is data:
        _files._verify = lambda path, file: None
        TABLES = _first_lines()
    else:
        MODELS = _any_model()
    if target is not suite:
        rng = np.random.default_rng(0)
        for k in range(50):
            (corpus / str(k)).write_bytes(rng.bytes(400))
    atheris.Setup([*sys.argv, str(corpus)], target)
    atheris.Fuzz()
