"""A second look at a candidate by an ONNX model of the operator's choice; nothing depends on it."""
