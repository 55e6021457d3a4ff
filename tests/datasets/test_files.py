import hashlib
import os
import re
from functools import partial

import pytest

from sklearn_mid import datasets
from sklearn_mid.datasets import (
    _adult,
    _cifar10,
    _faces,
    _files,
    _gss,
    _iwpc,
    _lfw,
    _mnist,
    _nhanes,
    _steak,
    fetch_iwpc,
    fetch_mnist,
)
from sklearn_mid.datasets._files import DataFile, find_file

CONTENT = b"a,b\n1,2\n"
ALL_FILES = [
    *_adult.FILES.values(),
    *_gss.FILES.values(),
    *_mnist.FILES.values(),
    _iwpc.FILE,
    _nhanes.FILE,
    _steak.FILE,
    _cifar10.FILE,
    _lfw.FILE,
    _faces.ORL_FILE,
    _faces.LONDON_FILE,
]


@pytest.fixture(autouse=True)
def no_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.delenv("SKLEARN_MID_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))


@pytest.fixture
def remote(tmp_path):
    """A file that can be downloaded, and the path of what is behind its address."""
    source = tmp_path / "server" / "table.csv"
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    return DataFile(
        dataset="toy",
        name="table.csv",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        url=f"file://localhost{source}",
    ), source


def place(folder, content=CONTENT):
    (folder / "toy").mkdir(parents=True)
    path = folder / "toy" / "table.csv"
    path.write_bytes(content)
    return path


def test_download_lands_in_the_cache_and_is_not_repeated(remote, tmp_path):
    file, source = remote
    path = find_file(file)
    assert path == tmp_path / "home" / "sklearn_mid_data" / "toy" / "table.csv"
    assert path.read_bytes() == CONTENT
    source.unlink()
    assert find_file(file) == path


def test_data_home_takes_the_download(remote, tmp_path):
    file, _ = remote
    path = find_file(file, data_home=tmp_path / "mine")
    assert path == tmp_path / "mine" / "toy" / "table.csv"
    assert list(path.parent.iterdir()) == [path]


def test_lookup_order(remote, tmp_path, monkeypatch):
    file, source = remote
    source.unlink()
    in_cache = place(tmp_path / "home" / "sklearn_mid_data")
    assert find_file(file) == in_cache
    monkeypatch.setenv("SKLEARN_MID_DATA", str(tmp_path / "variable"))
    assert find_file(file) == in_cache
    by_variable = place(tmp_path / "variable")
    assert find_file(file) == by_variable
    by_argument = place(tmp_path / "argument")
    assert find_file(file, data_home=str(tmp_path / "argument")) == by_argument


def test_data_home_is_the_only_folder(remote, tmp_path, monkeypatch):
    file, _ = remote
    place(tmp_path / "variable")
    monkeypatch.setenv("SKLEARN_MID_DATA", str(tmp_path / "variable"))
    with pytest.raises(OSError, match="not found"):
        find_file(file, data_home=tmp_path / "empty", download_if_missing=False)


@pytest.mark.parametrize("content", [CONTENT[:-1], b"", b"garbage"])
def test_damaged_local_file_is_refused_and_kept(remote, tmp_path, content):
    file, _ = remote
    path = place(tmp_path / "mine", content)
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(OSError, match=f"{found}, expected {file.sha256}.*Delete it"):
        find_file(file, data_home=tmp_path / "mine")
    assert path.read_bytes() == content


def test_damaged_download_leaves_nothing_behind(remote, tmp_path):
    file, source = remote
    source.write_bytes(CONTENT[:-1])
    with pytest.raises(OSError, match=r"SHA256 checksum of table\.csv"):
        find_file(file, data_home=tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_a_failed_download_keeps_what_was_there(remote, tmp_path):
    file, source = remote
    source.unlink()
    (tmp_path / "mine").mkdir()
    with pytest.raises(OSError, match="could not be downloaded"):
        find_file(file, data_home=tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []
    (tmp_path / "mine" / "toy").mkdir()
    (tmp_path / "mine" / "toy" / "other.csv").write_text("")
    with pytest.raises(OSError, match="could not be downloaded"):
        find_file(file, data_home=tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine" / "toy").iterdir()] == ["other.csv"]


def test_another_copy_with_the_same_content_is_accepted(remote, tmp_path):
    file, _ = remote
    other = hashlib.sha256(b"repacked").hexdigest()
    file = DataFile(file.dataset, file.name, file.sha256, None, (other,))
    path = place(tmp_path / "mine", b"repacked")
    assert find_file(file, data_home=tmp_path / "mine") == path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_folder_is_named(remote, tmp_path):
    file, _ = remote
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    with pytest.raises(OSError, match=re.escape(str(locked / "toy"))):
        find_file(file, data_home=locked)


def test_folder_that_is_a_file_is_named(remote, tmp_path):
    file, _ = remote
    (tmp_path / "taken").write_text("")
    with pytest.raises(OSError, match=f"could not be downloaded.*{tmp_path}/taken/toy"):
        find_file(file, data_home=tmp_path / "taken")


def test_offline_error_names_address_file_and_variable(tmp_path, monkeypatch):
    def offline(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr("sklearn_mid.datasets._files.fetch_file", offline)
    with pytest.raises(OSError, match="no network") as info:
        fetch_iwpc()
    message = str(info.value)
    for part in (_iwpc.FILE.url, "iwpc/iwpc-scaled.csv", "SKLEARN_MID_DATA"):
        assert part in message


def test_missing_file_is_not_downloaded_unasked(tmp_path):
    with pytest.raises(OSError, match=r"t10k-images.*not found.*SKLEARN_MID_DATA"):
        fetch_mnist(data_home=tmp_path, download_if_missing=False)


@pytest.mark.parametrize("file", [_cifar10.FILE, _lfw.FILE, _faces.LONDON_FILE])
def test_file_without_address_is_asked_for(file, tmp_path):
    with pytest.raises(OSError, match=r"no public address.*SKLEARN_MID_DATA"):
        find_file(file, data_home=tmp_path)


@pytest.mark.parametrize("file", ALL_FILES, ids=lambda file: file.name)
def test_checksums_are_those_of_the_real_files(file, data_home):
    path = find_file(file, data_home=data_home)
    assert path == data_home / file.dataset / file.name


@pytest.mark.parametrize(
    ("fetch", "path"),
    [
        (datasets.fetch_iwpc, "iwpc/iwpc-scaled.csv"),
        (datasets.fetch_steak, "steak/steak-risk-survey.csv"),
        (datasets.fetch_nhanes, "nhanes/NHANES.csv"),
        (datasets.fetch_orl_faces, "orl_faces/olivettifaces.mat"),
        (datasets.fetch_auxiliary_faces, "london_faces/faces_ccby_64.npz"),
        (datasets.fetch_lfw_faces, "lfw/lfw64_grey.npz"),
        (partial(datasets.fetch_gss, subset="test"), "gss/GSS_5079.csv"),
        (partial(datasets.fetch_adult, subset="test"), "adult/Adult_10000.csv"),
    ],
)
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04", bytes(300)])
def test_what_a_parser_stumbles_over_is_named(
    fetch, path, content, tmp_path, monkeypatch
):
    monkeypatch.setattr(_files, "_verify", lambda path, file: None)
    file = tmp_path / path
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(OSError, match=f"{file.name}.* cannot be read"):
        fetch(data_home=tmp_path, download_if_missing=False)
