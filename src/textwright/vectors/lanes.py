"""Rows of a matrix held in vector registers, for numba kernels.

A matrix [N, D] of float32 is stored as N records of ``LANES`` * blocks floats. The number of
blocks is part of the record's type, so a kernel is compiled for one width: each function here
becomes straight vector instructions, and a row that is loaded stays in registers until it is
stored. Plain loops over ``matrix[row, d]`` must assume that rows overlap, and go through memory.

A processor with 16 vector registers holds two such rows of 100 numbers at most. Where several
rows are multiplied with one, ``GROUP`` of them are read together, block by block: that asks for
few registers, and their sums do not wait for each other.
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

GROUP = 6  # rows taken together: a centre and five negatives
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
def offset(_typing: Any, address: Any, places: Any) -> tuple[Any, Emit]:
    """Give the address of the element so many places on."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        index = context.cast(builder, args[1], signature.args[1], types.intp)
        return builder.gep(args[0], [index])

    return address(address, places), emit


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
        return pack(builder, [add_product(builder, left, factor, right) for left, right in pairs])

    return row(row, types.float32, other), emit


@intrinsic
def write_dots(_typing: Any, row: Any, matrix: Any, places: Any, dots: Any) -> tuple[Any, Emit]:
    """Write the inner products of a row with ``GROUP`` rows of a matrix.

    places: address of the numbers of those rows, int32.
    dots:   address of as many float32.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        others = point_at_group(context, builder, signature.args[1:3], args[1:3])
        sums: list[Any] = [ir.Constant(BLOCK, None)] * GROUP
        for number, block in enumerate(unpack(builder, args[0])):
            for each, other in enumerate(others):
                there = builder.load(other[number], align=4)
                product = builder.fmul(block, there, flags=["fast"])
                sums[each] = builder.fadd(sums[each], product, flags=["fast"])
        for each, total in enumerate(sums):
            place = builder.gep(args[3], [ir.Constant(ir.IntType(64), each)])
            builder.store(add_lanes(builder, total), place)
        return context.get_dummy_value()

    return types.void(row, matrix, places, dots), emit


@intrinsic
def move_group(
    _typing: Any, row: Any, change: Any, matrix: Any, places: Any, steps: Any
) -> tuple[Any, Emit]:
    """Add ``row``, times its step, to each of ``GROUP`` rows of a matrix, one after the other.

    places, steps: addresses of the numbers of those rows, int32, and of the float32 steps.
    Gives ``change`` with each of those rows, times its step, added before it is moved.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        others = point_at_group(context, builder, signature.args[2:4], args[2:4])
        factors = [
            spread(builder, builder.load(builder.gep(args[4], [ir.Constant(ir.IntType(64), each)])))
            for each in range(GROUP)
        ]
        changed = unpack(builder, args[1])
        for number, block in enumerate(unpack(builder, args[0])):
            for other, factor in zip(others, factors, strict=True):
                there = builder.load(other[number], align=4)
                changed[number] = add_product(builder, changed[number], factor, there)
                builder.store(add_product(builder, there, factor, block), other[number], align=4)
        return pack(builder, changed)

    return change(row, change, matrix, places, steps), emit


def point_at_group(context: Any, builder: Any, kinds: Any, args: Any) -> list[list[Any]]:
    """Emit the addresses of the blocks of ``GROUP`` rows, whose numbers stand at an address."""
    found = []
    for each in range(GROUP):
        number = builder.load(builder.gep(args[1], [ir.Constant(ir.IntType(64), each)]))
        index = context.cast(builder, number, types.int32, types.intp)
        found.append(pointers(builder, kinds[0], args[0], index))
    return found


def add_product(builder: Any, block: Any, factor: Any, other: Any) -> Any:
    """Emit ``block`` + ``factor`` * ``other``."""
    return builder.fadd(block, builder.fmul(factor, other, flags=["fast"]), flags=["fast"])


def add_lanes(builder: Any, block: Any) -> Any:
    """Emit the sum of the lanes of a block."""
    kind = ir.FunctionType(ir.FloatType(), [ir.FloatType(), BLOCK])
    name = f"llvm.vector.reduce.fadd.v{LANES}f32"
    function = builder.module.declare_intrinsic(name, (), kind)
    return builder.call(function, [ir.Constant(ir.FloatType(), -0.0), block], fastmath=("fast",))
