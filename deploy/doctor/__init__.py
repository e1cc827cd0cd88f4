"""`make doctor`: checks of a running deployment. Each module of checks says in `CHECKS` what each one tries."""
