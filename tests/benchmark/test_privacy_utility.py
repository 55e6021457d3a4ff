"""The privacy-utility plot."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose
from scipy.stats import binomtest

from sklearn_mid.benchmark import PrivacyUtilityDisplay, compare_defences
from sklearn_mid.benchmark._report._repetitions import (
    collapsed,
    summarize_repetitions,
)
from sklearn_mid.metrics import difference_over_splits, interval_over_splits

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


# defence, strength, attack, population, metric, values of two repetitions
ROWS = [
    ("", None, "guess", "members", "accuracy", (0.5, 0.5)),
    ("undefended", None, "", "held-out", "accuracy", (0.8, 0.9)),
    ("undefended", None, "MAP", "members", "accuracy", (0.7, 0.9)),
    ("MID", 10.0, "", "held-out", "accuracy", (0.7, 0.7)),
    ("MID", 10.0, "MAP", "members", "accuracy", (0.5, 0.6)),
    ("MID", 1.0, "", "held-out", "accuracy", (0.8, 0.8)),
    ("MID", 1.0, "MAP", "members", "accuracy", (0.6, 0.7)),
]


def results(rows=ROWS):
    tidy = [
        ("survey", *row[:5], repetition, value)
        for row in rows
        for repetition, value in enumerate(row[5])
        if value is not None
    ]
    columns = ["dataset", "defence", "strength", "attack", "population", "metric"]
    frame = pd.DataFrame(tidy, columns=[*columns, "repetition", "value"])
    frame["strength"] = frame["strength"].astype(float)
    frame["parameter"] = np.where(frame["strength"].isna(), "", "reg_lambda")
    kind = np.where(frame["attack"] == "", "model", "attack")
    frame["kind"] = np.where(frame["defence"] == "", "baseline", kind)
    return frame


def test_points_are_means_over_repetitions():
    display = PrivacyUtilityDisplay.from_results(results(), utility="accuracy")
    undefended, strong, weak = display.points.to_dict("records")
    assert_allclose([undefended["utility"], undefended["attack"]], [0.85, 0.8])
    # two runs: t with one degree of freedom, within what an accuracy can be
    assert_allclose([undefended["attack_low"], undefended["attack_high"]], [0, 1])
    assert (strong["strength"], weak["strength"]) == (10, 1)
    assert display.points["complete"].all()
    assert display.baselines["name"].tolist() == ["guess"]
    assert not display.lower_is_better


def test_the_plot_shows_all_of_it():
    display = PrivacyUtilityDisplay.from_results(
        results(), utility="accuracy", references=[("paper", 0.75, 0.55)]
    )
    labels = display.ax_.get_legend_handles_labels()[1]
    assert labels == ["guess", "undefended", "MID (reg_lambda 1 to 10)"]
    lines = {line.get_label(): line for line in display.ax_.lines}
    # A curve goes along its strength, whatever the order of the rows.
    assert_allclose(lines["MID (reg_lambda 1 to 10)"].get_xdata(), [0.8, 0.7])
    assert_allclose(lines["guess"].get_ydata(), [0.5, 0.5])
    texts = [text.get_text() for text in display.ax_.texts]
    assert "paper" in texts
    assert "higher is better" in display.ax_.get_xlabel()
    assert display.figure_ is display.ax_.figure


def test_names_say_whose_figures_they_are():
    rows = [(*row[:3], "held-out", *row[4:]) for row in ROWS]
    display = PrivacyUtilityDisplay.from_results(
        results(rows), utility="accuracy", population="held-out", statistic="median"
    )
    ax = display.ax_
    assert len(display.points) == 3
    assert ax.get_xlabel() == (
        "median accuracy of the model, held-out people\n(higher is better)"
    )
    assert ax.get_ylabel() == (
        "median accuracy of the attack, held-out\n(lower is more private)"
    )
    assert ax.get_title() == "survey: MAP"
    assert not any("INCOMPLETE" in text.get_text() for text in ax.texts)


def test_all_is_drawn_where_it_belongs():
    rows = [(*ROWS[0][:5], (0.4, 0.6)), *ROWS[1:-1], (*ROWS[-1][:5], (0.6, None))]
    _, ax = pyplot.subplots()
    display = PrivacyUtilityDisplay.from_results(
        results(rows),
        utility="accuracy",
        references=[("paper", 0.75, 0.55)],
        allow_incomplete=True,
        ax=ax,
    )
    assert display.ax_ is ax
    # the one baseline's interval
    (span,) = ax.patches
    box = span.get_path().transformed(span.get_patch_transform()).get_extents()
    assert_allclose([box.y0, box.y1], [0, 1])
    # error bars of the undefended model
    bars = [bar.get_segments()[0] for bar in ax.containers[0][2]]
    _, low, high = interval_over_splits([0.8, 0.9])
    assert_allclose(bars[0], [[max(low, 0), 0.8], [min(high, 1), 0.8]])
    assert_allclose(bars[1][:, 0], 0.85)
    notes = {text.get_text(): text for text in ax.texts}
    assert_allclose(notes["paper"].xy, (0.75, 0.55))
    assert_allclose(notes["1"].xy, (0.8, 0.6))
    assert_allclose(notes["10"].xy, (0.7, 0.55))
    hollow = [
        line.get_xydata().tolist()
        for line in ax.lines
        if mpl.colors.same_color(line.get_markerfacecolor(), ax.get_facecolor())
    ]
    assert hollow == [[], [[0.8, 0.6]]]
    assert [[0.75, 0.55]] in [line.get_xydata().tolist() for line in ax.lines]
    (legend,) = ax.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "guess",
        "undefended",
        "MID (reg_lambda 1 to 10)",
    ]


def curves(n, utility=(0.5, 0.6)):
    """`n` defences of two strengths each."""
    strength, value = np.tile([1.0, 2.0], n), np.tile(utility, n)
    points = pd.DataFrame({"defence": np.repeat([f"d{i}" for i in range(n)], 2)})
    points = points.assign(parameter="p", strength=strength, complete=True)
    for name in ("utility", "attack"):
        points = points.assign(
            **{name: value, f"{name}_low": value, f"{name}_high": value}
        )
    baselines = pd.DataFrame({"name": ["a", "b", "c"], "attack": 0.5})
    return PrivacyUtilityDisplay(
        points=points.assign(style=np.repeat(np.arange(n), 2)),
        baselines=baselines.assign(attack_low=0.5, attack_high=0.5),
        utility_name="mse",
        attack_name="accuracy",
        lower_is_better=True,
    )


def test_no_two_curves_look_the_same():
    ax = curves(32).plot().ax_
    lines = [line for line in ax.lines if line.get_label().startswith("d")]
    # Matplotlib has no public getter of a pattern of dashes.
    looks = {(line.get_color(), str(line._unscaled_dash_pattern)) for line in lines}
    assert len(looks) == len(lines) == 32
    assert len({line.get_marker() for line in lines[:12]}) == 12
    levels = [line for line in ax.lines if line.get_label() in {"a", "b", "c"}]
    assert len({str(line._unscaled_dash_pattern) for line in levels}) == 3


@pytest.mark.parametrize(
    ("utility", "scale"),
    [
        ((1.0, 20.0), "linear"),
        ((1.0, 21.0), "log"),
        ((1.0, np.inf), "linear"),
        ((0.0, 30.0), "linear"),
        ((np.inf, np.inf), "linear"),
    ],
)
def test_only_ratios_above_twenty_get_a_logarithmic_axis(utility, scale):
    display = curves(1, utility)
    assert display.plot().ax_.get_xscale() == scale
    display.lower_is_better = False
    assert display.plot().ax_.get_xscale() == "linear"


def test_a_plot_takes_a_name_and_a_style():
    _, ax = pyplot.subplots()
    display = curves(2).plot(ax, name="mine", ls=":", color="red")
    assert display.ax_ is ax
    assert ax.get_title() == "mine"
    lines = [line for line in ax.lines if line.get_label().startswith("d")]
    assert {(line.get_linestyle(), line.get_color()) for line in lines} == {
        (":", "red")
    }


def test_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(
        ImportError,
        match=r"^PrivacyUtilityDisplay.plot needs 'matplotlib'.*\[plot\]'",
    ):
        curves(1).plot()


def test_styles_belong_to_the_defence_not_to_the_plot():
    other = [*ROWS, ("other", None, "", "held-out", "accuracy", (0.5, 0.5))]
    swapped = results(other[:1] + other[-1:] + other[1:-1])
    display = PrivacyUtilityDisplay.from_results(swapped, utility="accuracy")
    assert display.points["style"].tolist() == [1, 2, 2]


def test_an_incomplete_grid_is_refused_unless_asked_for_and_then_marked():
    rows = [*ROWS[:-1], (*ROWS[-1][:5], (0.6, None))]
    with pytest.raises(ValueError, match=r"of 2 repetitions some .* for 'MID'"):
        PrivacyUtilityDisplay.from_results(results(rows), utility="accuracy")
    display = PrivacyUtilityDisplay.from_results(
        results(rows), utility="accuracy", allow_incomplete=True
    )
    assert display.points["complete"].tolist() == [True, True, False]
    assert any("INCOMPLETE" in text.get_text() for text in display.ax_.texts)


def test_missing_baselines_count_as_incomplete():
    rows = [(*ROWS[0][:5], (0.5, None)), *ROWS[1:]]
    with pytest.raises(ValueError, match="missing for 'guess'"):
        PrivacyUtilityDisplay.from_results(results(rows), utility="accuracy")


def test_baselines_need_the_metric_too():
    rows = [(*ROWS[0][:4], "mcc", ROWS[0][5]), *ROWS[1:]]
    with pytest.raises(ValueError, match=r"metric='accuracy' is not in.*\['mcc'\]"):
        PrivacyUtilityDisplay.from_results(results(rows), utility="accuracy")


def test_results_without_baselines():
    display = PrivacyUtilityDisplay.from_results(results(ROWS[1:]), utility="accuracy")
    assert len(display.baselines) == 0
    with_baselines = PrivacyUtilityDisplay.from_results(results(), utility="accuracy")
    assert list(display.baselines) == list(with_baselines.baselines)
    display.plot()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"utility": "mse"}, r"utility='mse' is not in results.*\['accuracy'\]"),
        ({"metric": "mcc"}, r"metric='mcc' is not in results.*\['accuracy'\]"),
        ({"dataset": "other"}, r"dataset='other' is not in results.*\['survey'\]"),
        ({"attack": "other"}, r"attack='other' is not in results.*\['MAP'\]"),
        (
            {"population": "held-out"},
            r"population='held-out' is not in results.*\['members'\]",
        ),
        ({"statistic": "mode"}, r"'statistic' .* Got 'mode'"),
    ],
)
def test_unknown_names(options, message):
    with pytest.raises(ValueError, match=message):
        PrivacyUtilityDisplay.from_results(
            results(), **{"utility": "accuracy", **options}
        )


def test_one_of_several_must_be_named():
    two = pd.concat([results(), results().assign(dataset="census")])
    with pytest.raises(ValueError, match=r"dataset=None, but results hold several"):
        PrivacyUtilityDisplay.from_results(two, utility="accuracy")


def test_an_error_over_orders_of_magnitude_gets_a_logarithmic_axis():
    rows = [(*row[:4], "mse" if row[2] == "" else row[4], row[5]) for row in ROWS]
    rows[1] = (*rows[1][:5], (0.01, 0.01))
    display = PrivacyUtilityDisplay.from_results(results(rows), utility="mse")
    assert display.lower_is_better
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_xlabel().endswith("held-out people\n(lower is better)")


def test_names_are_shown_as_they_are():
    frame = results().replace({"undefended": "_$a$b$ <script>"})
    display = PrivacyUtilityDisplay.from_results(
        frame, utility="accuracy", title="50$ & more"
    )
    display.figure_.canvas.draw()
    assert display.ax_.get_title() == r"50\$ & more"
    labels = display.ax_.get_legend_handles_labels()[1]
    assert r" _\$a\$b\$ <script>" in labels


def test_summaries_of_one_row_and_of_infinite_rows():
    frame = pd.DataFrame(
        {"defence": list("aabbc"), "value": [1.0, np.inf, 2.0, np.nan, np.nan]}
    )
    table = summarize_repetitions(frame, ["defence"]).set_index("defence")
    assert table.loc["a"].tolist() == [np.inf, 1.0, np.inf, 2]
    assert_allclose(table.loc["b"], [2.0, np.nan, np.nan, 1])
    assert table.loc["c"].isna().tolist() == [True, True, True, False]
    assert table.loc["c", "repetitions"] == 0
    again = summarize_repetitions(frame.astype(object), ["defence"])
    assert again.set_index("defence").equals(table)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_intervals_are_t_intervals_over_splits(statistic):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"defence": list("abcab"), "value": rng.random(5)})
    table = summarize_repetitions(frame, ["defence"], statistic=statistic)
    expected = interval_over_splits(frame["value"][[0, 3]], statistic=statistic)
    assert_allclose(table.loc[0, [statistic, "low", "high"]].tolist(), expected)


def test_a_guess_that_never_varies_has_an_interval_over_people():
    """331 people, .40 of them guessed in each split: about .054 on either side."""
    rows = [
        *ROWS,
        ("", np.nan, "guess", "members", "n", (331.0, 331.0)),
    ]
    frame = results(rows)
    is_guess = (frame["attack"] == "guess") & (frame["metric"] == "accuracy")
    frame.loc[is_guess, "value"] = 0.4
    display = PrivacyUtilityDisplay.from_results(frame, utility="accuracy")
    guess = display.baselines.iloc[0]
    exact = binomtest(132, 331).proportion_ci(method="exact")
    assert_allclose([guess["attack_low"], guess["attack_high"]], exact, atol=0.002)


def test_differences_are_paired():
    rows = [
        ("undefended", np.nan, "MAP", "members", "accuracy", (0.70, 0.80, 0.93)),
        ("MID", 1.0, "MAP", "members", "accuracy", (0.60, 0.70, 0.80)),
        ("MID", 2.0, "MAP", "members", "accuracy", (0.60, None, 0.80)),
    ]
    table = compare_defences(results(rows), statistic="median")
    assert table["strength"].tolist() == [1, 2]
    assert_allclose(table["difference"], [-0.1, -0.115])
    assert table["repetitions"].tolist() == [3, 2]
    expected = difference_over_splits(
        [0.60, 0.70, 0.80], [0.70, 0.80, 0.93], statistic="median"
    )
    assert_allclose(table.loc[0, ["difference", "low", "high"]].tolist(), expected)
    with pytest.raises(ValueError, match="'MID' has several strengths"):
        compare_defences(results(rows), "MID")
    with pytest.raises(ValueError, match=r"'omit' is none of the defences \['undef"):
        compare_defences(results(rows), "omit")


@pytest.mark.parametrize("lower_is_better", [False, True])
def test_a_collapsed_run_is_found(lower_is_better):
    runs = {
        "plain": [0.47, 0.48, 0.46],
        "MID": [0.478, 0.383, 0.470],
        "few": [0.1, 0.9],
    }
    frame = pd.DataFrame(
        [(d, i, v) for d, values in runs.items() for i, v in enumerate(values)],
        columns=["defence", "repetition", "value"],
    )
    if lower_is_better:
        frame["value"] = 1 - frame["value"]
    found = collapsed(frame, ["defence"], lower_is_better=lower_is_better)
    assert found[["defence", "repetition"]].to_numpy().tolist() == [["MID", 1]]
    other_way = collapsed(frame, ["defence"], lower_is_better=not lower_is_better)
    assert not len(other_way)


TABLE = pd.DataFrame({"attack": ["MAP", "MAP"], "value": [0.0, 1.0]})


@pytest.mark.parametrize(
    "option",
    [
        {"statistic": "mode"},
        {"confidence_level": 1.0},
    ],
)
def test_options_of_summaries(option):
    ((name, value),) = option.items()
    with pytest.raises(ValueError, match=rf"'{name}' .* of summarize .* Got {value!r}"):
        summarize_repetitions(TABLE, ["attack"], **option)


@pytest.mark.parametrize("results", [TABLE[["value"]], TABLE[["attack"]], [1], None])
def test_results_without_a_column(results):
    with pytest.raises(ValueError, match=r"must be a DataFrame .* are missing"):
        summarize_repetitions(results, ["attack"])


def test_groups_keep_their_order_and_missing_names():
    table = pd.DataFrame({"attack": ["b", None, "a"], "value": [0.0, 1.0, 2.0]})
    summary = summarize_repetitions(table, ["attack"])
    assert summary["mean"].tolist() == [0, 1, 2]


def test_results_to_plot_without_a_column():
    with pytest.raises(ValueError, match=r"DataFrame .*'defence'.* are missing"):
        PrivacyUtilityDisplay.from_results(TABLE, utility="accuracy")
