"""The declarations of a project, from its manifest."""
