"""Rows of a matrix held in vector registers, for numba kernels.

A matrix [N, D] of float32 is stored as N records of ``LANES`` * blocks floats. The number of
blocks is part of the record's type, so a kernel is compiled for one width: each function here
becomes straight vector instructions, and a row that is loaded stays in registers until it is
stored. Plain loops over ``matrix[row, d]`` must assume that rows overlap, and go through memory.

numba's cache of a kernel knows the kernel's own file only: after a change here, touch
``windows.py`` (a new installation does), or its kernels are the old ones.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending
from numba.core import cgutils, types
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Records = NDArray[np.void]

LANES = 16  # float32 numbers in a cache line, and in the widest vector register
LINE = 64  # bytes of a cache line
BLOCK = ir.VectorType(ir.FloatType(), LANES)


class Row(types.Type):
    """The numba type of a row in registers: so many blocks of ``LANES`` floats."""

    def __init__(self, blocks: int) -> None:
        super().__init__(name=f"Row({blocks})")
        self.blocks = blocks


@extending.register_model(Row)
class RowModel(extending.models.PrimitiveModel):
    """How LLVM sees a row: an array of vectors, which it takes apart into registers."""

    def __init__(self, manager: Any, row: Row) -> None:
        backend = ir.ArrayType(BLOCK, row.blocks)
        super().__init__(manager, row, backend)  # type: ignore[no-untyped-call]


def make_rows(count: int, dimensions: int) -> tuple[Records, Floats]:
    """Give zeroed rows as records for kernels, [N], and as a matrix [N, D] over the same memory.

    Each row starts on a cache line; the floats between D and the next multiple of ``LANES`` stay
    zero whatever the functions here do.
    """
    width = -(-dimensions // LANES) * LANES
    memory = np.zeros(count * width + LANES, np.float32)
    skip = -memory.ctypes.data % LINE // memory.itemsize
    matrix = memory[skip : skip + count * width].reshape(count, width)
    record = np.dtype([("row", np.float32, (width,))])
    return matrix.view(record)[:, 0], matrix[:, :dimensions]


def blocks_of(matrix: Any) -> int:
    """Blocks in a row of a matrix, from its numba type."""
    return int(matrix.dtype.size // LINE)


def pointers(builder: Any, matrix: Any, value: Any, row: Any) -> list[Any]:
    """Emit the addresses of the blocks of one row."""
    start = builder.bitcast(value, BLOCK.as_pointer())
    blocks = blocks_of(matrix)
    first = builder.mul(row, ir.Constant(row.type, blocks))
    return [
        builder.gep(start, [builder.add(first, ir.Constant(row.type, block))])
        for block in range(blocks)
    ]


def pack(builder: Any, blocks: list[Any]) -> Any:
    """Emit a row out of its blocks."""
    row = ir.Constant(ir.ArrayType(BLOCK, len(blocks)), ir.Undefined)
    for place, block in enumerate(blocks):
        row = builder.insert_value(row, block, place)
    return row


def unpack(builder: Any, row: Any) -> list[Any]:
    """Emit the blocks of a row."""
    return [builder.extract_value(row, place) for place in range(row.type.count)]


def spread(builder: Any, number: Any) -> Any:
    """Emit a block that holds a number in every lane."""
    single = builder.insert_element(
        ir.Constant(BLOCK, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
    )
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(single, ir.Constant(BLOCK, ir.Undefined), mask)


Emit = Callable[[Any, Any, Any, Any], Any]
Function = Callable[..., Any]
intrinsic: Callable[[Function], Function] = extending.intrinsic


@intrinsic
def pointer(_typing: Any, array: Any) -> tuple[Any, Emit]:
    """Give the address of an array's first element, to be indexed without checks.

    Its owner must outlive it. Handing arrays themselves on costs atomic counting of references.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        proxy: Any = cgutils.create_struct_proxy  # numba leaves it untyped
        return proxy(kind)(context, builder, args[0]).data

    address: Any = types.CPointer  # numba leaves it untyped
    return address(array.dtype)(array), emit


@intrinsic
def load(_typing: Any, matrix: Any, row: Any) -> tuple[Any, Emit]:
    """Read a row of a matrix; nothing checks that it has it."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        index = context.cast(builder, args[1], signature.args[1], types.intp)
        places = pointers(builder, signature.args[0], args[0], index)
        return pack(builder, [builder.load(place, align=4) for place in places])

    return Row(blocks_of(matrix))(matrix, row), emit


@intrinsic
def store(_typing: Any, matrix: Any, row: Any, values: Any) -> tuple[Any, Emit]:
    """Write a row of a matrix."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        index = context.cast(builder, args[1], signature.args[1], types.intp)
        places = pointers(builder, signature.args[0], args[0], index)
        for place, block in zip(places, unpack(builder, args[2]), strict=True):
            builder.store(block, place, align=4)
        return context.get_dummy_value()

    return types.void(matrix, row, values), emit


@intrinsic
def prefetch(_typing: Any, matrix: Any, row: Any) -> tuple[Any, Emit]:
    """Ask for a row to be in the cache soon."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        index = context.cast(builder, args[1], signature.args[1], types.intp)
        number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch.p0", (), kind)
        hints = [ir.Constant(number, hint) for hint in (1, 3, 1)]  # to write, keep, data
        for place in pointers(builder, signature.args[0], args[0], index):
            builder.call(function, [builder.bitcast(place, byte), *hints])
        return context.get_dummy_value()

    return types.void(matrix, row), emit


@intrinsic
def zero_row(_typing: Any, matrix: Any) -> tuple[Any, Emit]:
    """Give a row of zeros, as wide as those of a matrix."""

    def emit(_context: Any, _builder: Any, signature: Any, _args: Any) -> Any:
        return ir.Constant(ir.ArrayType(BLOCK, signature.return_type.blocks), None)

    return Row(blocks_of(matrix))(matrix), emit


@intrinsic
def add_scaled(_typing: Any, row: Any, _scale: Any, other: Any) -> tuple[Any, Emit]:
    """Give ``row`` + scale * ``other``; the scale is one float32."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        factor = spread(builder, args[1])
        pairs = zip(unpack(builder, args[0]), unpack(builder, args[2]), strict=True)
        blocks = [
            builder.fadd(left, builder.fmul(factor, right, flags=["fast"]), flags=["fast"])
            for left, right in pairs
        ]
        return pack(builder, blocks)

    return row(row, types.float32, other), emit


@intrinsic
def dot(_typing: Any, row: Any, other: Any) -> tuple[Any, Emit]:
    """Give the inner product of two rows, one float32."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        sums: list[Any] = []
        for place, pair in enumerate(
            zip(unpack(builder, args[0]), unpack(builder, args[1]), strict=True)
        ):
            product = builder.fmul(*pair, flags=["fast"])
            if place < 2:  # two chains of additions at once
                sums.append(product)
            else:
                sums[place % 2] = builder.fadd(sums[place % 2], product, flags=["fast"])
        total = sums[0] if len(sums) == 1 else builder.fadd(*sums, flags=["fast"])
        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType(), BLOCK])
        name = f"llvm.vector.reduce.fadd.v{LANES}f32"
        function = builder.module.declare_intrinsic(name, (), kind)
        start = ir.Constant(ir.FloatType(), -0.0)
        return builder.call(function, [start, total], fastmath=("fast",))

    return types.float32(row, other), emit
