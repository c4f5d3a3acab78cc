"""The pages of the console: who may look, one gathering, one template."""
