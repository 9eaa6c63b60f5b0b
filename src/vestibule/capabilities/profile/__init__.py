"""Profile: what people see and change of themselves."""
