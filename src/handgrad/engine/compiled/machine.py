"""What the compiled code says to the machine: vector tiles of matrix products, transposes, atomics, calls by address.

Arrays are int64 addresses here, and strides are bytes. The type of the `one` that is passed, float32 or float64, chooses the
precision. A tile keeps its part of the result in vector registers while it runs down the shared axis.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

STORE, TIMES, UPDATE = 0, 1, 2
"""What a product does with its place: C = αAB, C = C ∘ AB, C = βC + αAB."""
PAUSES = 4000
"""How often a waiting thread looks before it offers its processor to another."""


X86 = llvm.get_process_triple().split("-")[0] in {"x86_64", "i386", "i686", "amd64"}


def _vector_bytes() -> tuple[int, int]:
    """Bytes of a vector register of this machine, and the rows of a tile that fit its registers."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 8
    if features.get("avx"):
        return 32, 6  # 16 registers: 12 sums, two vectors and one scalar
    return 16, 6


VECTOR_BYTES, ROWS = _vector_bytes()
FUSED = not X86 or bool(llvm.get_host_cpu_features().get("fma"))
"""Whether the machine multiplies and adds in one instruction."""
LINE = 64
"""Bytes of a cache line."""
COLUMNS = 2 * VECTOR_BYTES
"""Bytes of a row of a tile: two vectors side by side."""
PAD = 16
"""Rows of all arrays are whole multiples of this many entries, of one, two or more vectors."""

i8, i32, i64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def _offer() -> int:
    """The address of the system's function by which a thread offers its processor to others."""
    library = ctypes.WinDLL("kernel32") if sys.platform == "win32" else ctypes.CDLL(None)
    function = library.SwitchToThread if sys.platform == "win32" else library.sched_yield
    return ctypes.cast(function, ctypes.c_void_p).value or 0


llvm.add_symbol("handgrad_offer", _offer())


class _Vectors:
    """Loads, stores and arithmetic on vectors of one type, at addresses."""

    def __init__(self, builder: Any, kind: Any) -> None:
        bits = kind.bitwidth
        self.builder, self.size = builder, bits // 8
        self.real: Any = ir.FloatType() if bits == 32 else ir.DoubleType()
        self.lanes = VECTOR_BYTES // self.size
        self.type = ir.VectorType(self.real, self.lanes)
        self._name = f"llvm.fma.v{self.lanes}f{bits}"

    def at(self, address: Any, kind: Any) -> Any:
        return self.builder.inttoptr(address, kind.as_pointer())

    def load(self, address: Any) -> Any:
        found = self.builder.load(self.at(address, self.type))
        found.align = self.size
        return found

    def store(self, value: Any, address: Any) -> None:
        self.builder.store(value, self.at(address, self.type)).align = self.size

    def splat(self, value: Any) -> Any:
        nothing = ir.Constant(self.type, ir.Undefined)
        first = self.builder.insert_element(nothing, value, i32(0))
        return self.builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(i32, self.lanes), [0] * self.lanes))

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        if not FUSED:
            return self.builder.fadd(self.builder.fmul(a, b), c)
        function = cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(self.type, [self.type] * 3), self._name)
        return self.builder.call(function, [a, b, c])


def _tile(rows: int, columns: int) -> Callable[..., None]:
    """The tile of `rows` × `columns` (bytes) of a product: A's rows and columns lie as their strides say, B's side by side.

    A width of 0 is that of a pad, whatever the type.
    """

    @intrinsic
    def tile(typing, a, rs, cs, b, ldb, k, c, ldc, mode, alpha, beta):
        signature = types.void(*[types.int64] * 9, alpha, alpha)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            a, rs, cs, b, ldb, k, c, ldc, mode, alpha, beta = arguments
            v = _Vectors(builder, signature.args[9])
            vectors = (columns or PAD * v.size) // VECTOR_BYTES
            starts = [a]
            for _ in range(rows - 1):
                starts.append(builder.add(starts[-1], rs))
            zero = ir.Constant(v.type, None)
            before = builder.block
            loop, done = builder.append_basic_block("shared"), builder.append_basic_block("done")
            builder.cbranch(builder.icmp_signed(">", k, i64(0)), loop, done)

            builder.position_at_end(loop)
            step, down, across = builder.phi(i64), builder.phi(i64), builder.phi(i64)
            for phi, first in ((step, i64(0)), (down, i64(0)), (across, b)):
                phi.add_incoming(first, before)
            sums = [builder.phi(v.type) for _ in range(rows * vectors)]
            row = [v.load(builder.add(across, i64(j * VECTOR_BYTES))) for j in range(vectors)]
            new = []
            for r in range(rows):
                scalar = v.splat(builder.load(v.at(builder.add(starts[r], down), v.real)))
                new += [v.fma(scalar, row[j], sums[r * vectors + j]) for j in range(vectors)]
            following = builder.add(step, i64(1))
            for phi, value in ((step, following), (down, builder.add(down, cs)), (across, builder.add(across, ldb))):
                phi.add_incoming(value, loop)
            for phi, value in zip(sums, new, strict=True):
                phi.add_incoming(zero, before)
                phi.add_incoming(value, loop)
            builder.cbranch(builder.icmp_signed("<", following, k), loop, done)

            builder.position_at_end(done)
            results = [builder.phi(v.type) for _ in new]
            for phi, value in zip(results, new, strict=True):
                phi.add_incoming(zero, before)
                phi.add_incoming(value, loop)
            end = builder.append_basic_block("end")
            ways = {
                STORE: lambda value, _: builder.fmul(value, v.splat(alpha)),
                TIMES: lambda value, old: builder.fmul(value, v.load(old)),
                UPDATE: lambda value, old: v.fma(value, v.splat(alpha), builder.fmul(v.splat(beta), v.load(old))),
            }
            blocks = {way: builder.append_basic_block("write") for way in ways}
            switch = builder.switch(mode, blocks[STORE])
            for way, block in blocks.items():
                if way != STORE:
                    switch.add_case(i64(way), block)
                builder.position_at_end(block)
                place = c
                for r in range(rows):
                    for j in range(vectors):
                        address = builder.add(place, i64(j * VECTOR_BYTES))
                        v.store(ways[way](results[r * vectors + j], address), address)
                    place = builder.add(place, ldc)
                builder.branch(end)
            builder.position_at_end(end)
            return context.get_dummy_value()

        return signature, generate

    return tile  # type: ignore[no-any-return]  # numba has no types


tile_wide, tile_narrow = _tile(ROWS, COLUMNS), _tile(ROWS, VECTOR_BYTES)
tile_row_wide, tile_row_narrow = _tile(1, COLUMNS), _tile(1, VECTOR_BYTES)
tile_half_wide, tile_half_narrow = _tile(ROWS // 2, COLUMNS), _tile(ROWS // 2, VECTOR_BYTES)
tile_row_pad = _tile(1, 0)


@intrinsic
def add_outer(typing, x, errors, count, w, row, alpha, beta):
    """Compute W = βW + α x errorsᵀ for `count` rows of W, each of one pad."""
    signature = types.void(*[types.int64] * 5, alpha, alpha)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, errors, count, w, row, alpha, beta = arguments
        v = _Vectors(builder, signature.args[5])
        parts = [builder.add(errors, i64(byte)) for byte in range(0, PAD * v.size, VECTOR_BYTES)]
        steep, keep = [builder.fmul(v.splat(alpha), v.load(part)) for part in parts], v.splat(beta)
        with cgutils.for_range(builder, count, intp=i64) as loop:
            scalar = v.splat(builder.load(v.at(builder.add(x, builder.mul(loop.index, i64(v.size))), v.real)))
            place = builder.add(w, builder.mul(loop.index, row))
            for j, vector in enumerate(steep):
                address = builder.add(place, i64(j * VECTOR_BYTES))
                v.store(v.fma(scalar, vector, builder.fmul(keep, v.load(address))), address)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def add_row(typing, factor, source, target, wide):
    """Add a multiple of a row of `wide` bytes, whole pads, to another."""
    signature = types.void(factor, types.int64, types.int64, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        factor, source, target, wide = arguments
        v = _Vectors(builder, signature.args[0])
        times, pad = v.splat(factor), PAD * v.size
        with cgutils.for_range(builder, builder.udiv(wide, i64(pad)), intp=i64) as loop:
            for byte in range(0, pad, VECTOR_BYTES):
                offset = builder.add(builder.mul(loop.index, i64(pad)), i64(byte))
                place = builder.add(target, offset)
                v.store(v.fma(times, v.load(builder.add(source, offset)), v.load(place)), place)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def times_rows(typing, w, row, count, errors, s, one):
    """Compute s = s ∘ (W errors) for `count` rows of W, each of one pad."""
    signature = types.void(*[types.int64] * 5, one)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        w, row, count, errors, s, _ = arguments
        v = _Vectors(builder, signature.args[5])
        offsets = range(0, PAD * v.size, VECTOR_BYTES)
        parts = [v.load(builder.add(errors, i64(byte))) for byte in offsets]
        bits = v.size * 8
        kinds = ir.FunctionType(v.real, [v.real, v.type])
        reduce = cgutils.get_or_insert_function(builder.module, kinds, f"llvm.vector.reduce.fadd.v{v.lanes}f{bits}")
        with cgutils.for_range(builder, count, intp=i64) as loop:
            place = builder.add(w, builder.mul(loop.index, row))
            total = ir.Constant(v.type, None)
            for byte, part in zip(offsets, parts, strict=True):
                total = v.fma(v.load(builder.add(place, i64(byte))), part, total)
            found = builder.call(reduce, [ir.Constant(v.real, 0.0), total], fastmath=("reassoc",))
            to = v.at(builder.add(s, builder.mul(loop.index, i64(v.size))), v.real)
            builder.store(builder.fmul(found, builder.load(to)), to)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def transpose(typing, source, lds, target, ldt, one):
    """Transpose a square block, as wide as a vector: log₂ rounds that exchange ever larger corners."""
    signature = types.void(*[types.int64] * 4, one)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, lds, target, ldt, _ = arguments
        v = _Vectors(builder, signature.args[4])
        rows = [v.load(builder.add(source, builder.mul(lds, i64(r)))) for r in range(v.lanes)]
        corner = v.lanes // 2
        while corner:
            pick = ir.VectorType(i32, v.lanes)
            low = [j if not j & corner else v.lanes + j - corner for j in range(v.lanes)]
            high = [j + corner if not j & corner else v.lanes + j for j in range(v.lanes)]
            for r in (r for r in range(v.lanes) if not r & corner):
                upper, lower = rows[r], rows[r + corner]
                rows[r] = builder.shuffle_vector(upper, lower, ir.Constant(pick, low))
                rows[r + corner] = builder.shuffle_vector(upper, lower, ir.Constant(pick, high))
            corner //= 2
        for r, row in enumerate(rows):
            v.store(row, builder.add(target, builder.mul(ldt, i64(r))))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def copy(typing, source, target, one):
    """Copy one vector."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v = _Vectors(builder, signature.args[2])
        v.store(v.load(arguments[0]), arguments[1])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, one), generate


@intrinsic
def prefetch(typing, address):
    """Ask for the cache line at an address, which will be read soon."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = ir.FunctionType(ir.VoidType(), [i8.as_pointer(), i32, i32, i32])
        function = cgutils.get_or_insert_function(builder.module, kinds, "llvm.prefetch.p0")
        builder.call(function, [builder.inttoptr(arguments[0], i8.as_pointer()), i32(0), i32(2), i32(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def lanes(typing, one):
    """How many numbers of the type of `one` a vector holds."""
    count = VECTOR_BYTES * 8 // one.bitwidth

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return i64(count)

    return types.int64(one), generate


def _pointer(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


@intrinsic
def pointer(typing, address):
    """The address as a pointer, of which carray makes an array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], i8.as_pointer())

    return types.voidptr(types.int64), generate


@intrinsic
def add_atomically(typing, address, amount):
    """Add to the int64 at an address, seen by all threads; returns what was there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("add", _pointer(builder, arguments[0], i64), arguments[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def read_atomically(typing, address):
    """Read the int64 at an address as the other threads have written it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_pointer(builder, arguments[0], i64), "seq_cst", 8)

    return types.int64(types.int64), generate


@intrinsic
def pause(typing):
    """Tell the processor that this thread waits in a loop."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if X86:
            function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause")
            builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def offer(typing):
    """Offer this thread's processor to others."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(i32, []), "handgrad_offer")
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), generate


def _call(count: int, result: Any) -> tuple[Any, Callable[..., Any]]:
    """The signature and the code of a call of the kernel at an address, whose `count` arguments are addresses and counts."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        native = ir.DoubleType() if result is types.float64 else ir.VoidType()
        address, *passed = arguments
        found = builder.call(_pointer(builder, address, ir.FunctionType(native, [i64] * count)), passed)
        return found if result is types.float64 else context.get_dummy_value()

    return result(*[types.int64] * (count + 1)), generate


def _call_with_reals(integers: int, real: Any) -> tuple[Any, Callable[..., Any]]:
    """The same for a function of so many int64 and then two numbers of the type `real`, as building.address_of makes them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v = _Vectors(builder, signature.args[-1])
        address, *passed = arguments
        native = ir.FunctionType(ir.VoidType(), [*[i64] * integers, v.real, v.real])
        builder.call(_pointer(builder, address, native), passed)
        return context.get_dummy_value()

    return types.void(*[types.int64] * (integers + 1), real, real), generate


@intrinsic
def call_activation(typing, address, z, s, rows, n, ld, p):
    """Call an activation's kernel."""
    return _call(6, types.void)


@intrinsic
def call_vjp(typing, address, a, d, rows, n, ld, p):
    """Call the kernel of a rowwise activation's vector-Jacobian product."""
    return _call(6, types.void)


@intrinsic
def call_loss(typing, address, a, s, y, w, rows, n, ld, ldy, p):
    """Call the kernel of a loss, or of a loss fused with its output."""
    return _call(9, types.float64)


@intrinsic
def call_product(typing, address, a, rs, cs, b, ldb, k, c, ldc, m, n, mode, alpha, beta):
    """Call products.panels, compiled for the type of alpha and beta."""
    return _call_with_reals(11, alpha)


@intrinsic
def call_sparse_product(typing, address, x, columns, ends, rows, w, row, bias, z, ldz, wide, one, _):
    """Call products.sparse_product."""
    return _call_with_reals(10, one)


@intrinsic
def call_sparse_update(typing, address, x, columns, ends, seen, rows, bias, first, last, d, ldd, c, row, wide, mode, alpha, beta):
    """Call products.sparse_update."""
    return _call_with_reals(14, alpha)


@intrinsic
def call_rule(typing, address, theta, gradient, state, size, count, p):
    """Call the kernel of an update rule."""
    return _call(6, types.void)
