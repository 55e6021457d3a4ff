import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_mid.metrics import judge_scores


class Line:
    """Knows three points of a line, and is sure of what lies near one of them."""

    classes_ = np.array(["a", "b", "c"])

    def predict_proba(self, X):
        nearness = np.exp(-np.abs(np.asarray(X) - [[0.0, 1.0, 2.0]]))
        return nearness / nearness.sum(axis=1, keepdims=True)


REAL = [[0.0], [0.1], [1.0], [1.1], [2.0], [2.1]]
OF = list("aabbcc")


def test_scores_by_hand():
    scores = judge_scores(Line(), [[0.0], [1.4], [2.0]], list("aca"), REAL, OF)
    assert_allclose(scores["accuracy"], 1 / 3)
    assert scores["top-5 accuracy"] == 1  # of three
    assert_allclose(scores["accepted"], 1 / 3)
    assert scores["judge on real images"] == 1
    assert scores["reliable"] is True
    assert "false positives" not in scores


def test_a_reconstruction_between_classes_is_not_accepted():
    # Recognised for "a", but never so unsurely as any real image.
    scores = judge_scores(Line(), [[0.4]], ["a"], REAL, OF)
    assert scores["accuracy"] == 1
    assert scores["accepted"] == 0


def test_judge_that_errs_on_real_images_is_marked():
    scores = judge_scores(Line(), [[0.0]], ["a"], [*REAL, [0.2]], [*OF, "b"])
    assert_allclose(scores["judge on real images"], 6 / 7)
    assert scores["reliable"] is False


def test_false_positives_are_sure_answers_about_strangers():
    public = [[0.0], [0.45], [0.55], [2.0]]
    scores = judge_scores(Line(), [[0.0]], ["a"], REAL, OF, X_public=public)
    assert_allclose(scores["false positives"], 0.5)


@pytest.mark.parametrize(
    "judge",
    [
        make_pipeline(PCA(20), LogisticRegression(max_iter=500)),
        SVC(),
        LogisticRegression(max_iter=500),
    ],
    ids=["features of a pipeline", "scores", "probabilities"],
)
def test_real_images_are_as_near_as_real_images(judge):
    X, y = load_digits(return_X_y=True)
    X = X / 16
    judge.fit(X[:700], y[:700])
    real = judge_scores(judge, X[1200:], y[1200:], X[700:1200], y[700:1200])
    assert_allclose(real["feature distance"], 1, atol=0.35)
    assert real["accepted"] > 0.8
    noise = np.random.default_rng(0).random((100, 64))
    far = judge_scores(judge, noise, y[:100], X[700:1200], y[700:1200])
    assert far["feature distance"] > 1.3
    assert far["accepted"] < 0.3


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"labels": ["z"]}, ValueError, r"labels holds \['z'\].*classes are"),
        ({"judge": PCA()}, TypeError, "judge must be a fitted classifier"),
        ({"X_real": [[0.0]], "y_real": ["a"]}, ValueError, "single image of 'a'"),
    ],
)
def test_unfit_input_is_named(change, error, match):
    given = {
        "judge": Line(),
        "X_reconstructed": [[0.0]],
        "labels": ["a"],
        "X_real": REAL,
        "y_real": OF,
    }
    with pytest.raises(error, match=match):
        judge_scores(**(given | change))
