from sklearn_mid.attacks import MAPAttack, PriorBaseline
from sklearn_mid.datasets import load_diabetes
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.model_selection import target_auxiliary_split

X, y = load_diabetes(return_X_y=True)
people, test, known, _ = target_auxiliary_split(X, y, random_state=0)

guess = PriorBaseline("sex").fit(known.X, known.y).score(people.X, people.y)
print(f"guess without a model: {guess:.0%} right")

for reg_lambda in (0, 10):
    model = MIDLinearRegression(reg_lambda, sensitive_features=["sex"])
    model.fit(people.X, people.y)
    attack = MAPAttack(model, "sex").fit(known.X, known.y)
    print(
        f"lambda = {reg_lambda}: R2 {model.score(test.X, test.y):.2f}, "
        f"attack {attack.score(people.X, people.y):.0%} right"
    )
