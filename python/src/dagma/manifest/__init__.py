"""What a project declares, as its manifest says it."""
