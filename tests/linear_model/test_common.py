"""scikit-learn's estimator checks, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_mid.linear_model import MIDLinearRegression


@parametrize_with_checks(
    [
        MIDLinearRegression(),
        MIDLinearRegression(reg_lambda=0),
        MIDLinearRegression(reg_lambda=0.1, entropy="taylor"),
        MIDLinearRegression(reg_lambda=0.1, entropy="taylor", taylor_order=0),
        MIDLinearRegression(reg_lambda=1, sensitive_features=[0]),
        MIDLinearRegression(reg_lambda=0.5, fit_intercept=False),
    ]
)
def test_estimator_checks(estimator, check):
    check(estimator)
