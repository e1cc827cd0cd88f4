"""PostObject: the upload by an HTML form."""
