"""The lab: one prompt for models in the browser and on the server, side by side."""
