"""Values that the attack, or the model, has never met."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    ImputationBaseline,
    LearnedAttack,
    MAPAttack,
    WhiteBoxTreeAttack,
)
from sklearn_mid.defenses import OmitFeature
from sklearn_mid.model_selection import make_attack_scorer
from sklearn_mid.tree import MIDDecisionTreeClassifier

RNG = np.random.default_rng(0)
# Codes that look like numbers, as a questionnaire has them.
PEOPLE = pd.DataFrame(
    {
        "gene": RNG.choice(["11", "12", "13"], 200, p=[0.6, 0.3, 0.1]),
        "town": RNG.choice(["01", "02", "03"], 200),
        "age": RNG.integers(20, 60, 200),
    }
)
SICK = (PEOPLE["gene"] != "11") ^ (PEOPLE["age"] > 50)
ENCODED = make_pipeline(
    make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["gene", "town"]),
        remainder="passthrough",
    ),
    DecisionTreeClassifier(max_depth=4, random_state=0),
)
MODELS = {
    "tree": MIDDecisionTreeClassifier(0),
    "pipeline": ENCODED,
    "search": GridSearchCV(ENCODED, {"decisiontreeclassifier__max_depth": [3]}),
    "rounded": OmitFeature(MIDDecisionTreeClassifier(0), "age"),
}
# As a reader of CSV files that guesses types would have it.
GUESSED = {
    "gene": PEOPLE.assign(gene=PEOPLE["gene"].astype(int)),
    "town": PEOPLE.assign(town=PEOPLE["town"].astype(float)),
}


@pytest.mark.parametrize("wrong", GUESSED)
@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("attack", [MAPAttack, LearnedAttack])
def test_values_of_another_type_than_the_models_are_refused(attack, kind, wrong):
    model = FrozenEstimator(MODELS[kind].fit(PEOPLE, SICK))
    attack(model, "gene").fit(PEOPLE, SICK)
    message = {
        "gene": r"none of the values \[11, 12, 13\] of the secret 'gene'.*\['11', '12'",
        "town": r"knows 0% of the values in column 'town'.*\d\.0, .*\['01', '02'",
    }
    with pytest.raises(ValueError, match=message[wrong]):
        attack(model, "gene").fit(GUESSED[wrong], SICK)


def test_a_model_that_leaves_the_secret_out_knows_nothing_of_it():
    model = OmitFeature(ENCODED, "gene").fit(PEOPLE, SICK)
    assert model.strategy_ == "constant"
    MAPAttack(model, "gene").fit(PEOPLE, SICK)
    MAPAttack(model, "gene").fit(GUESSED["gene"], SICK)


def rare(n=1):
    return PEOPLE.assign(gene=["33"] * n + PEOPLE["gene"].tolist()[n:])


@pytest.mark.parametrize("n", [1, 20])
@pytest.mark.parametrize("make", [MAPAttack, LearnedAttack, WhiteBoxTreeAttack, None])
def test_people_with_values_nobody_has_met_count_as_guessed_wrong(make, n):
    tree = MIDDecisionTreeClassifier(0).fit(PEOPLE, SICK)
    attack = ImputationBaseline("gene") if make is None else make(tree, "gene")
    attack.fit(PEOPLE, SICK)
    right = attack.infer(PEOPLE, SICK) == PEOPLE["gene"]
    with pytest.warns(
        UserWarning, match=rf"^{n} of 200 people hold a value of .*'gene'"
    ):
        score = attack.score(rare(n), SICK)
    assert_allclose(score, right[n:].sum() / 200)
    assert set(attack.sensitive_values(rare(n), unknown="none")[:n]) == {None}
    with pytest.raises(ValueError, match=r"'33'.* none of the candidates"):
        attack.sensitive_values(rare(n))


def test_nobody_to_attack_and_missing_secrets_are_errors():
    attack = ImputationBaseline("gene").fit(PEOPLE, SICK)
    with pytest.raises(ValueError, match="none of the candidates"):
        attack.score(rare(200), SICK)
    missing = PEOPLE.assign(gene=[None, *PEOPLE["gene"][1:]])
    with pytest.raises(ValueError, match="is missing in 1 of 200"):
        attack.score(missing, SICK)
    with pytest.raises(ValueError, match="unknown must be 'raise' or 'none', got 0"):
        attack.sensitive_values(PEOPLE, unknown=0)


@pytest.mark.parametrize("metric", ["advantage", "accuracy", "mcc"])
def test_a_rare_value_fails_no_fold(metric):
    scorer = make_attack_scorer(
        MAPAttack(None, "gene"), metric=metric, X_auxiliary=PEOPLE, y_auxiliary=SICK
    )
    model = MIDDecisionTreeClassifier(0)
    found = cross_validate(model, rare(), SICK, scoring={"neg": scorer}, cv=3)
    assert np.isfinite(found["test_neg"]).all()


def test_forests_of_encoded_people():
    """Many trees know no columns of the records by name."""
    forest = make_pipeline(ENCODED[0], RandomForestClassifier(3, random_state=0))
    forest.fit(PEOPLE, SICK)
    assert MAPAttack(forest, "gene").fit(PEOPLE, SICK).score(PEOPLE, SICK) > 0.5
