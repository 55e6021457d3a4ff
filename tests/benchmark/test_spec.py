"""Suite files: what is read, and the one error for what is wrong."""

import contextlib
import functools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_mid.benchmark import Suite, SuiteError, list_suites, load_suite
from sklearn_mid.benchmark._engine._spec import parse_suite as read
from sklearn_mid.benchmark._problems import CATALOGUE

parse_suite = functools.partial(read, catalogue=CATALOGUE)

TOML = """
name = "mine"
repetitions = 2
timeout = 10.5

[[dataset]]
name = "numbers"
use = "benchmark_toys:dataset"
params = { size = 5 }

[[defence]]
name = "shifted"
use = "benchmark_toys:defence"
strength = { shift = [1, inf] }

[[attack]]
name = "mean"
use = "benchmark_toys:attack"
"""


def test_a_file_is_read(tmp_path):
    path = tmp_path / "a folder with 'quotes'" / "mine.toml"
    path.parent.mkdir()
    path.write_text(TOML)
    suite = load_suite(path)
    assert (suite.name, suite.repetitions, suite.timeout) == ("mine", 2, 10.5)
    assert suite.datasets[0].params == {"size": 5}
    assert suite.defences[0].parameter == "shift"
    assert suite.defences[0].strengths == (1, math.inf)
    assert load_suite(suite) is suite


def test_the_baselines_come_by_themselves(toy_document):
    document = toy_document()
    del document["baseline"]
    names = [b.name for b in parse_suite(document).baselines]
    assert names == ["majority guess", "imputation without the model"]
    assert parse_suite({**document, "attack": []}).baselines == ()


def test_to_dict_is_read_back(toy_suite):
    suite = toy_suite(
        reference=[{"label": "paper", "utility": 0.5, "attack": 0.6}], timeout=3
    )
    assert parse_suite(suite.to_dict()) == suite
    assert suite.replace(repetitions=7).repetitions == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repetition": 2}, r"unknown key 'repetition'; did you mean 'repetitions'"),
        ({"repetitions": 0}, r"repetitions must be an integer of at least 1, got 0"),
        ({"repetitions": True}, r"repetitions must be an integer .* got True"),
        ({"seed": 1.5}, r"seed must be an integer .* got 1\.5"),
        ({"timeout": -1}, r"timeout must be a number of at least 0, got -1"),
        ({"timeout": math.nan}, r"timeout must be a number"),
        ({"name": " "}, r"name must not be empty"),
        ({"title": 3}, r"title must be a text, got 3"),
        ({"dataset": []}, r"there is no \[\[dataset\]\]"),
        ({"defence": {"name": "a"}}, r"write defence as \[\[defence\]\] tables"),
        ({"attack": ["mean"]}, r"write attack as \[\[attack\]\] tables"),
        ({"dataset": [{"use": "quick"}]}, r"dataset 1: the key 'name' is missing"),
        (
            {"dataset": [{"name": "diabetis"}]},
            r"dataset 1 \('diabetis'\): unknown dataset 'diabetis'; did you mean "
            r"'diabetes'",
        ),
        (
            {"defence": [{"name": "undefnded"}]},
            r"unknown defence 'undefnded'; did you mean 'undefended'",
        ),
        (
            {"reference": [{"label": "p", "utility": "x", "attack": 1}]},
            r"reference 1 \('p'\): utility must be a number, got 'x'",
        ),
        (
            {"reference": [{"label": "p", "utility": 1, "attack": 1, "datasets": "n"}]},
            r"datasets names 'n'.* Allowed are: numbers",
        ),
    ],
)
def test_one_clear_error(toy_document, change, message):
    with pytest.raises(SuiteError, match=message):
        parse_suite({**toy_document(), **change})


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("dataset", {"use": "benchmark_toys:datasett"}, r"cannot load dataset"),
        ("dataset", {"use": "no_such_module:x"}, r"No module named 'no_such_module'"),
        ("dataset", {"use": "benchmark_toys:not_callable"}, r"is not callable: 3"),
        ("dataset", {"use": "benchmark_toys"}, r"unknown dataset 'benchmark_toys'"),
        ("dataset", {"population": "everyone"}, r"names 'everyone'.*held-out, members"),
        ("dataset", {"parms": {}}, r"unknown key 'parms'; did you mean 'params'"),
        ("dataset", {"params": {"sise": 3}}, r"takes no parameter 'sise'; did you m"),
        ("dataset", {"params": {"random_state": 3}}, r"no parameter 'random_state'"),
        ("dataset", {"params": 3}, r"params must be a table, got 3"),
        ("defence", {"strength": {"shfit": [1]}}, r"no parameter 'shfit'; did you"),
        ("defence", {"strength": {"shift": []}}, r"must be distinct numbers, got \[\]"),
        ("defence", {"strength": {"shift": [1, 1.0]}}, r"must be distinct numbers"),
        ("defence", {"strength": {"shift": ["x"]}}, r"must be a number, got 'x'"),
        ("defence", {"strength": {"shift": 1}}, r"must be a list of numbers, got 1"),
        (
            "defence",
            {"strength": {"shift": [1], "seconds": [0]}},
            r"must vary one parameter, got \['seconds', 'shift'\]",
        ),
        (
            "defence",
            {"strength": {"shift": [1]}, "params": {"shift": 2}},
            r"'shift' is under strength and params",
        ),
        ("attack", {"datasets": ["number"]}, r"names 'number'; did you mean 'numbers'"),
        ("attack", {"datasets": 3}, r"datasets must be a list of names, got 3"),
        (
            "attack",
            {"use": "map", "params": {"use_priors": True}},
            r"attack 'map' takes no parameter 'use_priors'; did you mean 'use_prior'",
        ),
        (
            "attack",
            {"use": "sklearn_mid.attacks:MAPAttack", "params": {"estimator": 3}},
            r"takes no parameter 'estimator'",
        ),
        (
            "defence",
            {"params": {"shift": {"use": "sklearn.svm:SVC", "c": 1}}},
            r"defence 'sklearn.svm:SVC' takes no parameter 'c'",
        ),
    ],
)
def test_one_clear_error_in_a_table(toy, toy_document, kind, change, message):
    table = {**toy("x" if kind != "dataset" else "numbers", kind), **change}
    with pytest.raises(SuiteError, match=message):
        parse_suite(toy_document(**{kind: [table]}))


@pytest.mark.parametrize("kind", ["dataset", "defence", "attack"])
def test_duplicate_names(toy, toy_document, kind):
    with pytest.raises(SuiteError, match=rf"two {kind}s are named 'same'"):
        parse_suite(toy_document(**{kind: [toy("same", kind)] * 2}))


def test_an_attack_and_a_baseline_share_their_names(toy, toy_document):
    twice = toy_document(baseline=[toy("mean", "attack")])
    with pytest.raises(SuiteError, match="two attacks are named 'mean'"):
        parse_suite(twice)


def test_two_of_one_name_may_be_for_different_datasets(toy, toy_document):
    datasets = [toy("a", "dataset"), toy("b", "dataset")]
    attacks = [toy("mean", "attack", datasets=[name]) for name in "ab"]
    suite = parse_suite(toy_document(dataset=datasets, attack=attacks))
    assert len(suite.attacks) == 2
    with pytest.raises(SuiteError, match="two attacks are named 'mean'"):
        parse_suite(
            toy_document(dataset=datasets, attack=[*attacks, toy("mean", "attack")])
        )


def test_files_that_are_no_suites(tmp_path):
    with pytest.raises(SuiteError, match=r"cannot read .*none\.toml.*No such file"):
        load_suite(tmp_path / "none.toml")
    garbage = tmp_path / "garbage.toml"
    for content in (b"name = ", b"\xff\xfe\x00", b"a" * 10, b"x = " + b"[" * 100_000):
        garbage.write_bytes(content)
        with pytest.raises(SuiteError, match="is not a TOML file"):
            load_suite(garbage)


KEYS = st.sampled_from(
    ["name", "use", "params", "strength", "repetitions", "dataset", "datasets", "seed",
     "defence", "attack", "baseline", "reference", "label", "utility", "timeout", "x"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.sampled_from(
        ["", "a", "diabetes", "undefended", "map", "mid-linear", ":", "a:"]
    )
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        KEYS,
        st.recursive(
            LEAVES,
            lambda part: (
                st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=4)
            ),
            max_leaves=12,
        ),
        max_size=8,
    )
)
def test_whatever_a_file_holds_it_is_a_suite_or_one_error(document):
    with contextlib.suppress(SuiteError):
        assert isinstance(parse_suite(document), Suite)


def test_suites_of_the_package_are_found_by_name_and_ending():
    assert "quick" in list_suites()
    assert load_suite("quick").name == "quick"
    with pytest.raises(SuiteError, match="no suite 'quik'; did you mean 'quick'"):
        load_suite("quik")


@pytest.mark.parametrize("name", list_suites())
def test_every_suite_of_the_package_is_valid(name):
    suite = load_suite(name)
    assert suite.name == name
    assert suite.title
    assert suite.description


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TOML, encoding="utf-8-sig")
    assert load_suite(path).name == "mine"


def test_what_may_stand_instead_is_a_sentence(toy_document):
    document = toy_document(attack=[{"name": "wxyz"}])
    with pytest.raises(SuiteError, match=r"'wxyz'\. Allowed are: "):
        parse_suite(document)
