"""The version of ONNX that all graphs are written in."""

OPSET = 18  # the first with operators on bits, and whose reductions all take their axes as inputs
IR_VERSION = 8  # the first that holds this opset; onnxruntime 1.15 and later read it
