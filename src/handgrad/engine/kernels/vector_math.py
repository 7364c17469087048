"""Elementary functions in plain arithmetic, without branches and calls, so that LLVM makes vector code of loops over them.

Two of each: exp_32 takes and gives float32, exp_64 float64. The kernels hold a copy of what they use. Each is reduced to a
short range and a polynomial, as in Muller, Elementary Functions (2016); the coefficients interpolate the functions at
Chebyshev nodes, in 60 digits. Infinities, NaN, zeros, overflow and results below the smallest normal number are as in C.
Worst errors met, in units of the last place, where the machine has fused multiply-add: exp 0.9, expm1 1.5, log 0.8, log1p 1.5,
tanh 2.4, cosh 1.1, erf 2.3 (float64: 1.6), erfc 3.8.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba.extending import register_jitable

F = TypeVar("F", bound=Callable[..., Any])

# a product and a sum may become one instruction; nothing else about the order of operations is left to the compiler
inlined: Callable[[F], F] = register_jitable(forceinline=True, fastmath={"contract"}, error_model="numpy")
# a sum of a row is free in its order
unordered: Callable[[F], F] = register_jitable(forceinline=True, fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")

f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64


@unordered
def plus(x: Any, y: Any) -> Any:
    """The next partial sum of a row."""
    return x + y


@inlined
def order_32(x: Any) -> Any:
    """A whole number that orders floats as they are: largest of a row by `max`, which vectorises. NaN may stand at either end."""
    bits = i4(f4(x).view(np.int32))
    return i4(bits ^ i4(i4(bits >> i4(31)) & i4(0x7FFFFFFF)))


@inlined
def ordered_32(order: Any) -> Any:
    """The float that `order_32` numbers."""
    return i4(order ^ i4(i4(order >> i4(31)) & i4(0x7FFFFFFF))).view(np.float32)


@inlined
def sign_32(x: Any) -> Any:
    """-1, 0 or 1."""
    return f4(1.0) if x > f4(0.0) else (f4(-1.0) if x < f4(0.0) else x)


@inlined
def nearest_32(x: Any) -> Any:
    """X / log 2 rounded to a whole number, of size below 2²²."""
    return (x * f4(1.442695) + f4(12582912.0)) - f4(12582912.0)


@inlined
def rest_32(x: Any, n: Any) -> Any:
    """X - n log 2, with log 2 in two parts, the first of few bits."""
    return (x - n * f4(0.69314575)) - n * f4(1.4286068e-06)


@inlined
def curve_32(r: Any) -> Any:
    """(exp(r) - 1 - r) / r² for |r| ≤ log 2 / 2."""
    p = f4(0.0013926376) * r + f4(0.0083633335)
    p = p * r + f4(0.041666552)
    p = p * r + f4(0.16666576)
    return p * r + f4(0.5)


@inlined
def grown_32(r: Any, n: Any) -> Any:
    """exp(r) 2ⁿ; two factors, so that a result below the smallest normal number is rounded once."""
    k = i4(i4(f4(n + f4(12582912.0)).view(np.int32)) - i4(0x4B400000))
    half = i4(k >> i4(1))
    first = i4(i4(half + i4(127)) << i4(23)).view(np.float32)
    second = i4(i4(i4(k - half) + i4(127)) << i4(23)).view(np.float32)
    return (((r * r) * curve_32(r) + r) + f4(1.0)) * first * second


@inlined
def exp_32(x: Any) -> Any:
    """e^x."""
    x = min(x, f4(89.0))
    x = max(x, f4(-104.0))
    n = nearest_32(x)
    return grown_32(rest_32(x, n), n)


@inlined
def expm1_32(x: Any) -> Any:
    """e^x - 1."""
    x0 = min(x, f4(89.0))
    x0 = max(x0, f4(-18.0))
    n = nearest_32(x0)
    r = rest_32(x0, n)
    k = i4(i4(f4(n + f4(12582912.0)).view(np.int32)) - i4(0x4B400000))
    half = i4(i4(k + i4(126)) << i4(23)).view(np.float32)  # 2ⁿ⁻¹: 2ⁿ itself may be too large
    return f4(2.0) * (half * ((r * r) * curve_32(r) + r) + (half - f4(0.5)))


@inlined
def log_32(x: Any) -> Any:
    """The natural logarithm: of x = 2ᵏ (1 + f) by s = f / (2 + f), since log(1 + f) = 2 artanh(s)."""
    tiny = x < f4(1.17549435e-38)
    bits = i4(f4(x * f4(33554432.0) if tiny else x).view(np.int32))
    bits = i4(bits + i4(0x3F800000 - 0x3F3504F3))
    k = f4(i4(i4(bits >> i4(23)) - (i4(152) if tiny else i4(127))))
    f = i4(i4(bits & i4(0x7FFFFF)) + i4(0x3F3504F3)).view(np.float32) - f4(1.0)
    s = f / (f4(2.0) + f)
    z = s * s
    p = f4(0.23330964) * z + f4(0.28550804)
    p = p * z + f4(0.40000123)
    p = p * z + f4(0.6666667)
    square = f4(0.5) * f * f
    y = k * f4(0.69314575) - ((square - (s * (square + p * z) + k * f4(1.4286068e-06))) - f)
    y = x if x == f4(math.inf) else y
    y = f4(-math.inf) if x == f4(0.0) else y
    return y if x >= f4(0.0) else f4(math.nan)


@inlined
def log1p_32(x: Any) -> Any:
    """log(1 + x), with what 1 + x loses made up for."""
    u = f4(1.0) + x
    y = log_32(u)
    more = (x - (u - f4(1.0))) / u
    return y + more if abs(y) < f4(math.inf) else y


@inlined
def tanh_32(x: Any) -> Any:
    """Tanh x = -e / (e + 2) with e = exp(-2x) - 1 for x ≥ 0."""
    e = expm1_32(f4(-2.0) * abs(x))
    y = -e / (e + f4(2.0))
    return y if x >= f4(0.0) else -y


@inlined
def cosh_32(x: Any) -> Any:
    """(e^x + e^-x) / 2."""
    a = abs(x)
    a = min(a, f4(91.0))
    n = nearest_32(a)
    half = grown_32(rest_32(a, n), n - f4(1.0))
    return half + f4(0.25) / half


@inlined
def erfc_32(x: Any) -> Any:
    """1 - erf(x): e^(-a²) / (1 + 2a) times a polynomial in (a - 3.75) / (a + 3.75), a = |x|; Shepherd and Laframboise (1981)."""
    a = abs(x)
    a = min(a, f4(10.2))
    t = (a - f4(3.75)) / (a + f4(3.75))
    p = f4(0.0011143846) * t + f4(0.0023592142)
    p = p * t + f4(-0.009886507)
    p = p * t + f4(0.028038476)
    p = p * t + f4(-0.058746476)
    p = p * t + f4(0.092357546)
    p = p * t + f4(-0.1087906)
    p = p * t + f4(0.0822734)
    p = p * t + f4(0.0035846594)
    p = p * t + f4(-0.14024054)
    p = p * t + f4(1.2375126)
    high = i4(i4(f4(a).view(np.int32)) & i4(-4096)).view(np.float32)  # its square is exact
    n = nearest_32(-a * a)
    r = rest_32(-high * high, n) - (a - high) * (a + high)
    y = grown_32(r, n) * (p / (f4(1.0) + f4(2.0) * a))
    return y if x >= f4(0.0) else f4(2.0) - y


@inlined
def erf_32(x: Any) -> Any:
    """2/√π ∫₀ˣ exp(-t²) dt."""
    z = x * x
    p = f4(-0.0007694534) * z + f4(0.0052004135)
    p = p * z + f4(-0.026863143)
    p = p * z + f4(0.11283774)
    p = p * z + f4(-0.37612638)
    p = p * z + f4(1.1283792)
    far = f4(1.0) - erfc_32(abs(x))
    far = far if x >= f4(0.0) else -far
    return p * x if z < f4(0.25) else far


@inlined
def order_64(x: Any) -> Any:
    """As order_32."""
    bits = i8(f8(x).view(np.int64))
    return bits ^ ((bits >> i8(63)) & i8(0x7FFFFFFFFFFFFFFF))


@inlined
def ordered_64(order: Any) -> Any:
    """The float that `order_64` numbers."""
    return i8(order ^ ((order >> i8(63)) & i8(0x7FFFFFFFFFFFFFFF))).view(np.float64)


@inlined
def sign_64(x: Any) -> Any:
    """-1, 0 or 1."""
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else x)


@inlined
def nearest_64(x: Any) -> Any:
    """X / log 2 rounded to a whole number, of size below 2⁵¹."""
    return (x * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0


@inlined
def rest_64(x: Any, n: Any) -> Any:
    """X - n log 2, with log 2 in two parts, the first of few bits."""
    return (x - n * 0.693147180559663) - n * 2.8235290563031577e-13


@inlined
def curve_64(r: Any) -> Any:
    """(exp(r) - 1 - r) / r² for |r| ≤ log 2 / 2."""
    p = 2.5100634461878497e-08 * r + 2.762041219449885e-07
    p = p * r + 2.7557267935231926e-06
    p = p * r + 2.4801520613566223e-05
    p = p * r + 0.00019841269863392214
    p = p * r + 0.0013888888917654016
    p = p * r + 0.008333333333329994
    p = p * r + 0.04166666666662324
    p = p * r + 0.16666666666666669
    return p * r + 0.5


@inlined
def grown_64(r: Any, n: Any) -> Any:
    """exp(r) 2ⁿ; two factors, so that a result below the smallest normal number is rounded once."""
    k = i8(f8(n + 6755399441055744.0).view(np.int64)) - i8(0x4338000000000000)
    half = k >> i8(1)
    first = i8((half + i8(1023)) << i8(52)).view(np.float64)
    second = i8((k - half + i8(1023)) << i8(52)).view(np.float64)
    return (((r * r) * curve_64(r) + r) + 1.0) * first * second


@inlined
def exp_64(x: Any) -> Any:
    """e^x."""
    x = min(x, 710.0)
    x = max(x, -746.0)
    n = nearest_64(x)
    return grown_64(rest_64(x, n), n)


@inlined
def expm1_64(x: Any) -> Any:
    """e^x - 1."""
    x0 = min(x, 710.0)
    x0 = max(x0, -38.0)
    n = nearest_64(x0)
    r = rest_64(x0, n)
    k = i8(f8(n + 6755399441055744.0).view(np.int64)) - i8(0x4338000000000000)
    half = i8((k + i8(1022)) << i8(52)).view(np.float64)  # 2ⁿ⁻¹: 2ⁿ itself may be too large
    return 2.0 * (half * ((r * r) * curve_64(r) + r) + (half - 0.5))


@inlined
def log_64(x: Any) -> Any:
    """The natural logarithm: of x = 2ᵏ (1 + f) by s = f / (2 + f), since log(1 + f) = 2 artanh(s)."""
    tiny = x < 2.2250738585072014e-308
    bits = i8(f8(x * 18014398509481984.0 if tiny else x).view(np.int64))
    bits = bits + i8(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
    k = f8(i4((bits >> i8(52)) - (i8(1077) if tiny else i8(1023))))
    f = i8((bits & i8(0xFFFFFFFFFFFFF)) + i8(0x3FE6A09E667F3BCD)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 0.1461703754879165 * z + 0.1533167403016786
    p = p * z + 0.18182890556695602
    p = p * z + 0.2222221111514416
    p = p * z + 0.2857142862609589
    p = p * z + 0.3999999999989924
    p = p * z + 0.666666666666667
    square = 0.5 * f * f
    y = k * 0.693147180559663 - ((square - (s * (square + p * z) + k * 2.8235290563031577e-13)) - f)
    y = x if x == math.inf else y
    y = f8(-math.inf) if x == 0.0 else y
    return y if x >= 0.0 else f8(math.nan)


@inlined
def log1p_64(x: Any) -> Any:
    """log(1 + x), with what 1 + x loses made up for."""
    u = 1.0 + x
    y = log_64(u)
    more = (x - (u - 1.0)) / u
    return y + more if abs(y) < math.inf else y


@inlined
def tanh_64(x: Any) -> Any:
    """Tanh x = -e / (e + 2) with e = exp(-2x) - 1 for x ≥ 0."""
    e = expm1_64(-2.0 * abs(x))
    y = -e / (e + 2.0)
    return y if x >= 0.0 else -y


@inlined
def cosh_64(x: Any) -> Any:
    """(e^x + e^-x) / 2."""
    a = abs(x)
    a = min(a, 712.0)
    n = nearest_64(a)
    half = grown_64(rest_64(a, n), n - 1.0)
    return half + 0.25 / half


@inlined
def erfc_64(x: Any) -> Any:
    """As erfc_32."""
    a = abs(x)
    a = min(a, 27.4)
    t = (a - 3.75) / (a + 3.75)
    p = -2.367955178990413e-09 * t + -7.506995941309208e-10
    p = p * t + 3.285276921711402e-08
    p = p * t + 1.5673595555445596e-08
    p = p * t + -2.528132396657611e-07
    p = p * t + -4.782599491201357e-08
    p = p * t + 1.748431607919034e-06
    p = p * t + -9.803418761240952e-07
    p = p * t + -1.1443222167788683e-05
    p = p * t + 2.2387306439312908e-05
    p = p * t + 5.164901187160308e-05
    p = p * t + -0.0002901549691424765
    p = p * t + 0.0002937136408884361
    p = p * t + 0.001755626016087923
    p = p * t + -0.009746579549460666
    p = p * t + 0.028362277400765787
    p = p * t + -0.05869339859066569
    p = p * t + 0.09230432116150127
    p = p * t + -0.10880393014169605
    p = p * t + 0.08227673849011316
    p = p * t + 0.0035854154854634878
    p = p * t + -0.1402405985855467
    p = p * t + 1.2375126308378275
    high = i8(i8(f8(a).view(np.int64)) & i8(-134217728)).view(np.float64)  # its square is exact
    n = nearest_64(-a * a)
    r = rest_64(-high * high, n) - (a - high) * (a + high)
    y = grown_64(r, n) * (p / (1.0 + 2.0 * a))
    return y if x >= 0.0 else 2.0 - y


@inlined
def erf_64(x: Any) -> Any:
    """2/√π ∫₀ˣ exp(-t²) dt."""
    z = x * x
    p = -1.462091340945175e-07 * z + 1.637123442577e-06
    p = p * z + -1.4923003368152099e-05
    p = p * z + 0.00012055286202005714
    p = p * z + -0.0008548326510724796
    p = p * z + 0.0052239776220169365
    p = p * z + -0.02686617064499972
    p = p * z + 0.1128379167095487
    p = p * z + -0.3761263890318375
    p = p * z + 1.1283791670955126
    far = 1.0 - erfc_64(abs(x))
    far = far if x >= 0.0 else -far
    return p * x if z < 0.25 else far
