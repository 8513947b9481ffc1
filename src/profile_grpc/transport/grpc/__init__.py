"""The service over gRPC.

A call passes the pipeline (access, shape, errors), then a servicer method of a few lines: convert in, call the use
case, convert out.
"""
