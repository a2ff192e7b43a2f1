"""What every service shares: configuration, identity, errors, the pipeline of a call, and serve()."""
