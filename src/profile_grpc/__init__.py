"""App profile management for push and in-app messaging over gRPC."""
