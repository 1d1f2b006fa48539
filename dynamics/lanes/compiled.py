"""Eight doubles as one Numba value: every operation is one strict instruction a lane, whatever the machine.

A value of the type `Lanes` is an LLVM vector of 8 doubles, one of `Half` of 4, one of `Whole` 8 integers, one of `Mask`
8 truth values.
Nothing is left to a vectoriser and no flag allows one: a lane has the bits that the same operation on one number has,
and only `fused` rounds once where two operations would round twice.  `dynamics.lanes.plain` has the same names for
plain Python.
"""

# mypy: disable-error-code="no-untyped-call, untyped-decorator, attr-defined"
# Numba's means of extension have no types.

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.imputils import lower_builtin, lower_cast
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

from . import memory

WIDTH = 8
_DOUBLE, _LONG, _BIT, _SHORT = ir.DoubleType(), ir.IntType(64), ir.IntType(1), ir.IntType(32)
_DOUBLES, _LONGS = ir.VectorType(_DOUBLE, WIDTH), ir.VectorType(_LONG, WIDTH)
_FEWER = ir.VectorType(_DOUBLE, WIDTH // 2)
_BITS, _PLACES = ir.VectorType(_BIT, WIDTH), ir.VectorType(_SHORT, WIDTH)
_FIRST = ir.Constant(ir.VectorType(_SHORT, WIDTH // 2), [*range(WIDTH // 2)])

Built = Callable[..., Any]
aligned = njit(error_model="numpy", fastmath=False)(memory.aligned)


class Lanes(types.Type):
    """8 doubles."""

    def __init__(self) -> None:
        super().__init__("Lanes")

    def can_convert_from(self, typing: Any, other: Any) -> Any:
        """Numbers become lanes."""
        return Conversion.unsafe if isinstance(other, types.Float | types.Integer) else None


class Half(types.Type):
    """4 doubles."""

    def __init__(self) -> None:
        super().__init__("Half")


class Whole(types.Type):
    """8 integers of 64 bits."""

    def __init__(self) -> None:
        super().__init__("Whole")


class Mask(types.Type):
    """8 truth values."""

    def __init__(self) -> None:
        super().__init__("Mask")


lanes_type, half_type, whole_type, mask_type = Lanes(), Half(), Whole(), Mask()


def _modelled(kind: type[types.Type], vector: ir.VectorType) -> None:
    @register_model(kind)
    class _Model(models.PrimitiveModel):
        def __init__(self, manager: Any, of: Any) -> None:
            super().__init__(manager, of, vector)


for _kind, _vector in ((Lanes, _DOUBLES), (Half, _FEWER), (Whole, _LONGS), (Mask, _BITS)):
    _modelled(_kind, _vector)


def _one(result: types.Type, build: Built, *of: types.Type) -> Any:
    """An intrinsic of these argument types whose code is build(builder, *values)."""

    def typed(context: Any, *given: Any) -> Any:
        def code(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return build(builder, *values)

        return result(*of), code

    names = ", ".join(f"x{at}" for at in range(len(of)))
    scope: dict[str, Any] = {"typed": typed}
    exec(f"def made(context, {names}):\n    return typed(context, {names})\n", scope)  # a fixed number of arguments
    return intrinsic(scope["made"])


def _splat(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_SHORT, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_PLACES, [0] * WIDTH))


def _called(name: str, count: int, of: Any = _DOUBLES) -> Built:
    """A call of an LLVM intrinsic on doubles, vectors of 8 unless others are said."""
    suffix = f"v{of.count}f64" if isinstance(of, ir.VectorType) else "f64"

    def build(builder: Any, *values: Any) -> Any:
        kind = ir.FunctionType(of, [of] * count)
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.{suffix}"), values)

    return build


def _loading(result: types.Type, vector: ir.VectorType, doc: str) -> Any:
    """An intrinsic that reads a vector from a flat array of doubles."""

    def load(typing: Any, array: Any, at: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            found = builder.load(_pointer(context, builder, signature.args[0], vector, *values[:2]))
            found.align = 8
            return found

        return result(array, types.intp), code

    load.__doc__ = doc
    return intrinsic(load)


def _storing(of: types.Type, vector: ir.VectorType, doc: str) -> Any:
    """An intrinsic that writes a vector into a flat array of doubles."""

    def store(typing: Any, array: Any, at: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            kept = builder.store(values[2], _pointer(context, builder, signature.args[0], vector, *values[:2]))
            kept.align = 8
            return context.get_dummy_value()

        return types.void(array, types.intp, of), code

    store.__doc__ = doc
    return intrinsic(store)


def _pointer(context: Any, builder: Any, kind: Any, vector: ir.VectorType, array: Any, at: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), vector.as_pointer())


load = _loading(lanes_type, _DOUBLES, "array[at : at + 8] of a flat array of doubles.")
load_half = _loading(half_type, _FEWER, "array[at : at + 4] of a flat array of doubles.")
store = _storing(lanes_type, _DOUBLES, "array[at : at + 8] = value.")
store_half = _storing(half_type, _FEWER, "array[at : at + 4] = value.")


@intrinsic
def spread(typing: Any, array: Any, at: Any) -> Any:
    """array[at] of a flat array of doubles, at >= 0, in every lane, without Numba's look at whether at is negative."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        return _splat(builder, builder.load(builder.gep(data, [values[1]])), _DOUBLES)

    return lanes_type(array, types.intp), code


@intrinsic
def entry(typing: Any, array: Any, at: Any) -> Any:
    """array[at] of a flat array of doubles, at >= 0, as `spread` finds it."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        return builder.load(builder.gep(data, [values[1]]))

    return types.float64(array, types.intp), code


whole = _one(whole_type, lambda builder, x: _splat(builder, x, _LONGS), types.int64)
fused = _one(lanes_type, _called("fma", 3), lanes_type, lanes_type, lanes_type)
fused_half = _one(half_type, _called("fma", 3, _FEWER), half_type, half_type, half_type)
fused_one = _one(types.float64, _called("fma", 3, _DOUBLE), types.float64, types.float64, types.float64)
low = _one(half_type, lambda builder, x: builder.shuffle_vector(x, x, _FIRST), lanes_type)
sqrt_each = _one(lanes_type, _called("sqrt", 1), lanes_type)
nearest = _one(lanes_type, _called("rint", 1), lanes_type)
both = _one(mask_type, lambda builder, a, b: builder.and_(a, b), mask_type, mask_type)
either = _one(mask_type, lambda builder, a, b: builder.or_(a, b), mask_type, mask_type)
to_whole = _one(whole_type, lambda builder, x: builder.fptosi(x, _LONGS), lanes_type)
to_lanes = _one(lanes_type, lambda builder, x: builder.sitofp(x, _DOUBLES), whole_type)
bits_of = _one(whole_type, lambda builder, x: builder.bitcast(x, _LONGS), lanes_type)
of_bits = _one(lanes_type, lambda builder, x: builder.bitcast(x, _DOUBLES), whole_type)
shifted_left = _one(whole_type, lambda builder, a, b: builder.shl(a, b), whole_type, whole_type)
shifted_right = _one(whole_type, lambda builder, a, b: builder.lshr(a, b), whole_type, whole_type)
bits_and = _one(whole_type, lambda builder, a, b: builder.and_(a, b), whole_type, whole_type)
bits_or = _one(whole_type, lambda builder, a, b: builder.or_(a, b), whole_type, whole_type)


def _nonzero(builder: Any, bits: Any) -> Any:
    """A sign alone is no number: -0.0 counts as 0."""
    magnitude = builder.and_(bits, ir.Constant(_LONGS, [2**63 - 1] * WIDTH))
    packed = builder.icmp_unsigned("!=", magnitude, ir.Constant(_LONGS, [0] * WIDTH))
    return builder.zext(builder.bitcast(packed, ir.IntType(WIDTH)), _LONG)


def _lowest(builder: Any, bits: Any) -> Any:
    kind = ir.FunctionType(_LONG, [_LONG, _BIT])
    count = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
    return builder.call(count, [bits, ir.Constant(_BIT, 1)])


def _ones(builder: Any, bits: Any) -> Any:
    kind = ir.FunctionType(_LONG, [_LONG])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.ctpop.i64"), [bits])


nonzero = _one(types.int64, _nonzero, whole_type)
ones = _one(types.int64, _ones, types.int64)
lowest = _one(types.int64, _lowest, types.int64)
lane = _one(types.float64, lambda builder, x, at: builder.extract_element(x, at), lanes_type, types.intp)
in_lane = _one(
    lanes_type, lambda builder, x, at, value: builder.insert_element(x, value, at), lanes_type, types.intp,
    types.float64,
)


def _all(builder: Any, mask: Any) -> Any:
    packed = builder.bitcast(mask, ir.IntType(WIDTH))
    return builder.icmp_unsigned("==", packed, ir.Constant(ir.IntType(WIDTH), 2**WIDTH - 1))


every = _one(types.boolean, _all, mask_type)


def _sum(builder: Any, value: Any) -> Any:
    """((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)), whatever the machine."""
    undefined = ir.Constant(_DOUBLES, ir.Undefined)
    for gap in (4, 2, 1):
        places = ir.Constant(_PLACES, [(at + gap) % WIDTH for at in range(WIDTH)])
        value = builder.fadd(value, builder.shuffle_vector(value, undefined, places))
    return builder.extract_element(value, ir.Constant(_SHORT, 0))


total = _one(types.float64, _sum, lanes_type)


def _least(builder: Any, value: Any) -> Any:
    undefined = ir.Constant(_DOUBLES, ir.Undefined)
    for gap in (4, 2, 1):
        places = ir.Constant(_PLACES, [(at + gap) % WIDTH for at in range(WIDTH)])
        other = builder.shuffle_vector(value, undefined, places)
        value = builder.select(builder.fcmp_ordered("<", other, value), other, value)
    return builder.extract_element(value, ir.Constant(_SHORT, 0))


least = _one(types.float64, _least, lanes_type)


def _typed(symbol: Callable[..., Any], choose: Callable[[tuple[Any, ...]], Any]) -> None:
    """Calls of `symbol` have the signature that `choose` gives their arguments, None for none of ours."""

    class Template(AbstractTemplate):
        key = symbol

        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            return None if kws else choose(args)

    infer_global(symbol)(Template)


def _lowered(symbol: Callable[..., Any], build: Built, *of: Any) -> None:
    """The code of a call of `symbol` on these types: build(builder, *values)."""
    lower_builtin(symbol, *of)(lambda context, builder, signature, values: build(builder, *values))


def _between(result: types.Type) -> Callable[[tuple[Any, ...]], Any]:
    """Two arguments of which one is lanes and the other lanes or a number."""

    def choose(args: tuple[Any, ...]) -> Any:
        ours = [isinstance(each, Lanes) for each in args]
        fitting = all(isinstance(each, Lanes | types.Float | types.Integer) for each in args)
        return signature(result, lanes_type, lanes_type) if len(args) == 2 and any(ours) and fitting else None

    return choose


def _alone(args: tuple[Any, ...]) -> Any:
    return signature(lanes_type, lanes_type) if len(args) == 1 and isinstance(args[0], Lanes) else None


def _whole(args: tuple[Any, ...]) -> Any:
    fitting = len(args) == 2 and all(isinstance(each, Whole) for each in args)
    return signature(whole_type, whole_type, whole_type) if fitting else None


@lower_cast(types.Float, Lanes)
@lower_cast(types.Integer, Lanes)
def _from_number(context: Any, builder: Any, given: Any, wanted: Any, value: Any) -> Any:
    return _splat(builder, context.cast(builder, value, given, types.float64), _DOUBLES)


_ARITHMETIC: dict[Callable[..., Any], str] = {
    operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv",
}
_COMPARISONS: dict[Callable[..., Any], str] = {
    operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==",
}


def _arithmetic(name: str) -> Built:
    return lambda builder, a, b: getattr(builder, name)(a, b)


def _comparison(how: str) -> Built:
    return lambda builder, a, b: builder.fcmp_ordered(how, a, b)


for _symbol, _name in _ARITHMETIC.items():
    _typed(_symbol, _between(lanes_type))
    _lowered(_symbol, _arithmetic(_name), lanes_type, lanes_type)
for _symbol, _how in _COMPARISONS.items():
    _typed(_symbol, _between(mask_type))
    _lowered(_symbol, _comparison(_how), lanes_type, lanes_type)
for _symbol, _name in ((operator.add, "add"), (operator.sub, "sub")):
    _typed(_symbol, _whole)
    _lowered(_symbol, _arithmetic(_name), whole_type, whole_type)
_typed(operator.neg, _alone)
_lowered(operator.neg, lambda builder, x: builder.fneg(x), lanes_type)
_typed(abs, _alone)
_lowered(abs, _called("fabs", 1), lanes_type)


def where(mask: Any, a: Any, b: Any) -> Any:
    """a where the mask is true, else b; of a single truth value, numbers."""
    raise NotImplementedError("lanes are compiled; dynamics.lanes.plain has them for plain Python")


def _choice(args: tuple[Any, ...]) -> Any:
    if len(args) == 3 and isinstance(args[0], Mask):
        return signature(lanes_type, mask_type, lanes_type, lanes_type)
    if len(args) == 3 and isinstance(args[0], types.Boolean):
        return signature(types.float64, types.boolean, types.float64, types.float64)
    return None


_typed(where, _choice)
_lowered(where, lambda builder, mask, a, b: builder.select(mask, a, b), mask_type, lanes_type, lanes_type)
_lowered(where, lambda builder, mask, a, b: builder.select(mask, a, b), types.boolean, types.float64, types.float64)


def lanes(value: Any) -> Any:
    """A number in every lane."""
    raise NotImplementedError("lanes are compiled; dynamics.lanes.plain has them for plain Python")


_typed(lanes, lambda args: signature(lanes_type, lanes_type) if len(args) == 1 else None)
_lowered(lanes, lambda builder, x: x, lanes_type)
