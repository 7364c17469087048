"""The derivation of a network: its equations, why they hold, and what is made of them."""

from handgrad.derivation.derivation import Derivation as Derivation
from handgrad.derivation.derivation import following as following
from handgrad.derivation.deriving import derive as derive
