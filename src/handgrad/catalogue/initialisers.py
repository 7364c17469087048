"""How first weights are drawn. To add an initialiser, add a record."""

from handgrad.catalogue.records import Initialiser

_GLOROT = "Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks (2010)"
_HE = "He, Zhang, Ren and Sun, Delving Deep into Rectifiers (2015)"
_LECUN = "LeCun, Bottou, Orr and Müller, Efficient BackProp (1998)"

INITIALISERS: dict[str, Initialiser] = {
    record.name: record
    for record in (
        Initialiser("zeros", "uniform", "0", "all weights equal, which hidden layers cannot leave"),
        Initialiser("glorot_uniform", "uniform", "sqrt(6 / (fan_in + fan_out))", _GLOROT),
        Initialiser("glorot_normal", "normal", "sqrt(2 / (fan_in + fan_out))", _GLOROT),
        Initialiser("he_uniform", "uniform", "sqrt(6 / fan_in)", _HE),
        Initialiser("he_normal", "normal", "sqrt(2 / fan_in)", _HE),
        Initialiser("lecun_uniform", "uniform", "sqrt(3 / fan_in)", _LECUN),
        Initialiser("lecun_normal", "normal", "sqrt(1 / fan_in)", _LECUN),
    )
}
