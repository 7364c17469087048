"""The compiled kernels, generated from the catalogue by `python -m handgrad.engine.kernels.generating`: change that.

What a kernel takes and does is said in generating.py. The functions before the kernels are those of vector_math.py.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ARG001, D403, E501, F841, FURB136, PLR0124, PLR0915, PLR0917

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


def identity_float32(z, s, rows, n, ld, p):
    """a = z; g'(z) = 1."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                z[i] = z_i if inside else z[i]
                s[i] = f4(1.0) if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                z[i] = z_i if inside else z[i]
                s[i] = f4(1.0) if inside else s[i]


def identity_float64(z, s, rows, n, ld, p):
    """a = z; g'(z) = 1."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                z[i] = z_i if inside else z[i]
                s[i] = 1.0 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                z[i] = z_i if inside else z[i]
                s[i] = 1.0 if inside else s[i]


def exp_float32(z, s, rows, n, ld, p):
    """a = exp(z); g'(z) = a."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i)
                z[i] = t1 if inside else z[i]
                s[i] = t1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i)
                z[i] = t1 if inside else z[i]
                s[i] = t1 if inside else s[i]


def exp_float64(z, s, rows, n, ld, p):
    """a = exp(z); g'(z) = a."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i)
                z[i] = t1 if inside else z[i]
                s[i] = t1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i)
                z[i] = t1 if inside else z[i]
                s[i] = t1 if inside else s[i]


def sigmoid_float32(z, s, rows, n, ld, p):
    """a = 1 / (1 + exp(-z)); g'(z) = a * (1 - a)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = f4(1.0) / (f4(1.0) + exp_32(-z_i))
                s1 = t1 * (f4(1.0) - t1)
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = f4(1.0) / (f4(1.0) + exp_32(-z_i))
                s1 = t1 * (f4(1.0) - t1)
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def sigmoid_float64(z, s, rows, n, ld, p):
    """a = 1 / (1 + exp(-z)); g'(z) = a * (1 - a)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = 1.0 / (1.0 + exp_64(-z_i))
                s1 = t1 * (1.0 - t1)
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = 1.0 / (1.0 + exp_64(-z_i))
                s1 = t1 * (1.0 - t1)
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def tanh_float32(z, s, rows, n, ld, p):
    """a = tanh(z); g'(z) = 1 - a^2."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = tanh_32(z_i)
                s1 = f4(1.0) - t1 * t1
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = tanh_32(z_i)
                s1 = f4(1.0) - t1 * t1
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def tanh_float64(z, s, rows, n, ld, p):
    """a = tanh(z); g'(z) = 1 - a^2."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = tanh_64(z_i)
                s1 = 1.0 - t1 * t1
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = tanh_64(z_i)
                s1 = 1.0 - t1 * t1
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def relu_float32(z, s, rows, n, ld, p):
    """a = max(0, z); g'(z) = where(z > 0, 1, 0)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                a1 = z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)
                s1 = f4(1.0) if z_i > f4(0.0) else f4(0.0)
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                a1 = z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)
                s1 = f4(1.0) if z_i > f4(0.0) else f4(0.0)
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def relu_float64(z, s, rows, n, ld, p):
    """a = max(0, z); g'(z) = where(z > 0, 1, 0)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                a1 = z_i if (z_i > 0.0) | (z_i != z_i) else 0.0
                s1 = 1.0 if z_i > 0.0 else 0.0
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                a1 = z_i if (z_i > 0.0) | (z_i != z_i) else 0.0
                s1 = 1.0 if z_i > 0.0 else 0.0
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def leaky_relu_float32(z, s, rows, n, ld, p):
    """a = where(z > 0, z, alpha * z); g'(z) = where(z > 0, 1, alpha)."""
    p_alpha = p[0]
    c1 = f4(p_alpha)
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > f4(0.0)
                a1 = z_i if t1 else c1 * z_i
                s1 = f4(1.0) if t1 else c1
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > f4(0.0)
                a1 = z_i if t1 else c1 * z_i
                s1 = f4(1.0) if t1 else c1
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def leaky_relu_float64(z, s, rows, n, ld, p):
    """a = where(z > 0, z, alpha * z); g'(z) = where(z > 0, 1, alpha)."""
    p_alpha = p[0]
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > 0.0
                a1 = z_i if t1 else p_alpha * z_i
                s1 = 1.0 if t1 else p_alpha
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > 0.0
                a1 = z_i if t1 else p_alpha * z_i
                s1 = 1.0 if t1 else p_alpha
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def elu_float32(z, s, rows, n, ld, p):
    """a = where(z > 0, z, alpha * expm1(z)); g'(z) = where(z > 0, 1, a + alpha)."""
    p_alpha = p[0]
    c1 = f4(p_alpha)
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > f4(0.0)
                t2 = c1 * expm1_32(z_i)
                t3 = z_i if t1 else t2
                t4 = t3 + c1
                s1 = f4(1.0) if t1 else t4
                z[i] = t3 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > f4(0.0)
                t2 = c1 * expm1_32(z_i)
                t3 = z_i if t1 else t2
                t4 = t3 + c1
                s1 = f4(1.0) if t1 else t4
                z[i] = t3 if inside else z[i]
                s[i] = s1 if inside else s[i]


def elu_float64(z, s, rows, n, ld, p):
    """a = where(z > 0, z, alpha * expm1(z)); g'(z) = where(z > 0, 1, a + alpha)."""
    p_alpha = p[0]
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > 0.0
                t2 = p_alpha * expm1_64(z_i)
                t3 = z_i if t1 else t2
                t4 = t3 + p_alpha
                s1 = 1.0 if t1 else t4
                z[i] = t3 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > 0.0
                t2 = p_alpha * expm1_64(z_i)
                t3 = z_i if t1 else t2
                t4 = t3 + p_alpha
                s1 = 1.0 if t1 else t4
                z[i] = t3 if inside else z[i]
                s[i] = s1 if inside else s[i]


def selu_float32(z, s, rows, n, ld, p):
    """a = where(z > 0, 1.0507009873554805 * z, 1.7580993408473766 * expm1(z)); g'(z) = where(z > 0, 1.0507009873554805, a + 1.7580993408473766)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > f4(0.0)
                t2 = f4(1.7580993408473766) * expm1_32(z_i)
                t3 = f4(1.0507009873554805) * z_i if t1 else t2
                t4 = t3 + f4(1.7580993408473766)
                s1 = f4(1.0507009873554805) if t1 else t4
                z[i] = t3 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > f4(0.0)
                t2 = f4(1.7580993408473766) * expm1_32(z_i)
                t3 = f4(1.0507009873554805) * z_i if t1 else t2
                t4 = t3 + f4(1.7580993408473766)
                s1 = f4(1.0507009873554805) if t1 else t4
                z[i] = t3 if inside else z[i]
                s[i] = s1 if inside else s[i]


def selu_float64(z, s, rows, n, ld, p):
    """a = where(z > 0, 1.0507009873554805 * z, 1.7580993408473766 * expm1(z)); g'(z) = where(z > 0, 1.0507009873554805, a + 1.7580993408473766)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > 0.0
                t2 = 1.7580993408473766 * expm1_64(z_i)
                t3 = 1.0507009873554805 * z_i if t1 else t2
                t4 = t3 + 1.7580993408473766
                s1 = 1.0507009873554805 if t1 else t4
                z[i] = t3 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i > 0.0
                t2 = 1.7580993408473766 * expm1_64(z_i)
                t3 = 1.0507009873554805 * z_i if t1 else t2
                t4 = t3 + 1.7580993408473766
                s1 = 1.0507009873554805 if t1 else t4
                z[i] = t3 if inside else z[i]
                s[i] = s1 if inside else s[i]


def softplus_float32(z, s, rows, n, ld, p):
    """a = max(z, 0) + log1p(exp(-abs(z))); g'(z) = sigmoid(z)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = (z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)) + log1p_32(exp_32(-abs(z_i)))
                s1 = f4(1.0) / (f4(1.0) + exp_32(-z_i))
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = (z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)) + log1p_32(exp_32(-abs(z_i)))
                s1 = f4(1.0) / (f4(1.0) + exp_32(-z_i))
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def softplus_float64(z, s, rows, n, ld, p):
    """a = max(z, 0) + log1p(exp(-abs(z))); g'(z) = sigmoid(z)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = (z_i if (z_i > 0.0) | (z_i != z_i) else 0.0) + log1p_64(exp_64(-abs(z_i)))
                s1 = 1.0 / (1.0 + exp_64(-z_i))
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = (z_i if (z_i > 0.0) | (z_i != z_i) else 0.0) + log1p_64(exp_64(-abs(z_i)))
                s1 = 1.0 / (1.0 + exp_64(-z_i))
                z[i] = t1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def gelu_float32(z, s, rows, n, ld, p):
    """a = z / 2 * erfc(-z / sqrt(2)); g'(z) = erfc(-z / sqrt(2)) / 2 + z * exp(-z^2 / 2) / sqrt(2 * pi)."""
    c1 = f4(1.0 / 2.0)
    c2 = f4(1.0 / math.sqrt(2.0))
    c3 = f4(1.0 / math.sqrt(2.0 * math.pi))
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = erfc_32(-z_i * c2)
                a1 = z_i * c1 * t1
                s1 = t1 * c1 + z_i * exp_32(-z_i * z_i * c1) * c3
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = erfc_32(-z_i * c2)
                a1 = z_i * c1 * t1
                s1 = t1 * c1 + z_i * exp_32(-z_i * z_i * c1) * c3
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def gelu_float64(z, s, rows, n, ld, p):
    """a = z / 2 * erfc(-z / sqrt(2)); g'(z) = erfc(-z / sqrt(2)) / 2 + z * exp(-z^2 / 2) / sqrt(2 * pi)."""
    c1 = 1.0 / 2.0
    c2 = 1.0 / math.sqrt(2.0)
    c3 = 1.0 / math.sqrt(2.0 * math.pi)
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = erfc_64(-z_i * c2)
                a1 = z_i * c1 * t1
                s1 = t1 * c1 + z_i * exp_64(-z_i * z_i * c1) * c3
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = erfc_64(-z_i * c2)
                a1 = z_i * c1 * t1
                s1 = t1 * c1 + z_i * exp_64(-z_i * z_i * c1) * c3
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def silu_float32(z, s, rows, n, ld, p):
    """a = z * sigmoid(z); g'(z) = sigmoid(z) * (1 + z * (1 - sigmoid(z)))."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = f4(1.0) / (f4(1.0) + exp_32(-z_i))
                a1 = z_i * t1
                s1 = t1 * (f4(1.0) + z_i * (f4(1.0) - t1))
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = f4(1.0) / (f4(1.0) + exp_32(-z_i))
                a1 = z_i * t1
                s1 = t1 * (f4(1.0) + z_i * (f4(1.0) - t1))
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def silu_float64(z, s, rows, n, ld, p):
    """a = z * sigmoid(z); g'(z) = sigmoid(z) * (1 + z * (1 - sigmoid(z)))."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = 1.0 / (1.0 + exp_64(-z_i))
                a1 = z_i * t1
                s1 = t1 * (1.0 + z_i * (1.0 - t1))
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = 1.0 / (1.0 + exp_64(-z_i))
                a1 = z_i * t1
                s1 = t1 * (1.0 + z_i * (1.0 - t1))
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def mish_float32(z, s, rows, n, ld, p):
    """a = z * tanh(softplus(z)); g'(z) = tanh(softplus(z)) + z * sigmoid(z) * (1 - tanh(softplus(z))^2)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = (z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)) + log1p_32(exp_32(-abs(z_i)))
                t2 = tanh_32(t1)
                a1 = z_i * t2
                s1 = t2 + z_i * (f4(1.0) / (f4(1.0) + exp_32(-z_i))) * (f4(1.0) - t2 * t2)
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = (z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)) + log1p_32(exp_32(-abs(z_i)))
                t2 = tanh_32(t1)
                a1 = z_i * t2
                s1 = t2 + z_i * (f4(1.0) / (f4(1.0) + exp_32(-z_i))) * (f4(1.0) - t2 * t2)
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def mish_float64(z, s, rows, n, ld, p):
    """a = z * tanh(softplus(z)); g'(z) = tanh(softplus(z)) + z * sigmoid(z) * (1 - tanh(softplus(z))^2)."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = (z_i if (z_i > 0.0) | (z_i != z_i) else 0.0) + log1p_64(exp_64(-abs(z_i)))
                t2 = tanh_64(t1)
                a1 = z_i * t2
                s1 = t2 + z_i * (1.0 / (1.0 + exp_64(-z_i))) * (1.0 - t2 * t2)
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = (z_i if (z_i > 0.0) | (z_i != z_i) else 0.0) + log1p_64(exp_64(-abs(z_i)))
                t2 = tanh_64(t1)
                a1 = z_i * t2
                s1 = t2 + z_i * (1.0 / (1.0 + exp_64(-z_i))) * (1.0 - t2 * t2)
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def hard_sigmoid_float32(z, s, rows, n, ld, p):
    """a = clip(z / 6 + 1 / 2, 0, 1); g'(z) = where(abs(z) < 3, 1 / 6, 0)."""
    c1 = f4(1.0 / 6.0)
    c2 = f4(1.0 / 2.0)
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i * c1 + c2
                a1 = f4(0.0) if t1 < f4(0.0) else (f4(1.0) if t1 > f4(1.0) else t1)
                s1 = c1 if abs(z_i) < f4(3.0) else f4(0.0)
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i * c1 + c2
                a1 = f4(0.0) if t1 < f4(0.0) else (f4(1.0) if t1 > f4(1.0) else t1)
                s1 = c1 if abs(z_i) < f4(3.0) else f4(0.0)
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def hard_sigmoid_float64(z, s, rows, n, ld, p):
    """a = clip(z / 6 + 1 / 2, 0, 1); g'(z) = where(abs(z) < 3, 1 / 6, 0)."""
    c1 = 1.0 / 6.0
    c2 = 1.0 / 2.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i * c1 + c2
                a1 = 0.0 if t1 < 0.0 else (1.0 if t1 > 1.0 else t1)
                s1 = c1 if abs(z_i) < 3.0 else 0.0
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = z_i * c1 + c2
                a1 = 0.0 if t1 < 0.0 else (1.0 if t1 > 1.0 else t1)
                s1 = c1 if abs(z_i) < 3.0 else 0.0
                z[i] = a1 if inside else z[i]
                s[i] = s1 if inside else s[i]


def softmax_float32(z, s, rows, n, ld, p):
    """a = exp(z - max(unit: z)) / sum(unit: exp(z - max(unit: z)))."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            order_of_max1 = order_32(f4(-math.inf))
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_32(z_i)) if inside else order_of_max1
            max1 = ordered_32(order_of_max1)
            sum2 = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i - max1)
                sum2 = plus(sum2, t1 if inside else f4(0.0))
                z[i] = t1 if inside else z[i]
            r1 = f4(1.0) / sum2
            for j in range(n):
                i = row * ld + j
                inside = j < n
                kept_sum2 = z[i]
                a1 = kept_sum2 * r1
                z[i] = a1 if inside else z[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            order_of_max1 = order_32(f4(-math.inf))
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_32(z_i)) if inside else order_of_max1
            max1 = ordered_32(order_of_max1)
            sum2 = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i - max1)
                sum2 = plus(sum2, t1 if inside else f4(0.0))
                z[i] = t1 if inside else z[i]
            r1 = f4(1.0) / sum2
            for j in range(width):
                i = row * ld + j
                inside = j < n
                kept_sum2 = z[i]
                a1 = kept_sum2 * r1
                z[i] = a1 if inside else z[i]


def softmax_float64(z, s, rows, n, ld, p):
    """a = exp(z - max(unit: z)) / sum(unit: exp(z - max(unit: z)))."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            order_of_max1 = order_64(-math.inf)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_64(z_i)) if inside else order_of_max1
            max1 = ordered_64(order_of_max1)
            sum2 = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i - max1)
                sum2 = plus(sum2, t1 if inside else 0.0)
                z[i] = t1 if inside else z[i]
            r1 = 1.0 / sum2
            for j in range(n):
                i = row * ld + j
                inside = j < n
                kept_sum2 = z[i]
                a1 = kept_sum2 * r1
                z[i] = a1 if inside else z[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            order_of_max1 = order_64(-math.inf)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_64(z_i)) if inside else order_of_max1
            max1 = ordered_64(order_of_max1)
            sum2 = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i - max1)
                sum2 = plus(sum2, t1 if inside else 0.0)
                z[i] = t1 if inside else z[i]
            r1 = 1.0 / sum2
            for j in range(width):
                i = row * ld + j
                inside = j < n
                kept_sum2 = z[i]
                a1 = kept_sum2 * r1
                z[i] = a1 if inside else z[i]


def softmax_vjp_float32(a, d, rows, n, ld, p):
    """The gradient by z: a * (da - sum(unit: a * da))."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            sum1 = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                d_i = d[i]
                t1 = a_i * d_i
                sum1 = plus(sum1, t1 if inside else f4(0.0))
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                d_i = d[i]
                d1 = a_i * (d_i - sum1)
                d[i] = d1 if inside else d[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            sum1 = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                d_i = d[i]
                t1 = a_i * d_i
                sum1 = plus(sum1, t1 if inside else f4(0.0))
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                d_i = d[i]
                d1 = a_i * (d_i - sum1)
                d[i] = d1 if inside else d[i]


def softmax_vjp_float64(a, d, rows, n, ld, p):
    """The gradient by z: a * (da - sum(unit: a * da))."""
    if n <= 4:  # too few for vectors
        for row in range(rows):
            sum1 = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                d_i = d[i]
                t1 = a_i * d_i
                sum1 = plus(sum1, t1 if inside else 0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                d_i = d[i]
                d1 = a_i * (d_i - sum1)
                d[i] = d1 if inside else d[i]
    else:
        width = (n + 15) & -16
        for row in range(rows):
            sum1 = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                d_i = d[i]
                t1 = a_i * d_i
                sum1 = plus(sum1, t1 if inside else 0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                d_i = d[i]
                d1 = a_i * (d_i - sum1)
                d[i] = d1 if inside else d[i]


def squared_error_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss (a - y)^2, and its gradient 2 * (a - y)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            r1 = w_row * f4(2.0)
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = r1 * t1 * s_i
                loss = t1 * t1
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            r1 = w_row * f4(2.0)
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = r1 * t1 * s_i
                loss = t1 * t1
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def squared_error_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss (a - y)^2, and its gradient 2 * (a - y)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            r1 = w_row * 2.0
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = r1 * t1 * s_i
                loss = t1 * t1
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            r1 = w_row * 2.0
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = r1 * t1 * s_i
                loss = t1 * t1
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def half_squared_error_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss (a - y)^2 / 2, and its gradient a - y."""
    c1 = f4(1.0 / 2.0)
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * t1 * s_i
                loss = t1 * t1 * c1
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * t1 * s_i
                loss = t1 * t1 * c1
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def half_squared_error_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss (a - y)^2 / 2, and its gradient a - y."""
    c1 = 1.0 / 2.0
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * t1 * s_i
                loss = t1 * t1 * c1
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * t1 * s_i
                loss = t1 * t1 * c1
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def absolute_error_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss abs(a - y), and its gradient sign(a - y)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * sign_32(t1) * s_i
                loss = abs(t1)
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * sign_32(t1) * s_i
                loss = abs(t1)
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def absolute_error_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss abs(a - y), and its gradient sign(a - y)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * sign_64(t1) * s_i
                loss = abs(t1)
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * sign_64(t1) * s_i
                loss = abs(t1)
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def huber_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss where(abs(a - y) <= delta, (a - y)^2 / 2, delta * (abs(a - y) - delta / 2)), and its gradient clip(a - y, -delta, delta)."""
    p_delta = p[0]
    c1 = f4(-p_delta)
    c2 = f4(p_delta)
    c3 = f4(1.0 / 2.0)
    c4 = f4(p_delta / 2.0)
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * (c1 if t1 < c1 else (c2 if t1 > c2 else t1)) * s_i
                t2 = abs(t1)
                t3 = c2 * (t2 - c4)
                loss = t1 * t1 * c3 if t2 <= c2 else t3
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * (c1 if t1 < c1 else (c2 if t1 > c2 else t1)) * s_i
                t2 = abs(t1)
                t3 = c2 * (t2 - c4)
                loss = t1 * t1 * c3 if t2 <= c2 else t3
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def huber_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss where(abs(a - y) <= delta, (a - y)^2 / 2, delta * (abs(a - y) - delta / 2)), and its gradient clip(a - y, -delta, delta)."""
    p_delta = p[0]
    c1 = -p_delta
    c2 = 1.0 / 2.0
    c3 = p_delta / 2.0
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * (c1 if t1 < c1 else (p_delta if t1 > p_delta else t1)) * s_i
                t2 = abs(t1)
                t3 = p_delta * (t2 - c3)
                loss = t1 * t1 * c2 if t2 <= p_delta else t3
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * (c1 if t1 < c1 else (p_delta if t1 > p_delta else t1)) * s_i
                t2 = abs(t1)
                t3 = p_delta * (t2 - c3)
                loss = t1 * t1 * c2 if t2 <= p_delta else t3
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def log_cosh_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss abs(a - y) + log1p(exp(-2 * abs(a - y))) - log(2), and its gradient tanh(a - y)."""
    c1 = f4(math.log(2.0))
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * tanh_32(t1) * s_i
                t2 = abs(t1)
                loss = t2 + log1p_32(exp_32(-f4(2.0) * t2)) - c1
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * tanh_32(t1) * s_i
                t2 = abs(t1)
                loss = t2 + log1p_32(exp_32(-f4(2.0) * t2)) - c1
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def log_cosh_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss abs(a - y) + log1p(exp(-2 * abs(a - y))) - log(2), and its gradient tanh(a - y)."""
    c1 = math.log(2.0)
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * tanh_64(t1) * s_i
                t2 = abs(t1)
                loss = t2 + log1p_64(exp_64(-2.0 * t2)) - c1
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * tanh_64(t1) * s_i
                t2 = abs(t1)
                loss = t2 + log1p_64(exp_64(-2.0 * t2)) - c1
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def quantile_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss max(q * (y - a), (q - 1) * (y - a)), and its gradient where(a > y, 1 - q, where(a < y, -q, 0))."""
    p_q = p[0]
    c1 = f4(1.0 - p_q)
    c2 = f4(-p_q)
    c3 = f4(p_q)
    c4 = f4(p_q - 1.0)
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = c2 if a_i < y_i else f4(0.0)
                s_i = s[i]
                s1 = w_row * (c1 if a_i > y_i else t1) * s_i
                t2 = y_i - a_i
                t3 = c3 * t2
                t4 = c4 * t2
                loss = t3 if (t3 > t4) | (t3 != t3) else t4
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = c2 if a_i < y_i else f4(0.0)
                s_i = s[i]
                s1 = w_row * (c1 if a_i > y_i else t1) * s_i
                t2 = y_i - a_i
                t3 = c3 * t2
                t4 = c4 * t2
                loss = t3 if (t3 > t4) | (t3 != t3) else t4
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def quantile_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss max(q * (y - a), (q - 1) * (y - a)), and its gradient where(a > y, 1 - q, where(a < y, -q, 0))."""
    p_q = p[0]
    c1 = 1.0 - p_q
    c2 = -p_q
    c3 = p_q - 1.0
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = c2 if a_i < y_i else 0.0
                s_i = s[i]
                s1 = w_row * (c1 if a_i > y_i else t1) * s_i
                t2 = y_i - a_i
                t3 = p_q * t2
                t4 = c3 * t2
                loss = t3 if (t3 > t4) | (t3 != t3) else t4
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = c2 if a_i < y_i else 0.0
                s_i = s[i]
                s1 = w_row * (c1 if a_i > y_i else t1) * s_i
                t2 = y_i - a_i
                t3 = p_q * t2
                t4 = c3 * t2
                loss = t3 if (t3 > t4) | (t3 != t3) else t4
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def poisson_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss where(y == 0, a, a - y * log(a)), and its gradient where(y == 0, 1, 1 - y / a)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (f4(1.0) if t1 else f4(1.0) - y_i / a_i) * s_i
                t2 = a_i - y_i * log_32(a_i)
                loss = a_i if t1 else t2
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (f4(1.0) if t1 else f4(1.0) - y_i / a_i) * s_i
                t2 = a_i - y_i * log_32(a_i)
                loss = a_i if t1 else t2
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def poisson_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss where(y == 0, a, a - y * log(a)), and its gradient where(y == 0, 1, 1 - y / a)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (1.0 if t1 else 1.0 - y_i / a_i) * s_i
                t2 = a_i - y_i * log_64(a_i)
                loss = a_i if t1 else t2
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (1.0 if t1 else 1.0 - y_i / a_i) * s_i
                t2 = a_i - y_i * log_64(a_i)
                loss = a_i if t1 else t2
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def poisson_of_exp_float32(z, d, y, w, rows, n, ld, ldy, p):
    """a = exp(z); the loss exp(z) - y * z, and its gradient a - y."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i)
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t1 - y_i)
                loss = t1 - y_i * z_i
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i)
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t1 - y_i)
                loss = t1 - y_i * z_i
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def poisson_of_exp_float64(z, d, y, w, rows, n, ld, ldy, p):
    """a = exp(z); the loss exp(z) - y * z, and its gradient a - y."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i)
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t1 - y_i)
                loss = t1 - y_i * z_i
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i)
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t1 - y_i)
                loss = t1 - y_i * z_i
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def binary_cross_entropy_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss -(where(y == 0, 0, y * log(a)) + where(y == 1, 0, (1 - y) * log(1 - a))), and its gradient -(where(y == 0, 0, y / a) - where(y == 1, 0, (1 - y) / (1 - a)))."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                t2 = y_i == f4(1.0)
                t3 = f4(1.0) - y_i
                t4 = f4(1.0) - a_i
                s_i = s[i]
                t5 = w_row * (-((f4(0.0) if t1 else y_i / a_i) - (f4(0.0) if t2 else t3 / t4))) * s_i
                t6 = y_i * log_32(a_i)
                t7 = t3 * log_32(t4)
                loss = -((f4(0.0) if t1 else t6) + (f4(0.0) if t2 else t7))
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = t5 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                t2 = y_i == f4(1.0)
                t3 = f4(1.0) - y_i
                t4 = f4(1.0) - a_i
                s_i = s[i]
                t5 = w_row * (-((f4(0.0) if t1 else y_i / a_i) - (f4(0.0) if t2 else t3 / t4))) * s_i
                t6 = y_i * log_32(a_i)
                t7 = t3 * log_32(t4)
                loss = -((f4(0.0) if t1 else t6) + (f4(0.0) if t2 else t7))
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = t5 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def binary_cross_entropy_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss -(where(y == 0, 0, y * log(a)) + where(y == 1, 0, (1 - y) * log(1 - a))), and its gradient -(where(y == 0, 0, y / a) - where(y == 1, 0, (1 - y) / (1 - a)))."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                t2 = y_i == 1.0
                t3 = 1.0 - y_i
                t4 = 1.0 - a_i
                s_i = s[i]
                s1 = w_row * (-((0.0 if t1 else y_i / a_i) - (0.0 if t2 else t3 / t4))) * s_i
                t5 = y_i * log_64(a_i)
                t6 = t3 * log_64(t4)
                loss = -((0.0 if t1 else t5) + (0.0 if t2 else t6))
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                t2 = y_i == 1.0
                t3 = 1.0 - y_i
                t4 = 1.0 - a_i
                s_i = s[i]
                s1 = w_row * (-((0.0 if t1 else y_i / a_i) - (0.0 if t2 else t3 / t4))) * s_i
                t5 = y_i * log_64(a_i)
                t6 = t3 * log_64(t4)
                loss = -((0.0 if t1 else t5) + (0.0 if t2 else t6))
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def binary_cross_entropy_of_sigmoid_float32(z, d, y, w, rows, n, ld, ldy, p):
    """a = 1 / (1 + exp(-z)); the loss max(z, 0) - y * z + log1p(exp(-abs(z))), and its gradient a - y."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = f4(1.0) / (f4(1.0) + exp_32(-z_i))
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t1 - y_i)
                t2 = (z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)) - y_i * z_i + log1p_32(exp_32(-abs(z_i)))
                summed = plus(summed, t2 if inside else f4(0.0))
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = f4(1.0) / (f4(1.0) + exp_32(-z_i))
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t1 - y_i)
                t2 = (z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)) - y_i * z_i + log1p_32(exp_32(-abs(z_i)))
                summed = plus(summed, t2 if inside else f4(0.0))
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def binary_cross_entropy_of_sigmoid_float64(z, d, y, w, rows, n, ld, ldy, p):
    """a = 1 / (1 + exp(-z)); the loss max(z, 0) - y * z + log1p(exp(-abs(z))), and its gradient a - y."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = 1.0 / (1.0 + exp_64(-z_i))
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t1 - y_i)
                t2 = (z_i if (z_i > 0.0) | (z_i != z_i) else 0.0) - y_i * z_i + log1p_64(exp_64(-abs(z_i)))
                summed = plus(summed, t2 if inside else 0.0)
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = 1.0 / (1.0 + exp_64(-z_i))
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t1 - y_i)
                t2 = (z_i if (z_i > 0.0) | (z_i != z_i) else 0.0) - y_i * z_i + log1p_64(exp_64(-abs(z_i)))
                summed = plus(summed, t2 if inside else 0.0)
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def cross_entropy_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss -where(y == 0, 0, y * log(a)), and its gradient -where(y == 0, 0, y / a)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (-(f4(0.0) if t1 else y_i / a_i)) * s_i
                t2 = y_i * log_32(a_i)
                loss = -(f4(0.0) if t1 else t2)
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (-(f4(0.0) if t1 else y_i / a_i)) * s_i
                t2 = y_i * log_32(a_i)
                loss = -(f4(0.0) if t1 else t2)
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def cross_entropy_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss -where(y == 0, 0, y * log(a)), and its gradient -where(y == 0, 0, y / a)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (-(0.0 if t1 else y_i / a_i)) * s_i
                t2 = y_i * log_64(a_i)
                loss = -(0.0 if t1 else t2)
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (-(0.0 if t1 else y_i / a_i)) * s_i
                t2 = y_i * log_64(a_i)
                loss = -(0.0 if t1 else t2)
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def cross_entropy_of_softmax_float32(z, d, y, w, rows, n, ld, ldy, p):
    """a = exp(z - max(unit: z)) / sum(unit: exp(z - max(unit: z))); the loss y * (max(unit: z) + log(sum(unit: exp(z - max(unit: z)))) - z), and its gradient a - y."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            order_of_max1 = order_32(f4(-math.inf))
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_32(z_i)) if inside else order_of_max1
            max1 = ordered_32(order_of_max1)
            sum2 = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i - max1)
                sum2 = plus(sum2, t1 if inside else f4(0.0))
                d[i] = t1 if inside else d[i]
            r1 = f4(1.0) / sum2
            r2 = math.log(sum2)
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                kept_sum2 = d[i]
                t2 = kept_sum2 * r1
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t2 - y_i)
                z_i = z[i]
                loss = y_i * (max1 + r2 - z_i)
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            order_of_max1 = order_32(f4(-math.inf))
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_32(z_i)) if inside else order_of_max1
            max1 = ordered_32(order_of_max1)
            sum2 = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i - max1)
                sum2 = plus(sum2, t1 if inside else f4(0.0))
                d[i] = t1 if inside else d[i]
            r1 = f4(1.0) / sum2
            r2 = math.log(sum2)
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                kept_sum2 = d[i]
                t2 = kept_sum2 * r1
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t2 - y_i)
                z_i = z[i]
                loss = y_i * (max1 + r2 - z_i)
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def cross_entropy_of_softmax_float64(z, d, y, w, rows, n, ld, ldy, p):
    """a = exp(z - max(unit: z)) / sum(unit: exp(z - max(unit: z))); the loss y * (max(unit: z) + log(sum(unit: exp(z - max(unit: z)))) - z), and its gradient a - y."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            order_of_max1 = order_64(-math.inf)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_64(z_i)) if inside else order_of_max1
            max1 = ordered_64(order_of_max1)
            sum2 = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i - max1)
                sum2 = plus(sum2, t1 if inside else 0.0)
                d[i] = t1 if inside else d[i]
            r1 = 1.0 / sum2
            r2 = math.log(sum2)
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                kept_sum2 = d[i]
                t2 = kept_sum2 * r1
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t2 - y_i)
                z_i = z[i]
                loss = y_i * (max1 + r2 - z_i)
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            order_of_max1 = order_64(-math.inf)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_64(z_i)) if inside else order_of_max1
            max1 = ordered_64(order_of_max1)
            sum2 = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i - max1)
                sum2 = plus(sum2, t1 if inside else 0.0)
                d[i] = t1 if inside else d[i]
            r1 = 1.0 / sum2
            r2 = math.log(sum2)
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                kept_sum2 = d[i]
                t2 = kept_sum2 * r1
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t2 - y_i)
                z_i = z[i]
                loss = y_i * (max1 + r2 - z_i)
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def half_mean_squared_error_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss (a - y)^2 / (2 * n), and its gradient (a - y) / n."""
    p_n = p[0]
    c1 = f4(1.0 / p_n)
    c2 = f4(1.0 / (2.0 * p_n))
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * (t1 * c1) * s_i
                loss = t1 * t1 * c2
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * (t1 * c1) * s_i
                loss = t1 * t1 * c2
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def half_mean_squared_error_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss (a - y)^2 / (2 * n), and its gradient (a - y) / n."""
    p_n = p[0]
    c1 = 1.0 / p_n
    c2 = 1.0 / (2.0 * p_n)
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * (t1 * c1) * s_i
                loss = t1 * t1 * c2
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                a_i = a[i]
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = a_i - y_i
                s_i = s[i]
                s1 = w_row * (t1 * c1) * s_i
                loss = t1 * t1 * c2
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def half_poisson_deviance_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss a - y + where(y == 0, 0, y * log(y / a)), and its gradient where(y == 0, 1, 1 - y / a)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                t2 = y_i / a_i
                s_i = s[i]
                s1 = w_row * (f4(1.0) if t1 else f4(1.0) - t2) * s_i
                t3 = y_i * log_32(t2)
                loss = a_i - y_i + (f4(0.0) if t1 else t3)
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                t2 = y_i / a_i
                s_i = s[i]
                s1 = w_row * (f4(1.0) if t1 else f4(1.0) - t2) * s_i
                t3 = y_i * log_32(t2)
                loss = a_i - y_i + (f4(0.0) if t1 else t3)
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def half_poisson_deviance_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss a - y + where(y == 0, 0, y * log(y / a)), and its gradient where(y == 0, 1, 1 - y / a)."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                t2 = y_i / a_i
                s_i = s[i]
                s1 = w_row * (1.0 if t1 else 1.0 - t2) * s_i
                t3 = y_i * log_64(t2)
                loss = a_i - y_i + (0.0 if t1 else t3)
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                t2 = y_i / a_i
                s_i = s[i]
                s1 = w_row * (1.0 if t1 else 1.0 - t2) * s_i
                t3 = y_i * log_64(t2)
                loss = a_i - y_i + (0.0 if t1 else t3)
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def half_poisson_deviance_of_exp_float32(z, d, y, w, rows, n, ld, ldy, p):
    """a = exp(z); the loss exp(z) - y + where(y == 0, 0, y * (log(y) - z)), and its gradient a - y."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i)
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t1 - y_i)
                t2 = y_i * (log_32(y_i) - z_i)
                loss = t1 - y_i + (f4(0.0) if y_i == f4(0.0) else t2)
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i)
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t1 - y_i)
                t2 = y_i * (log_32(y_i) - z_i)
                loss = t1 - y_i + (f4(0.0) if y_i == f4(0.0) else t2)
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def half_poisson_deviance_of_exp_float64(z, d, y, w, rows, n, ld, ldy, p):
    """a = exp(z); the loss exp(z) - y + where(y == 0, 0, y * (log(y) - z)), and its gradient a - y."""
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i)
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t1 - y_i)
                t2 = y_i * (log_64(y_i) - z_i)
                loss = t1 - y_i + (0.0 if y_i == 0.0 else t2)
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i)
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t1 - y_i)
                t2 = y_i * (log_64(y_i) - z_i)
                loss = t1 - y_i + (0.0 if y_i == 0.0 else t2)
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t1 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def binary_log_loss_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss -(where(y == 0, 0, y * log(a)) + where(y == 1, 0, (1 - y) * log(1 - a))), and its gradient -(where(y == 0, 0, y / a) - where(y == 1, 0, (1 - y) / (1 - a)))."""
    p_floor = p[0]
    p_cap = p[1]
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                t2 = y_i == f4(1.0)
                t3 = f4(1.0) - y_i
                t4 = f4(1.0) - a_i
                s_i = s[i]
                t5 = w_row * (-((f4(0.0) if t1 else y_i / a_i) - (f4(0.0) if t2 else t3 / t4))) * s_i
                t6 = y_i * log_32(a_i)
                t7 = t3 * log_32(t4)
                loss = -((f4(0.0) if t1 else t6) + (f4(0.0) if t2 else t7))
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = t5 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                t2 = y_i == f4(1.0)
                t3 = f4(1.0) - y_i
                t4 = f4(1.0) - a_i
                s_i = s[i]
                t5 = w_row * (-((f4(0.0) if t1 else y_i / a_i) - (f4(0.0) if t2 else t3 / t4))) * s_i
                t6 = y_i * log_32(a_i)
                t7 = t3 * log_32(t4)
                loss = -((f4(0.0) if t1 else t6) + (f4(0.0) if t2 else t7))
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = t5 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def binary_log_loss_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss -(where(y == 0, 0, y * log(a)) + where(y == 1, 0, (1 - y) * log(1 - a))), and its gradient -(where(y == 0, 0, y / a) - where(y == 1, 0, (1 - y) / (1 - a)))."""
    p_floor = p[0]
    p_cap = p[1]
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                t2 = y_i == 1.0
                t3 = 1.0 - y_i
                t4 = 1.0 - a_i
                s_i = s[i]
                s1 = w_row * (-((0.0 if t1 else y_i / a_i) - (0.0 if t2 else t3 / t4))) * s_i
                t5 = y_i * log_64(a_i)
                t6 = t3 * log_64(t4)
                loss = -((0.0 if t1 else t5) + (0.0 if t2 else t6))
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                t2 = y_i == 1.0
                t3 = 1.0 - y_i
                t4 = 1.0 - a_i
                s_i = s[i]
                s1 = w_row * (-((0.0 if t1 else y_i / a_i) - (0.0 if t2 else t3 / t4))) * s_i
                t5 = y_i * log_64(a_i)
                t6 = t3 * log_64(t4)
                loss = -((0.0 if t1 else t5) + (0.0 if t2 else t6))
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def binary_log_loss_of_sigmoid_float32(z, d, y, w, rows, n, ld, ldy, p):
    """a = 1 / (1 + exp(-z)); the loss y * clip(max(-z, 0) + log1p(exp(-abs(z))), floor, cap) + (1 - y) * clip(max(z, 0) + log1p(exp(-abs(z))), floor, cap), and its gradient a - y."""
    p_floor = p[0]
    p_cap = p[1]
    c1 = f4(p_floor)
    c2 = f4(p_cap)
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = -z_i
                t2 = f4(1.0) / (f4(1.0) + exp_32(t1))
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t2 - y_i)
                t3 = log1p_32(exp_32(-abs(z_i)))
                t4 = (t1 if (t1 > f4(0.0)) | (t1 != t1) else f4(0.0)) + t3
                t5 = (z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)) + t3
                t6 = (f4(1.0) - y_i) * (c1 if t5 < c1 else (c2 if t5 > c2 else t5))
                loss = y_i * (c1 if t4 < c1 else (c2 if t4 > c2 else t4)) + t6
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = -z_i
                t2 = f4(1.0) / (f4(1.0) + exp_32(t1))
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t2 - y_i)
                t3 = log1p_32(exp_32(-abs(z_i)))
                t4 = (t1 if (t1 > f4(0.0)) | (t1 != t1) else f4(0.0)) + t3
                t5 = (z_i if (z_i > f4(0.0)) | (z_i != z_i) else f4(0.0)) + t3
                t6 = (f4(1.0) - y_i) * (c1 if t5 < c1 else (c2 if t5 > c2 else t5))
                loss = y_i * (c1 if t4 < c1 else (c2 if t4 > c2 else t4)) + t6
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def binary_log_loss_of_sigmoid_float64(z, d, y, w, rows, n, ld, ldy, p):
    """a = 1 / (1 + exp(-z)); the loss y * clip(max(-z, 0) + log1p(exp(-abs(z))), floor, cap) + (1 - y) * clip(max(z, 0) + log1p(exp(-abs(z))), floor, cap), and its gradient a - y."""
    p_floor = p[0]
    p_cap = p[1]
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = -z_i
                t2 = 1.0 / (1.0 + exp_64(t1))
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t2 - y_i)
                t3 = log1p_64(exp_64(-abs(z_i)))
                t4 = (t1 if (t1 > 0.0) | (t1 != t1) else 0.0) + t3
                t5 = (z_i if (z_i > 0.0) | (z_i != z_i) else 0.0) + t3
                t6 = (1.0 - y_i) * (p_floor if t5 < p_floor else (p_cap if t5 > p_cap else t5))
                loss = y_i * (p_floor if t4 < p_floor else (p_cap if t4 > p_cap else t4)) + t6
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = -z_i
                t2 = 1.0 / (1.0 + exp_64(t1))
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t2 - y_i)
                t3 = log1p_64(exp_64(-abs(z_i)))
                t4 = (t1 if (t1 > 0.0) | (t1 != t1) else 0.0) + t3
                t5 = (z_i if (z_i > 0.0) | (z_i != z_i) else 0.0) + t3
                t6 = (1.0 - y_i) * (p_floor if t5 < p_floor else (p_cap if t5 > p_cap else t5))
                loss = y_i * (p_floor if t4 < p_floor else (p_cap if t4 > p_cap else t4)) + t6
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def log_loss_float32(a, s, y, w, rows, n, ld, ldy, p):
    """The loss -where(y == 0, 0, y * log(a)), and its gradient -where(y == 0, 0, y / a)."""
    p_floor = p[0]
    p_cap = p[1]
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (-(f4(0.0) if t1 else y_i / a_i)) * s_i
                t2 = y_i * log_32(a_i)
                loss = -(f4(0.0) if t1 else t2)
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else f4(0.0)
                t1 = y_i == f4(0.0)
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (-(f4(0.0) if t1 else y_i / a_i)) * s_i
                t2 = y_i * log_32(a_i)
                loss = -(f4(0.0) if t1 else t2)
                summed = plus(summed, loss if inside else f4(0.0))
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def log_loss_float64(a, s, y, w, rows, n, ld, ldy, p):
    """The loss -where(y == 0, 0, y * log(a)), and its gradient -where(y == 0, 0, y / a)."""
    p_floor = p[0]
    p_cap = p[1]
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (-(0.0 if t1 else y_i / a_i)) * s_i
                t2 = y_i * log_64(a_i)
                loss = -(0.0 if t1 else t2)
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                y_i = y[row * ldy + j] if inside else 0.0
                t1 = y_i == 0.0
                a_i = a[i]
                s_i = s[i]
                s1 = w_row * (-(0.0 if t1 else y_i / a_i)) * s_i
                t2 = y_i * log_64(a_i)
                loss = -(0.0 if t1 else t2)
                summed = plus(summed, loss if inside else 0.0)
                s[i] = s1 if inside else s[i]
            total += f8(w_row) * f8(summed)
    return total


def log_loss_of_softmax_float32(z, d, y, w, rows, n, ld, ldy, p):
    """a = exp(z - max(unit: z)) / sum(unit: exp(z - max(unit: z))); the loss y * clip(max(unit: z) + log(sum(unit: exp(z - max(unit: z)))) - z, floor, cap), and its gradient a - y."""
    p_floor = p[0]
    p_cap = p[1]
    c1 = f4(p_floor)
    c2 = f4(p_cap)
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            order_of_max1 = order_32(f4(-math.inf))
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_32(z_i)) if inside else order_of_max1
            max1 = ordered_32(order_of_max1)
            sum2 = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i - max1)
                sum2 = plus(sum2, t1 if inside else f4(0.0))
                d[i] = t1 if inside else d[i]
            r1 = f4(1.0) / sum2
            r2 = math.log(sum2)
            summed = f4(0.0)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                kept_sum2 = d[i]
                t2 = kept_sum2 * r1
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t2 - y_i)
                z_i = z[i]
                t3 = max1 + r2 - z_i
                loss = y_i * (c1 if t3 < c1 else (c2 if t3 > c2 else t3))
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            order_of_max1 = order_32(f4(-math.inf))
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_32(z_i)) if inside else order_of_max1
            max1 = ordered_32(order_of_max1)
            sum2 = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_32(z_i - max1)
                sum2 = plus(sum2, t1 if inside else f4(0.0))
                d[i] = t1 if inside else d[i]
            r1 = f4(1.0) / sum2
            r2 = math.log(sum2)
            summed = f4(0.0)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                kept_sum2 = d[i]
                t2 = kept_sum2 * r1
                y_i = y[row * ldy + j] if inside else f4(0.0)
                d1 = w_row * (t2 - y_i)
                z_i = z[i]
                t3 = max1 + r2 - z_i
                loss = y_i * (c1 if t3 < c1 else (c2 if t3 > c2 else t3))
                summed = plus(summed, loss if inside else f4(0.0))
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def log_loss_of_softmax_float64(z, d, y, w, rows, n, ld, ldy, p):
    """a = exp(z - max(unit: z)) / sum(unit: exp(z - max(unit: z))); the loss y * clip(max(unit: z) + log(sum(unit: exp(z - max(unit: z)))) - z, floor, cap), and its gradient a - y."""
    p_floor = p[0]
    p_cap = p[1]
    total = 0.0
    if n <= 4:  # too few for vectors
        for row in range(rows):
            w_row = w[row]
            order_of_max1 = order_64(-math.inf)
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_64(z_i)) if inside else order_of_max1
            max1 = ordered_64(order_of_max1)
            sum2 = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i - max1)
                sum2 = plus(sum2, t1 if inside else 0.0)
                d[i] = t1 if inside else d[i]
            r1 = 1.0 / sum2
            r2 = math.log(sum2)
            summed = 0.0
            for j in range(n):
                i = row * ld + j
                inside = j < n
                kept_sum2 = d[i]
                t2 = kept_sum2 * r1
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t2 - y_i)
                z_i = z[i]
                t3 = max1 + r2 - z_i
                loss = y_i * (p_floor if t3 < p_floor else (p_cap if t3 > p_cap else t3))
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    else:
        width = (n + 15) & -16
        for row in range(rows):
            w_row = w[row]
            order_of_max1 = order_64(-math.inf)
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                order_of_max1 = max(order_of_max1, order_64(z_i)) if inside else order_of_max1
            max1 = ordered_64(order_of_max1)
            sum2 = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                z_i = z[i]
                t1 = exp_64(z_i - max1)
                sum2 = plus(sum2, t1 if inside else 0.0)
                d[i] = t1 if inside else d[i]
            r1 = 1.0 / sum2
            r2 = math.log(sum2)
            summed = 0.0
            for j in range(width):
                i = row * ld + j
                inside = j < n
                kept_sum2 = d[i]
                t2 = kept_sum2 * r1
                y_i = y[row * ldy + j] if inside else 0.0
                d1 = w_row * (t2 - y_i)
                z_i = z[i]
                t3 = max1 + r2 - z_i
                loss = y_i * (p_floor if t3 < p_floor else (p_cap if t3 > p_cap else t3))
                summed = plus(summed, loss if inside else 0.0)
                z[i] = t2 if inside else z[i]
                d[i] = d1 if inside else d[i]
            total += f8(w_row) * f8(summed)
    return total


def gradient_descent_float32(theta, g, state, size_of_state, count, p):
    """theta = theta - alpha * dtheta."""
    p_alpha = p[0]
    p_t = p[1]
    c1 = f4(p_alpha)
    for i in range(count):
        theta_i = theta[i]
        dtheta_i = g[i]
        theta_next = theta_i - c1 * dtheta_i
        theta[i] = theta_next


def gradient_descent_float64(theta, g, state, size_of_state, count, p):
    """theta = theta - alpha * dtheta."""
    p_alpha = p[0]
    p_t = p[1]
    for i in range(count):
        theta_i = theta[i]
        dtheta_i = g[i]
        theta_next = theta_i - p_alpha * dtheta_i
        theta[i] = theta_next


def momentum_float32(theta, g, state, size_of_state, count, p):
    """v = beta * v + dtheta; theta = theta - alpha * v[t+1]."""
    p_alpha = p[0]
    p_beta = p[1]
    p_t = p[2]
    c1 = f4(p_beta)
    c2 = f4(p_alpha)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = c1 * v_i + dtheta_i
        theta_i = theta[i]
        theta_next = theta_i - c2 * t1
        state[i] = t1
        theta[i] = theta_next


def momentum_float64(theta, g, state, size_of_state, count, p):
    """v = beta * v + dtheta; theta = theta - alpha * v[t+1]."""
    p_alpha = p[0]
    p_beta = p[1]
    p_t = p[2]
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = p_beta * v_i + dtheta_i
        theta_i = theta[i]
        theta_next = theta_i - p_alpha * t1
        state[i] = t1
        theta[i] = theta_next


def nesterov_float32(theta, g, state, size_of_state, count, p):
    """v = beta * v + dtheta; theta = theta - alpha * (dtheta + beta * v[t+1])."""
    p_alpha = p[0]
    p_beta = p[1]
    p_t = p[2]
    c1 = f4(p_beta)
    c2 = f4(p_alpha)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = c1 * v_i + dtheta_i
        theta_i = theta[i]
        theta_next = theta_i - c2 * (dtheta_i + c1 * t1)
        state[i] = t1
        theta[i] = theta_next


def nesterov_float64(theta, g, state, size_of_state, count, p):
    """v = beta * v + dtheta; theta = theta - alpha * (dtheta + beta * v[t+1])."""
    p_alpha = p[0]
    p_beta = p[1]
    p_t = p[2]
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = p_beta * v_i + dtheta_i
        theta_i = theta[i]
        theta_next = theta_i - p_alpha * (dtheta_i + p_beta * t1)
        state[i] = t1
        theta[i] = theta_next


def rmsprop_float32(theta, g, state, size_of_state, count, p):
    """s = rho * s + (1 - rho) * dtheta^2; theta = theta - alpha * dtheta / (sqrt(s[t+1]) + epsilon0)."""
    p_alpha = p[0]
    p_rho = p[1]
    p_epsilon0 = p[2]
    p_t = p[3]
    c1 = f4(p_rho)
    c2 = f4(1.0 - p_rho)
    c3 = f4(p_alpha)
    c4 = f4(p_epsilon0)
    for i in range(count):
        s_i = state[i]
        dtheta_i = g[i]
        t1 = c1 * s_i + c2 * (dtheta_i * dtheta_i)
        theta_i = theta[i]
        theta_next = theta_i - c3 * dtheta_i / (math.sqrt(t1) + c4)
        state[i] = t1
        theta[i] = theta_next


def rmsprop_float64(theta, g, state, size_of_state, count, p):
    """s = rho * s + (1 - rho) * dtheta^2; theta = theta - alpha * dtheta / (sqrt(s[t+1]) + epsilon0)."""
    p_alpha = p[0]
    p_rho = p[1]
    p_epsilon0 = p[2]
    p_t = p[3]
    c1 = 1.0 - p_rho
    for i in range(count):
        s_i = state[i]
        dtheta_i = g[i]
        t1 = p_rho * s_i + c1 * (dtheta_i * dtheta_i)
        theta_i = theta[i]
        theta_next = theta_i - p_alpha * dtheta_i / (math.sqrt(t1) + p_epsilon0)
        state[i] = t1
        theta[i] = theta_next


def adagrad_float32(theta, g, state, size_of_state, count, p):
    """s = s + dtheta^2; theta = theta - alpha * dtheta / (sqrt(s[t+1]) + epsilon0)."""
    p_alpha = p[0]
    p_epsilon0 = p[1]
    p_t = p[2]
    c1 = f4(p_alpha)
    c2 = f4(p_epsilon0)
    for i in range(count):
        s_i = state[i]
        dtheta_i = g[i]
        t1 = s_i + dtheta_i * dtheta_i
        theta_i = theta[i]
        theta_next = theta_i - c1 * dtheta_i / (math.sqrt(t1) + c2)
        state[i] = t1
        theta[i] = theta_next


def adagrad_float64(theta, g, state, size_of_state, count, p):
    """s = s + dtheta^2; theta = theta - alpha * dtheta / (sqrt(s[t+1]) + epsilon0)."""
    p_alpha = p[0]
    p_epsilon0 = p[1]
    p_t = p[2]
    for i in range(count):
        s_i = state[i]
        dtheta_i = g[i]
        t1 = s_i + dtheta_i * dtheta_i
        theta_i = theta[i]
        theta_next = theta_i - p_alpha * dtheta_i / (math.sqrt(t1) + p_epsilon0)
        state[i] = t1
        theta[i] = theta_next


def adam_float32(theta, g, state, size_of_state, count, p):
    """v = beta1 * v + (1 - beta1) * dtheta; s = beta2 * s + (1 - beta2) * dtheta^2; theta = theta - alpha * (v[t+1] / (1 - beta1^t)) / (sqrt(s[t+1] / (1 - beta2^t)) + epsilon0)."""
    p_alpha = p[0]
    p_beta1 = p[1]
    p_beta2 = p[2]
    p_epsilon0 = p[3]
    p_t = p[4]
    c1 = f4(p_beta1)
    c2 = f4(1.0 - p_beta1)
    c3 = f4(p_beta2)
    c4 = f4(1.0 - p_beta2)
    c5 = f4(p_alpha)
    c6 = f4(1.0 / (1.0 - p_beta1**p_t))
    c7 = f4(1.0 / (1.0 - p_beta2**p_t))
    c8 = f4(p_epsilon0)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = c1 * v_i + c2 * dtheta_i
        s_i = state[size_of_state + i]
        t2 = c3 * s_i + c4 * (dtheta_i * dtheta_i)
        theta_i = theta[i]
        theta_next = theta_i - c5 * (t1 * c6) / (math.sqrt(t2 * c7) + c8)
        state[i] = t1
        state[size_of_state + i] = t2
        theta[i] = theta_next


def adam_float64(theta, g, state, size_of_state, count, p):
    """v = beta1 * v + (1 - beta1) * dtheta; s = beta2 * s + (1 - beta2) * dtheta^2; theta = theta - alpha * (v[t+1] / (1 - beta1^t)) / (sqrt(s[t+1] / (1 - beta2^t)) + epsilon0)."""
    p_alpha = p[0]
    p_beta1 = p[1]
    p_beta2 = p[2]
    p_epsilon0 = p[3]
    p_t = p[4]
    c1 = 1.0 - p_beta1
    c2 = 1.0 - p_beta2
    c3 = 1.0 / (1.0 - p_beta1**p_t)
    c4 = 1.0 / (1.0 - p_beta2**p_t)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = p_beta1 * v_i + c1 * dtheta_i
        s_i = state[size_of_state + i]
        t2 = p_beta2 * s_i + c2 * (dtheta_i * dtheta_i)
        theta_i = theta[i]
        theta_next = theta_i - p_alpha * (t1 * c3) / (math.sqrt(t2 * c4) + p_epsilon0)
        state[i] = t1
        state[size_of_state + i] = t2
        theta[i] = theta_next


def adamw_float32(theta, g, state, size_of_state, count, p):
    """v = beta1 * v + (1 - beta1) * dtheta; s = beta2 * s + (1 - beta2) * dtheta^2; theta = (1 - alpha * lambda0) * theta - alpha * (v[t+1] / (1 - beta1^t)) / (sqrt(s[t+1] / (1 - beta2^t)) + epsilon0)."""
    p_alpha = p[0]
    p_beta1 = p[1]
    p_beta2 = p[2]
    p_epsilon0 = p[3]
    p_lambda0 = p[4]
    p_t = p[5]
    c1 = f4(p_beta1)
    c2 = f4(1.0 - p_beta1)
    c3 = f4(p_beta2)
    c4 = f4(1.0 - p_beta2)
    c5 = f4(1.0 - p_alpha * p_lambda0)
    c6 = f4(p_alpha)
    c7 = f4(1.0 / (1.0 - p_beta1**p_t))
    c8 = f4(1.0 / (1.0 - p_beta2**p_t))
    c9 = f4(p_epsilon0)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = c1 * v_i + c2 * dtheta_i
        s_i = state[size_of_state + i]
        t2 = c3 * s_i + c4 * (dtheta_i * dtheta_i)
        theta_i = theta[i]
        theta_next = c5 * theta_i - c6 * (t1 * c7) / (math.sqrt(t2 * c8) + c9)
        state[i] = t1
        state[size_of_state + i] = t2
        theta[i] = theta_next


def adamw_float64(theta, g, state, size_of_state, count, p):
    """v = beta1 * v + (1 - beta1) * dtheta; s = beta2 * s + (1 - beta2) * dtheta^2; theta = (1 - alpha * lambda0) * theta - alpha * (v[t+1] / (1 - beta1^t)) / (sqrt(s[t+1] / (1 - beta2^t)) + epsilon0)."""
    p_alpha = p[0]
    p_beta1 = p[1]
    p_beta2 = p[2]
    p_epsilon0 = p[3]
    p_lambda0 = p[4]
    p_t = p[5]
    c1 = 1.0 - p_beta1
    c2 = 1.0 - p_beta2
    c3 = 1.0 - p_alpha * p_lambda0
    c4 = 1.0 / (1.0 - p_beta1**p_t)
    c5 = 1.0 / (1.0 - p_beta2**p_t)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = p_beta1 * v_i + c1 * dtheta_i
        s_i = state[size_of_state + i]
        t2 = p_beta2 * s_i + c2 * (dtheta_i * dtheta_i)
        theta_i = theta[i]
        theta_next = c3 * theta_i - p_alpha * (t1 * c4) / (math.sqrt(t2 * c5) + p_epsilon0)
        state[i] = t1
        state[size_of_state + i] = t2
        theta[i] = theta_next


def adam_epsilon_hat_float32(theta, g, state, size_of_state, count, p):
    """v = beta1 * v + (1 - beta1) * dtheta; s = beta2 * s + (1 - beta2) * dtheta^2; theta = theta - alpha * sqrt(1 - beta2^t) / (1 - beta1^t) * v[t+1] / (sqrt(s[t+1]) + epsilon0)."""
    p_alpha = p[0]
    p_beta1 = p[1]
    p_beta2 = p[2]
    p_epsilon0 = p[3]
    p_t = p[4]
    c1 = f4(p_beta1)
    c2 = f4(1.0 - p_beta1)
    c3 = f4(p_beta2)
    c4 = f4(1.0 - p_beta2)
    c5 = f4(p_alpha * math.sqrt(1.0 - p_beta2**p_t) / (1.0 - p_beta1**p_t))
    c6 = f4(p_epsilon0)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = c1 * v_i + c2 * dtheta_i
        s_i = state[size_of_state + i]
        t2 = c3 * s_i + c4 * (dtheta_i * dtheta_i)
        theta_i = theta[i]
        theta_next = theta_i - c5 * t1 / (math.sqrt(t2) + c6)
        state[i] = t1
        state[size_of_state + i] = t2
        theta[i] = theta_next


def adam_epsilon_hat_float64(theta, g, state, size_of_state, count, p):
    """v = beta1 * v + (1 - beta1) * dtheta; s = beta2 * s + (1 - beta2) * dtheta^2; theta = theta - alpha * sqrt(1 - beta2^t) / (1 - beta1^t) * v[t+1] / (sqrt(s[t+1]) + epsilon0)."""
    p_alpha = p[0]
    p_beta1 = p[1]
    p_beta2 = p[2]
    p_epsilon0 = p[3]
    p_t = p[4]
    c1 = 1.0 - p_beta1
    c2 = 1.0 - p_beta2
    c3 = p_alpha * math.sqrt(1.0 - p_beta2**p_t) / (1.0 - p_beta1**p_t)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = p_beta1 * v_i + c1 * dtheta_i
        s_i = state[size_of_state + i]
        t2 = p_beta2 * s_i + c2 * (dtheta_i * dtheta_i)
        theta_i = theta[i]
        theta_next = theta_i - c3 * t1 / (math.sqrt(t2) + p_epsilon0)
        state[i] = t1
        state[size_of_state + i] = t2
        theta[i] = theta_next


def classical_momentum_float32(theta, g, state, size_of_state, count, p):
    """v = beta * v - alpha * dtheta; theta = theta + v[t+1]."""
    p_alpha = p[0]
    p_beta = p[1]
    p_t = p[2]
    c1 = f4(p_beta)
    c2 = f4(p_alpha)
    for i in range(count):
        v_i = state[i]
        t1 = c1 * v_i
        dtheta_i = g[i]
        v_next = t1 - c2 * dtheta_i
        theta_i = theta[i]
        theta_next = theta_i + t1 - c2 * dtheta_i
        state[i] = v_next
        theta[i] = theta_next


def classical_momentum_float64(theta, g, state, size_of_state, count, p):
    """v = beta * v - alpha * dtheta; theta = theta + v[t+1]."""
    p_alpha = p[0]
    p_beta = p[1]
    p_t = p[2]
    for i in range(count):
        v_i = state[i]
        t1 = p_beta * v_i
        dtheta_i = g[i]
        v_next = t1 - p_alpha * dtheta_i
        theta_i = theta[i]
        theta_next = theta_i + t1 - p_alpha * dtheta_i
        state[i] = v_next
        theta[i] = theta_next


def accelerated_gradient_float32(theta, g, state, size_of_state, count, p):
    """v = beta * v - alpha * dtheta; theta = theta + beta * v[t+1] - alpha * dtheta."""
    p_alpha = p[0]
    p_beta = p[1]
    p_t = p[2]
    c1 = f4(p_beta)
    c2 = f4(p_alpha)
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = c1 * v_i - c2 * dtheta_i
        theta_i = theta[i]
        theta_next = theta_i + c1 * t1 - c2 * dtheta_i
        state[i] = t1
        theta[i] = theta_next


def accelerated_gradient_float64(theta, g, state, size_of_state, count, p):
    """v = beta * v - alpha * dtheta; theta = theta + beta * v[t+1] - alpha * dtheta."""
    p_alpha = p[0]
    p_beta = p[1]
    p_t = p[2]
    for i in range(count):
        v_i = state[i]
        dtheta_i = g[i]
        t1 = p_beta * v_i - p_alpha * dtheta_i
        theta_i = theta[i]
        theta_next = theta_i + p_beta * t1 - p_alpha * dtheta_i
        state[i] = t1
        theta[i] = theta_next
