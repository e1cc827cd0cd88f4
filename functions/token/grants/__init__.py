"""What the token function grants: who may upload what, and the form or ticket that says so."""
