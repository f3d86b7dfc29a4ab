"""The process backend: fresh interpreters, and shared memory that large arrays travel in."""
