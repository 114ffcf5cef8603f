"""The Node worker of a run, and the steps that it runs."""
