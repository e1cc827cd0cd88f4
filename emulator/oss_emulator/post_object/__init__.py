"""PostObject: uploads by an HTML form."""
