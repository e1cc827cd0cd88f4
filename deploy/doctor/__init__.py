"""`make doctor`: checks of a running deployment."""
