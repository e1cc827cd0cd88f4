"""Function Compute's HTTP trigger: its events, its limits, its answers, and the instance it calls."""
