"""The frame of a NumPy program: what is the same for every network, with $names for what is not."""

HEADING = '''
"""$title

$about

$shapes
"""

$imports
import numpy as np

$constants
# where() computes both branches, and exp may overflow on the way to a right result
QUIET = {"over": "ignore", "under": "ignore", "divide": "ignore", "invalid": "ignore"}
$special
'''

DRAW = '''
def draw(rng):
    """First parameters, from a NumPy generator: weights as suits the activations, zero biases."""
    return {
        $entries
    }
'''

FORWARD = '''
@np.errstate(**QUIET)
def forward(parameters, $x):
    """The forward pass of $whose: what the backward pass needs of it, and last the output."""
    $parameters

    $block
    $result
'''

LOSS_OF_OUTPUTS = '''
@np.errstate(**QUIET)
def loss_of_outputs($arguments):
    """The loss of $whose, from what the forward pass gave."""
    $parameters
    $count
    $gap
    $block
    return $J
'''

LOSS = '''
@np.errstate(**QUIET)
def loss(parameters, $data):
    """The loss of the examples."""
    $forward
    return loss_of_outputs($arguments)
'''

MEAN_LOSS = '''
@np.errstate(**QUIET)
def loss(parameters, $data):
    """The loss of the examples: the $kind of what each has."""
    total = 0.0
    for $one in $many:
        $forward
        total += ${share}loss_of_outputs($arguments)
    return total$over
'''

BACKWARD = '''
@np.errstate(**QUIET)
def $backward(parameters, $given):
    """The loss of $whose and its gradient by every parameter."""
    $forward
    $parameters
    $count
    $J = loss_of_outputs($arguments)

    $block
    $result
'''

MEAN_BACKWARD = '''
@np.errstate(**QUIET)
def backward(parameters, $data):
    """The loss of the examples and its gradients: the $kind of what each has."""
    total, gradients = 0.0, {name: np.zeros_like(array) for name, array in parameters.items()}
    for $one in $many:
        here, found = backward_of_example(parameters, $given)
        total += ${share}here
        for name in gradients:
            gradients[name] += ${share}found[name]
    return $mean
'''

SIDES = '''
def sides(parameters, $pair):
    """On which side of its kinks everything stands; a difference across one measures no slope."""
    $forward
    $found
    return np.concatenate([np.sign(part).ravel() for part in found])
'''

SIDES_OF_EACH = '''
def sides(parameters, $pair):
    """On which side of its kinks everything stands; a difference across one measures no slope."""
    found = []
    for $x, $y in zip($pair, strict=True):
        $forward
        $found
    return np.concatenate([np.sign(part).ravel() for part in found])
'''

GRADIENT_CHECK = '''
@np.errstate(**QUIET)
def gradient_check(parameters, $data, h=1e-5, entries=20, rng=None):
    """The worst error ‖exact - numeric‖ / max(‖exact‖, ‖numeric‖) of the gradients by each array.

    Below 1e-6 is good. Numeric are central differences of the loss, for so many drawn entries of each
    array; its rounding makes them uncertain by about 1e-10, so that no smaller gradient can be checked.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    $J, gradients = backward(parameters, $data)
    $here
    errors = []
    for name, array in parameters.items():
        exact, numeric = [], []
        for place in rng.permutation(array.size)[:entries]:
            up, down = array.copy(), array.copy()
            up.flat[place] += h
            down.flat[place] -= h
            above, below = {**parameters, name: up}, {**parameters, name: down}
            $off
            exact.append(gradients[name].flat[place])
            numeric.append((loss(above, $data) - loss(below, $data)) / (2 * h))
        $none
        exact, numeric = np.array(exact), np.array(numeric)
        error = np.linalg.norm(exact - numeric)
        size = max(np.linalg.norm(exact), np.linalg.norm(numeric))
        # losses in double precision are off by a few 1e-16, and differences by that over h
        rounding = 1e-15 * (1 + abs($J)) / h * np.sqrt(len(exact))
        if error <= rounding:
            size = max(size, 1e6 * rounding)  # rounding explains it, however small the gradient
        errors.append(error / size)
    return np.max(errors)$otherwise
'''

FIRST_STATE = '''
def first_state(parameters):
    """What $rule keeps of each parameter before the first step: zeros."""
    $zeros
'''

STEP = '''
def step(parameters, gradients, $arguments):
    """$nth update of every parameter by $rule, in place."""
    for name in parameters:
        $take
        $block
        $give
'''

TRAIN = '''
@np.errstate(**QUIET)
def train(parameters, $data, epochs=20, batch_size=8, $given_rate=$rate, rng=None):
    """The parameters after training on mini-batches, drawn anew in each epoch; those given stay."""
    rng = np.random.default_rng(0) if rng is None else rng
    parameters = dict(parameters)
    $state
    $m = $count
    $whole
    for $each in range($epochs):
        order = rng.permutation($m)
        $lost
        for start in range(0, $m, batch_size):
            batch = order[start : start + batch_size]
            $next
            $learning_rate
            $loss, gradients = backward(parameters, $batch)
            $add
            step(parameters, gradients, $arguments)
        $stalls
    return parameters
'''

MAIN = """
if __name__ == "__main__":
    rng = np.random.default_rng(0)
    parameters, teacher = draw(rng), draw(rng)
    $smaller
    $X = rng.standard_normal($shape)
    # the targets are what another network of this kind says
    $Y = $answers
    $classes
    $weights
    error = gradient_check(parameters, $data, rng=rng)
    found = f"gradient check: worst relative error {error:.1e}"
    if not error < 1e-6:
        raise SystemExit(f"{found}, not below 1e-6: the gradients are wrong")
    print(f"{found}, below 1e-6: the gradients hold")
    before, $given_rate = loss(parameters, $data), $rate
    trained = train(parameters, $data, $given_rate=$given_rate, rng=rng)
    while not loss(trained, $data) < before and $given_rate > 1e-9:
        $given_rate /= 10  # those steps were too long
        trained = train(parameters, $data, $given_rate=$given_rate, rng=rng)
    after = loss(trained, $data)
    if after > before:
        found = f"the loss rises from {before} to {after}, however short the steps"
        raise SystemExit(f"{found}: the update is wrong")
    print(f"loss before training: {before:.6f}")
    print(f"loss after training:  {after:.6f}")
"""
